//! The registry of tasks, and one file for each.

mod arithmetic;
mod countdown;
mod graph_paths;
mod group_words;
mod json_schema;
mod parity;
mod programs;
mod reversed_addition;
mod satisfiability;
mod sorting;
mod sudoku;
mod unit_conversions;

pub use arithmetic::{Arithmetic, Operation};
pub use countdown::Countdown;
pub use graph_paths::GraphPaths;
pub use group_words::{Group, GroupWords};
pub use json_schema::JsonSchema;
pub use parity::Parity;
pub use programs::{Ask, Programs};
pub use reversed_addition::ReversedAddition;
pub use satisfiability::Satisfiability;
pub use sorting::Sorting;
pub use sudoku::Sudoku;
pub use unit_conversions::UnitConversions;

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
        Programs = "programs",
        JsonSchema = "json-schema",
        UnitConversions = "unit-conversions",
    }
}
