use super::Chosen;
use crate::block::Block;
use crate::mixers::{MixerSpec, SharedAttention};
use crate::norm::NormKind;

/// Zamba2's blocks.
#[derive(Debug)]
pub(super) struct Zamba2;

impl Zamba2 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Zamba2 (Glorioso et al. 2024, arXiv 2411.15242): five blocks of Mamba-2 and one that \
        begins with attention and a feed-forward layer whose weights all such blocks share, with heads that turn.";
}

impl Chosen for Zamba2 {
    fn pattern(&self, _layers: usize) -> String {
        "mmmmmz".to_owned()
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let mixer = MixerSpec::SharedAttention(SharedAttention {
            rope_theta: Some(10_000.0),
            ..SharedAttention::default()
        });
        vec![('z', Block { mixer, channel: None })]
    }

    fn norm(&self) -> NormKind {
        NormKind::Rms
    }
}
