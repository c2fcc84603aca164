//! The files that weights are published in, as containers: which tensors they hold, of which shapes and formats, and
//! where; what the tensors mean is the model room's. A file is anybody's: what it says is checked before memory is taken
//! for it, and what is read lies within it.

mod damage;
mod error;
pub mod gguf;
pub mod safetensors;
mod tensor;
mod whole;

pub use damage::Damage;
pub use error::ContainerError;
pub use tensor::{Planned, Stored};
