//! The seam to strategies.

use std::fmt::Debug;
use std::sync::Arc;

use triaxis_names::suggestion;

use crate::choice::{Measure, Pick};
use crate::error::SearchError;
use crate::frame::Frame;
use crate::outcome::{Candidate, Why};
use crate::reply::Replied;
use crate::request::{Problem, Request, Scored};
use crate::strategies::StrategySpec;

/// A strategy of test-time compute: to add one, write a file in `strategies/` with a type that implements this, and add
/// its line to the registry in `strategies/mod.rs`; `tests/it` then holds it to its obligations.
pub trait Strategy: Debug + Send + Sync {
    /// Checks every setting.
    ///
    /// # Errors
    /// For the first one that breaks its rule.
    fn check(&self) -> Result<(), SearchError>;

    /// What the verifier must be able to tell.
    fn asks(&self) -> Vec<Scored> {
        Vec::new()
    }

    /// The same strategy with one sample, chain or branch, which is plain sampling; `None` where it is greedy.
    fn single(&self) -> Option<StrategySpec>;

    /// The search for a problem's answer.
    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search>;
}

/// A search that goes on: a state machine, so that many go on side by side and a model's batch stays full.
pub trait Search: Send {
    /// Takes the replies to what it asked last, in the order of asking (none at the beginning), and says what comes next.
    /// What it says hangs on these alone.
    fn next(&mut self, replies: Vec<Replied>) -> Turn;
}

/// What a search does next.
#[derive(Debug)]
pub enum Turn {
    /// It asks, at least one request, and waits for all replies.
    Ask(Vec<Request>),
    /// It is over.
    Done(Ending),
}

/// What a search ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Texts that may be the answer, in the order in which they were sampled.
    pub candidates: Vec<Candidate>,
    /// Which of them is the answer.
    pub chosen: Option<usize>,
    /// Why it stopped.
    pub why: Why,
}

impl Ending {
    /// The end of a search that made these candidates, in any order.
    pub(crate) fn new(mut candidates: Vec<Candidate>, pick: Pick, measure: Measure, why: Why) -> Self {
        candidates.sort_by_key(|candidate| candidate.tickets.last().copied());
        let scores: Vec<Option<f64>> = candidates.iter().map(|candidate| candidate.score).collect();
        let chosen = pick.choose(&candidates, &measure.weights(&scores));
        Self {
            why: if chosen.is_none() { Why::Nothing } else { why },
            candidates,
            chosen,
        }
    }
}

impl StrategySpec {
    /// The strategy that a name, or a name with settings, asks for: `best-of-n`, `best-of-n:samples=8,by=self-certainty`.
    ///
    /// # Errors
    /// When there is no such strategy, it has no such setting, or a setting breaks its rule.
    ///
    /// ```
    /// use triaxis_search::StrategySpec;
    /// assert_eq!(StrategySpec::read("majority:samples=8").unwrap().to_string(), "majority:samples=8");
    /// let error = StrategySpec::read("majorty").unwrap_err().to_string();
    /// assert!(error.ends_with("did you mean `majority`?"), "{error}");
    /// ```
    pub fn read(text: &str) -> Result<Self, SearchError> {
        let (name, settings) = text.split_once(':').unwrap_or((text, ""));
        let known = || Self::REGISTRY.iter().map(|entry| entry.name);
        if !known().any(|known| known == name) {
            let all = Vec::from_iter(known()).join(", ");
            let suggestion = suggestion(name, known());
            return Err(SearchError::new(format!(
                "`{name}` is no strategy: choose from {all}{suggestion}"
            )));
        }
        let mut fields = serde_json::Map::from_iter([("strategy".to_owned(), name.into())]);
        for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
            let Some((key, value)) = setting.split_once('=') else {
                return Err(SearchError::new(format!(
                    "`{setting}` of the strategy `{name}` is no setting: write KEY=VALUE"
                )));
            };
            // Numbers and truth values are read as what they are, and all else is text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            fields.insert(key.to_owned(), value);
        }
        let spec: Self = serde_json::from_value(fields.into())
            .map_err(|error| SearchError::new(format!("the strategy `{name}`: {error}")))?;
        spec.check()?;
        Ok(spec)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// For the first one that breaks its rule.
    pub fn check(&self) -> Result<(), SearchError> {
        self.strategy()
            .check()
            .map_err(|error| SearchError::new(format!("the strategy `{}`: {error}", self.kind())))
    }

    /// What the verifier must be able to tell.
    pub fn asks(&self) -> Vec<Scored> {
        self.strategy().asks()
    }

    /// The same strategy with one sample, chain or branch, which is plain sampling; `None` where it is greedy.
    pub fn single(&self) -> Option<Self> {
        self.strategy().single()
    }

    /// The search for a problem's answer.
    pub fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        self.strategy().begin(problem, frame)
    }
}

/// Writes what [`StrategySpec::read`] reads: the name, and the settings that are not the usual ones.
impl std::fmt::Display for StrategySpec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.kind())?;
        let fields = |spec: &Self| serde_json::to_value(spec).unwrap_or_default();
        let usual = serde_json::json!({ "strategy": self.kind() });
        let usual = serde_json::from_value::<Self>(usual)
            .map(|usual| fields(&usual))
            .unwrap_or_default();
        let fields = fields(self);
        let own = fields.as_object().into_iter().flatten();
        let own = own.filter(|(key, value)| usual.get(key.as_str()) != Some(value));
        for (place, (key, value)) in own.enumerate() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            write!(formatter, "{}{key}={value}", if place == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}
