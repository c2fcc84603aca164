mod demand;
mod quality;
mod worth;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use triaxis_units::{Dollars, Params, Tokens};

use super::aim::Aim;
use super::budget::Budget;
use crate::serving::ServingSetup;
use crate::training::TrainingSetup;
use crate::wall::Curve;
use crate::{Hardware, Price, Share, Uncertain};
pub use demand::{Class, Context, Hosted, Life, Task, Timed};
pub use quality::Quality;

/// What a team asks before it spends: the text at hand, the choices open to it, what it will serve, and its aim.
///
/// The laws that answer are beside it ([`Law`](super::Law)). Everything has a default but the aim, and the budget or
/// the goal that it asks for:
///
/// ```
/// let question: triaxis_plan::Question = toml::from_str(r#"
///     aim = "lowest-loss"
///     budget = "$2M"
///     [[text]]
///     name = "curated"
///     unique = "500B"
/// "#)?;
/// question.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What the page is called.
    #[serde(default)]
    pub title: String,
    /// What is wanted.
    pub aim: Aim,
    /// The laws of the loss that judge. Unless said, the refit of Chinchilla's runs (`besiroglu-2024`); in a study they
    /// judge beside its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub laws: Vec<LawSource>,
    /// What may be spent on the run: training and text. Binds the aims that spend it, and is a limit for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// The quality to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Quality>,
    /// The text at hand, a tier an entry; new text without end, at no price, unless said.
    #[serde(default = "one_text", rename = "text")]
    pub tiers: Vec<Tier>,
    /// What a repeat is worth.
    #[serde(default)]
    pub repetition: Repetition,
    /// Architectures and recipes; one as the laws have it unless said.
    #[serde(default = "one_arm", rename = "arms")]
    pub arms: Vec<Arm>,
    /// Ways to use the text; every tier as far as it is worth it unless said.
    #[serde(default)]
    pub strategies: Vec<Strategy>,
    /// Where and how well it trains.
    #[serde(default)]
    pub training: Training,
    /// Where and how well it serves.
    #[serde(default)]
    pub serving: ServingSetup,
    /// A model that was timed on the devices that serve: it brings the roofline to your engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed: Option<Timed>,
    /// Who serves it, where it is not on own devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted: Option<Hosted>,
    /// What is asked of the model over its life; nothing unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<Life>,
    /// How often answers are right, by the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Shares of text that models wrote to choose from; as much as it is worth unless said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synthetic_shares: Vec<Share>,
    /// Numbers of samples a query to choose from.
    #[serde(default = "one_sample")]
    pub samples: Vec<u32>,
    /// Ways to bring the context to the model; the whole prompt unless said.
    #[serde(default = "whole_prompt", rename = "contexts")]
    pub contexts: Vec<Context>,
    /// Sizes to choose from.
    #[serde(default)]
    pub params: Sizes,
    /// Small runs that could be made before.
    #[serde(default)]
    pub experiments: Experiments,
    /// Runs that were made since the laws were fitted: they say which draws are likely.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Observed>,
    /// Devices of your own, beside the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hardware: Vec<Hardware>,
    /// The share of the draws that an interval holds.
    #[serde(default = "nine_tenths")]
    pub level: f64,
    /// Draws of everything that is uncertain.
    #[serde(default = "thousand")]
    pub draws: usize,
    /// What the draws begin with.
    #[serde(default)]
    pub seed: u64,
}

/// Where a law comes from: exactly one of a published law, a fit that was saved, and a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawSource {
    /// A published law of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// A file of `triaxis fit --save`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<PathBuf>,
    /// The folder of a study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<PathBuf>,
    /// The arm of that study, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much it counts beside the others.
    #[serde(default = "one")]
    pub weight: f64,
}

/// A source of training text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// Unique tokens at hand, after deduplication.
    pub unique: Uncertain<Tokens>,
    /// Tokens of the laws' own text that one of these is worth: given, or by losses at equal data, as
    /// `{ standard = 3.75, loss = 3.43, floor = 1.89, exponent = 0.23 }` (Kim et al. 2025).
    #[serde(default = "exactly_one", deserialize_with = "worth::read")]
    pub worth: Uncertain<f64>,
    /// Dollars for a million unique tokens: bought, filtered or generated.
    #[serde(default = "free")]
    pub price_per_million: Uncertain<Dollars>,
    /// Whether a model wrote it.
    #[serde(default)]
    pub synthetic: bool,
    /// The most passes over it.
    #[serde(default = "no_limit", skip_serializing_if = "is_no_limit")]
    pub most_epochs: f64,
    /// The largest share of the tokens seen.
    #[serde(default = "all")]
    pub most_share: Share,
    /// Where its worth was measured.
    #[serde(default)]
    pub source: String,
    /// The folder of a study with an arm of such text: it says what a token is worth in those of the arm that it was
    /// compared with, whose law is to judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<PathBuf>,
    /// That arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// The folder of a study with a sweep over mixtures of sources, one of which has this name: it says the largest share
    /// that the best mixture may have of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixture: Option<PathBuf>,
    /// The folder of a corpus that was prepared of such text: it says how new the next token is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corpus: Option<PathBuf>,
    /// What that corpus says.
    #[serde(skip)]
    pub curve: Option<Curve>,
}

/// What repeated tokens and excess parameters are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Repetition {
    /// Repeats after which a further one is worth 1/e of new text. Default 15.4 (Muennighoff et al. 2023), from 5 to
    /// 50: their runs alone leave it open from 6 upward, and another study of the same kind found 31.
    pub repeats: Uncertain<f64>,
}

/// An architecture or recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// The compute of the laws' own arm that one unit of its compute is worth: operations of what is active, as billed. An
    /// arm that needs 12 operations for what the laws' own learn with 6 is worth 0.5.
    #[serde(default = "exactly_one")]
    pub worth: Uncertain<f64>,
    /// Training operations for each parameter and token; 6 of a dense transformer without attention.
    #[serde(default = "six")]
    pub training_operations: f64,
    /// Share of the parameters that a token uses: below 1 of a mixture of experts. Operations are of these.
    #[serde(default = "all")]
    pub active: Share,
    /// Bytes of cache that a token of context takes, as a multiple of a transformer's with grouped queries of its size.
    #[serde(default = "one")]
    pub cache: f64,
    /// The laws that are of this arm alone; all laws that no arm names unless said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub laws: Vec<String>,
}

/// A way to use the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// The tiers it uses; all unless said.
    #[serde(default)]
    pub tiers: Vec<String>,
    /// The most passes over any of them.
    #[serde(default = "no_limit", skip_serializing_if = "is_no_limit")]
    pub most_epochs: f64,
    /// The share of text that models wrote, where it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic_share: Option<Share>,
    /// The size, where it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Params>,
    /// The tokens seen, where they are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// What could go wrong, beside what is known of its kind.
    #[serde(default)]
    pub risk: String,
    /// What is done about it.
    #[serde(default)]
    pub mitigation: String,
}

/// Where and how well training runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// A device of the catalogue.
    pub hardware: String,
    /// Devices that train together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
    /// Your price in place of the catalogue's, with its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_hour: Option<Price>,
    /// Share of the peak. Default .40, from .30 to .50: Llama 3 405B trained at .38 to .43 (Grattafiori et al. 2024,
    /// table 4).
    pub mfu: Uncertain<Share>,
    /// Share of the paid hours that train; the rest goes to failures, restarts and checkpoints. Default .90 (Grattafiori
    /// et al. 2024, section 3.3.4), from .80 to .95.
    pub goodput: Uncertain<Share>,
    /// Compute of runs that fail or only tune, as a share of the run. Default .4, from .04 to 1.6, as of
    /// [`TrainingSetup`](crate::training::TrainingSetup): all hours of Llama 3 are 1.04, 1.41 and 2.6 times what its
    /// headline explains.
    pub other_runs: Uncertain<f64>,
    /// Dollars that the ladder behind the laws cost.
    pub ladder: Dollars,
}

/// The smallest and the largest size to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sizes {
    /// The smallest.
    pub smallest: Params,
    /// The largest.
    pub largest: Params,
}

/// Small runs that could be made before the large one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experiments {
    /// The most that one may cost, as a share of the budget or of the recommended run.
    pub most_share: f64,
    /// Standard deviation of the logarithm of a run's loss between seeds. What the laws' own runs showed, or .005.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
}

/// A run that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// Its arm; the first unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// The text that it saw.
    pub text: String,
    /// Parameters.
    pub params: Params,
    /// Tokens seen.
    pub tokens: Tokens,
    /// Passes over its text.
    #[serde(default = "one")]
    pub epochs: f64,
    /// The loss that it reached, in the laws' unit.
    pub loss: f64,
}

impl Default for Repetition {
    fn default() -> Self {
        Self {
            repeats: certain_interval(15.4, 5.0, 50.0),
        }
    }
}

impl Default for Training {
    fn default() -> Self {
        Self {
            hardware: "H100 SXM".to_owned(),
            devices: None,
            price_per_hour: None,
            mfu: share(0.40, 0.30, 0.50),
            goodput: share(0.90, 0.80, 0.95),
            other_runs: TrainingSetup::default().tuning,
            ladder: Dollars(0.0),
        }
    }
}

impl Default for Experiments {
    fn default() -> Self {
        Self {
            most_share: 0.02,
            noise: None,
        }
    }
}

fn certain_interval(value: f64, low: f64, high: f64) -> Uncertain<f64> {
    Uncertain::new(value, low, high).expect("the interval of a default holds its value")
}

fn share(value: f64, low: f64, high: f64) -> Uncertain<Share> {
    Uncertain::new(Share(value), Share(low), Share(high)).expect("the interval of a default holds its value")
}

/// Tokens that no run takes.
pub(crate) const ENDLESS: Tokens = Tokens(1 << 53);

impl Tier {
    /// Whether how much there is of it is not known, so that all that is taken of it is new.
    pub fn is_endless(&self) -> bool {
        self.unique.value() >= ENDLESS
    }
}

fn one_text() -> Vec<Tier> {
    vec![Tier {
        name: "new text".to_owned(),
        unique: Uncertain::certain(ENDLESS),
        worth: exactly_one(),
        price_per_million: free(),
        synthetic: false,
        most_epochs: 1.0,
        most_share: all(),
        source: String::new(),
        study: None,
        arm: None,
        mixture: None,
        corpus: None,
        curve: None,
    }]
}

impl Arm {
    /// The arm that the laws are of: a dense transformer.
    pub fn as_measured() -> Self {
        Self {
            name: "as measured".to_owned(),
            worth: exactly_one(),
            training_operations: six(),
            active: all(),
            cache: one(),
            laws: Vec::new(),
        }
    }
}

fn one_arm() -> Vec<Arm> {
    vec![Arm::as_measured()]
}

fn whole_prompt() -> Vec<Context> {
    vec![Context {
        name: "whole prompt".to_owned(),
        read: all(),
        easier_by: 0.0,
        price: Dollars(0.0),
    }]
}

impl Default for Sizes {
    fn default() -> Self {
        Self::ANY
    }
}

impl Sizes {
    /// Those to choose from unless said.
    pub const ANY: Self = Self {
        smallest: Params(1_000_000),
        largest: Params(10_000_000_000_000),
    };
}

fn one_sample() -> Vec<u32> {
    vec![1]
}

fn exactly_one() -> Uncertain<f64> {
    Uncertain::certain(1.0)
}

fn free() -> Uncertain<Dollars> {
    Uncertain::certain(Dollars(0.0))
}

fn all() -> Share {
    Share(1.0)
}

fn one() -> f64 {
    1.0
}

fn six() -> f64 {
    6.0
}

fn no_limit() -> f64 {
    f64::INFINITY
}

/// JSON has no word for it.
fn is_no_limit(number: &f64) -> bool {
    *number == no_limit()
}

fn nine_tenths() -> f64 {
    0.9
}

fn thousand() -> usize {
    1000
}

impl Strategy {
    /// Every tier, as often as it is worth it.
    pub fn every_tier() -> Self {
        Self {
            name: "all text, as far as it is worth it".to_owned(),
            tiers: Vec::new(),
            most_epochs: f64::INFINITY,
            synthetic_share: None,
            params: None,
            tokens: None,
            risk: String::new(),
            mitigation: String::new(),
        }
    }

    /// Whether it uses text that models wrote beside text that people did.
    pub fn mixes(&self, tiers: &[Tier]) -> bool {
        let used = || tiers.iter().filter(|tier| self.uses(tier));
        used().any(|tier| tier.synthetic) && used().any(|tier| !tier.synthetic)
    }

    /// Whether it uses this tier.
    pub fn uses(&self, tier: &Tier) -> bool {
        self.tiers.is_empty() || self.tiers.contains(&tier.name)
    }
}
