//! One file a form, one line a form in [`registry`].

mod batch_size;
mod broken_power_law;
mod chinchilla;
mod coupled;
mod coverage_beta;
mod coverage_from_loss;
mod coverage_logit_normal;
mod coverage_power;
mod coverage_unsolvable;
mod data_constrained;
mod data_mixture;
mod data_quality;
mod data_quality_power;
mod error_from_loss;
mod expression;
mod expression_parser;
mod farseer;
mod granular_experts;
mod grouped;
mod half_life;
mod kaplan;
mod learning_rate;
mod mixed_modal;
mod over_training;
mod overfitting_penalty;
mod parallel;
mod power_law;
mod rectified_power_law;
mod restricted;
mod routed;
mod saturating_power_law;
mod task_sigmoid;
mod train_test;
mod unique_logarithm;
mod unique_power_law;

pub use batch_size::BatchSize;
pub use broken_power_law::BrokenPowerLaw;
pub use chinchilla::{Allocation, Chinchilla, ChinchillaForm, FLOPS_PER_PARAM_TOKEN, TOKENS_PER_PARAM};
pub use coupled::{Coupled, CoupledForm};
pub use coverage_beta::CoverageBeta;
pub use coverage_from_loss::CoverageFromLoss;
pub use coverage_logit_normal::CoverageLogitNormal;
pub use coverage_power::CoveragePower;
pub use coverage_unsolvable::CoverageUnsolvable;
pub use data_constrained::DataConstrained;
pub use data_mixture::DataMixture;
pub use data_quality::DataQuality;
pub use data_quality_power::DataQualityPower;
pub use error_from_loss::ErrorFromLoss;
pub use expression::{Expression, ExpressionParameter, ExpressionSpec};
pub use farseer::Farseer;
pub use granular_experts::GranularExperts;
pub use grouped::Grouped;
pub use half_life::HalfLife;
pub use kaplan::Kaplan;
pub use learning_rate::LearningRate;
pub use mixed_modal::MixedModal;
pub use over_training::OverTraining;
pub use overfitting_penalty::OverfittingPenalty;
pub use parallel::Parallel;
pub use power_law::PowerLawForm;
pub use rectified_power_law::RectifiedPowerLaw;
pub use restricted::Restricted;
pub use routed::Routed;
pub use saturating_power_law::SaturatingPowerLaw;
pub use task_sigmoid::TaskSigmoid;
pub use train_test::TrainTest;
pub use unique_logarithm::UniqueLogarithm;
pub use unique_power_law::UniquePowerLaw;

use crate::error::InputError;
use crate::form::{Column, LawForm, Parameter};
use triaxis_names::suggestion;

pub(crate) const PARAMS: Column = Column::log("params", "parameters", "model parameters N").sized();
pub(crate) const TOKENS: Column =
    Column::log("tokens", "tokens", "training tokens D, repeats counted").sized();
const UNIQUE_TOKENS: Column = Column::log("unique_tokens", "tokens", "different training tokens U");
pub(crate) const FLOPS: Column = Column::log("flops", "FLOPs", "training compute C").sized();
pub(crate) const LOSS: Column = Column::log("loss", "nats/token or bits/byte", "validation loss L");
const SAMPLES: Column = Column::log("samples", "samples", "samples a problem k").sized();
const COVERAGE: Column = Column::log(
    "coverage",
    "1",
    "share of problems solved by at least one sample, 0 to 1",
);

/// The parameters that most laws of the loss have, each with starts of its own.
/// What a floor means: the loss that no run goes below.
const IRREDUCIBLE: &str = "irreducible loss";

const fn irreducible(starts: &'static [f64]) -> Parameter {
    Parameter::positive("E", "loss", IRREDUCIBLE, starts, (1e-4, 1e2))
}

const fn of_params(starts: &'static [f64]) -> Parameter {
    Parameter::positive(
        "A",
        "loss",
        "coefficient of the parameter term",
        starts,
        (1e-3, 1e20),
    )
}

const fn of_tokens(starts: &'static [f64]) -> Parameter {
    Parameter::positive("B", "loss", "coefficient of the data term", starts, (1e-3, 1e20))
}

const fn params_exponent(starts: &'static [f64]) -> Parameter {
    Parameter::real("alpha", "1", "exponent of the parameter term", starts, (0.0, 3.0))
}

const fn tokens_exponent(starts: &'static [f64]) -> Parameter {
    Parameter::real("beta", "1", "exponent of the data term", starts, (0.0, 3.0))
}

/// All forms, in the order of the list that users see.
pub fn registry() -> &'static [&'static dyn LawForm] {
    &[
        &ChinchillaForm,
        &Kaplan,
        &CoupledForm,
        &Farseer,
        &PowerLawForm,
        &SaturatingPowerLaw::OF_COMPUTE,
        &BrokenPowerLaw,
        &SaturatingPowerLaw::OF_PARAMS,
        &SaturatingPowerLaw::OF_TOKENS,
        &RectifiedPowerLaw,
        &DataConstrained,
        &OverfittingPenalty,
        &UniquePowerLaw,
        &UniqueLogarithm,
        &HalfLife,
        &OverTraining,
        &DataQuality,
        &DataQualityPower,
        &DataMixture,
        &MixedModal,
        &Routed,
        &GranularExperts,
        &Parallel,
        &LearningRate,
        &BatchSize,
        &ErrorFromLoss,
        &TaskSigmoid,
        &TrainTest,
        &CoverageFromLoss,
        &CoveragePower,
        &CoverageBeta,
        &CoverageLogitNormal,
        &CoverageUnsolvable::BETA,
        &CoverageUnsolvable::LOGIT_NORMAL,
    ]
}

/// The form of that name.
///
/// # Errors
/// [`InputError::UnknownForm`], with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn LawForm, InputError> {
    registry()
        .iter()
        .copied()
        .find(|form| form.name() == name)
        .ok_or_else(|| InputError::UnknownForm {
            name: name.into(),
            available: registry()
                .iter()
                .map(|form| form.name())
                .collect::<Vec<_>>()
                .join(", "),
            hint: suggestion(name, registry().iter().map(|form| form.name())),
        })
}

/// Every combination of the values of some columns, as rows.
fn grid(columns: &[&[f64]]) -> Vec<Vec<f64>> {
    columns.iter().fold(vec![Vec::new()], |rows, values| {
        rows.iter()
            .flat_map(|row| {
                values
                    .iter()
                    .map(move |value| row.iter().copied().chain([*value]).collect())
            })
            .collect()
    })
}

/// Runs that tell repeats from size and length: sizes, unique tokens, and epochs of them.
fn repeated_runs() -> Vec<Vec<f64>> {
    let runs = grid(&[
        &[1e8, 4e8, 1.6e9, 6.4e9],
        &[4e8, 2e9, 1e10],
        &[1.0, 3.0, 10.0, 40.0],
    ]);
    let run = |run: &Vec<f64>| vec![run[0], run[1] * run[2], run[1]];
    runs.iter().map(run).collect()
}
