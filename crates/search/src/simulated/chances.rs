use super::state::State;

/// How a problem goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chances {
    /// The probability that each step is right.
    pub steps: Vec<f64>,
    /// How likely each wrong answer is among them.
    pub wrong: Vec<f64>,
    /// The probability that another attempt, or more thought, mends a wrong answer.
    pub mend: f64,
    /// The probability that it spoils a right one.
    pub spoil: f64,
    /// Whether it thinks first: the steps are thoughts, which `</think>` ends.
    pub thinks: bool,
    /// The probability that an answer is right where thoughts were right so far and were cut.
    pub guess: f64,
    /// Words of a step.
    pub words: usize,
}

impl Chances {
    /// Steps of these probabilities, two words each; two wrong answers, the first twice as likely; attempts that change
    /// nothing.
    pub fn of_steps(steps: &[f64]) -> Self {
        Self {
            steps: steps.to_vec(),
            wrong: vec![2.0 / 3.0, 1.0 / 3.0],
            mend: 0.0,
            spoil: 0.0,
            thinks: false,
            guess: 0.0,
            words: 2,
        }
    }

    /// The probability that one sample is right.
    pub fn success(&self) -> f64 {
        self.steps.iter().product()
    }
}

/// What the model says next.
pub(super) struct Piece {
    /// What it may lead to, and how likely each is.
    pub ways: Vec<(Option<usize>, f64)>,
    pub word: &'static str,
    pub words: usize,
    pub ends: bool,
}

impl Chances {
    /// Right with this probability, and else one of the wrong ways.
    fn ways(&self, right: f64) -> Vec<(Option<usize>, f64)> {
        let total: f64 = self.wrong.iter().sum();
        let wrong = self.wrong.iter().enumerate();
        let wrong = wrong.map(|(way, share)| (Some(way), (1.0 - right) * share / total));
        std::iter::once((None, right)).chain(wrong).collect()
    }

    /// What another look makes of a way.
    fn again(&self, wrong: Option<usize>) -> Vec<(Option<usize>, f64)> {
        match wrong {
            None => self.ways(1.0 - self.spoil),
            Some(way) => vec![(None, self.mend), (Some(way), 1.0 - self.mend)],
        }
    }

    /// What comes next in a text.
    pub(super) fn next(&self, state: &State) -> Piece {
        let sure = |wrong| vec![(wrong, 1.0)];
        let piece = |ways, word, words, ends| Piece {
            ways,
            word,
            words,
            ends,
        };
        if let Some(given) = state.given {
            return piece(self.again(given), "answer", 1, true);
        }
        match self.steps.get(state.done) {
            Some(_) if state.closed && state.wrong.is_none() => {
                piece(self.ways(self.guess), "answer", 1, true)
            }
            Some(right) if !state.closed => {
                let ways = state
                    .wrong
                    .map_or_else(|| self.ways(*right), |wrong| sure(Some(wrong)));
                piece(ways, "step", self.words, false)
            }
            None if state.waited => piece(self.again(state.wrong), "again", 1, false),
            None if self.thinks && !state.closed => piece(sure(None), "</think>", 1, false),
            _ => piece(sure(state.wrong), "answer", 1, true),
        }
    }
}
