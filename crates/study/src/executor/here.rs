use super::{Batch, Executor, queue::Queue};
use crate::error::StudyError;
use crate::worker::Message;

/// Runs jobs one after another in this process, on all its threads: those that end with the study if they fail.
#[derive(Debug, Clone, Copy)]
pub struct Here;

impl Executor for Here {
    fn run(&self, batch: Batch<'_>, report: &mut dyn FnMut(usize, &Message)) -> Result<(), StudyError> {
        let queue = Queue::of(batch.jobs);
        while let Some(next) = queue.next() {
            let job = batch.jobs[next.index];
            if !job.is_done(batch.library)? {
                let threads = triaxis_host::machine::cores();
                job.run(batch.library, threads, &mut |message| {
                    report(next.index, message);
                })?;
                job.clear(batch.library)?;
            }
        }
        Ok(())
    }
}
