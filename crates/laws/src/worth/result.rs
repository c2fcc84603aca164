//! What a comparison of arms returns: plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Refusal, Warning};
use crate::fit::{Estimate, PureError, Reach};

/// What arms are worth against their baseline. Losses are in the unit of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the baseline.
    pub baseline: String,
    /// Level of all intervals.
    pub level: f64,
    /// Name of the law of the baseline and of all arms for which one factor does.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// The parameters that these arms share, by name.
    pub shared: BTreeMap<String, Estimate>,
    /// Runs fitted.
    pub runs: usize,
    /// What runs vary by.
    pub noise: Noise,
    /// The ladder's end: the baseline's best size at the largest budget that every arm has.
    pub end: Place,
    /// The compute asked for, at the split of the ladder's end continued as the law is best. Nothing is said of it where
    /// [`Comparison::too_far`] says why.
    pub asked: Option<Place>,
    /// How far that lies from the computes fitted.
    pub reach: Option<Reach>,
    /// A law of its own by arm, the baseline among them, or why there is none.
    pub own_laws: BTreeMap<String, OwnLaw>,
    /// The arms that could be compared, in the order given.
    pub arms: Vec<Worth>,
    /// Why others could not.
    pub refused: Vec<Refusal>,
    /// What a reader must know of the grouped law.
    pub warnings: Vec<Warning>,
}

impl Comparison {
    /// Why nothing is said of the compute asked for, where that is farther from the runs than any prediction was ever
    /// checked.
    pub fn too_far(&self) -> Option<String> {
        self.reach?.too_far("compute")
    }
}

/// The parameters of a law of one arm by name, or why its runs do not tell them.
pub type OwnLaw = Result<BTreeMap<String, Estimate>, Refusal>;

/// What runs vary by, as parts of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Standard deviation of a run around what it shares with its pairs: the noise of differences, over the root of 2.
    pub run: f64,
    /// Degrees of freedom it is known by.
    pub freedom: usize,
    /// Standard deviation of what runs of one size and budget have in common: luck of the seed and misses of the law.
    pub shared: f64,
    /// Noise between seeds of one arm, size and budget, pooled over all; `None` where no seed is repeated.
    pub seeds: Option<PureError>,
}

/// A model size trained on so much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Training compute of the baseline there.
    pub flops: f64,
    /// Parameters.
    pub params: f64,
    /// Training tokens.
    pub tokens: f64,
}

/// An F test of one factor for all pairs of an arm and the baseline against one that changes with compute and with tokens
/// a parameter, as that of a law of the arm's own would.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OneLaw {
    /// The F statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub freedom: (usize, usize),
    /// Chance of one as large in any of the arms compared (Bonferroni), if one factor did.
    pub chance: f64,
    /// Whether one factor does: the chance is at least 5%.
    pub holds: bool,
}

/// What an arm's factor multiplies, whichever is nearer to its pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Multiplied {
    /// All of the baseline's loss above the floor.
    Reducible,
    /// Its term of the data.
    Data,
}

/// What the data say of an arm against the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Its loss is lower at equal compute.
    Better,
    /// Its loss is higher.
    Worse,
    /// Equal arms would have differed as much too often.
    NoDifferenceSeen,
    /// Too few pairs tell their noise.
    CannotTell,
}

/// What one arm is worth against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// Name of the arm.
    pub arm: String,
    /// Its runs.
    pub runs: usize,
    /// Whether it is called different, by `chance`: one in ten equal arms would be at most, at a level of 0.9, and of
    /// several arms no more.
    pub call: Call,
    /// Two-sided chance that an equal arm would have differed by so much (Student's t).
    pub chance: f64,
    /// What its factor multiplies.
    pub multiplied: Multiplied,
    /// Whether one factor does for all its pairs, which are then what is said of it; else that is of those at the
    /// ladder's end. `None` where too few tell.
    pub one_law: Option<OneLaw>,
    /// How many times its compute the baseline takes to the same loss; the same at any scale where one law does, else
    /// at the ladder's end, and open beyond the computes measured.
    pub compute_multiplier: Estimate,
    /// How many times its tokens the baseline takes to the same loss with as many parameters, at the ladder's end;
    /// `None` by a law of compute alone.
    pub data_multiplier: Option<Estimate>,
    /// Losses at equal compute at the ladder's end.
    pub at_end: Losses,
    /// The same at the compute asked for, where the arm's factor may have changed with compute as fast as the runs
    /// leave open.
    pub at_asked: Option<Losses>,
    /// Whether the order holds; `None` where nothing tells the noise.
    pub order: Option<Order>,
    /// Its exponent of compute less the baseline's, if one law does not do.
    pub exponent_difference: Estimate,
    /// The losses of its pairs at the ladder's end, without a law, or why there are none.
    pub paired: Result<Paired, Refusal>,
    /// The smallest compute multiplier above 1 that these runs would have shown as different four times of five;
    /// `None` where nothing tells the noise, or it is beyond what the ladder spans.
    pub detectable: Option<f64>,
}

impl Worth {
    /// What is seen of the arm, or what would have been; `times` prints a multiplier.
    pub fn verdict(&self, times: impl Fn(f64) -> String) -> String {
        match (self.call, self.detectable) {
            (Call::Better, _) => "better".to_owned(),
            (Call::Worse, _) => "worse".to_owned(),
            (Call::NoDifferenceSeen, Some(seen)) => {
                format!("no difference seen; one of {} would have been", times(seen))
            }
            (Call::NoDifferenceSeen, None) => {
                "no difference seen; how small a one would have been is open".to_owned()
            }
            (Call::CannotTell, _) => "cannot tell: too few pairs for their noise".to_owned(),
        }
    }
}

/// Losses at equal compute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// The baseline's.
    pub baseline: Estimate,
    /// The arm's.
    pub arm: Estimate,
    /// The arm's less the baseline's: below zero is better.
    pub difference: Estimate,
}

/// How likely the arm's loss is lower than the baseline's at equal compute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// At the ladder's end.
    pub at_end: f64,
    /// At the compute asked for, by a factor that may have changed as there.
    pub at_asked: Option<f64>,
    /// Compute up to which that of the two which is better at the end stays so as likely as the level says, at most
    /// 10,000 times the end; `None` where it is not even so at the end.
    pub holds_to: Option<f64>,
}

/// Pairs of runs that differ by their arm alone, at the ladder's end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// How many.
    pub pairs: usize,
    /// Those in which the arm's loss is lower.
    pub better: usize,
    /// The arm's mean loss less the baseline's.
    pub difference: Estimate,
}
