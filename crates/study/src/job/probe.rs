//! The job that asks a model of a ladder what a probe asks.

use triaxis_host::machine;
use triaxis_train::Dtype;
use triaxis_units::Bytes;

use super::{Bill, Work};
use crate::error::StudyError;
use crate::library::{Library, Written};
use crate::probes::{AskedProbe, ProbeInputs, ProbeRecord, measure};
use crate::worker::Message;

/// Trains models on a task and tests them.
pub struct AskProbe {
    asked: AskedProbe,
}

impl AskProbe {
    /// One for each identity: arms that share a model are asked once.
    pub fn of(asked: &[AskedProbe]) -> Vec<Self> {
        let mut jobs: Vec<Self> = Vec::new();
        for asked in asked {
            if !jobs.iter().any(|job| job.asked.id == asked.id) {
                jobs.push(Self { asked: asked.clone() });
            }
        }
        jobs
    }
}

impl AskProbe {
    /// What is measured, and by what.
    pub fn inputs(&self) -> &ProbeInputs {
        &self.asked.inputs
    }

    /// Refuses it where it would take more memory than is `available`.
    ///
    /// # Errors
    /// When it would.
    pub fn check_memory(&self, available: Option<Bytes>) -> Result<(), StudyError> {
        self.inputs().check_memory(&self.asked.arm, available)
    }
}

impl Work for AskProbe {
    fn id(&self) -> &str {
        &self.asked.id
    }

    fn bill(&self) -> Bill {
        let inputs = self.inputs();
        // As many trainings as a process may run at a time.
        let trainings = inputs.side_by_side().min(machine::cores()) as u64;
        Bill {
            flops: inputs.flops(),
            steps: inputs.training.trainings(),
            memory: Bytes(inputs.memory().0.saturating_mul(trainings)),
            ..Bill::default()
        }
    }

    fn is_done(&self, library: &Library) -> Result<bool, StudyError> {
        Ok(library.record_if_whole::<ProbeRecord>(&self.asked.id)?.is_some())
    }

    fn run(
        &self,
        library: &Library,
        threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let AskedProbe { id, arm, inputs } = &self.asked;
        let unit = Dtype::F32.unit();
        if unit != inputs.unit {
            return Err(StudyError::OtherUnit {
                group: id.clone(),
                unit,
            });
        }
        let _locks = super::lock(library, [id.as_str()], say)?;
        if self.is_done(library)? {
            return Ok(());
        }
        let mut steps = 0;
        let record = measure(arm, inputs, threads, &mut |_| {
            steps += 1;
            say(&Message::Progress { steps });
        })?;
        if library.write_record(&record)? == Written::Differs {
            say(&Message::Differs {
                trial: format!("the probe {id}"),
            });
        }
        Ok(())
    }
}
