use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};

use triaxis_host::{Kind, machine};
use triaxis_train::Instructions;
use triaxis_units::Bytes;

use super::queue::Queue;
use super::{Batch, Executor};
use crate::error::StudyError;
use crate::job::Work;
use crate::worker::Message;

/// How often a worker that was killed is started again before what it would have made counts as failed.
const RESTARTS: usize = 2;

/// Runs jobs as processes of this program on this machine: one core each while there are as many
/// jobs as cores, else the cores shared out evenly.
///
/// A process a job keeps one trial's crash or lack of memory from the others, and makes what runs
/// here the same as what a cluster's scheduler would start.
#[derive(Debug, Clone)]
pub struct Local {
    /// The program to start, with `study worker` understood.
    pub program: PathBuf,
    /// Cores to use.
    pub cores: usize,
}

struct Ended {
    status: ExitStatus,
    /// Its own word on why it could not go on.
    refusal: Option<Message>,
}

impl Executor for Local {
    fn run(&self, batch: Batch<'_>, report: &mut dyn FnMut(usize, &Message)) -> Result<(), StudyError> {
        let queue = Queue::of(batch.jobs);
        let memory = batch.jobs.iter().map(|job| job.bill().memory);
        let most = self.cores.min(queue.width());
        let slots = side_by_side(memory.collect(), most, machine::available_memory());
        let threads = (self.cores / slots).max(1);
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            let mut workers = Vec::new();
            for _ in 0..slots {
                let (sender, queue) = (sender.clone(), &queue);
                let work = move || self.work_off(batch, queue, threads, &sender);
                match std::thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(worker) => workers.push(worker),
                    // Those that there are do the work of all.
                    Err(_) if !workers.is_empty() => break,
                    Err(error) => return Err(StudyError::io("start a thread for", &self.program)(error)),
                }
            }
            drop(sender);
            for (index, message) in receiver {
                report(index, &message);
            }
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })
    }
}

/// How many jobs to run at a time: as many as asked for, or as there is memory for if those that take most meet.
fn side_by_side(mut memory: Vec<Bytes>, most: usize, available: Option<Bytes>) -> usize {
    memory.sort_unstable();
    let needed = |count: usize| {
        let largest = memory.iter().rev().take(count);
        largest.fold(0, |sum: u64, memory| sum.saturating_add(memory.0))
    };
    let fits = |&count: &usize| available.is_none_or(|available| needed(count) <= available.0);
    (1..=most).rev().find(fits).unwrap_or(1)
}

impl Local {
    fn work_off(
        &self,
        batch: Batch<'_>,
        queue: &Queue<'_>,
        threads: usize,
        sender: &Sender<(usize, Message)>,
    ) -> Result<(), StudyError> {
        while let Some(next) = queue.next() {
            let result = self.run_job(batch, batch.jobs[next.index], threads, &mut |message| {
                // The receiver outlives the workers, which it is drained for.
                sender.send((next.index, message.clone())).ok();
            });
            if result.is_err() {
                queue.stop();
                return result;
            }
        }
        Ok(())
    }

    fn run_job(
        &self,
        batch: Batch<'_>,
        job: &dyn Work,
        threads: usize,
        report: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let mut attempts = 0;
        let reason = loop {
            // What it needs may have failed, so that nothing is left of it.
            if job.is_done(batch.library)? {
                return job.clear(batch.library);
            }
            let ended = self.run_worker(batch, job, threads, report)?;
            if job.is_done(batch.library)? {
                continue;
            }
            match ended.refusal {
                Some(Message::Refused {
                    reason,
                    machine: true,
                    kind,
                }) => return Err(StudyError::Worker { reason, kind }),
                Some(Message::Refused { reason, .. }) => break reason,
                _ if attempts < RESTARTS => attempts += 1,
                _ if is_ended_from_outside(ended.status) => {
                    let (times, said) = (RESTARTS + 1, last_words(batch, job));
                    return Err(StudyError::Worker {
                        reason: format!(
                            "the system ended the process of the group {} {times} times ({}); {said}: raise the limit \
                             that it met, or mend the disk, and run the same command again",
                            job.id(),
                            ended.status
                        ),
                        kind: Kind::Machine,
                    });
                }
                _ => break death(ended.status, batch, job),
            }
        };
        job.give_up(batch.library, &reason, threads, report)
    }

    fn run_worker(
        &self,
        batch: Batch<'_>,
        job: &dyn Work,
        threads: usize,
        report: &mut dyn FnMut(&Message),
    ) -> Result<Ended, StudyError> {
        let mut child = self.start(batch, job, threads)?;
        // Held open while this process lives: a worker ends when its standard input does.
        let _alive = child.stdin.take();
        let mut refusal = None;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line.map_err(StudyError::io("read the messages of", &self.program))?;
                match serde_json::from_str(&line) {
                    Ok(message @ Message::Refused { .. }) => refusal = Some(message),
                    Ok(message) => report(&message),
                    Err(_) => report(&Message::Said { line }),
                }
            }
        }
        let status = child.wait().map_err(StudyError::io("wait for", &self.program))?;
        Ok(Ended { status, refusal })
    }

    fn start(&self, batch: Batch<'_>, job: &dyn Work, threads: usize) -> Result<Child, StudyError> {
        let folder = batch.library.job(job.id());
        std::fs::create_dir_all(&folder).map_err(StudyError::io("make", &folder))?;
        let log = folder.join("messages.log");
        let errors = std::fs::File::create(&log).map_err(StudyError::io("write", &log))?;
        Command::new(&self.program)
            .args(["study", "worker"])
            .arg(batch.store.folder())
            .arg(job.id())
            .env("RAYON_NUM_THREADS", threads.to_string())
            .env(Instructions::VARIABLE, Instructions::current().name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(StudyError::io("start", &self.program))
    }
}

/// Whether a process was ended through no fault of its own: it could not begin (exit code 1), somebody wished it
/// (signals 1, 2, 15), a mapped file could not be read (7), or it met a limit on its time or its files (24, 25).
fn is_ended_from_outside(status: ExitStatus) -> bool {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    status.code() == Some(1) || matches!(signal, Some(1 | 2 | 7 | 15 | 24 | 25))
}

fn death(status: ExitStatus, batch: Batch<'_>, job: &dyn Work) -> String {
    let (times, said) = (RESTARTS + 1, last_words(batch, job));
    format!("its process ended {times} times without a result ({status}, perhaps for lack of memory); {said}")
}

fn last_words(batch: Batch<'_>, job: &dyn Work) -> String {
    let log = batch.library.job(job.id()).join("messages.log");
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    match &lines[lines.len().saturating_sub(5)..] {
        [] => "it said nothing".to_owned(),
        last => format!("it said: {}", last.join(" | ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Evaluator;
    use crate::job::Train;
    use crate::limits::check_memory;
    use crate::spec::StudySpec;
    use crate::trial::{Prepared, resolve};

    #[test]
    fn no_more_run_side_by_side_than_memory_has_room_for() {
        let spec = StudySpec::parse(include_str!("../../../../examples/quickstart.toml")).unwrap();
        let prepared = Prepared {
            vocabulary: 512,
            ..Prepared::default()
        };
        let groups = resolve(&spec.arms().unwrap()[0], &prepared).unwrap();
        let jobs = groups
            .iter()
            .map(|group| Train::of(group, &Evaluator::default(), true));
        let memory: Vec<Bytes> = jobs.map(|job| job.bill().memory).collect();
        let largest = memory.iter().max().unwrap().0;
        for (available, slots) in [
            (None, 4),
            (Some(4 * largest), 4),
            (Some(2 * largest), 2),
            (Some(largest), 1),
            (Some(largest - 1), 1),
        ] {
            let available = available.map(Bytes);
            assert_eq!(side_by_side(memory.clone(), 4, available), slots, "{available:?}");
            assert_eq!(
                check_memory(&groups, available).is_err(),
                available == Some(Bytes(largest - 1))
            );
        }
    }
}
