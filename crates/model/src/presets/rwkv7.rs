use super::{Chosen, MOST_LAYERS};
use crate::block::Block;
use crate::channels::{ChannelSpec, Rwkv7Channel};
use crate::ends::Ends;
use crate::mixers::{self, MixerSpec};
use crate::norm::NormKind;

/// RWKV-7's blocks.
#[derive(Debug)]
pub(super) struct Rwkv7;

impl Rwkv7 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "RWKV-7 (Peng et al. 2025, arXiv 2503.14456): its time mix and its channel in every \
        block, of which all but the first mix their values with those of the first; LayerNorm, also of the embedding's \
        rows; a head of its own.";
}

impl Chosen for Rwkv7 {
    fn pattern(&self, layers: usize) -> String {
        format!("w{}", "v".repeat(layers.min(MOST_LAYERS).saturating_sub(1)))
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let later = mixers::Rwkv7 {
            mixes_values: true,
            ..mixers::Rwkv7::default()
        };
        let later = Block {
            mixer: MixerSpec::Rwkv7(later),
            channel: Some(ChannelSpec::Rwkv7Channel(Rwkv7Channel::default())),
        };
        vec![('v', later)]
    }

    fn norm(&self) -> NormKind {
        NormKind::Layer
    }

    fn ends(&self) -> Ends {
        Ends {
            embedding_norm: true,
            ..Ends::default()
        }
    }

    fn tied(&self) -> bool {
        false
    }
}
