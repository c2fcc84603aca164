//! The heavy operations, the only place where the models compute: each a plain function over
//! tensors, composed of ordinary tensor operations that any device runs.
//!
//! Sequences are flattened to rows: a hidden state is `[rows, width]` with `rows = batch × length`,
//! so that every linear layer is one two-dimensional product.

use std::cell::Cell;

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, activation, module};

use crate::blocks::positions::Positions;

thread_local! {
    static PRODUCT_FLOPS: Cell<f64> = const { Cell::new(0.0) };
}

/// Runs `work` and returns its result with the operations of the matrix products that its forward
/// pass ran on this thread, counted as they ran.
pub fn count_products<R>(work: impl FnOnce() -> R) -> (R, f64) {
    let before = PRODUCT_FLOPS.get();
    let result = work();
    (result, PRODUCT_FLOPS.get() - before)
}

/// The matrix product `[…, rows, inner] × […, inner, columns]`. Every product of every model goes
/// through here.
fn product<const D: usize>(left: Tensor<D>, right: Tensor<D>) -> Tensor<D> {
    let inner = left.dims()[D - 1];
    let result = left.matmul(right);
    let outputs: f64 = result.dims().iter().map(|&size| size as f64).product();
    PRODUCT_FLOPS.set(PRODUCT_FLOPS.get() + 2.0 * outputs * inner as f64);
    result
}

/// Linear map without bias: `[rows, inputs] × [inputs, outputs]`.
pub fn linear(hidden: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    product(hidden, weight)
}

/// Rows of `table [vocabulary, width]` for `tokens [batch, length]`: `[batch × length, width]`.
pub fn embedding(table: Tensor<2>, tokens: Tensor<2, Int>) -> Tensor<2> {
    let [batch, length] = tokens.dims();
    let width = table.dims()[1];
    module::embedding(table, tokens).reshape([batch * length, width])
}

/// Root-mean-square normalisation of each row, `x / sqrt(mean(x²) + ε) · weight` (Zhang and Sennrich
/// 2019, equation 4).
pub fn rms_norm(hidden: Tensor<2>, weight: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let mean_square = hidden.clone().square().mean_dim(1);
    let scale = mean_square.add_scalar(epsilon).sqrt().recip();
    hidden * scale * weight.unsqueeze()
}

/// Gated activation `silu(gate) · up` of `[rows, 2 × feed_forward]`, gate first (Shazeer 2020,
/// equation 6).
pub fn swiglu(gate_and_up: Tensor<2>) -> Tensor<2> {
    let [rows, both] = gate_and_up.dims();
    let half = both / 2;
    let gate = gate_and_up.clone().slice([0..rows, 0..half]);
    let up = gate_and_up.slice([0..rows, half..both]);
    activation::silu(gate) * up
}

/// The shape of an attention layer's input and output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionShape {
    /// Sequences.
    pub batch: usize,
    /// Tokens a sequence.
    pub length: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / key_value_heads` query heads.
    pub key_value_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
}

/// Causal grouped-query attention with rotary positions.
///
/// `projected` is `[batch × length, (heads + 2 key_value_heads) × head_dim]`: the query heads, then
/// the key heads, then the value heads. Returns `[batch × length, heads × head_dim]`.
pub fn causal_attention(projected: Tensor<2>, positions: &Positions, shape: AttentionShape) -> Tensor<2> {
    let AttentionShape {
        batch,
        length,
        heads,
        key_value_heads,
        head_dim,
    } = shape;
    let rotated_heads = heads + key_value_heads;
    let all_heads = rotated_heads + key_value_heads;
    // [batch, heads, length, head_dim]
    let by_head = projected
        .reshape([batch, length, all_heads, head_dim])
        .swap_dims(1, 2);
    let rotated = rotate(by_head.clone().slice([0..batch, 0..rotated_heads]), positions);
    let query = rotated.clone().slice([0..batch, 0..heads]);
    let key = rotated.slice([0..batch, heads..rotated_heads]);
    let value = by_head.slice([0..batch, rotated_heads..all_heads]);

    // The query heads of one group share their key and value: stacked, they are one taller product.
    let rows = heads / key_value_heads * length;
    let query =
        query
            .mul_scalar((head_dim as f64).powf(-0.5))
            .reshape([batch, key_value_heads, rows, head_dim]);
    let scores = product(query, key.swap_dims(2, 3)).reshape([batch, heads, length, length]);
    let weights = softmax(scores + positions.mask(length), 3).reshape([batch, key_value_heads, rows, length]);
    let mixed = product(weights, value).reshape([batch, heads, length, head_dim]);
    mixed.swap_dims(1, 2).reshape([batch * length, heads * head_dim])
}

/// Rotates each pair (i, i + head_dim / 2) of every head by the position's angle (Su et al. 2021,
/// equation 34, with the two members of a pair half a head apart).
///
/// `heads` is `[batch, heads, length, head_dim]`.
fn rotate(heads: Tensor<4>, positions: &Positions) -> Tensor<4> {
    let [batch, count, length, head_dim] = heads.dims();
    let (cosine, sine) = positions.rotation(length);
    let half = head_dim / 2;
    let first = heads.clone().slice([0..batch, 0..count, 0..length, 0..half]);
    let second = heads
        .clone()
        .slice([0..batch, 0..count, 0..length, half..head_dim]);
    heads * cosine + Tensor::cat(vec![second, first], 3) * sine
}

/// Mean cross-entropy, in nats, of the next-token distribution `softmax(hidden · headᵀ)`.
///
/// `hidden` is `[rows, width]`, `head` `[vocabulary, width]`, `targets` `[rows]`.
pub fn cross_entropy(hidden: Tensor<2>, head: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let logits = logits(hidden, head);
    let rows = logits.dims()[0];
    // The shift cancels, so no gradient needs to pass through the maximum.
    let shifted = logits.clone() - logits.detach().max_dim(1);
    let target = shifted.clone().gather(1, targets.reshape([rows, 1]));
    let normaliser = shifted.exp().sum_dim(1).log();
    (normaliser - target).mean()
}

/// The scores of every token of the vocabulary: `[rows, width] × [vocabulary, width]ᵀ`.
pub fn logits(hidden: Tensor<2>, head: Tensor<2>) -> Tensor<2> {
    product(hidden, head.transpose())
}
