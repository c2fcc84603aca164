use super::Chosen;
use crate::block::Block;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::mixers::{Attention, MixerSpec};
use crate::norm::NormKind;

/// Qwen3-Next's blocks without experts.
#[derive(Debug)]
pub(super) struct Qwen3Next;

impl Qwen3Next {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Qwen3-Next (Qwen team 2025) without experts: three blocks of gated DeltaNet (arXiv \
        2412.06464) for one of attention, whose heads are normalised, gated and turned in their first quarter; gains \
        that are told as what they add to one.";
}

/// Its attention, whatever the size.
pub(crate) fn attention() -> Attention {
    Attention {
        rotary_fraction: Some(0.25),
        qk_norm: true,
        output_gate: true,
        ..Attention::default()
    }
}

impl Chosen for Qwen3Next {
    fn pattern(&self, _layers: usize) -> String {
        "ddda".to_owned()
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let attention = Block {
            mixer: MixerSpec::Attention(attention()),
            channel: Some(ChannelSpec::SwiGlu(SwiGlu::default())),
        };
        vec![('a', attention)]
    }

    fn norm(&self) -> NormKind {
        NormKind::ZeroCentred
    }
}
