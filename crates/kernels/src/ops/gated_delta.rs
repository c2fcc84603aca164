//! What gated DeltaNet does between its products, as tensor operations, and its small weights as the kernel takes them.

use burn::tensor::{
    Tensor,
    activation::{sigmoid, silu},
};

use super::mamba2::{decays_between, softplus, triangle};
use super::product::product;
use super::recurrent_half::{Kernel, Recurrence, RecurrentState, Small};
use super::short_convolution::convolved;
use crate::cpu::gated_delta::{self as kernel, Gradients, Shape, Weights};

/// Added to the sum of squares of queries and keys before its root.
const EPSILON: f64 = 1e-6;

impl Recurrence for Shape {
    const NAME: &'static str = "gated_delta";
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
        Shape::inner(&self)
    }

    fn small(self) -> Vec<usize> {
        vec![self.taps * self.channels(), self.heads, self.heads, self.value]
    }

    fn carried(self) -> [[usize; 4]; 2] {
        [
            [self.batch, 1, self.taps - 1, self.channels()],
            [self.batch, self.heads, self.key, self.value],
        ]
    }

    fn weights<'a>((small, epsilon): Small<'_, 'a>) -> Weights<'a> {
        match *small {
            [filter, step_bias, decay_log, gain] => Weights {
                filter,
                step_bias,
                decay_log,
                gain,
                epsilon,
            },
            _ => unreachable!("as many as `small` tells"),
        }
    }

    fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
        match <[&mut [f32]; 4]>::try_from(small) {
            Ok([filter, step_bias, decay_log, gain]) => Gradients {
                projected,
                filter,
                step_bias,
                decay_log,
                gain,
            },
            Err(_) => unreachable!("as many as `small` tells"),
        }
    }

    fn composed(
        self,
        projected: Tensor<2>,
        small: Vec<Tensor<1>>,
        epsilon: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        let Ok([filter, step_bias, decay_log, gain]) = <[Tensor<1>; 4]>::try_from(small) else {
            unreachable!("as many as `small` tells");
        };
        let Shape {
            batch,
            length,
            heads,
            value,
            ..
        } = self;
        let projected = projected.reshape([batch, length, self.columns()]);
        let columns = |start: usize, count: usize| {
            projected
                .clone()
                .slice([0..batch, 0..length, start..start + count])
        };
        let filter = filter.reshape([self.taps, self.channels()]);
        let x = columns(self.inner(), self.channels());
        let (convolved, window) = convolved(x, filter, None, before.window);
        let start = self.inner() + self.channels();
        let steps = softplus(columns(start, heads) + step_bias.unsqueeze());
        let decays = steps * (-decay_log.exp()).unsqueeze();
        let limit = if self.negative { 2.0 } else { 1.0 };
        let rates = sigmoid(columns(start + heads, heads)).mul_scalar(limit);
        let (read, state) = read(self, convolved, decays, rates, before.state);
        let scale = read
            .clone()
            .square()
            .mean_dim(3)
            .add_scalar(epsilon)
            .sqrt()
            .recip();
        let gate = silu(columns(0, self.inner())).reshape([batch, length, heads, value]);
        let gated = read * scale * gain.reshape([1, 1, 1, value]) * gate;
        (
            gated.reshape([batch * length, self.inner()]),
            RecurrentState { window, state },
        )
    }
}

/// What every head reads, `[batch, length, heads, value]`, and the state after the last position.
fn read(
    shape: Shape,
    mixed: Tensor<3>,
    decays: Tensor<3>,
    rates: Tensor<3>,
    mut state: Tensor<4>,
) -> (Tensor<4>, Tensor<4>) {
    let Shape {
        batch,
        length,
        heads,
        key_heads,
        key,
        value,
        ..
    } = shape;
    let normed = |rows: Tensor<4>| {
        let squares = rows.clone().square().sum_dim(3);
        rows * squares.add_scalar(EPSILON).sqrt().recip()
    };
    let mut outputs = Vec::new();
    for start in (0..length).step_by(shape.chunk) {
        let count = shape.chunk.min(length - start);
        // Of some heads, `[batch, heads, count, columns]`.
        let part = |of: &Tensor<3>, first: usize, heads: usize, columns: usize| {
            let columns_of = first..first + heads * columns;
            let part = of.clone().slice([0..batch, start..start + count, columns_of]);
            part.reshape([batch, count, heads, columns]).swap_dims(1, 2)
        };
        let to_heads = |of: Tensor<4>| {
            let of = of.reshape([batch, key_heads, 1, count, key]);
            let of = of.expand([batch, key_heads, heads / key_heads, count, key]);
            of.reshape([batch, heads, count, key])
        };
        let queries = normed(part(&mixed, 0, key_heads, key)).mul_scalar((key as f64).sqrt().recip());
        let keys = normed(part(&mixed, key_heads * key, key_heads, key));
        let (queries, keys) = match key_heads == heads {
            true => (queries, keys),
            false => (to_heads(queries), to_heads(keys)),
        };
        let values = part(&mixed, 2 * key_heads * key, heads, value);
        let rates = part(&rates, 0, heads, 1);
        let (sums, between) = decays_between(part(&decays, 0, heads, 1));
        let turned = keys.clone().swap_dims(2, 3);
        let strict = triangle(count, 1.0, 0.0, &keys)
            - Tensor::<2>::eye(count, &keys.device())
                .cast(keys.dtype())
                .unsqueeze();
        let lower = product(keys.clone(), turned.clone()) * between.clone() * strict * rates.clone();
        let mixing = product(queries.clone(), turned.clone()) * between;
        let held = product(keys, state.clone()) * sums.clone().exp();
        let written = solved(lower, rates * (values - held));
        let of_state = product(queries, state.clone()) * sums.clone().exp();
        outputs.push((product(mixing, written.clone()) + of_state).swap_dims(1, 2));
        let last = sums.clone().slice([0..batch, 0..heads, count - 1..count, 0..1]);
        let kept = written * (last.clone() - sums).exp();
        state = state * last.exp() + product(turned, kept);
    }
    (Tensor::cat(outputs, 1), state)
}

/// The solution of `(1 + lower) u = rows`, row by row.
fn solved(lower: Tensor<4>, rows: Tensor<4>) -> Tensor<4> {
    let [batch, heads, count, columns] = rows.dims();
    let mut solution: Vec<Tensor<4>> = Vec::new();
    for row in 0..count {
        let own = rows.clone().slice([0..batch, 0..heads, row..row + 1, 0..columns]);
        let own = match row {
            0 => own,
            _ => {
                let weights = lower.clone().slice([0..batch, 0..heads, row..row + 1, 0..row]);
                let before = Tensor::cat(solution.clone(), 2);
                own - product(weights, before)
            }
        };
        solution.push(own);
    }
    Tensor::cat(solution, 2)
}
