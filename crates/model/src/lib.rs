//! Networks as stacks of blocks, with exact parameter and FLOP counts.
//!
//! An [`ArchitectureSpec`] describes a network in the words of its family. What it means is a [`Stack`]: the embedding,
//! blocks by a pattern, each of a [`Mixer`] and mostly a [`Channel`], and the head. A stack lists its weights in a table,
//! counts its parameters, operations and memory without building anything, and builds itself as a [`Model`], which takes
//! whole sequences or goes on from a [`Memory`]. All computing is in [`ops`].

mod ahead;
pub mod architecture;
pub mod architectures;
mod between;
mod block;
pub mod channel;
pub mod channels;
pub mod count;
mod ends;
mod error;
mod examples;
pub mod folder;
pub mod gguf;
pub mod layouts;
mod memory;
pub mod mixer;
pub mod mixers;
mod model;
mod norm;
pub mod ops;
mod presets;
mod published;
mod rope_scaling;
mod routes;
mod stack;
mod token_shift;
pub mod weights;

pub use architecture::Architecture;
pub use architectures::{ArchitectureSpec, Decoder};
pub use block::Block;
pub use channel::Channel;
pub use channels::ChannelSpec;
pub use count::{FlopCount, OperationCount, ParameterCount};
pub use ends::Ends;
pub use error::ModelError;
pub use folder::Folder;
pub use layouts::Layout;
pub use memory::{Memory, Remembered};
pub use mixer::{Mixer, Place, Span};
pub use mixers::MixerSpec;
pub use model::Model;
pub use norm::{Norm, NormKind};
pub use presets::Preset;
pub use published::{Published, PublishedError, PublishedTokenizer};
pub use rope_scaling::RopeScaling;
pub use routes::{LayerRoutes, Routing};
pub use stack::Stack;

/// Whether a setting is as it is where a spec says nothing: then it is not written, so that settings that come later
/// change no identity.
fn is_default<T: Default + PartialEq>(setting: &T) -> bool {
    *setting == T::default()
}
