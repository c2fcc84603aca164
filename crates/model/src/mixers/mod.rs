//! The registry of mixers, and one file for each.

mod attention;

pub use attention::Attention;

use crate::mixer::Mixer;

triaxis_names::registry! {
    /// The mixer of a block with its settings; in data, the key `kind` says which.
    pub enum MixerSpec by "kind" as mixer: Mixer {
        Attention = "attention",
    }
}
