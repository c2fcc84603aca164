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
