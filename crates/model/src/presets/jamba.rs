use super::Chosen;
use crate::block::Block;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::mixers::{Attention, Mamba, MixerSpec};
use crate::norm::NormKind;

/// Jamba's blocks without experts.
#[derive(Debug)]
pub(super) struct Jamba;

impl Jamba {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Jamba (Lieber et al. 2024, arXiv 2403.19887) without experts: seven blocks of Mamba, \
        whose steps, B and C are normalised, for one of attention, the fifth of eight, in which nothing turns.";
}

/// Its attention, whatever the size.
pub(crate) fn attention() -> Attention {
    Attention {
        rotary_fraction: Some(0.0),
        ..Attention::default()
    }
}

impl Chosen for Jamba {
    fn pattern(&self, _layers: usize) -> String {
        "ssssasss".to_owned()
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let mamba = Mamba {
            inner_norms: true,
            ..Mamba::default()
        };
        let mixers = [
            ('s', MixerSpec::Mamba(mamba)),
            ('a', MixerSpec::Attention(attention())),
        ];
        let block = |(letter, mixer)| {
            let channel = Some(ChannelSpec::SwiGlu(SwiGlu::default()));
            (letter, Block { mixer, channel })
        };
        mixers.map(block).into()
    }

    fn norm(&self) -> NormKind {
        NormKind::Rms
    }
}
