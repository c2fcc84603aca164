//! How a fit is done, whatever the law.

use triaxis_laws::form::{Definition, Residual};
use triaxis_laws::{FitOptions, HeldOut, Objective, Reduction, Resampling, Robust};

use crate::Misuse;

/// How a fit is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Loss of a residual; none is Huber's at `delta`.
    pub robust: Option<Robust>,
    /// Where Huber's loss turns from squares to absolute values.
    pub delta: f64,
    /// Whether losses of rows are added or averaged.
    pub reduction: Reduction,
    /// The residual; none is that of the form's paper.
    pub residual: Option<Residual>,
    /// Weight of runs above the curve.
    pub weight_above: f64,
    /// Bootstrap samples.
    pub replicates: usize,
    /// What the bootstrap draws; none leaves it to the number of rows.
    pub resampling: Option<Resampling>,
    /// How many problems a table of k and coverage is of, if that is known.
    pub problems: Option<u64>,
    /// Level of all intervals.
    pub level: f64,
    /// Seed of every random choice.
    pub seed: u64,
    /// Parameters that are held, with their values.
    pub held: Vec<(String, f64)>,
    /// The share by which budgets may differ and still be one.
    pub budget_tolerance: f64,
    /// Whether it is asked if the curve flattens.
    pub flattening: bool,
    /// Whether the law is to be saved, all forms that are averaged with their intervals.
    pub saving: bool,
}

/// Reads `E=1.6` and `E=1.6,alpha=0.34`.
///
/// # Errors
/// [`Misuse::Held`] for what is no name and number, or a name given twice.
pub fn held(given: &[String]) -> Result<Vec<(String, f64)>, Misuse> {
    let mut held: Vec<(String, f64)> = Vec::new();
    for part in given.iter().flat_map(|given| given.split(',')) {
        let wrong = |problem: &'static str| Misuse::Held {
            given: part.trim().to_owned(),
            problem,
        };
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| wrong("it is not NAME=NUMBER"))?;
        let value = value
            .trim()
            .parse::<f64>()
            .map_err(|_| wrong("what follows the `=` is not a number"))?;
        if held.iter().any(|(other, _)| other == name.trim()) {
            return Err(wrong("the parameter is given twice"));
        }
        held.push((name.trim().to_owned(), value));
    }
    Ok(held)
}

impl Settings {
    /// The options for one form.
    pub(crate) fn of(&self, form: &Definition, holdout: HeldOut) -> anyhow::Result<FitOptions> {
        self.with(self.residual.unwrap_or(form.residual), holdout)
    }

    /// Refuses what has no meaning for a frontier, whose curves and lines are fitted by least squares.
    pub(crate) fn check_frontier(&self) -> Result<(), Misuse> {
        let given = [
            (self.robust.is_some(), "--objective"),
            (self.residual.is_some(), "--residual"),
            (self.resampling.is_some(), "--resampling"),
            (!self.held.is_empty(), "--fix"),
            (self.saving, "--save"),
        ];
        let given = given.into_iter().find(|(given, _)| *given);
        given.map_or(Ok(()), |(_, option)| Err(Misuse::NotOfFrontiers(option)))
    }

    /// Refuses what has no meaning for counts, which are fitted by their likelihood.
    pub(crate) fn check_counts(&self) -> Result<(), Misuse> {
        let given = [
            (self.robust.is_some(), "--objective"),
            (self.residual.is_some(), "--residual"),
            (self.resampling.is_some(), "--resampling"),
            (self.problems.is_some(), "--problems"),
            (!self.held.is_empty(), "--fix"),
        ];
        let given = given.into_iter().find(|(given, _)| *given);
        given.map_or(Ok(()), |(_, option)| Err(Misuse::OfCounts(option)))
    }

    /// The options for a comparison, which gives each form its own residual and needs no bootstrap.
    pub(crate) fn of_all(&self, holdout: HeldOut) -> anyhow::Result<FitOptions> {
        if self.residual.is_some() {
            return Err(Misuse::NeedsForm("--residual").into());
        }
        let options = self.with(Residual::Log, holdout)?;
        Ok(FitOptions {
            replicates: 0,
            ..options
        })
    }

    fn with(&self, residual: Residual, holdout: HeldOut) -> anyhow::Result<FitOptions> {
        let options = FitOptions {
            objective: Some(Objective {
                residual,
                robust: self.robust.unwrap_or(Robust::Huber { delta: self.delta }),
                reduction: self.reduction,
                weight_above: self.weight_above,
            }),
            replicates: self.replicates,
            resampling: self.resampling,
            level: self.level,
            seed: self.seed,
            holdout,
            ..FitOptions::default()
        };
        options.check()?;
        Ok(options)
    }
}
