//! Probes: small made-up tasks that tell architectures apart, each a generator of sequences with the answers that are
//! scored, drawn from streams that are keyed by seed, purpose and index.
//!
//! A [`Task`] is a [`Probe`] with a vocabulary, and the [`Level`]s that a model is trained on and tested at.
//!
//! ```
//! use triaxis_probes::{Probe, Purpose, Task};
//! let task = Task::usual(Probe::Parity);
//! let sample = task.sample(task.train[0], 1, Purpose::Training, 0);
//! let mut ones = 0;
//! for (token, target) in sample.tokens.iter().zip(&sample.targets) {
//!     ones += token;
//!     assert_eq!(*target, Some(ones % 2));
//! }
//! ```

mod draw;
mod error;
mod generator;
mod level;
mod permutation;
mod probes;
mod task;

pub use error::ProbeError;
pub use generator::{Generator, Published, Usual};
pub use level::{Level, Sample};
pub use probes::Probe;
pub use task::{Purpose, Task};

/// Version of what a sample holds: raised when a task, seed, purpose and index give another one.
pub const NUMERICS: u32 = 2;
