//! Training: data order, schedule, optimiser, evaluation, checkpoints.
//!
//! [`run`] carries out a [`TrainConfig`]: one trunk at the stable learning rate and short decay
//! branches off it, each of which measures the loss after some number of tokens. [`estimate()`] says
//! before what it will cost.

mod average;
mod blocks;
pub mod bound;
mod checkpoint;
mod config;
mod corpus;
mod course;
mod data;
mod dtype;
mod error;
mod estimate;
mod evaluate;
mod file;
mod late;
pub mod length;
mod mixed;
mod named;
pub mod ngram;
mod numerics;
mod objective;
mod objectives;
mod observer;
pub mod optimizer;
pub mod optimizers;
mod outcome;
mod routing;
pub mod rules;
mod run;
pub mod schedule;
pub mod schedules;
mod scored;
mod sorted;
pub mod speed;
mod state;

pub use config::{Branch, OptimizerConfig, TrainConfig, tokens_read};
pub use corpus::TrainingText;
pub use data::NUMERICS as ORDER_NUMERICS;
pub use data::{Batch, EpochOrder, Order, TokenSource, ValidationText};
pub use dtype::Dtype;
pub use error::TrainError;
pub use estimate::{BranchEstimate, Estimate, estimate, order_memory, step_memory};
pub use evaluate::{evaluate, evaluate_model};
pub use file::{AboutModel, Trained, check_model, load_model, read_model, save_model};
pub use mixed::{SourceText, most_sequences, shares_seen, source_of_too_little, source_texts};
pub use objective::{Noise, Objective};
pub use objectives::{
    FillInTheMiddle, MaskedDiffusion, MaskedNextToken, MultiToken, NextToken, ObjectiveSpec, Sentinels,
};
pub use observer::{Cadence, Observer, StepEvent};
pub use optimizer::Optimizer;
pub use outcome::{
    BoundError, BranchOutcome, CURVE_POINTS, CurvePoint, Divergence, Evaluation, NamedEvaluation, Status,
};
pub use run::run;
pub use schedule::Schedule;
pub use scored::{AnswerScores, Learner, ScoredBatch};
pub use triaxis_kernels::profile::{OperationTime, Pass};
pub use triaxis_kernels::{Implementation, Instructions};
