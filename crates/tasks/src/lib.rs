//! Tasks in words with exact checkers, to measure what a model gains where it thinks longer, searches and verifies.
//!
//! A [`Task`] draws a [`Problem`] of a level, keyed by seed, purpose and index: a prompt, a worked answer that a small
//! model can be trained on, and a checker that takes every right answer. [`Problem::partial`] judges answers that are
//! not ended, where a task can tell. [`Problems`] reads a user's own, judged by a [`CheckerSpec`].
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

pub mod checkers;
mod computed;
mod error;
mod expression;
mod file;
mod generator;
mod interpreter;
mod problem;
mod rational;
mod record;
mod sandbox;
mod task;
pub mod tasks;
mod verdict;

pub use checkers::CheckerSpec;
pub use error::TaskError;
pub use file::{ItemError, Options, Problems};
pub use problem::{Marks, Problem, Purpose, Question};
pub use sandbox::Limits;
pub use task::{Documents, STOP};
pub use tasks::Task;
pub use verdict::Verdict;

/// Version of what a problem holds: raised when a task, level, seed, purpose and index give another one.
pub const NUMERICS: u32 = 1;
