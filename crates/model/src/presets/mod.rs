//! Choices of blocks that others have published, by name: a file here and a line of the registry.

mod griffin;
pub(crate) mod jamba;
pub(crate) mod qwen3_next;
mod zamba2;

use std::fmt::Debug;

use self::griffin::Griffin;
use self::jamba::Jamba;
use self::qwen3_next::Qwen3Next;
use self::zamba2::Zamba2;
use crate::block::Block;
use crate::norm::NormKind;

triaxis_names::registry! {
    /// The blocks of a published family, in any size. A spec names it in the place of a `pattern`, and may say otherwise
    /// of each part; once read, a stack holds what it stands for and not its name.
    pub enum Preset as chosen: Chosen {
        Qwen3Next = "qwen3-next",
        Jamba = "jamba",
        Zamba2 = "zamba2",
        Griffin = "griffin",
    }
}

/// What a family chooses.
pub(crate) trait Chosen: Debug {
    /// A letter a block.
    fn pattern(&self) -> &'static str;

    /// What letters stand for otherwise than usual.
    fn blocks(&self) -> Vec<(char, Block)>;

    /// How rows are normalised.
    fn norm(&self) -> NormKind;
}
