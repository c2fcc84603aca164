//! What Mamba-2 does between its products, as tensor operations, and its small weights as the kernel takes them.

use burn::tensor::{Tensor, TensorData, activation::silu};

use super::product::product;
use super::recurrent_half::{Kernel, Recurrence, RecurrentState, Small};
use super::rms_norm::rms_norm;
use super::short_convolution::convolved;
use crate::cpu::mamba2::{self as kernel, Gradients, Shape, Weights};

impl Recurrence for Shape {
    const NAME: &'static str = "mamba2";
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
        let (channels, heads) = (self.channels(), self.heads);
        let per_head = [heads; 3];
        let filter = [self.taps * channels, channels];
        filter.into_iter().chain(per_head).chain([self.inner()]).collect()
    }

    fn carried(self) -> [[usize; 4]; 2] {
        [
            [self.batch, 1, self.taps - 1, self.channels()],
            [self.batch, self.heads, self.state, self.dimension],
        ]
    }

    fn weights<'a>((small, epsilon): Small<'_, 'a>) -> Weights<'a> {
        match *small {
            [filter, filter_bias, step_bias, decay_log, skip, gain] => Weights {
                filter,
                filter_bias,
                step_bias,
                decay_log,
                skip,
                gain,
                epsilon,
            },
            _ => unreachable!("as many as `small` tells"),
        }
    }

    fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
        match <[&mut [f32]; 6]>::try_from(small) {
            Ok([filter, filter_bias, step_bias, decay_log, skip, gain]) => Gradients {
                projected,
                filter,
                filter_bias,
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
        small: Vec<Tensor<1>>,
        epsilon: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        let Ok([filter, filter_bias, step_bias, decay_log, skip, gain]) = <[Tensor<1>; 6]>::try_from(small)
        else {
            unreachable!("as many as `small` tells");
        };
        let (batch, length, inner) = (self.batch, self.length, self.inner());
        let projected = projected.reshape([batch, length, self.columns()]);
        let columns = |start: usize, count: usize| {
            projected
                .clone()
                .slice([0..batch, 0..length, start..start + count])
        };
        let filter = filter.reshape([self.taps, self.channels()]);
        let x = columns(inner, self.channels());
        let (convolved, window) = convolved(x, filter, Some(filter_bias), before.window);
        let mut steps = softplus(columns(inner + self.channels(), self.heads) + step_bias.unsqueeze());
        if self.least_step > 0.0 {
            steps = steps.clamp_min(self.least_step);
        }
        let decays = steps.clone() * (-decay_log.exp()).unsqueeze();
        let (scanned, state) = scanned(self, convolved, steps, decays, skip, before.state);
        let gated = scanned * silu(columns(0, inner)).reshape([batch * length, inner]);
        (
            normed(gated, gain, epsilon, self.norm_groups),
            RecurrentState { window, state },
        )
    }
}

/// Every group of a row normalised by itself.
fn normed(rows: Tensor<2>, gain: Tensor<1>, epsilon: f64, groups: usize) -> Tensor<2> {
    if groups == 1 {
        return rms_norm(rows, gain, epsilon);
    }
    let [count, inner] = rows.dims();
    let size = inner / groups;
    let ones = Tensor::ones([size], (&rows.device(), rows.dtype()));
    let normed = rms_norm(rows.reshape([count * groups, size]), ones, epsilon);
    normed.reshape([count, inner]) * gain.unsqueeze()
}

/// `ln(1 + e^x)`, without overflow.
pub(super) fn softplus(x: Tensor<3>) -> Tensor<3> {
    x.clone().clamp_min(0.0) + (-x.abs()).exp().log1p()
}

/// What positions of a chunk see of one another: one value where position i sees j, up to itself, another where not.
pub(super) fn triangle(count: usize, seen: f32, hidden: f32, like: &Tensor<4>) -> Tensor<4> {
    let value = |index: usize| match index % count <= index / count {
        true => seen,
        false => hidden,
    };
    let values: Vec<f32> = (0..count * count).map(value).collect();
    let data = TensorData::new(values, [1, 1, count, count]);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

/// Sums of `[batch, heads, count, 1]` up to each position, and the exponentials of what they differ by from each
/// position to those before it, zero to those after it.
pub(super) fn decays_between(decays: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
    let count = decays.dims()[2];
    let along = decays.clone().swap_dims(2, 3);
    let sums = (along * triangle(count, 1.0, 0.0, &decays)).sum_dim(3);
    let differences = sums.clone() - sums.clone().swap_dims(2, 3);
    (sums, (differences + triangle(count, 0.0, MASKED, &decays)).exp())
}

/// Added to what is hidden before its exponential: far below any sum of decays.
const MASKED: f32 = -1e9;

/// `y` of every head, `[batch × length, inner]`, and the state after the last position.
fn scanned(
    shape: Shape,
    mixed: Tensor<3>,
    steps: Tensor<3>,
    decays: Tensor<3>,
    skip: Tensor<1>,
    mut state: Tensor<4>,
) -> (Tensor<2>, Tensor<4>) {
    let Shape {
        batch,
        length,
        heads,
        groups,
        dimension,
        ..
    } = shape;
    let mut outputs = Vec::new();
    for start in (0..length).step_by(shape.chunk) {
        let count = shape.chunk.min(length - start);
        // Of all heads or groups, `[batch, heads, count, columns]`.
        let part = |of: &Tensor<3>, first: usize, parts: usize, columns: usize| {
            let part = of
                .clone()
                .slice([0..batch, start..start + count, first..first + parts * columns]);
            part.reshape([batch, count, parts, columns]).swap_dims(1, 2)
        };
        let to_heads = |of: Tensor<4>| {
            let [_, _, rows, columns] = of.dims();
            let of = of.reshape([batch, groups, 1, rows, columns]);
            let of = of.expand([batch, groups, heads / groups, rows, columns]);
            of.reshape([batch, heads, rows, columns])
        };
        let x = part(&mixed, 0, heads, dimension);
        let b = part(&mixed, shape.inner(), groups, shape.state);
        let c = part(&mixed, shape.inner() + groups * shape.state, groups, shape.state);
        let (sums, between) = decays_between(part(&decays, 0, heads, 1));
        let values = x.clone() * part(&steps, 0, heads, 1);
        let scores = to_heads(product(c.clone(), b.clone().swap_dims(2, 3)));
        let within = product(scores * between, values.clone());
        let before = product(to_heads(c), state.clone()) * sums.clone().exp();
        let around = x * skip.clone().reshape([1, heads, 1, 1]);
        outputs.push((within + before + around).swap_dims(1, 2));
        let last = sums.clone().slice([0..batch, 0..heads, count - 1..count, 0..1]);
        let kept = values * (last.clone() - sums).exp();
        state = state * last.exp() + product(to_heads(b).swap_dims(2, 3), kept);
    }
    let output = Tensor::cat(outputs, 1).reshape([batch * length, shape.inner()]);
    (output, state)
}
