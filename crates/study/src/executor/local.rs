use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use super::{Executor, Job};
use crate::error::StudyError;
use crate::machine;
use crate::record::RunRecord;
use crate::trial::Group;
use crate::worker::Message;

pub(super) const DESCRIPTION: &str = "This machine: one process a group, one core each while there are as many groups as cores, else the cores \
     shared out evenly.";

/// How often a worker that was killed is started again before its trials count as failed.
const RESTARTS: usize = 2;

/// Runs groups as processes of this program on this machine.
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
    refusal: Option<Refusal>,
}

/// A worker's own word on why it could not go on.
struct Refusal {
    reason: String,
    machine: bool,
}

impl Executor for Local {
    fn run(&self, job: Job<'_>, report: &mut dyn FnMut(usize, &Message)) -> Result<(), StudyError> {
        let mut order: Vec<usize> = (0..job.groups.len()).collect();
        // Longest first keeps the cores evenly busy to the end (Graham 1969).
        order.sort_by(|&a, &b| job.groups[b].flops().0.total_cmp(&job.groups[a].flops().0));
        let slots = self.cores.min(order.len()).max(1);
        let threads = (self.cores / slots).max(1);
        let queue = Mutex::new(order.into_iter());
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..slots)
                .map(|_| {
                    let sender = sender.clone();
                    let queue = &queue;
                    scope.spawn(move || self.work_off(job, queue, threads, &sender))
                })
                .collect();
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
            if missing(job, group)?.is_empty() {
                return job.store.clear_group(&group.id);
            }
            match ended.refusal {
                Some(Refusal {
                    reason,
                    machine: true,
                }) => return Err(StudyError::Worker { reason }),
                Some(Refusal {
                    reason,
                    machine: false,
                }) => break reason,
                None if attempts < RESTARTS => attempts += 1,
                None => break death(ended.status, job, group),
            }
        };
        for trial in missing(job, group)? {
            let circumstances = machine::circumstances(threads, Default::default());
            let trial = &group.trials[trial];
            job.store.write_record(&RunRecord::of_failure(
                trial,
                job.inputs,
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
                    Ok(Message::Refused { reason, machine }) => refusal = Some(Refusal { reason, machine }),
                    Ok(message) => report(message),
                    Err(_) => report(Message::Said { line }),
                }
            }
        }
        let status = child.wait().map_err(StudyError::io("wait for", &self.program))?;
        Ok(Ended { status, refusal })
    }

    fn start(&self, job: Job<'_>, group: &Group, threads: usize) -> Result<Child, StudyError> {
        let folder = job.store.group(&group.id);
        std::fs::create_dir_all(&folder).map_err(StudyError::io("make", &folder))?;
        let log = folder.join("messages.log");
        let errors = std::fs::File::create(&log).map_err(StudyError::io("write", &log))?;
        Command::new(&self.program)
            .args(["study", "worker"])
            .arg(job.store.folder())
            .arg(&group.id)
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(StudyError::io("start", &self.program))
    }
}

/// Indices of the group's trials that have no record.
fn missing(job: Job<'_>, group: &Group) -> Result<Vec<usize>, StudyError> {
    let mut missing = Vec::new();
    for (index, trial) in group.trials.iter().enumerate() {
        if job.store.find_record(&trial.id, &mut |_| {})?.is_none() {
            missing.push(index);
        }
    }
    Ok(missing)
}

fn death(status: ExitStatus, job: Job<'_>, group: &Group) -> String {
    let log = job.store.group(&group.id).join("messages.log");
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let tail: Vec<&str> = said.lines().rev().take(5).collect();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join(" | ");
    let times = RESTARTS + 1;
    let tail = if tail.is_empty() {
        "it said nothing".to_owned()
    } else {
        format!("it said: {tail}")
    };
    format!("its process ended {times} times without a result ({status}, perhaps for lack of memory); {tail}")
}
