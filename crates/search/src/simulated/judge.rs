use triaxis_random::{Stream, key};
use triaxis_units::Seconds;

use super::model::drawn;
use super::state::State;
use super::{Choose, World};
use crate::error::SearchError;
use crate::reply::Verdict;
use crate::request::{ScoreRequest, Scored};
use crate::sampler::Verifier;

/// A verifier that errs with known probabilities.
#[derive(Debug, Clone)]
pub struct Judge {
    world: World,
    /// The probability that a right text is accepted, scored 1 and not 0.
    pub right: f64,
    /// The same of a wrong one.
    pub wrong: f64,
    /// What its errors hang on, with the text.
    pub seed: u64,
}

impl Judge {
    /// One that never errs.
    pub fn perfect(world: &World) -> Self {
        Self::new(world, 1.0, 0.0)
    }

    /// One that accepts right and wrong texts with these probabilities.
    pub fn new(world: &World, right: f64, wrong: f64) -> Self {
        Self {
            world: world.clone(),
            right,
            wrong,
            seed: 0,
        }
    }

    /// What it says of a text, where `choose` draws.
    ///
    /// # Errors
    /// When the problem is none of the world's.
    pub fn judge(&self, request: &ScoreRequest, choose: Choose<'_>) -> Result<Verdict, String> {
        self.world.of(&request.problem)?;
        let state = State::of(&request.said);
        let is_right = match request.of {
            Scored::Step => state.given.unwrap_or(state.wrong).is_none(),
            Scored::Answer | Scored::Likelihood => state.given == Some(None),
        };
        let accepts = if is_right { self.right } else { self.wrong };
        let words = |text: &str| text.split_whitespace().count() as u64;
        let score = match request.of {
            Scored::Likelihood => -(words(&request.said) as f64),
            Scored::Step | Scored::Answer => [1.0, 0.0][choose(0, &[accepts, 1.0 - accepts]).min(1)],
        };
        let tokens = words(&request.prompt) + words(&request.said);
        Ok(Verdict {
            score,
            tokens,
            seconds: Seconds(tokens as f64 * 0.001),
        })
    }
}

impl Verifier for Judge {
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError> {
        let score = |request: &ScoreRequest| {
            let of = request.of as u64;
            let mut stream = Stream::new(key(self.seed, &request.problem, of), &request.said, 0);
            self.judge(request, &mut |_, probabilities| {
                drawn(probabilities, stream.uniform())
            })
        };
        Ok(requests.iter().map(score).collect())
    }
}
