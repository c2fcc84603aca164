//! The hot operations of training and inference: fast paths for processors, each beside the plain
//! composition of tensor operations that every other device runs.
//!
//! # Map
//! - [`cpu`]: the operations as functions over slices. They know nothing of tensors.
//! - [`simd`]: sixteen lanes at a time, on the instruction set found at run time.
//! - [`parallel`], [`memory`]: one thread pool, and buffers used again from step to step.
//! - The functions of this page: the same operations on burn's tensors, with gradients.
//! - [`Implementation`]: whether they use the kernels or the compositions; [`Precision`]: what the kernels
//!   multiply in; [`Instructions`]: by what.
//! - [`profile`](mod@profile): where the time goes, by operation.
//!
//! # What holds
//! - A result does not depend on the number of threads: every sum has one order, cut by shape alone.
//!   Instruction sets differ by rounding.
//! - NaN and infinity pass through, and reach what the definition of an operation lets them reach: in attention
//!   the positions that see them. (The composition multiplies what is hidden by zero, so there they reach all
//!   positions of their sequence.)
//! - Results are written to fresh tensors; only the optimiser changes tensors in place.
#![allow(unsafe_code)] // The one crate that may: vector instructions and values shared among threads.

/// Version of what the operations compute in `f32`: raised when any of them, kernel or composition, gives other bits
/// on any instruction set, be it by a newer burn.
pub const NUMERICS: u32 = 1;

pub mod cpu;
pub mod memory;
pub mod parallel;
pub mod profile;
pub mod simd;

mod implementation;
mod instructions;
#[cfg(feature = "tensors")]
mod ops;

pub use cpu::adamw::Update;
pub use cpu::attention_heads::AttentionHeads;
pub use cpu::muon::{Matrices, Update as MuonUpdate};
pub use implementation::{Implementation, Precision};
pub use instructions::{Instructions, InstructionsError};
#[cfg(feature = "tensors")]
pub use tensors::*;

#[cfg(feature = "tensors")]
mod tensors {
    pub use crate::cpu::activation::Activation;
    pub use crate::cpu::attention::Limits;
    pub use crate::cpu::experts::Choice;
    pub use crate::cpu::gelu::Form as GeluForm;
    pub use crate::cpu::router::{Form as RouterForm, Weighing as RouterWeighing};
    pub use crate::ops::activation::activation;
    pub use crate::ops::adamw::{Moments, Parameter, adamw_step};
    pub use crate::ops::attention::{Rotation, Scores, causal_attention, causal_attention_packed};
    pub use crate::ops::attention_half::{AttentionWeights, attention_half};
    pub use crate::ops::average::moved_averages;
    pub use crate::ops::cross_entropy::{
        Weighing, head_cross_entropy, head_losses, weighted_head_cross_entropy,
    };
    pub use crate::ops::embedding::embedding;
    pub use crate::ops::experts::experts;
    pub use crate::ops::feed_forward::feed_forward;
    pub use crate::ops::geglu::geglu;
    pub use crate::ops::layer_norm::layer_norm;
    pub use crate::ops::linear::linear;
    pub use crate::ops::muon::{MuonParameter, muon_step};
    pub use crate::ops::norm::gradient_norm;
    pub use crate::ops::product::{count_products, products};
    pub use crate::ops::query_key_norm::query_key_norm;
    pub use crate::ops::recurrent_half::{
        Core, RecurrentState, RecurrentWeights, recurrent_half, recurrent_step,
    };
    pub use crate::ops::rms_norm::rms_norm;
    pub use crate::ops::rotary::rotary;
    pub use crate::ops::router::weigh;
    pub use crate::ops::rwkv7::{rwkv7_mix, rwkv7_step};
    pub use crate::ops::sigmoid_mix::sigmoid_mix;
    pub use crate::ops::swiglu::swiglu;
    pub use crate::ops::tied::TiedTable;
    pub use crate::ops::token_shift::token_shift;
}
