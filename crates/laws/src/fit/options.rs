//! How a fit is to be done.

use serde::{Deserialize, Serialize};

use crate::error::InputError;
use crate::objective::Objective;

/// Bootstrap samples below which there is no interval.
pub(crate) const LEAST_REPLICATES: usize = 20;
/// Bootstrap samples beyond which an interval's ends no longer move.
const MOST_REPLICATES: usize = 100_000;

/// What a bootstrap draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resampling {
    /// Rows, with replacement. For many rows whose design is as random as their noise.
    Case,
    /// Residuals around the fit, inflated for the parameters fitted. For small, chosen designs.
    Residual,
    /// Nothing, as draws are of the posterior: of laws of coverage, whose rows have a likelihood. Any other law's
    /// rows are drawn as cases.
    Posterior,
}

/// Where a search starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// Every point of the form's grid.
    Grid,
    /// The grid of the parameters that are not linear inside; the linear ones are solved for at each.
    Projected,
    /// These points, in natural units.
    Given(Vec<Vec<f64>>),
}

/// Which runs are left out of a second fit and predicted from the others, as a check.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldOut {
    /// No check.
    None,
    /// The largest fifth of the runs, by the product of the inputs that are sizes.
    #[default]
    Largest,
    /// The rows that are true, one value for each row of the table.
    Rows(Vec<bool>),
}

/// The rows that are marked, of a table of so many.
///
/// # Errors
/// [`InputError`] for marks of another number than the rows, or when none or all are marked.
pub(crate) fn marked(marks: &[bool], rows: usize) -> Result<Vec<usize>, InputError> {
    if marks.len() != rows {
        return Err(InputError::Length {
            column: "held out".into(),
            found: marks.len(),
            expected: rows,
        });
    }
    let marked: Vec<usize> = (0..rows).filter(|row| marks[*row]).collect();
    match marked.len() {
        0 => Err(InputError::NothingHeldOut { rows }),
        all if all == rows => Err(InputError::AllHeldOut { rows }),
        _ => Ok(marked),
    }
}

/// Options of [`crate::fit()`]; every default is stated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitOptions {
    /// What is minimised. `None` is log-Huber (delta 1e-3, sum) on the form's own residual.
    pub objective: Option<Objective>,
    /// Where the search starts. Default: the full grid.
    pub starts: Starts,
    /// Bootstrap samples. Default 1000; 0 for none, else at least 20.
    pub replicates: usize,
    /// What the bootstrap draws. Default: residuals below 60 rows, rows from there on; residuals in any case with
    /// fewer than ten degrees of freedom.
    pub resampling: Option<Resampling>,
    /// Level of all intervals. Default 0.9.
    pub level: f64,
    /// Seed of every random stream. Default 0.
    pub seed: u64,
    /// Whether profiles are computed, which decide what is identified. Default true.
    pub profile: bool,
    /// The runs that check the fit: left out of a second one and predicted by it. Default: the largest.
    pub holdout: HeldOut,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            objective: None,
            starts: Starts::Grid,
            replicates: 1000,
            resampling: None,
            level: 0.9,
            seed: 0,
            profile: true,
            holdout: HeldOut::Largest,
        }
    }
}

impl FitOptions {
    /// Only the best estimate: no intervals, no hold-out.
    pub fn point_only() -> Self {
        Self {
            replicates: 0,
            profile: false,
            holdout: HeldOut::None,
            ..Self::default()
        }
    }

    /// Checks the numbers in it.
    ///
    /// # Errors
    /// [`InputError::Option`] naming the option and its rule.
    pub fn check(&self) -> Result<(), InputError> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(InputError::Option {
                option: "level",
                value: self.level,
                rule: "between 0 and 1, as 0.9",
            });
        }
        if (1..LEAST_REPLICATES).contains(&self.replicates) {
            return Err(InputError::Option {
                option: "replicates",
                value: self.replicates as f64,
                rule: "0 for no bootstrap, or 20 and more: an interval of fewer means nothing",
            });
        }
        if self.replicates > MOST_REPLICATES {
            return Err(InputError::Option {
                option: "replicates",
                value: self.replicates as f64,
                rule: "at most 100000: an interval of more says the same",
            });
        }
        self.objective.as_ref().map_or(Ok(()), Objective::check)
    }
}
