//! What architectures learn of probes: models trained from scratch on a task, and tested on what they have not seen.

mod inputs;
mod measure;
mod record;
mod spec;
mod training;

pub use inputs::ProbeInputs;
pub use measure::measure;
pub use record::{ProbeRecord, facts};
pub use spec::{AskedProbe, ProbeTraining, ProbesSpec};
pub use training::Trained;

use triaxis_probes::Level;

/// Version of how models are trained on tasks and tested, other than by the parts of the program that it names.
const NUMERICS: u32 = 2;

/// Answers that a test scores about, so that its accuracy is known to a hundredth.
const SCORED: usize = 4096;
/// Sequences of a test, at least and at most: as many as answers where each has one.
const SEQUENCES: [usize; 2] = [64, SCORED];
/// Sequences of a look on the way, at least, and answers at most.
const LOOKED_AT: [usize; 2] = [32, 256];
/// Tokens of a test that are read at a time.
const TOKENS_AT_ONCE: usize = 8192;

/// Sequences of a test.
fn sequences(level: Level) -> usize {
    let [least, most] = SEQUENCES;
    (SCORED / level.answers).clamp(least, most)
}
