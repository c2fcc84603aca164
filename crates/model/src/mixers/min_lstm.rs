use super::MixerSpec;
use super::min_rnn::{Kind, MinRnn};
use crate::ops::MinRnnKind;

/// A recurrence with a forget and an input gate that do not see its state.
pub type MinLstm = MinRnn<Lstm>;

/// What makes it one.
#[derive(Debug, Clone, PartialEq)]
pub enum Lstm {}

impl Kind for Lstm {
    const KIND: MinRnnKind = MinRnnKind::Lstm;
    const LETTER: char = 't';

    fn spec(mixer: MinRnn<Self>) -> MixerSpec {
        MixerSpec::MinLstm(mixer)
    }
}

impl MinLstm {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "minLSTM (Feng et al. 2024, arXiv 2410.01201): h[t] = (f[t] h[t-1] + i[t] c[t]) / \
        (f[t] + i[t]) in each channel, f and i = sigmoid of the forget and the input gate, gates and candidate c of \
        the normalised stream, each column after a short convolution (the paper's models of language convolve the \
        stream before); h is projected back. No gate sees a state, so that training needs no product a position. It remembers one state, whatever \
        the length.";
}
