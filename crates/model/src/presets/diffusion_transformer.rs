use super::Chosen;
use crate::block::Block;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::mixers::{Attention, MixerSpec};
use crate::norm::NormKind;

/// The blocks of a transformer whose positions see one another.
#[derive(Debug)]
pub(super) struct DiffusionTransformer;

impl DiffusionTransformer {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Transformer without a causal mask, as LLaDA has it (Nie et al. 2025, arXiv 2502.09992): \
        Llama's blocks, in which every position sees all others; for the objective `masked-diffusion`. It is not told how \
        much is masked, which says as much (arXiv 2406.07524, section 3).";
}

impl Chosen for DiffusionTransformer {
    fn pattern(&self, _layers: usize) -> String {
        "a".to_owned()
    }

    fn blocks(&self) -> Vec<(char, Block)> {
        let attention = Attention {
            bidirectional: true,
            ..Attention::default()
        };
        let block = Block {
            mixer: MixerSpec::Attention(attention),
            channel: Some(ChannelSpec::SwiGlu(SwiGlu::default())),
        };
        vec![('a', block)]
    }

    fn norm(&self) -> NormKind {
        NormKind::Rms
    }
}
