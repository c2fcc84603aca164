//! Who runs the groups of a study. One file an executor, one line here.
//!
//! An executor starts `triaxis study worker FOLDER GROUP` somewhere and tells from the records, never
//! from its own memory, what is done.

mod local;

pub use local::Local;

use crate::error::StudyError;
use crate::library::Library;
use crate::store::Store;
use crate::trial::Group;
use crate::worker::Message;

/// What an executor is given.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The study's folder.
    pub store: &'a Store,
    /// Where their records go.
    pub library: &'a Library,
    /// The groups that still lack a record, in any order.
    pub groups: &'a [Group],
}

/// Runs groups until each of their trials has a record.
pub trait Executor {
    /// Runs the groups; `report` hears of each message as it comes, with the index of its group.
    ///
    /// A trial that cannot be run gets a record that says so, and the others go on.
    ///
    /// # Errors
    /// When the machine itself refuses: no space, no process.
    fn run(&self, job: Job<'_>, report: &mut dyn FnMut(usize, &Message)) -> Result<(), StudyError>;
}
