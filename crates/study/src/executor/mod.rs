//! Who runs the jobs of a study. One file an executor, one line here.
//!
//! An executor of processes starts `triaxis study worker FOLDER JOB` somewhere. What is done is told from the library,
//! never from an executor's own memory.

mod here;
mod local;
mod queue;

pub use here::Here;
pub use local::Local;

use crate::error::StudyError;
use crate::job::Work;
use crate::library::Library;
use crate::store::Store;
use crate::worker::Message;

/// What an executor is given.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The study's folder.
    pub store: &'a Store,
    /// Where results go.
    pub library: &'a Library,
    /// The jobs, in any order; what they need is among them or there.
    pub jobs: &'a [&'a dyn Work],
}

/// Runs jobs until each is done.
pub trait Executor {
    /// Runs the jobs, each after those that it needs; `report` hears of each message as it comes, with the index of its
    /// job.
    ///
    /// A trial that cannot be run gets a record that says so, and the others go on.
    ///
    /// # Errors
    /// When the machine itself refuses: no space, no process.
    fn run(&self, batch: Batch<'_>, report: &mut dyn FnMut(usize, &Message)) -> Result<(), StudyError>;
}
