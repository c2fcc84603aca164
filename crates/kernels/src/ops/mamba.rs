//! What Mamba does between its products, as tensor operations, and its small weights as the kernel takes them.

use burn::tensor::{Tensor, activation::silu};

use super::linear::linear;
use super::mamba2::softplus;
use super::product::product;
use super::recurrent_half::{Kernel, Recurrence, RecurrentState, Small};
use super::rms_norm::rms_norm;
use super::short_convolution::convolved;
use crate::cpu::mamba::{self as kernel, Gradients, Shape, Weights};

/// How many small weights there are besides the gains.
const ALWAYS: usize = 7;

impl Recurrence for Shape {
    const NAME: &'static str = "mamba";
    const KERNEL: Kernel<Self> = Kernel {
        step: kernel::step,
        forward: kernel::forward,
        carry: |shape, saved, projected, before| saved.carried(shape, projected, Some(before)),
        backward: kernel::backward,
    };
    type Weights<'a> = Weights<'a>;
    type Gradients<'a> = Gradients<'a>;
    type Saved = kernel::Saved;

    fn length(self) -> usize {
        self.length
    }

    fn columns(self) -> usize {
        Shape::columns(&self)
    }

    fn inner(self) -> usize {
        self.inner
    }

    fn small(self) -> Vec<usize> {
        let (inner, selected) = (self.inner, self.selected());
        let always = [
            self.taps * inner,
            inner,
            inner * selected,
            self.rank * inner,
            inner,
            self.state_size(),
            inner,
        ];
        let gain = self.normed.then_some(selected);
        always.into_iter().chain(gain).collect()
    }

    fn carried(self) -> [[usize; 4]; 2] {
        [
            [self.batch, 1, self.taps - 1, self.inner],
            [self.batch, 1, self.state, self.inner],
        ]
    }

    fn weights<'a>((small, epsilon): Small<'_, 'a>) -> Weights<'a> {
        match *small {
            [
                filter,
                filter_bias,
                selection,
                steps,
                step_bias,
                decay_log,
                skip,
                ref gain @ ..,
            ] => Weights {
                filter,
                filter_bias,
                selection,
                steps,
                step_bias,
                decay_log,
                skip,
                gain: gain.first().copied().unwrap_or_default(),
                epsilon,
            },
            _ => unreachable!("as many as `small` tells"),
        }
    }

    fn gradients<'a>(projected: &'a mut [f32], mut small: Vec<&'a mut [f32]>) -> Gradients<'a> {
        let gain = small.drain(ALWAYS..).next().unwrap_or_default();
        match <[&mut [f32]; ALWAYS]>::try_from(small) {
            Ok([filter, filter_bias, selection, steps, step_bias, decay_log, skip]) => Gradients {
                projected,
                filter,
                filter_bias,
                selection,
                steps,
                step_bias,
                decay_log,
                skip,
                gain,
            },
            Err(_) => unreachable!("as many as `small` tells"),
        }
    }

    fn composed(
        self,
        projected: Tensor<2>,
        mut small: Vec<Tensor<1>>,
        epsilon: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        let gain = small.drain(ALWAYS..).next();
        let Ok(
            [
                filter,
                filter_bias,
                selection,
                to_steps,
                step_bias,
                decay_log,
                skip,
            ],
        ) = <[Tensor<1>; ALWAYS]>::try_from(small)
        else {
            unreachable!("as many as `small` tells");
        };
        let Shape {
            batch,
            length,
            inner,
            state,
            rank,
            ..
        } = self;
        let rows = batch * length;
        let gate = projected.clone().slice([0..rows, 0..inner]);
        let x = projected.slice([0..rows, inner..2 * inner]);
        let (x, window) = convolved(
            x.reshape([batch, length, inner]),
            filter.reshape([self.taps, inner]),
            Some(filter_bias),
            before.window,
        );
        let x = x.reshape([rows, inner]);
        let selected = linear(x.clone(), selection.reshape([inner, self.selected()]));
        let part = |start: usize, count: usize| {
            let part = selected.clone().slice([0..rows, start..start + count]);
            match &gain {
                Some(gain) => rms_norm(part, gain.clone().slice_dim(0, start..start + count), epsilon),
                None => part,
            }
        };
        let raw = linear(part(0, rank), to_steps.reshape([rank, inner])) + step_bias.unsqueeze();
        let steps = softplus(raw.reshape([batch, length, inner]));
        let scan = Scan {
            steps: steps.clone(),
            values: steps * x.clone().reshape([batch, length, inner]),
            b: part(rank, state).reshape([batch, length, state]),
            c: part(rank + state, state).reshape([batch, length, state]),
            rates: (-decay_log.exp()).reshape([1, 1, state, inner]),
        };
        let (read, state) = scan.run(before.state);
        let scanned = read.reshape([rows, inner]) + x * skip.unsqueeze();
        (scanned * silu(gate), RecurrentState { window, state })
    }
}

/// What is scanned, `[batch, length, …]`.
struct Scan {
    steps: Tensor<3>,
    values: Tensor<3>,
    b: Tensor<3>,
    c: Tensor<3>,
    /// `[1, 1, state, inner]`
    rates: Tensor<4>,
}

impl Scan {
    /// What is read, `[batch, length, inner]`, and the state after the last position.
    fn run(&self, mut state: Tensor<4>) -> (Tensor<3>, Tensor<4>) {
        let [batch, length, inner] = self.steps.dims();
        let mut outputs = Vec::new();
        for position in 0..length {
            let at = |of: &Tensor<3>| {
                let count = of.dims()[2];
                let row = of.clone().slice([0..batch, position..position + 1, 0..count]);
                row.reshape([batch, 1, 1, count])
            };
            let decays = (at(&self.steps) * self.rates.clone()).exp();
            let written = product(at(&self.b).swap_dims(2, 3), at(&self.values));
            state = state * decays + written;
            outputs.push(product(at(&self.c), state.clone()).reshape([batch, 1, inner]));
        }
        (Tensor::cat(outputs, 1), state)
    }
}
