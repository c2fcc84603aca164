//! The registry of channels, and one file for each.

mod gelu;
mod swiglu;

pub use gelu::Gelu;
pub use swiglu::SwiGlu;

use crate::channel::Channel;

triaxis_names::registry! {
    /// The channel of a block with its settings; in data, the key `kind` says which.
    pub enum ChannelSpec by "kind" as channel: Channel {
        SwiGlu = "swiglu",
        Gelu = "gelu",
    }
}
