//! A model whose chances are known, so that what strategies are worth can be computed and held against what they do.
//!
//! It answers in steps, each right with a known probability once all before it were; a wrong step leads to one of some wrong
//! answers. Asked again, it mends a wrong answer or spoils a right one with known probabilities. A token is a word.

mod chances;
mod judge;
mod model;
mod saying;
mod state;

use std::sync::Arc;

use triaxis_random::key;

pub use self::chances::Chances;
pub use self::judge::Judge;
pub use self::model::Simulated;
use self::saying::Saying;
use self::state::{State, name};
use crate::reply::Sampled;
use crate::request::{Problem, SampleRequest};

/// What draws among alternatives, given the place of the word and their probabilities.
pub type Choose<'a> = &'a mut dyn FnMut(u64, &[f64]) -> usize;

/// Problems whose chances are known.
#[derive(Debug, Clone)]
pub struct World {
    problems: Arc<Vec<Chances>>,
}

impl World {
    /// A world of these problems.
    pub fn new(problems: Vec<Chances>) -> Self {
        Self {
            problems: Arc::new(problems),
        }
    }

    /// Its problems.
    pub fn problems(&self) -> impl Iterator<Item = Problem> {
        (0..self.problems.len()).map(|index| self.problem(index))
    }

    /// The problem of that index.
    pub fn problem(&self, index: usize) -> Problem {
        Problem::new(format!("simulated/{index}"), format!("Solve problem {index} : "))
    }

    /// How the problem of that index goes.
    pub fn chances(&self, index: usize) -> Option<&Chances> {
        self.problems.get(index)
    }

    /// The answer in a text: `right`, or which wrong one.
    pub fn read(_problem: &str, said: &str) -> Option<String> {
        let mut words = said.split_whitespace().rev();
        let answer = words.find_map(|word| word.strip_prefix("answer="))?;
        answer.split('#').next().map(str::to_owned)
    }

    /// The model.
    pub fn sampler(&self) -> Simulated {
        Simulated::new(self)
    }

    fn of(&self, problem: &str) -> Result<&Chances, String> {
        let number = problem
            .strip_prefix("simulated/")
            .and_then(|number| number.parse().ok());
        number
            .and_then(|number: usize| self.problems.get(number))
            .ok_or_else(|| format!("`{problem}` is no simulated problem: ask one of the world's"))
    }

    /// What the model says, where `choose` draws.
    ///
    /// # Errors
    /// When the problem is none of the world's.
    pub fn say(&self, request: &SampleRequest, choose: Choose<'_>) -> Result<Sampled, String> {
        let chances = self.of(&request.problem)?;
        let prefix = request.prefix();
        let mut state = State::of(&prefix);
        let before = request.said.split_whitespace().count() as u64;
        let mut said = Saying::after(&prefix);
        while said.ended.is_none() {
            let piece = chances.next(&state);
            let place = before + said.words;
            let probabilities: Vec<f64> = piece.ways.iter().map(|(_, chance)| *chance).collect();
            let way = choose(place, &probabilities).min(piece.ways.len() - 1);
            said.chosen(&probabilities, way);
            let word = match piece.word {
                "</think>" => "</think>".to_owned(),
                word => {
                    let tag = key(request.seed, "tag", place) as u32;
                    format!("{word}={}#{tag:08x} ", name(piece.ways[way].0))
                }
            };
            state = state.after(&word);
            said.add(&word, &piece, request);
        }
        Ok(said.reply(prefix.split_whitespace().count() as u64))
    }
}
