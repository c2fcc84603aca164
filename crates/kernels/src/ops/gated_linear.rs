//! What gated linear attention does between its products, as tensor operations, and its small weights as the kernel takes
//! them.

use burn::tensor::{Tensor, activation::silu};

use super::linear::linear;
use super::mamba2::softplus;
use super::product::product;
use super::recurrent_half::{Kernel, Recurrence, RecurrentState, Small};
use crate::cpu::gated_linear::{self as kernel, Gradients, Shape, Weights};

impl Recurrence for Shape {
    const NAME: &'static str = "gated_linear";
    const KERNEL: Kernel<Self> = Kernel {
        step: kernel::step,
        forward: kernel::forward,
        carry: |shape, saved, _, _| saved.carried(shape),
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
        vec![self.rank * self.keys(), self.keys(), self.value]
    }

    fn carried(self) -> [[usize; 4]; 2] {
        // It looks back on no rows.
        [
            [self.batch, 1, 0, 1],
            [self.batch, self.heads, self.key, self.value],
        ]
    }

    fn weights<'a>((small, epsilon): Small<'_, 'a>) -> Weights<'a> {
        match *small {
            [decays, decay_bias, gain] => Weights {
                decays,
                decay_bias,
                gain,
                epsilon,
            },
            _ => unreachable!("as many as `small` tells"),
        }
    }

    fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
        match <[&mut [f32]; 3]>::try_from(small) {
            Ok([decays, decay_bias, gain]) => Gradients {
                projected,
                decays,
                decay_bias,
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
        let Ok([to_decays, decay_bias, gain]) = <[Tensor<1>; 3]>::try_from(small) else {
            unreachable!("as many as `small` tells");
        };
        let Shape {
            batch,
            length,
            heads,
            key,
            value,
            ..
        } = self;
        let (rows, inner, keys) = (batch * length, self.inner(), self.keys());
        let part = |start: usize, count: usize| projected.clone().slice([0..rows, start..start + count]);
        let by_head = |of: Tensor<2>, size: usize| of.reshape([batch, length, heads, size]);
        let raw = linear(
            part(2 * (inner + keys), self.rank),
            to_decays.reshape([self.rank, keys]),
        );
        let raw = (raw + decay_bias.unsqueeze()).reshape([batch, length, keys]);
        let logarithms = softplus(-raw).div_scalar(-(self.divisor as f64));
        let scan = Scan {
            queries: by_head(part(inner, keys), key).mul_scalar((key as f64).sqrt().recip()),
            keys: by_head(part(inner + keys, keys), key),
            values: by_head(part(inner + 2 * keys, inner), value),
            decays: logarithms.exp().reshape([batch, length, heads, key]),
        };
        let (read, state) = scan.run(before.state);
        let scale = read
            .clone()
            .square()
            .mean_dim(3)
            .add_scalar(epsilon)
            .sqrt()
            .recip();
        let gated = read * scale * gain.reshape([1, 1, 1, value]) * silu(by_head(part(0, inner), value));
        let window = before.window;
        (gated.reshape([rows, inner]), RecurrentState { window, state })
    }
}

/// What is scanned, `[batch, length, heads, …]`.
struct Scan {
    queries: Tensor<4>,
    keys: Tensor<4>,
    values: Tensor<4>,
    decays: Tensor<4>,
}

impl Scan {
    /// What every head reads, `[batch, length, heads, value]`, and the state after the last position.
    fn run(&self, mut state: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let length = self.keys.dims()[1];
        let mut outputs = Vec::new();
        for position in 0..length {
            // `[batch, heads, 1, …]`
            let at = |of: &Tensor<4>| of.clone().slice_dim(1, position..position + 1).swap_dims(1, 2);
            let column = |of: &Tensor<4>| at(of).swap_dims(2, 3);
            let written = product(column(&self.keys), at(&self.values));
            state = state * column(&self.decays) + written;
            outputs.push(product(at(&self.queries), state.clone()).swap_dims(1, 2));
        }
        (Tensor::cat(outputs, 1), state)
    }
}
