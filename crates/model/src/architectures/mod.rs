//! The registry of architectures, and one file for each but the stack itself.

mod decoder;

pub use decoder::Decoder;

use crate::architecture::Architecture;
use crate::stack::Stack;

triaxis_names::registry! {
    /// The description of a network in any architecture's words; in data, the key `architecture` says in whose.
    pub enum ArchitectureSpec by "architecture" as architecture: Architecture {
        Decoder = "decoder",
        Stack = "stack",
    }
}

impl ArchitectureSpec {
    /// Tiny ones in the words of each, which reach every branch of the code.
    pub fn examples() -> Vec<Self> {
        let decoders = Decoder::examples().into_iter().map(Self::Decoder);
        decoders
            .chain(Stack::examples().into_iter().map(Self::Stack))
            .collect()
    }
}
