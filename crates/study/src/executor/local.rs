use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use triaxis_host::{Kind, machine};
use triaxis_train::Instructions;
use triaxis_units::Bytes;

use super::{Executor, Job};
use crate::error::StudyError;
use crate::record::{Circumstances, RunRecord};
use crate::trial::Group;
use crate::worker::Message;

/// How often a worker that was killed is started again before its trials count as failed.
const RESTARTS: usize = 2;

/// Runs groups as processes of this program on this machine: one core each while there are as many
/// groups as cores, else the cores shared out evenly.
///
/// A process a group keeps one trial's crash or lack of memory from the others, and makes what runs
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
    fn run(&self, job: Job<'_>, report: &mut dyn FnMut(usize, &Message)) -> Result<(), StudyError> {
        let mut order: Vec<usize> = (0..job.groups.len()).collect();
        // Longest first keeps the cores evenly busy to the end (Graham 1969).
        order.sort_by(|&a, &b| job.groups[b].flops().0.total_cmp(&job.groups[a].flops().0));
        let slots = side_by_side(job.groups, self.cores, machine::available_memory());
        let threads = (self.cores / slots).max(1);
        let queue = Mutex::new(order.into_iter());
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            let mut workers = Vec::new();
            for _ in 0..slots {
                let (sender, queue) = (sender.clone(), &queue);
                let work = move || self.work_off(job, queue, threads, &sender);
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

/// How many groups to run at a time: one a core, or as many as there is memory for if those that take most meet.
fn side_by_side(groups: &[Group], cores: usize, available: Option<Bytes>) -> usize {
    let trials = |group: &Group| group.trials.iter().map(|trial| trial.memory.0).max().unwrap_or(0);
    let mut memory: Vec<u64> = groups.iter().map(trials).collect();
    memory.sort_unstable();
    let needed = |count: usize| {
        memory
            .iter()
            .rev()
            .take(count)
            .fold(0, |sum: u64, &memory| sum.saturating_add(memory))
    };
    let fits = |&count: &usize| available.is_none_or(|available| needed(count) <= available.0);
    (1..=cores.min(groups.len())).rev().find(fits).unwrap_or(1)
}

impl Local {
    fn work_off(
        &self,
        job: Job<'_>,
        queue: &Mutex<std::vec::IntoIter<usize>>,
        threads: usize,
        sender: &Sender<(usize, Message)>,
    ) -> Result<(), StudyError> {
        loop {
            let next = queue
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .next();
            let Some(index) = next else { return Ok(()) };
            self.run_group(job, &job.groups[index], threads, &mut |message| {
                // The receiver outlives the workers, which it is drained for.
                sender.send((index, message)).ok();
            })?;
        }
    }

    fn run_group(
        &self,
        job: Job<'_>,
        group: &Group,
        threads: usize,
        report: &mut dyn FnMut(Message),
    ) -> Result<(), StudyError> {
        let mut attempts = 0;
        let reason = loop {
            let ended = self.run_worker(job, group, threads, report)?;
            if job.library.recorded(group)?.len() == group.trials.len() {
                return job.library.clear_group(&group.id);
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
                    let (times, said) = (RESTARTS + 1, last_words(job, group));
                    return Err(StudyError::Worker {
                        reason: format!(
                            "the system ended the process of the group {} {times} times ({}); {said}: raise the limit \
                             that it met, or mend the disk, and run the same command again",
                            group.id, ended.status
                        ),
                        kind: Kind::Machine,
                    });
                }
                _ => break death(ended.status, job, group),
            }
        };
        let recorded = job.library.recorded(group)?;
        for (_, trial) in group
            .trials
            .iter()
            .enumerate()
            .filter(|(place, _)| !recorded.contains(place))
        {
            let circumstances = Circumstances::of(threads, Default::default());
            job.library.write_record(&RunRecord::of_failure(
                trial,
                &group.inputs,
                reason.clone(),
                circumstances,
            ))?;
            report(Message::Failed {
                trial: trial.id.clone(),
                reason: reason.clone(),
            });
        }
        Ok(())
    }

    fn run_worker(
        &self,
        job: Job<'_>,
        group: &Group,
        threads: usize,
        report: &mut dyn FnMut(Message),
    ) -> Result<Ended, StudyError> {
        let mut child = self.start(job, group, threads)?;
        // Held open while this process lives: a worker ends when its standard input does.
        let _alive = child.stdin.take();
        let mut refusal = None;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line.map_err(StudyError::io("read the messages of", &self.program))?;
                match serde_json::from_str(&line) {
                    Ok(message @ Message::Refused { .. }) => refusal = Some(message),
                    Ok(message) => report(message),
                    Err(_) => report(Message::Said { line }),
                }
            }
        }
        let status = child.wait().map_err(StudyError::io("wait for", &self.program))?;
        Ok(Ended { status, refusal })
    }

    fn start(&self, job: Job<'_>, group: &Group, threads: usize) -> Result<Child, StudyError> {
        let folder = job.library.group(&group.id);
        std::fs::create_dir_all(&folder).map_err(StudyError::io("make", &folder))?;
        let log = folder.join("messages.log");
        let errors = std::fs::File::create(&log).map_err(StudyError::io("write", &log))?;
        Command::new(&self.program)
            .args(["study", "worker"])
            .arg(job.store.folder())
            .arg(&group.id)
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

fn death(status: ExitStatus, job: Job<'_>, group: &Group) -> String {
    let (times, said) = (RESTARTS + 1, last_words(job, group));
    format!("its process ended {times} times without a result ({status}, perhaps for lack of memory); {said}")
}

fn last_words(job: Job<'_>, group: &Group) -> String {
    let log = job.library.group(&group.id).join("messages.log");
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
    use crate::run::check_memory;
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
        let memory = groups
            .iter()
            .flat_map(|group| &group.trials)
            .map(|trial| trial.memory.0);
        let largest = memory.max().unwrap();
        for (available, slots) in [
            (None, 4),
            (Some(4 * largest), 4),
            (Some(2 * largest), 2),
            (Some(largest), 1),
            (Some(largest - 1), 1),
        ] {
            let available = available.map(Bytes);
            assert_eq!(side_by_side(&groups, 4, available), slots, "{available:?}");
            assert_eq!(
                check_memory(&groups, available).is_err(),
                available == Some(Bytes(largest - 1))
            );
        }
        assert_eq!(side_by_side(&groups[..1], 4, None), 1);
    }
}
