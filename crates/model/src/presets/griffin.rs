use super::Chosen;
use crate::block::Block;
use crate::channels::{ChannelSpec, GeGlu};
use crate::mixers::{Attention, MixerSpec};
use crate::norm::NormKind;

/// Griffin's blocks.
#[derive(Debug)]
pub(super) struct Griffin;

impl Griffin {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Griffin (De et al. 2024, arXiv 2402.19427): two blocks of the real-gated linear \
        recurrent unit for one of attention within 1,024 positions, whose heads share one of keys and values and are \
        turned in their first half (as RecurrentGemma has it); gated feed-forward layers by GELU of three times the \
        width; recurrences as wide as the network, as RecurrentGemma has them (the paper: about four thirds).";
}

impl Chosen for Griffin {
    fn pattern(&self, _layers: usize) -> String {
        "rra".to_owned()
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let attention = Attention {
            key_value_heads: Some(1),
            rotary_fraction: Some(0.5),
            window: Some(1024),
            ..Attention::default()
        };
        let attention = Block {
            mixer: MixerSpec::Attention(attention),
            channel: Some(ChannelSpec::GeGlu(GeGlu::default())),
        };
        vec![('a', attention)]
    }

    fn norm(&self) -> NormKind {
        NormKind::Rms
    }
}
