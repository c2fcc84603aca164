use std::ops::RangeInclusive;
use std::sync::Arc;

use triaxis_random::Stream;

use crate::error::TaskError;
use crate::problem::Question;

/// What a task is: to add one, write a file in `tasks/` with a type of settings that implements this, and add its line
/// to the registry in `tasks/mod.rs`; `tests/it` then holds it to its obligations.
pub trait Generator {
    /// What a level counts, such as digits.
    fn dial(&self) -> &'static str;

    /// The levels that there are, easy ones first.
    fn levels(&self) -> RangeInclusive<u32>;

    /// What is asked and how it is answered, in words, for models that were not trained on the task.
    fn instructions(&self) -> String;

    /// What ends a step of an answer, where it has steps.
    fn step(&self) -> Option<&'static str> {
        None
    }

    /// Refuses settings that no task can have.
    ///
    /// # Errors
    /// For the first of them.
    fn validate(&self) -> Result<(), TaskError> {
        Ok(())
    }

    /// A question of a level that there is.
    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question>;
}
