use super::{Chosen, MOST_LAYERS};
use crate::block::Block;
use crate::channels::experts::{BIAS_RATE, Router};
use crate::channels::{ChannelSpec, Experts, SwiGlu};
use crate::mixers::{LatentAttention, MixerSpec};
use crate::norm::NormKind;

/// DeepSeek-V3's blocks.
#[derive(Debug)]
pub(super) struct DeepSeek;

impl DeepSeek {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "DeepSeek-V3 (arXiv 2412.19437): latent attention; a feed-forward layer in the first \
        block, in all others experts of which a token passes eight and a shared one, scored by a sigmoid and balanced by \
        a bias alone, its eight from the best four of eight groups; 32 experts in the place of 256, and as wide that a \
        token passes about as much as in a dense block.";
}

impl Chosen for DeepSeek {
    fn pattern(&self, layers: usize) -> String {
        format!("l{}", "e".repeat(layers.min(MOST_LAYERS).saturating_sub(1)))
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let experts = Experts {
            experts: 32,
            chosen: 8,
            shared: 1,
            router: Router::Sigmoid,
            scale: Some(2.5),
            groups: 8,
            chosen_groups: 4,
            auxiliary: 0.0,
            bias_rate: Some(BIAS_RATE),
            ..Experts::default()
        };
        let channels = [
            ('l', ChannelSpec::SwiGlu(SwiGlu::default())),
            ('e', ChannelSpec::Experts(experts)),
        ];
        let block = |(letter, channel)| {
            let mixer = MixerSpec::LatentAttention(LatentAttention::default());
            let channel = Some(channel);
            (letter, Block { mixer, channel })
        };
        channels.map(block).into()
    }

    fn norm(&self) -> NormKind {
        NormKind::Rms
    }
}
