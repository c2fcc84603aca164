//! Whether one kind of model learns a task at another compute than another, and how suddenly.
//!
//! What a model has learnt is a share: 0 of one that guesses, 1 of one that knows. A [`Curve`] is that share along one
//! training. A share of right answers may stay at 0 for long while the probability of the right answer rises: the sudden
//! rise is then the measure's, not the model's (Schaeffer et al. 2023, Are Emergent Abilities of Large Language Models a
//! Mirage?). So the same is asked of every measure there is: at which compute a level is reached, how many times more it
//! takes from a tenth learnt to nine tenths, and what the compute of one is over that of the other.
//!
//! A training that does not come so far says that it takes more than it had, and one that has it at its first point, that
//! it takes no more than that: such bounds go into intervals as bounds.

mod crossing;
mod difference;

use serde::{Deserialize, Serialize};
use triaxis_units::{Finding, Params};

use crate::fit::Estimate;
use crossing::Crossing;
use difference::difference;

/// Where a rise begins and ends, as shares of what there is to learn.
const RISE: [f64; 2] = [0.1, 0.9];

/// What one training has learnt, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Computes in rising order, each with the share that is learnt by then.
    pub points: Vec<(f64, f64)>,
}

/// A kind of model, trained several times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learner {
    /// Its name.
    pub name: String,
    /// Its trainings, which differ by their seed.
    pub seeds: Vec<Curve>,
}

/// How two kinds of model are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Level of all intervals.
    pub level: f64,
    /// Bootstrap samples of the seeds, at least 20.
    pub replicates: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
}

/// What is told of one kind of model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Its name.
    pub name: String,
    /// How many of its trainings come to the level.
    pub solved: usize,
    /// Its trainings.
    pub seeds: usize,
    /// The compute at which it does, the geometric mean over trainings; or why nobody can say.
    pub compute: Finding<Estimate>,
    /// How many times more compute it takes from a tenth learnt to nine tenths; the more sudden, the nearer to 1.
    pub rise: Finding<Estimate>,
}

/// Two kinds of model and what they take to reach a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Emergence {
    /// The share of what there is to learn that is asked for.
    pub share: f64,
    /// What the other is held against.
    pub baseline: Reached,
    /// The other.
    pub other: Reached,
    /// The compute of the other over that of the baseline, with an interval that is open where trainings only bound it; or
    /// why nobody can say.
    pub ratio: Finding<Estimate>,
    /// Level of all intervals.
    pub level: f64,
}

/// What a mixture of experts takes to learn a task beside a dense model, by several measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskEmergence {
    /// The task.
    pub task: String,
    /// Tokens of its sequences, and answers in them.
    pub level: [usize; 2],
    /// Active parameters of the mixture.
    pub parameters: Params,
    /// The same over those of the dense model.
    pub active: f64,
    /// All parameters of the mixture over all of the dense model.
    pub total: f64,
    /// What is measured, and what it says, level by level.
    pub measures: Vec<(String, Emergence)>,
}

impl TaskEmergence {
    /// What is equal in both, in words: two models are equal in what differs by less than a tenth.
    pub fn equal(&self) -> &'static str {
        let is_equal = |ratio: f64| (1.0 / 1.1..=1.1).contains(&ratio);
        match (is_equal(self.active), is_equal(self.total)) {
            (true, _) => "equal active parameters",
            (false, true) => "equal total parameters",
            (false, false) => "neither active nor total parameters equal",
        }
    }
}

/// At which compute two kinds of model have learnt a `share` of what there is to learn, and which of them earlier.
///
/// Trainings without points say nothing, and what is no number is not learnt.
///
/// ```
/// use triaxis_laws::emergence::{Curve, Learner, Options, emergence};
/// let learner = |name: &str, factor: f64| Learner {
///     name: name.into(),
///     seeds: [0.9, 1.0, 1.1].map(|luck| Curve { points: (0..8).map(|step| {
///         let compute = 1e9 * 2f64.powi(step);
///         (compute, (compute / (3e10 * factor * luck)).min(1.0))
///     }).collect() }).to_vec(),
/// };
/// let options = Options { level: 0.9, replicates: 500, seed: 0 };
/// let told = emergence(&learner("dense", 1.0), &learner("experts", 0.5), 0.5, &options);
/// let ratio = *told.ratio.found().unwrap();
/// assert!((ratio.value - 0.5).abs() < 0.05 && ratio.covers(0.5));
/// ```
pub fn emergence(baseline: &Learner, other: &Learner, share: f64, options: &Options) -> Emergence {
    let crossings = [baseline, other].map(|learner| learner.crossings(share));
    let [of_baseline, of_other] = &crossings;
    let ratio = difference(Some(of_baseline), of_other, options).ok_or_else(|| {
        let what = format!("the compute of `{}` over that of `{}`", other.name, baseline.name);
        untold(&what, share, of_baseline.iter().chain(of_other))
    });
    Emergence {
        share,
        baseline: baseline.reached(of_baseline, options),
        other: other.reached(of_other, options),
        ratio: finding(ratio),
        level: options.level,
    }
}

impl Learner {
    fn crossings(&self, share: f64) -> Vec<Crossing> {
        let each = self.seeds.iter();
        each.map(|curve| Crossing::of(&curve.points, share)).collect()
    }

    fn reached(&self, crossings: &[Crossing], options: &Options) -> Reached {
        let [first, last] = RISE.map(|share| self.crossings(share));
        // Both of one training: its luck is in both.
        let pairs = first.iter().zip(&last);
        let rises: Vec<Crossing> = pairs.map(|(first, last)| last.after(first)).collect();
        let said = |what: &str, of: &[Crossing]| {
            let found = difference(None, of, options);
            finding(found.ok_or_else(|| untold(&format!("{what} of `{}`", self.name), RISE[1], of.iter())))
        };
        Reached {
            name: self.name.clone(),
            solved: crossings.iter().filter(|crossing| crossing.is_reached()).count(),
            seeds: crossings.len(),
            compute: said("the compute", crossings),
            rise: said("the rise", &rises),
        }
    }
}

fn finding(result: Result<Estimate, String>) -> Finding<Estimate> {
    result.map_or_else(Finding::Refused, Finding::Found)
}

/// Why nothing bounds what is asked, and what helps.
fn untold<'a>(what: &str, share: f64, crossings: impl Iterator<Item = &'a Crossing> + Clone) -> String {
    let all = crossings.clone().count();
    let reached = crossings.filter(|crossing| crossing.is_reached()).count();
    format!(
        "cannot tell {what}: {reached} of {all} trainings come to {:.0}% of what there is to learn; train longer, or ask an \
         easier level",
        100.0 * share
    )
}
