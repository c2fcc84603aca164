use triaxis_random::Stream;

use crate::level::{Level, Sample};

/// What a probe is: to add one, write a file in `probes/` with a type that implements this, and add its line to the
/// registry in `probes/mod.rs`; `tests/it` then holds it to its obligations.
pub trait Generator: Sync {
    /// What is trained and tested where nobody says otherwise: small enough for minutes on two cores.
    fn usual(&self) -> Usual;

    /// The smallest vocabulary that can say it.
    fn least_vocabulary(&self, level: Level) -> usize;

    /// The shortest sequence that holds so many answers.
    fn least_length(&self, answers: usize) -> usize;

    /// The most answers that a sequence can hold, however long it is.
    fn most_answers(&self) -> usize {
        usize::MAX
    }

    /// The share of answers that are right if they are guessed as well as they can be without what the probe is about.
    fn chance(&self, vocabulary: usize, level: Level) -> f64;

    /// What a perfect model scores, where that is known; else what [`reference`](Self::reference) scores is beside it.
    fn perfect(&self) -> Option<f64> {
        Some(1.0)
    }

    /// What others measured.
    fn published(&self) -> &'static [Published] {
        &[]
    }

    /// A sequence of a level and vocabulary that are large enough.
    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample;

    /// A known method, if there is one that is not exact by nature, and what it answers in place of each answer.
    fn reference(&self, _vocabulary: usize, _sample: &Sample) -> Option<(&'static str, Vec<u32>)> {
        None
    }
}

/// Sizes of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usual {
    /// Tokens.
    pub vocabulary: usize,
    /// What is trained on.
    pub train: Vec<Level>,
    /// What is tested.
    pub test: Vec<Level>,
}

impl Usual {
    pub(crate) fn new<const N: usize>(vocabulary: usize, train: [usize; 2], test: [[usize; 2]; N]) -> Self {
        Self {
            vocabulary,
            train: vec![train.into()],
            test: test.map(Level::from).into(),
        }
    }
}

/// An accuracy that others report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// Of which model.
    pub model: &'static str,
    /// Right answers over all.
    pub accuracy: f64,
    /// At which level, in words.
    pub level: &'static str,
    /// Where it stands.
    pub source: &'static str,
}
