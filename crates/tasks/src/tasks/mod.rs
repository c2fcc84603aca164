//! The registry of tasks, and one file for each.

mod arithmetic;
mod countdown;
mod graph_paths;
mod group_words;
mod parity;
mod reversed_addition;
mod satisfiability;
mod sorting;
mod sudoku;

pub use arithmetic::{Arithmetic, Operation};
pub use countdown::Countdown;
pub use graph_paths::GraphPaths;
pub use group_words::{Group, GroupWords};
pub use parity::Parity;
pub use reversed_addition::ReversedAddition;
pub use satisfiability::Satisfiability;
pub use sorting::Sorting;
pub use sudoku::Sudoku;

use crate::generator::Generator;

triaxis_names::registry! {
    /// A task with its settings; `task` chooses which.
    pub enum Task by "task" as generator: Generator {
        Arithmetic = "arithmetic",
        ReversedAddition = "reversed-addition",
        Countdown = "countdown",
        Sorting = "sorting",
        Parity = "parity",
        GroupWords = "group-words",
        GraphPaths = "graph-paths",
        Sudoku = "sudoku-4x4",
        Satisfiability = "satisfiability",
    }
}
