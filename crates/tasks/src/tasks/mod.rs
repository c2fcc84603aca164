//! The registry of tasks, and one file for each.

mod arithmetic;
mod countdown;

pub use arithmetic::{Arithmetic, Operation};
pub use countdown::Countdown;

use crate::generator::Generator;

triaxis_names::registry! {
    /// A task with its settings; `task` chooses which.
    pub enum Task by "task" as generator: Generator {
        Arithmetic = "arithmetic",
        Countdown = "countdown",
    }
}
