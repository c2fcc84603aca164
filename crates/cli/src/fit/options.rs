//! How the fit is done.

use clap::{Args, ValueEnum};
use triaxis_laws::form::{Definition, Residual};
use triaxis_laws::{FitOptions, HeldOut, Objective, Reduction, Resampling, Robust};

use super::{Misuse, ResidualKind};

/// Options of the fit.
#[derive(Args)]
#[command(next_help_heading = "Fit")]
pub struct Arguments {
    /// Loss of a residual: Huber's, least absolute deviations, or least squares [default: huber]
    #[arg(long, value_enum)]
    objective: Option<ObjectiveKind>,
    /// Where Huber's loss turns from squares to absolute values
    #[arg(long, default_value_t = 1e-3, value_name = "NUMBER")]
    delta: f64,
    /// Whether losses of rows are added or averaged; changes the reported objective only
    #[arg(long, value_enum, default_value_t = ReductionKind::Sum)]
    reduction: ReductionKind,
    /// The residual [default: as the form's paper has it]
    #[arg(long, value_enum)]
    residual: Option<ResidualKind>,
    /// Weight of runs above the curve; below 1 when some were badly tuned
    #[arg(long, default_value_t = 1.0, value_name = "NUMBER")]
    weight_above: f64,
    /// Bootstrap samples for the intervals
    #[arg(long, default_value_t = 1000, value_name = "COUNT")]
    replicates: usize,
    /// What the bootstrap draws [default: residuals below 60 rows, cases from there on]
    #[arg(long, value_enum)]
    resampling: Option<ResamplingKind>,
    /// Level of all intervals
    #[arg(long, default_value_t = 0.9, value_name = "SHARE")]
    level: f64,
    /// Seed of every random choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ObjectiveKind {
    Huber,
    Absolute,
    Squares,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReductionKind {
    Sum,
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResamplingKind {
    /// Rows, with replacement
    Cases,
    /// Residuals around the fit
    Residuals,
}

impl Arguments {
    /// The residual asked for, if any.
    pub fn residual(&self) -> Option<Residual> {
        self.residual.map(|kind| match kind {
            ResidualKind::Linear => Residual::Linear,
            ResidualKind::Log => Residual::Log,
        })
    }

    /// The seed of every random choice.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The library's options for one form.
    pub fn of(&self, form: &Definition, holdout: HeldOut) -> anyhow::Result<FitOptions> {
        self.with(self.residual().unwrap_or(form.residual), holdout)
    }

    /// Refuses what has no meaning for a frontier, whose curves and lines are fitted by least squares.
    pub fn check_frontier(&self) -> Result<(), Misuse> {
        let given = [
            (self.objective.is_some(), "--objective"),
            (self.residual.is_some(), "--residual"),
            (self.resampling.is_some(), "--resampling"),
        ];
        let given = given.into_iter().find(|(given, _)| *given);
        given.map_or(Ok(()), |(_, option)| Err(Misuse::NotOfFrontiers(option)))
    }

    /// The library's options for a comparison, which gives each form its own residual and needs no bootstrap.
    pub fn of_all(&self, holdout: HeldOut) -> anyhow::Result<FitOptions> {
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
                robust: match self.objective.unwrap_or(ObjectiveKind::Huber) {
                    ObjectiveKind::Huber => Robust::Huber { delta: self.delta },
                    ObjectiveKind::Absolute => Robust::Absolute,
                    ObjectiveKind::Squares => Robust::Squares,
                },
                reduction: match self.reduction {
                    ReductionKind::Sum => Reduction::Sum,
                    ReductionKind::Mean => Reduction::Mean,
                },
                weight_above: self.weight_above,
            }),
            replicates: self.replicates,
            resampling: self.resampling.map(|kind| match kind {
                ResamplingKind::Cases => Resampling::Case,
                ResamplingKind::Residuals => Resampling::Residual,
            }),
            level: self.level,
            seed: self.seed,
            holdout,
            ..FitOptions::default()
        };
        options.check()?;
        Ok(options)
    }
}
