//! The registry of mixers, and one file for each.

mod attention;
mod gated_deltanet;
mod gated_linear_attention;
mod latent_attention;
mod lstm;
mod mamba;
mod mamba2;
mod min_gru;
mod min_lstm;
mod min_rnn;
mod recurrent;
mod rg_lru;
mod rwkv7;
mod shared_attention;

pub use attention::{Attention, Bias};
pub use gated_deltanet::GatedDeltaNet;
pub use gated_linear_attention::GatedLinearAttention;
pub use latent_attention::LatentAttention;
pub use lstm::Lstm;
pub use mamba::Mamba;
pub use mamba2::Mamba2;
pub use min_gru::MinGru;
pub use min_lstm::MinLstm;
pub use rg_lru::RgLru;
pub use rwkv7::Rwkv7;
pub(crate) use rwkv7::SHIFT;
pub use shared_attention::SharedAttention;

use crate::mixer::Mixer;

triaxis_names::registry! {
    /// The mixer of a block with its settings; in data, the key `kind` says which.
    pub enum MixerSpec by "kind" as mixer: Mixer {
        Attention = "attention",
        Mamba2 = "mamba2",
        GatedDeltaNet = "gated-deltanet",
        LatentAttention = "latent-attention",
        Mamba = "mamba",
        GatedLinearAttention = "gated-linear-attention",
        Lstm = "lstm",
        MinGru = "min-gru",
        MinLstm = "min-lstm",
        SharedAttention = "shared-attention",
        RgLru = "rg-lru",
        Rwkv7 = "rwkv7",
    }
}
