//! The operations on burn's tensors.
//!
//! Each file has the public function, its composition of tensor operations, and its extension of burn's
//! processor backend: the forward pass on [`Flex`](burn::backend::Flex) tensors and, recorded by
//! [`autodiff::record`], the backward pass.

pub(crate) mod activation;
pub(crate) mod adamw;
pub(crate) mod attention;
pub(crate) mod attention_half;
pub(crate) mod average;
pub(crate) mod cross_entropy;
pub(crate) mod embedding;
pub(crate) mod experts;
pub(crate) mod feed_forward;
pub(crate) mod geglu;
pub(crate) mod layer_norm;
pub(crate) mod linear;
pub(crate) mod muon;
pub(crate) mod norm;
pub(crate) mod product;
pub(crate) mod query_key_norm;
pub(crate) mod recurrent_half;
pub(crate) mod rms_norm;
pub(crate) mod rotary;
pub(crate) mod router;
pub(crate) mod rwkv7;
pub(crate) mod sigmoid_mix;
pub(crate) mod swiglu;
pub(crate) mod tied;
pub(crate) mod token_shift;

mod autodiff;
mod flex;
mod gated_delta;
mod gated_linear;
mod lstm;
mod mamba;
mod mamba2;
mod min_rnn;
mod rg_lru;
mod short_convolution;
