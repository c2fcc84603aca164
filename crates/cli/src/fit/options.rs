//! How the fit is done.

use clap::{Args, ValueEnum};
use triaxis_laws::form::Residual;
use triaxis_laws::{Reduction, Resampling, Robust};
use triaxis_runs::{Misuse, Settings, held};
use triaxis_units::Written;

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
    #[arg(long, default_value_t = 1000, value_name = "COUNT", value_parser = replicates, allow_negative_numbers = true)]
    replicates: usize,
    /// What the bootstrap draws [default: residuals below 60 rows, cases from there on]
    #[arg(long, value_enum)]
    resampling: Option<ResamplingKind>,
    /// How many problems a table of k and coverage is of: its points are one curve, and without it there are no
    /// intervals
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    problems: Option<u64>,
    /// Level of all intervals
    #[arg(long, default_value_t = 0.9, value_name = "SHARE", value_parser = level, allow_negative_numbers = true)]
    level: f64,
    /// Seed of every random choice
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Hold parameters at values, as in `E=1.6`; the intervals of the others take them as certain
    #[arg(long, value_name = "NAME=NUMBER")]
    fix: Vec<String>,
    /// The share by which the budgets of approach 2 may differ and be one [default: 0, only equal ones are]
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, hide_default_value = true, value_parser = tolerance)]
    budget_tolerance: f64,
}

fn replicates(text: &str) -> Result<usize, String> {
    let whole = Written::read(text).map(Written::value);
    let whole = whole.filter(|count| count.fract() == 0.0 && (0.0..=1e15).contains(count));
    whole.map(|count| count as usize).ok_or_else(|| {
        "it must be a whole number: 0 for no bootstrap, or from 20 to 100000, as 1000".to_owned()
    })
}

fn level(text: &str) -> Result<f64, String> {
    let share = text.trim().parse::<f64>();
    share.map_err(|_| "it must be a number between 0 and 1, as 0.9".to_owned())
}

fn tolerance(text: &str) -> Result<f64, String> {
    let share = text
        .parse::<f64>()
        .ok()
        .filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "it must be a number from 0 to below 1, as 0.02".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ObjectiveKind {
    Huber,
    Absolute,
    Squares,
}

/// The residual that is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResidualKind {
    /// Observed minus predicted
    Linear,
    /// Logarithm of observed minus logarithm of predicted
    Log,
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
    /// How the fit is done.
    pub fn settings(&self, flattening: bool, saving: bool) -> Result<Settings, Misuse> {
        Ok(Settings {
            robust: self.objective.map(|kind| match kind {
                ObjectiveKind::Huber => Robust::Huber { delta: self.delta },
                ObjectiveKind::Absolute => Robust::Absolute,
                ObjectiveKind::Squares => Robust::Squares,
            }),
            delta: self.delta,
            reduction: match self.reduction {
                ReductionKind::Sum => Reduction::Sum,
                ReductionKind::Mean => Reduction::Mean,
            },
            residual: self.residual.map(|kind| match kind {
                ResidualKind::Linear => Residual::Linear,
                ResidualKind::Log => Residual::Log,
            }),
            weight_above: self.weight_above,
            replicates: self.replicates,
            resampling: self.resampling.map(|kind| match kind {
                ResamplingKind::Cases => Resampling::Case,
                ResamplingKind::Residuals => Resampling::Residual,
            }),
            problems: self.problems,
            level: self.level,
            seed: self.seed,
            held: held(&self.fix)?,
            budget_tolerance: self.budget_tolerance,
            flattening,
            saving,
        })
    }
}
