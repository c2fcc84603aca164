//! The registry of channels, and one file for each.

pub mod experts;
mod geglu;
mod gelu;
mod rwkv7;
mod swiglu;

pub use experts::Experts;
pub use geglu::GeGlu;
pub use gelu::Gelu;
pub use rwkv7::Rwkv7Channel;
pub use swiglu::SwiGlu;

use crate::channel::Channel;

triaxis_names::registry! {
    /// The channel of a block with its settings; in data, the key `kind` says which.
    pub enum ChannelSpec by "kind" as channel: Channel {
        SwiGlu = "swiglu",
        Gelu = "gelu",
        GeGlu = "geglu",
        Rwkv7Channel = "rwkv7-channel",
        Experts = "experts",
    }
}
