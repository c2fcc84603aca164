//! The registry of mixers, and one file for each.

mod attention;
mod gated_deltanet;
mod latent_attention;
mod lstm;
mod mamba2;
mod min_gru;
mod min_lstm;
mod min_rnn;
mod recurrent;
mod rg_lru;
mod rwkv7;

pub use attention::{Attention, Bias};
pub use gated_deltanet::GatedDeltaNet;
pub use latent_attention::LatentAttention;
pub use lstm::Lstm;
pub use mamba2::Mamba2;
pub use min_gru::MinGru;
pub use min_lstm::MinLstm;
pub use rg_lru::RgLru;
pub use rwkv7::Rwkv7;
pub(crate) use rwkv7::SHIFT;

use crate::mixer::Mixer;

triaxis_names::registry! {
    /// The mixer of a block with its settings; in data, the key `kind` says which.
    pub enum MixerSpec by "kind" as mixer: Mixer {
        Attention = "attention",
        Mamba2 = "mamba2",
        GatedDeltaNet = "gated-deltanet",
        LatentAttention = "latent-attention",
        Lstm = "lstm",
        MinGru = "min-gru",
        MinLstm = "min-lstm",
        RgLru = "rg-lru",
        Rwkv7 = "rwkv7",
    }
}
