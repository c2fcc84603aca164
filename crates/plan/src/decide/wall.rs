//! The data wall of a decision: what is left of the text at hand, and of everybody's.

use serde::{Deserialize, Serialize};
use triaxis_units::{Estimate, Interval};

use super::compare::Compared;
use super::dollar::lowest;
use crate::PlanError;
use crate::wall::{Wall, WallSpec, epochs};

/// How much text there is for the choice, and for the field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataWall {
    /// The text at hand, a tier an entry.
    pub tiers: Vec<TierLeft>,
    /// Public text with what repetition gains, in tokens (Villalobos et al. 2024).
    pub stock: Estimate,
    /// The factor by which the largest trainings grow a year.
    pub growth: f64,
    /// The year in which they take all of it, by the trend alone.
    pub year: Estimate,
    /// Unique tokens of the first choice that people wrote, as a share of all that is left of such text after cleaning.
    pub share: f64,
}

/// What the first choice leaves of a tier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierLeft {
    /// Its name.
    pub name: String,
    /// Unique tokens at hand.
    pub unique: Estimate,
    /// Whether how many they are is not known, so that all that is taken is new.
    pub is_endless: bool,
    /// Where its worth was measured.
    pub source: String,
    /// Unique tokens that are taken.
    pub taken: f64,
    /// Passes over them.
    pub epochs: f64,
    /// What one more pass is worth, as a share of new text of its kind.
    pub next_epoch: Estimate,
    /// Loss that a billion more unique tokens save for the same budget.
    pub next_billion: f64,
    /// How new the next token is, where a corpus of such text was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<NextToken>,
}

/// How new the next token of a tier is, by a corpus of such text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NextToken {
    /// Tokens of a run.
    pub order: usize,
    /// Tokens that were counted.
    pub counted: f64,
    /// The power of the text with which different runs grow at the end of what was counted (Heaps).
    pub heaps: Estimate,
    /// The chance that the next token ends a run that the unique tokens at hand do not have.
    pub chance: Estimate,
}

/// Draws of the field's stock and demand.
const DRAWS: u64 = 4_000;
const BILLION: f64 = 1e9;

/// The wall as the first choice meets it.
pub(crate) fn wall(compared: &Compared<'_>) -> Result<DataWall, PlanError> {
    let reckoner = compared.reckoner;
    let level = reckoner.question.level;
    let spec = WallSpec::published()?;
    let field = Wall::simulate(&spec, reckoner.question.seed, DRAWS)?;
    let tiers = tiers(compared);
    let written = reckoner
        .question
        .tiers
        .iter()
        .zip(&tiers)
        .filter(|(spec, _)| !spec.synthetic);
    let taken: f64 = written.map(|(_, tier)| tier.taken).sum();
    let told = |spread: &crate::wall::Spread| {
        let (low, high) = spread.central(level);
        Estimate {
            value: spread.median(),
            interval: Some(Interval { low, high, level }),
        }
    };
    Ok(DataWall {
        stock: told(&field.effective),
        year: told(&field.meeting.year),
        growth: 10f64.powf(spec.field.slope.value()),
        share: taken / field.usable.median(),
        tiers,
    })
}

fn tiers(compared: &Compared<'_>) -> Vec<TierLeft> {
    let reckoner = compared.reckoner;
    let chosen = &compared.choices[compared.best];
    let taken = chosen.taken(compared.tokens);
    let now = lowest(reckoner, reckoner.worlds.centre(), chosen.choice, compared.spent).1;
    let tiers = reckoner.question.tiers.iter().zip(&taken).enumerate();
    tiers
        .map(|(at, (tier, taken))| {
            let next = epochs(taken.epochs(), &reckoner.question.repetition.repeats).next;
            TierLeft {
                name: tier.name.clone(),
                unique: tier.unique.estimate(),
                is_endless: tier.is_endless(),
                source: tier.source.clone(),
                taken: taken.unique,
                epochs: taken.epochs(),
                next_epoch: next.estimate(),
                next_billion: next_billion(compared, now, at),
                novelty: tier.curve.map(|curve| NextToken {
                    order: curve.order,
                    counted: curve.tokens,
                    heaps: curve.heaps(),
                    chance: curve.beyond(tier.unique.value().as_f64()),
                }),
            }
        })
        .collect()
}

/// The fall of the loss for the same budget where there is a billion more unique tokens of a tier.
fn next_billion(compared: &Compared<'_>, now: f64, tier: usize) -> f64 {
    let reckoner = compared.reckoner;
    let (centre, [_, stock, _]) = (reckoner.worlds.centre(), reckoner.worlds.places.tiers[tier]);
    let unique = centre.of(stock);
    if reckoner.question.tiers[tier].is_endless() {
        return 0.0;
    }
    // A hundredth of a small stock says the same with less rounding.
    let more = BILLION.min(0.01 * unique);
    let chosen = compared.choices[compared.best].choice;
    let then = lowest(
        reckoner,
        &centre.with(stock, unique + more),
        chosen,
        compared.spent,
    )
    .1;
    (now - then).max(0.0) * BILLION / more
}
