//! Choices of blocks that others have published, by name: a file here and a line of the registry.

mod deepseek;
mod diffusion_transformer;
mod griffin;
pub(crate) mod jamba;
mod mixtral;
pub(crate) mod qwen3_next;
mod rwkv7;
mod zamba2;

use std::fmt::Debug;

use self::deepseek::DeepSeek;
use self::diffusion_transformer::DiffusionTransformer;
use self::griffin::Griffin;
use self::jamba::Jamba;
use self::mixtral::Mixtral;
use self::qwen3_next::Qwen3Next;
use self::rwkv7::Rwkv7;
use self::zamba2::Zamba2;
use crate::block::Block;
use crate::ends::Ends;
use crate::norm::NormKind;

triaxis_names::registry! {
    /// The blocks of a published family, in any size. A spec names it in the place of a `pattern`, and may say otherwise
    /// of each part; once read, a stack holds what it stands for and not its name.
    pub enum Preset as chosen: Chosen {
        Qwen3Next = "qwen3-next",
        Jamba = "jamba",
        Zamba2 = "zamba2",
        Griffin = "griffin",
        Rwkv7 = "rwkv7",
        Mixtral = "mixtral",
        DeepSeek = "deepseek",
        DiffusionTransformer = "diffusion-transformer",
    }
}

/// The most layers that a stack may have: a pattern for more is refused with them.
const MOST_LAYERS: usize = 1 << 12;

/// What a family chooses.
pub(crate) trait Chosen: Debug {
    /// A letter a block, for a stack of so many layers.
    fn pattern(&self, layers: usize) -> String;

    /// What letters stand for otherwise than usual.
    fn blocks(&self) -> Vec<(char, Block)>;

    /// How rows are normalised.
    fn norm(&self) -> NormKind;

    /// What is done before the first block and behind the head.
    fn ends(&self) -> Ends {
        Ends::default()
    }

    /// Whether the head shares the embedding's table.
    fn tied(&self) -> bool {
        true
    }
}
