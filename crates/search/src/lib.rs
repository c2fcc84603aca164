//! Strategies of test-time compute: how tokens are spent on a problem beyond one answer, what that is worth, and how it is
//! estimated.
//!
//! A [`Strategy`] begins a [`Search`] for each problem, a state machine that asks for text and for scores and says in the end
//! which text is the answer. A [`Driver`] runs many of them side by side over a [`Sampler`] (a model) and a [`Verifier`],
//! keeps what was replied in a [`Log`], and counts what each took. [`estimators`] tell from many samples what fewer would
//! have done, and [`simulated`] models know the truth.
//!
//! ```
//! use std::sync::Arc;
//! use triaxis_search::simulated::{Chances, Judge, World};
//! use triaxis_search::{Driver, Frame, Log, StrategySpec, Task};
//!
//! // A problem of three steps, each right with probability .7, and a checker that never errs.
//! let world = World::new(vec![Chances::of_steps(&[0.7; 3])]);
//! let (mut model, mut judge) = (world.sampler(), Judge::perfect(&world));
//! let task = Task {
//!     problem: world.problem(0),
//!     strategy: StrategySpec::read("first-verified:samples=32")?,
//!     frame: Arc::new(Frame::default()),
//! };
//! let ran = Driver {
//!     sampler: &mut model,
//!     verifier: &mut judge,
//!     reader: &World::read,
//!     log: &mut Log::in_memory(),
//!     salt: "simulated",
//!     places: 8,
//! }
//! .run(&[task])?;
//! let answer = ran.outcomes[0].answer().and_then(|answer| answer.answer.as_deref());
//! assert_eq!(answer, Some("right"));
//! # Ok::<(), triaxis_search::SearchError>(())
//! ```

mod accounting;
mod chain;
mod checked;
mod choice;
mod driver;
mod engine;
mod error;
pub mod estimators;
mod evaluation;
mod frame;
mod independent;
mod log;
mod outcome;
mod reply;
mod request;
mod sampler;
pub mod simulated;
pub mod strategies;
mod strategy;
mod tree;

pub use accounting::{Shape, Spent};
pub use checked::Checked;
pub use choice::{Aggregate, Measure, Pick};
pub use driver::{Driver, Ran, Task};
pub use engine::EngineSampler;
pub use error::SearchError;
pub use evaluation::{Answered, Evaluated, Evaluation, LawCheck, Repeated, Tally};
pub use frame::Frame;
pub use log::{Log, whole};
pub use outcome::{Candidate, Outcome, Why};
pub use reply::{Ended, Replied, Reply, Sampled, Verdict};
pub use request::{Identity, Problem, Request, SampleRequest, Sampling, ScoreRequest, Scored};
pub use sampler::{Finished, Reader, Sampler, Unverified, Verifier};
pub use strategies::StrategySpec;
pub use strategy::{Ending, Search, Strategy, Turn};

/// Version of what is asked and chosen: raised when a strategy asks or chooses otherwise with the same replies.
pub const NUMERICS: u32 = 1;
