//! Architectures, one file each, with exact parameter and FLOP counts.
//!
//! An [`ArchitectureSpec`] describes a network, counts its parameters and operations without
//! building it, and builds it as a [`Model`]. All computing is in [`ops`].

pub mod architecture;
pub mod architectures;
pub mod blocks;
pub mod count;
mod error;
pub mod ops;
mod registry;
pub mod weights;

pub use architecture::{Architecture, LanguageModel};
pub use architectures::{ArchitectureSpec, Decoder, DecoderConfig, Model};
pub use count::{FlopCount, OperationCount, ParameterCount};
pub use error::ModelError;
