//! Tasks in words with exact checkers, to measure what a model gains where it thinks longer, searches and verifies.
//!
//! A [`Task`] draws a [`Problem`] of a level, keyed by seed, purpose and index: a prompt, a worked answer that a small
//! model can be trained on, and a checker that takes every right answer. [`Problem::partial`] judges answers that are
//! not ended, where a task can tell.
//!
//! ```
//! use triaxis_tasks::{Purpose, Task, Verdict};
//! let task = Task::named("arithmetic")?;
//! let problem = task.problem(2, 1, Purpose::Test, 0)?;
//! let answer = problem.answer.as_deref().unwrap_or_default();
//! assert_eq!(problem.check(answer), Verdict::Right);
//! assert_eq!(problem.check("0-1"), Verdict::Unparsable("the answer is no number".to_owned()));
//! # Ok::<(), triaxis_tasks::TaskError>(())
//! ```

mod computed;
mod error;
mod expression;
mod generator;
mod problem;
mod rational;
mod task;
mod tasks;
mod verdict;

pub use error::TaskError;
pub use problem::{Marks, Problem, Purpose, Question};
pub use task::{Documents, STOP};
pub use tasks::*;
pub use verdict::Verdict;

/// Version of what a problem holds: raised when a task, level, seed, purpose and index give another one.
pub const NUMERICS: u32 = 1;
