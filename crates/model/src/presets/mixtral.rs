use super::Chosen;
use crate::block::Block;
use crate::channels::{ChannelSpec, Experts};
use crate::mixers::{Attention, MixerSpec};
use crate::norm::NormKind;

/// Mixtral's blocks.
#[derive(Debug)]
pub(super) struct Mixtral;

impl Mixtral {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mixtral (Jiang et al. 2024, arXiv 2401.04088): attention and eight experts in every \
        block, of which a token passes two, balanced by an auxiliary loss; as wide that a token passes about as much as \
        in a dense block.";
}

impl Chosen for Mixtral {
    fn pattern(&self, _layers: usize) -> String {
        "a".to_owned()
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let block = Block {
            mixer: MixerSpec::Attention(Attention::default()),
            channel: Some(ChannelSpec::Experts(Experts::default())),
        };
        vec![('a', block)]
    }

    fn norm(&self) -> NormKind {
        NormKind::Rms
    }
}
