//! The operations as plain functions over slices. They know nothing of tensors.
//!
//! Every function writes its whole output, never reads it first (unless it says that it adds to it), and
//! gives the same bits on any number of threads.

pub mod activation;
pub mod adamw;
pub mod attention;
pub mod attention_heads;
pub mod average;
pub mod bf16;
mod chunks;
pub mod cross_entropy;
mod delta_rule;
mod diagonal_scan;
pub mod embedding;
pub mod experts;
pub mod feed_forward;
pub mod gated_delta;
pub mod gated_linear;
mod gated_norm;
pub mod geglu;
pub mod gelu;
mod gelu_gate;
pub mod generalised_delta;
pub mod layer_norm;
pub mod linear;
mod linear_recurrence;
pub mod lstm;
pub mod mamba;
pub mod mamba2;
pub mod matrix;
pub mod min_rnn;
pub mod muon;
pub mod newton_schulz;
pub mod norm;
pub mod norm_linear;
mod normed_gate;
pub mod query_key_norm;
pub mod recurrent;
mod repeated_heads;
pub mod rg_lru;
pub mod rms_norm;
pub mod rotary;
pub mod router;
mod row_gate;
mod rows;
pub mod rwkv7;
mod short_convolution;
pub mod sigmoid_mix;
mod silu_gate;
mod softmax;
mod state_space;
pub mod swiglu;
pub mod token_shift;
mod vectors;

mod matmul;
mod product;
