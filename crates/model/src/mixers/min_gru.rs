use super::MixerSpec;
use super::min_rnn::{Kind, MinRnn};
use crate::ops::MinRnnKind;

/// A gated recurrence whose gate does not see its state.
pub type MinGru = MinRnn<Gru>;

/// What makes it one.
#[derive(Debug, Clone, PartialEq)]
pub enum Gru {}

impl Kind for Gru {
    const KIND: MinRnnKind = MinRnnKind::Gru;
    const LETTER: char = 'u';

    fn spec(mixer: MinRnn<Self>) -> MixerSpec {
        MixerSpec::MinGru(mixer)
    }
}

impl MinGru {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "minGRU (Feng et al. 2024, arXiv 2410.01201): h[t] = (1 - z[t]) h[t-1] + z[t] \
        c[t] in each channel, z = sigmoid(gate), gate and candidate c of the normalised stream, each \
        column after a short convolution (the paper's models of language convolve the stream before); h is projected \
        back. No gate sees a state, so that training needs no product a position. It remembers one state, whatever the length.";
}
