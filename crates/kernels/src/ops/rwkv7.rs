//! What RWKV-7's time mix does between its products.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation::sigmoid};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, inner, tensor, values};
use super::layer_norm::layer_norm;
use super::product::product;
use crate::cpu::rwkv7::{
    self, FASTEST, Gradients, HEAD_EPSILON, LEAST_LENGTH, Rows, Shape, VECTORS, Weights,
};
use crate::memory::Buffer;

/// What RWKV-7's time mix (Peng et al. 2025, arXiv 2503.14456) does of rows of readings, decays, keys, values, rates and the
/// gate, each `[batch × length, heads × size]`, to the same, of sequences that begin: see [`rwkv7`]. The vectors are those
/// of [`Weights`], one after the other.
///
/// # Panics
/// If the sizes do not agree.
pub fn rwkv7_mix(rows: [Tensor<2>; 6], vectors: Tensor<1>, shape: Shape) -> Tensor<2> {
    if !rows.iter().all(fused) || !fused(&vectors) {
        let zeros = [shape.batch, shape.heads, shape.size, shape.size];
        let state = Tensor::zeros(zeros, (&rows[0].device(), rows[0].dtype()));
        return composed(rows, vectors, shape, state).0;
    }
    let [reading, decay, key, value, rate, gate] = rows.map(Tensor::into_dispatch);
    let vectors = vectors.into_dispatch();
    Tensor::from_dispatch(Dispatch::rwkv7_mix(
        reading, decay, key, value, rate, gate, vectors, shape,
    ))
}

/// [`rwkv7_mix`] of sequences that go on from states `[batch, heads, size, size]`, zeros at their beginning, outside of any
/// gradient's graph; and the states after.
///
/// # Panics
/// As there.
pub fn rwkv7_step(
    rows: [Tensor<2>; 6],
    vectors: Tensor<1>,
    shape: Shape,
    state: Tensor<4>,
) -> (Tensor<2>, Tensor<4>) {
    if !rows.iter().all(fused) || !fused(&vectors) {
        return composed(rows, vectors, shape, state);
    }
    let [reading, decay, key, value, rate, gate] = rows.map(|input| inner(input.into_dispatch()));
    let vectors = inner(vectors.into_dispatch());
    let before = contiguous(inner(state.into_dispatch()));
    let inputs = [reading, decay, key, value, rate, gate, vectors];
    let (y, saved) = Saved::new(inputs, shape, Some(values(&before)));
    let saved = Arc::into_inner(saved.of).expect("what was just made is shared with nothing");
    let sizes = [shape.batch, shape.heads, shape.size, shape.size];
    let after = tensor(saved.into_states(), sizes);
    (
        Tensor::from_primitive::<Flex>(y),
        Tensor::from_primitive::<Flex>(after),
    )
}

fn composed(
    rows: [Tensor<2>; 6],
    vectors: Tensor<1>,
    shape: Shape,
    state: Tensor<4>,
) -> (Tensor<2>, Tensor<4>) {
    let [reading, decay, key, value, rate, gate] = rows;
    let ([count, width], size) = (reading.dims(), shape.size);
    let mut vectors = vectors.reshape([VECTORS, width]).chunk(VECTORS, 0).into_iter();
    let mut vector = || vectors.next().expect("as many as there are");
    let decay = sigmoid(decay + vector()).mul_scalar(-FASTEST).exp();
    let rate = sigmoid(rate + vector());
    let by_head = |rows: Tensor<2>| rows.reshape([count, shape.heads, size]);
    let removal = by_head(key.clone() * vector());
    let squares = removal.clone().square().sum_dim(2);
    let length = squares.clamp_min(LEAST_LENGTH * LEAST_LENGTH).sqrt();
    let removal = (removal / length).reshape([count, width]);
    let key = key.clone() + key * (rate.clone() - 1.0) * vector();
    let inputs = [
        reading.clone(),
        decay,
        key.clone(),
        value.clone(),
        removal.clone().neg(),
        removal * rate,
    ];
    let (read, state) = generalised_delta(inputs, shape, state);
    let agreement = by_head(reading * key * vector()).sum_dim(2);
    let around = (agreement * by_head(value)).reshape([count, width]);
    let like = (&read.device(), read.dtype());
    let (gain, bias) = (Tensor::ones([size], like), Tensor::zeros([size], like));
    let read = read.reshape([count * shape.heads, size]);
    let normed = layer_norm(read, gain, bias, f64::from(HEAD_EPSILON)).reshape([count, width]);
    ((normed * vector() + vector() + around) * gate, state)
}

/// `S[t] = diag(w) S[t-1] + b (aᵀ S[t-1]) + k vᵀ` and `y[t] = rᵀ S[t]` of each head (equation 17 there) of `r`, `w`, `k`,
/// `v`, `a` and `b`; and the states after.
fn generalised_delta(inputs: [Tensor<2>; 6], shape: Shape, mut state: Tensor<4>) -> (Tensor<2>, Tensor<4>) {
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
trait Rwkv7Mix: Backend {
    #[allow(clippy::too_many_arguments)] // Tensors go to a backend one by one.
    fn rwkv7_mix(
        reading: FloatTensor<Self>,
        decay: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        rate: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        shape: Shape,
    ) -> FloatTensor<Self>;
}

impl Rwkv7Mix for Flex {
    fn rwkv7_mix(
        reading: FlexTensor,
        decay: FlexTensor,
        key: FlexTensor,
        value: FlexTensor,
        rate: FlexTensor,
        gate: FlexTensor,
        vectors: FlexTensor,
        shape: Shape,
    ) -> FlexTensor {
        let inputs = [reading, decay, key, value, rate, gate, vectors];
        Saved::new(inputs, shape, None).0
    }
}

impl<C: CheckpointStrategy> Rwkv7Mix for Autodiff<Flex, C> {
    fn rwkv7_mix(
        reading: FloatTensor<Self>,
        decay: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        rate: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        shape: Shape,
    ) -> FloatTensor<Self> {
        record::<C, _, 7>(
            "rwkv7_mix",
            [reading, decay, key, value, rate, gate, vectors],
            |inputs, _| Saved::new(inputs, shape, None),
            |saved, dy, _| saved.backward(&contiguous(dy)).map(Some),
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    inputs: [FlexTensor; 7],
    shape: Shape,
    of: Arc<rwkv7::Saved>,
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 7], shape: Shape, before: Option<&[f32]>) -> (FlexTensor, Self) {
        let inputs = inputs.map(contiguous);
        let sizes = dimensions::<2>(&inputs[0]);
        let mut y = Buffer::any(sizes[0] * sizes[1]);
        let (rows, weights) = slices(&inputs);
        let of = Arc::new(rwkv7::forward(shape, rows, weights, before, &mut y));
        (tensor(y, sizes), Self { inputs, shape, of })
    }

    fn backward(&self, dy: &FlexTensor) -> [FlexTensor; 7] {
        let mut found = self
            .inputs
            .each_ref()
            .map(|input| Buffer::any(values(input).len()));
        let [reading, decay, key, value, rate, gate, vectors] = found.each_mut().map(|found| &mut **found);
        let gradients = Gradients {
            rows: [reading, decay, key, value, rate, gate],
            vectors,
        };
        let (rows, weights) = slices(&self.inputs);
        rwkv7::backward(self.shape, rows, weights, &self.of, values(dy), gradients);
        let [reading, decay, key, value, rate, gate, vectors] = found;
        let sizes = dimensions::<2>(dy);
        let count = vectors.len();
        let [reading, decay, key, value, rate, gate] =
            [reading, decay, key, value, rate, gate].map(|found| tensor(found, sizes));
        [reading, decay, key, value, rate, gate, tensor(vectors, [count])]
    }
}

fn slices(inputs: &[FlexTensor; 7]) -> (Rows<'_>, Weights<'_>) {
    let [reading, decay, key, value, rate, gate, vectors] = inputs.each_ref().map(values);
    let rows = Rows {
        reading,
        decay,
        key,
        value,
        rate,
        gate,
    };
    (rows, Weights::of(vectors))
}
