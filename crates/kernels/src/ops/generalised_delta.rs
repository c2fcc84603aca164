//! The generalised delta rule of RWKV-7.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, fused, inner, tensor, values};
use super::product::product;
use crate::cpu::generalised_delta::{self, Gradients, Inputs, Left, Shape};
use crate::memory::Buffer;

/// `S[t] = diag(w) S[t-1] + b (aᵀ S[t-1]) + k vᵀ` and `y[t] = rᵀ S[t]` of each head (Peng et al. 2025, arXiv 2503.14456,
/// equation 17): `r`, `w`, `k`, `v`, `a` and `b`, each `[batch × length, heads × size]`, to the same, of sequences that
/// begin.
///
/// # Panics
/// If the sizes do not agree.
pub fn generalised_delta(inputs: [Tensor<2>; 6], shape: Shape) -> Tensor<2> {
    if !inputs.iter().all(fused) {
        let zeros = [shape.batch, shape.heads, shape.size, shape.size];
        let state = Tensor::zeros(zeros, (&inputs[0].device(), inputs[0].dtype()));
        return composed(inputs, shape, state).0;
    }
    let [r, w, k, v, a, b] = inputs.map(Tensor::into_dispatch);
    Tensor::from_dispatch(Dispatch::generalised_delta(r, w, k, v, a, b, shape))
}

/// [`generalised_delta()`] of sequences that go on from states `[batch, heads, size, size]`, zeros at their beginning,
/// outside of any gradient's graph; and the states after.
///
/// # Panics
/// As there.
pub fn generalised_delta_step(
    inputs: [Tensor<2>; 6],
    shape: Shape,
    state: Tensor<4>,
) -> (Tensor<2>, Tensor<4>) {
    if !inputs.iter().all(fused) {
        return composed(inputs, shape, state);
    }
    let inputs = inputs.map(|input| contiguous(inner(input.into_dispatch())));
    let before = contiguous(inner(state.into_dispatch()));
    let mut y = Buffer::any(shape.batch * shape.length * shape.inner());
    let Left { after, .. } =
        generalised_delta::forward(shape, slices(&inputs), Some(values(&before)), &mut y);
    let sizes = [shape.batch, shape.heads, shape.size, shape.size];
    let rows = [shape.batch * shape.length, shape.inner()];
    (
        Tensor::from_primitive::<Flex>(tensor(y, rows)),
        Tensor::from_primitive::<Flex>(tensor(after, sizes)),
    )
}

fn composed(inputs: [Tensor<2>; 6], shape: Shape, mut state: Tensor<4>) -> (Tensor<2>, Tensor<4>) {
    let Shape {
        batch,
        length,
        heads,
        size,
    } = shape;
    let inputs = inputs.map(|input| input.reshape([batch, length, heads, size]));
    let mut outputs: Vec<Tensor<4>> = Vec::new();
    for position in 0..length {
        // Rows `[batch, heads, 1, size]`.
        let [r, w, k, v, a, b] = inputs.each_ref().map(|input| {
            let at = input.clone().slice_dim(1, position..position + 1);
            at.swap_dims(1, 2)
        });
        let seen = product(a, state.clone());
        let written = product(k.swap_dims(2, 3), v) + product(b.swap_dims(2, 3), seen);
        state = state * w.swap_dims(2, 3) + written;
        outputs.push(product(r, state.clone()).swap_dims(1, 2));
    }
    let output = Tensor::cat(outputs, 1).reshape([batch * length, heads * size]);
    (output, state)
}

#[backend_extension(Flex, Autodiff)]
trait GeneralisedDelta: Backend {
    fn generalised_delta(
        r: FloatTensor<Self>,
        w: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        shape: Shape,
    ) -> FloatTensor<Self>;
}

impl GeneralisedDelta for Flex {
    fn generalised_delta(
        r: FlexTensor,
        w: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        a: FlexTensor,
        b: FlexTensor,
        shape: Shape,
    ) -> FlexTensor {
        Saved::new([r, w, k, v, a, b], shape).0
    }
}

impl<C: CheckpointStrategy> GeneralisedDelta for Autodiff<Flex, C> {
    fn generalised_delta(
        r: FloatTensor<Self>,
        w: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        shape: Shape,
    ) -> FloatTensor<Self> {
        record::<C, _, 6>(
            "generalised_delta",
            [r, w, k, v, a, b],
            |inputs, _| Saved::new(inputs, shape),
            |saved, dy, _| saved.backward(&contiguous(dy)).map(Some),
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    inputs: [FlexTensor; 6],
    shape: Shape,
    left: Arc<Left>,
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 6], shape: Shape) -> (FlexTensor, Self) {
        let inputs = inputs.map(contiguous);
        let rows = shape.batch * shape.length;
        let mut y = Buffer::any(rows * shape.inner());
        let left = generalised_delta::forward(shape, slices(&inputs), None, &mut y);
        let left = Arc::new(left);
        (tensor(y, [rows, shape.inner()]), Self { inputs, shape, left })
    }

    fn backward(&self, dy: &FlexTensor) -> [FlexTensor; 6] {
        let (shape, count) = (self.shape, values(dy).len());
        let mut found = [0; 6].map(|_| Buffer::any(count));
        let gradients = Gradients {
            inputs: found.each_mut().map(|gradient| &mut **gradient),
        };
        generalised_delta::backward(shape, slices(&self.inputs), &self.left, values(dy), gradients);
        let sizes = [shape.batch * shape.length, shape.inner()];
        found.map(|gradient| tensor(gradient, sizes))
    }
}

fn slices(inputs: &[FlexTensor; 6]) -> Inputs<'_> {
    let [r, w, k, v, a, b] = inputs.each_ref().map(values);
    Inputs { r, w, k, v, a, b }
}
