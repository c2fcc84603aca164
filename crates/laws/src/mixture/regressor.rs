//! What tells a mixture's loss from those of others: the forms with an equation, and trees without one.

use serde::{Deserialize, Serialize};

use super::fit::solved;
use super::trees::{self, Trees};
use super::{MixtureForm, MixtureOptions, Mixtures, fit_mixture};
use crate::error::{FitError, Refusal};

/// Parts into which rows are split to check a regressor.
const PARTS: usize = 5;

/// What tells a mixture's loss from those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regressor {
    /// Boosted regression trees (Liu et al. 2024, RegMix, section 3.2): they need many runs, and say nothing new beyond them.
    Trees,
    /// An equation.
    #[serde(untagged)]
    Form(MixtureForm),
}

/// How far a regressor's predictions are from rows that it was not fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// The regressor.
    pub regressor: Regressor,
    /// Root mean square error of rows left out, a fifth at a time; `None` where it cannot be fitted without them.
    pub error: Option<f64>,
    /// Rank correlation of their losses and predictions (Spearman's); `None` where all predictions are one, too.
    pub rank: Option<f64>,
}

/// A regressor that was fitted.
#[derive(Debug, Clone)]
pub(super) enum Surface {
    Form(MixtureForm, Vec<f64>),
    Trees(Trees),
}

impl Surface {
    /// The loss of a mixture.
    pub(super) fn loss(&self, shares: &[f64]) -> f64 {
        match self {
            Self::Form(form, parameters) => form.loss(parameters, shares),
            Self::Trees(trees) => trees.loss(shares),
        }
    }
}

impl Regressor {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Form(MixtureForm::Linear),
        Self::Form(MixtureForm::Logarithmic),
        Self::Form(MixtureForm::Exponential),
        Self::Trees,
    ];

    /// Its name, as in data.
    pub fn name(self) -> &'static str {
        match self {
            Self::Form(form) => form.name(),
            Self::Trees => "trees",
        }
    }

    /// Fitted to all runs.
    pub(super) fn fitted(self, runs: &Mixtures) -> Result<Surface, FitError> {
        self.has_enough(runs)?;
        self.fitted_to_part(runs)
    }

    /// Refuses trees of fewer rows than two leaves have.
    fn has_enough(self, runs: &Mixtures) -> Result<(), Refusal> {
        match self {
            Self::Trees if runs.rows() < trees::LEAST_RUNS => Err(Refusal::TooFewRows {
                rows: runs.rows(),
                parameters: trees::LEAVES,
                needed: trees::LEAST_RUNS,
            }),
            _ => Ok(()),
        }
    }

    fn fitted_to_part(self, runs: &Mixtures) -> Result<Surface, FitError> {
        match self {
            Self::Form(form) => {
                let options = MixtureOptions {
                    replicates: 0,
                    ..MixtureOptions::default()
                };
                Ok(Surface::Form(form, fit_mixture(form, runs, &options)?.best))
            }
            Self::Trees if runs.losses.iter().all(|loss| *loss == runs.losses[0]) => Err(Refusal::Constant {
                column: "loss".into(),
                rows: runs.rows(),
            }
            .into()),
            Self::Trees => Ok(Surface::Trees(grown(runs, &vec![1.0; runs.rows()]))),
        }
    }

    /// Fitted to the runs once more with weights, from what it was without; `None` where they do not tell all domains apart.
    pub(super) fn refitted(runs: &Mixtures, weights: &[f64], from: &Surface) -> Option<Surface> {
        match from {
            Surface::Form(form, best) => {
                Some(Surface::Form(*form, solved(*form, runs, weights, Some(best))?))
            }
            Surface::Trees(_) => Some(Surface::Trees(grown(runs, weights))),
        }
    }

    /// The losses that it predicts of mixtures from those of `runs`.
    ///
    /// # Errors
    /// As [`fit_mixture`], and [`InputError`](crate::InputError) for what is no mixture of so many domains.
    pub fn predicted(self, runs: &Mixtures, mixtures: &[Vec<f64>]) -> Result<Vec<f64>, FitError> {
        let surface = self.fitted(runs)?;
        let one = |(row, mixture): (usize, &Vec<f64>)| Ok(surface.loss(&runs.check(mixture, row)?));
        mixtures.iter().enumerate().map(one).collect()
    }

    /// How far its predictions are from rows that it was not fitted to: every fifth row is left out in turn.
    ///
    /// # Errors
    /// As [`fit_mixture`], where a fit without a fifth of the rows is refused.
    pub fn checked(self, runs: &Mixtures) -> Result<Checked, FitError> {
        let predicted = self.predicted_apart(runs)?;
        let squares = predicted.iter().zip(&runs.losses);
        let squares: f64 = squares.map(|(told, loss)| (told - loss).powi(2)).sum();
        Ok(Checked {
            regressor: self,
            error: Some((squares / predicted.len() as f64).sqrt()),
            rank: rank_correlation(&predicted, &runs.losses),
        })
    }

    fn predicted_apart(self, runs: &Mixtures) -> Result<Vec<f64>, FitError> {
        self.has_enough(runs)?;
        let rows: Vec<&[f64]> = runs.mixtures().collect();
        if let Some(domain) = absent_apart(&rows) {
            return Err(in_too_few(&format!("domain {domain}, counted from 0,")).into());
        }
        let mut predicted = vec![0.0; rows.len()];
        for part in 0..PARTS {
            let kept: Vec<usize> = (0..rows.len()).filter(|row| row % PARTS != part).collect();
            let shares: Vec<Vec<f64>> = kept.iter().map(|row| rows[*row].to_vec()).collect();
            let losses: Vec<f64> = kept.iter().map(|row| runs.losses[*row]).collect();
            let surface = self.fitted_to_part(&Mixtures::new(&shares, &losses)?)?;
            for row in (part..rows.len()).step_by(PARTS) {
                predicted[row] = surface.loss(rows[row]);
            }
        }
        Ok(predicted)
    }
}

/// A domain that no row has a share of once some fifth of them is left out.
pub(super) fn absent_apart(rows: &[impl AsRef<[f64]>]) -> Option<usize> {
    let domains = rows.first().map_or(0, |row| row.as_ref().len());
    let is_absent = |domain: &usize| {
        (0..PARTS).any(|part| {
            let kept = rows.iter().enumerate().filter(|(row, _)| row % PARTS != part);
            kept.fold(0.0, |most, (_, row)| f64::max(most, row.as_ref()[*domain])) == 0.0
        })
    };
    (0..domains).find(is_absent)
}

/// Why a domain that is absent so is refused.
pub(super) fn in_too_few(domain: &str) -> Refusal {
    Refusal::Collinear {
        columns: "the shares".into(),
        reason: format!(
            "{domain} is in too few runs: with a fifth of them left out, the others have none of it; draw more runs, or with \
             higher strengths, or leave it out"
        ),
    }
}

fn grown(runs: &Mixtures, weights: &[f64]) -> Trees {
    Trees::fit(&runs.shares, runs.domains, &runs.losses, weights)
}

/// Spearman's rank correlation of two columns of one length; `None` where all values of one are equal.
///
/// ```
/// use triaxis_laws::mixture::rank_correlation;
/// assert_eq!(rank_correlation(&[1.0, 2.0, 30.0], &[0.1, 0.2, 0.3]), Some(1.0));
/// assert_eq!(rank_correlation(&[1.0, 1.0, 1.0], &[0.1, 0.2, 0.3]), None);
/// ```
pub fn rank_correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let (one, other) = (centred_ranks(one), centred_ranks(other));
    let product =
        |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    let found = product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt();
    found.is_finite().then_some(found)
}

/// The rank of each value less their mean; equal ones share theirs.
fn centred_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let middle = 0.5 * (values.len() as f64 - 1.0);
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|one, other| values[*one] == values[*other]) {
        let shared = first as f64 + 0.5 * (equal.len() as f64 - 1.0) - middle;
        equal.iter().for_each(|at| ranks[*at] = shared);
        first += equal.len();
    }
    ranks
}
