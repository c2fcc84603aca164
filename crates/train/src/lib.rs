//! Training: data order, schedule, optimiser, evaluation, checkpoints.
//!
//! [`run`] carries out a [`TrainConfig`]: one trunk at the stable learning rate and short decay
//! branches off it, each of which measures the loss after some number of tokens. [`estimate()`] says
//! before what it will cost.

mod checkpoint;
mod config;
mod corpus;
mod data;
mod error;
mod estimate;
mod evaluate;
mod file;
mod observer;
pub mod optimizer;
mod outcome;
pub mod rules;
mod run;
pub mod schedule;
pub mod schedules;
mod state;

pub use config::{Branch, OptimizerConfig, TrainConfig};
pub use data::{Batch, Order, TokenSource};
pub use error::TrainError;
pub use estimate::{BranchEstimate, Estimate, estimate};
pub use evaluate::evaluate;
pub use file::load_model;
pub use observer::{Cadence, Observer, StepEvent};
pub use outcome::{BranchOutcome, CURVE_POINTS, CurvePoint, Divergence, Evaluation, Status};
pub use run::run;
pub use schedule::Schedule;
