//! The seam to models, verifiers and tasks.

use crate::error::SearchError;
use crate::reply::{Sampled, Verdict};
use crate::request::{SampleRequest, ScoreRequest};

/// What a model replied to one of the requests that go on, by the place that it was given.
pub type Finished = (usize, Result<Sampled, String>);

/// A model that answers many requests side by side.
///
/// What it says may hang on the request alone: on its seed and the place of each token after the prompt, never on what is
/// answered beside it.
pub trait Sampler {
    /// Begins requests, each by a number of its own. Those that come together may share what they read: samples of a
    /// problem come one after the other.
    ///
    /// # Errors
    /// When nothing can go on. What is wrong with one request is said of it by [`advance`](Self::advance).
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError>;

    /// Goes on until at least one of those that were begun is over, and returns those that are.
    ///
    /// # Errors
    /// When nothing can go on.
    fn advance(&mut self) -> Result<Vec<Finished>, SearchError>;
}

/// What scores texts: a checker, a model of outcomes or of steps, a likelihood.
pub trait Verifier {
    /// The score of each text, or why it has none.
    ///
    /// # Errors
    /// When nothing can go on.
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError>;
}

/// What an answer is in a text, so that equal answers are equal: votes count these.
pub trait Reader {
    /// The answer to a problem, as all who mean it write it; `None` where the text has none.
    fn answer(&self, problem: &str, said: &str) -> Option<String>;
}

impl<F: Fn(&str, &str) -> Option<String>> Reader for F {
    fn answer(&self, problem: &str, said: &str) -> Option<String> {
        self(problem, said)
    }
}

/// No verifier, for strategies that ask none: every text has no score, and why.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unverified;

impl Verifier for Unverified {
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError> {
        let refused =
            || Err("there is no verifier: give one, or choose a strategy that asks none".to_owned());
        Ok(requests.iter().map(|_| refused()).collect())
    }
}
