//! The heavy operations, the only place where the models compute.
//!
//! All are [`triaxis_kernels`]'s: fused on a processor, composed of ordinary tensor operations on any
//! other device. Sequences are flattened to rows: a hidden state is `[rows, width]` with
//! `rows = batch × length`, so that every linear layer is one two-dimensional product.

use burn::tensor::Tensor;
use triaxis_kernels::Precision;
pub use triaxis_kernels::cpu::gated_delta::Shape as GatedDeltaShape;
pub use triaxis_kernels::cpu::gated_linear::Shape as GatedLinearShape;
pub use triaxis_kernels::cpu::lstm::Shape as LstmShape;
pub use triaxis_kernels::cpu::mamba::Shape as MambaShape;
pub use triaxis_kernels::cpu::mamba2::Shape as Mamba2Shape;
pub use triaxis_kernels::cpu::min_rnn::{Kind as MinRnnKind, Shape as MinRnnShape};
pub use triaxis_kernels::cpu::rg_lru::Shape as RgLruShape;
pub use triaxis_kernels::cpu::router::scores as router_scores;
pub use triaxis_kernels::cpu::rwkv7::Shape as Rwkv7Shape;
pub use triaxis_kernels::{
    Activation, AttentionHeads, AttentionWeights, Choice, Core, GeluForm, Limits, RecurrentState,
    RecurrentWeights, Rotation, RouterForm, RouterWeighing, Scores, TiedTable, Weighing, activation,
    attention_half, causal_attention, causal_attention_packed, count_products, embedding, experts,
    feed_forward, geglu, head_cross_entropy, head_losses, layer_norm, linear, products, query_key_norm,
    recurrent_half, recurrent_step, rms_norm, rotary, rwkv7_mix, rwkv7_step, sigmoid_mix, swiglu,
    token_shift, weigh, weighted_head_cross_entropy,
};

/// Added to the mean square before its root, in every normalisation that says nothing else.
pub const NORM_EPSILON: f64 = 1e-5;

/// [`linear`] in single precision, whatever other products are in.
pub fn linear_in_single(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    Precision::Float32.run(|| linear(x, weight))
}

/// The scores of every token of the vocabulary: `[rows, width] × [vocabulary, width]ᵀ`.
pub fn logits(hidden: Tensor<2>, head: Tensor<2>) -> Tensor<2> {
    // Of a single row the other way round, with the same bits: a transposed table is copied, element by element.
    if hidden.dims()[0] == 1 {
        let vocabulary = head.dims()[0];
        return linear(head, hidden.transpose()).reshape([1, vocabulary]);
    }
    linear(hidden, head.transpose())
}
