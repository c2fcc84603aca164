//! Scaling-law forms, fits, intervals and refusals: pure functions over numbers.
//!
//! A [`form::LawForm`] is an equation with named parameters over named columns. [`fit()`] fits any of
//! them to [`Observations`] and returns estimates with intervals, what is identified, a check on the
//! largest runs, and [`predict`]ions for new runs. [`approach`] has the three approaches of Hoffmann
//! et al. 2022 for a ladder of runs. Nothing here reads a file, a clock or a tensor, and the result
//! depends on data, options and seed alone, never on the number of threads.

pub mod approach;
pub mod average;
pub mod calibration;
mod compare;
pub mod coverage;
mod data_multiplier;
pub mod emergence;
mod error;
pub mod experts;
mod fit;
mod flattening;
pub mod form;
pub mod forms;
pub mod mixture;
pub mod numeric;
mod objective;
mod observations;
mod outliers;
mod problem;
mod rows;
pub mod saved;
pub mod worth;

pub use compare::{Compared, Distrust, Trust, answering, compare, trusted};
pub use data_multiplier::{EnsembleLimit, EnsembleRun, data_multiplier, ensemble_limit};
pub use error::{FitError, InputError, Refusal, Warning, written};
pub use fit::{
    Estimate, Fit, FitOptions, HeldOut, Holdout, Interval, LocalMinimum, ParameterEstimate, Prediction,
    PureError, Reach, Resampling, Starts, Widening, fit, predict,
};
pub use flattening::{Bend, ComputeCurve, Flattening, Floor, Points, Power, Shape, flattening};
pub use objective::{Objective, Reduction, Robust};
pub use observations::Observations;
pub use outliers::{Outlier, Outliers, outliers};
