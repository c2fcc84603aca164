//! How fast this machine trains, measured by a few steps of each model before anything is promised.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use triaxis_train::{TrainConfig, speed};
use triaxis_units::Seconds;

use crate::error::StudyError;

/// Steps timed for each model, after one that warms up.
const STEPS: u64 = 3;

/// Time until the last of `durations` ends, run longest first on `cores`.
pub fn makespan(mut durations: Vec<Seconds>, cores: usize) -> Seconds {
    durations.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut busy = vec![0.0_f64; cores.max(1)];
    for duration in durations {
        if let Some(first_free) = busy.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *first_free += duration.0;
        }
    }
    Seconds(busy.into_iter().fold(0.0, f64::max))
}

/// Times of steps, each measured once: seeds, rates and lengths of one model, trained alike, take the same.
#[derive(Debug, Default)]
pub struct Steps(BTreeMap<String, Seconds>);

impl Steps {
    /// The median time of a step of `config` on this thread pool.
    ///
    /// # Errors
    /// When a step cannot be run.
    pub fn time(&mut self, config: &TrainConfig) -> Result<Seconds, StudyError> {
        let shape = (config.context, config.batch_sequences, config.dtype);
        let what = (&config.architecture, &config.objective, &config.optimizer);
        let time = match self.0.entry(format!("{what:?} {shape:?}")) {
            Entry::Occupied(timed) => *timed.get(),
            Entry::Vacant(model) => *model.insert(speed::measure(config, 1, STEPS)?.step()),
        };
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use triaxis_model::{ArchitectureSpec, Decoder};
    use triaxis_train::optimizers::Muon;
    use triaxis_train::{Dtype, ObjectiveSpec, Optimizer};

    use super::*;

    #[test]
    fn what_is_trained_otherwise_is_timed_by_itself() {
        let decoder = ArchitectureSpec::Decoder(Decoder::new(16, 16, 1, 2, 8));
        let usual = speed::config(decoder, 2, Dtype::F32);
        let seeded = TrainConfig {
            seed: 1,
            ..usual.clone()
        };
        let ahead = TrainConfig {
            objective: serde_json::from_str::<ObjectiveSpec>(r#"{"kind": "multi-token"}"#).unwrap(),
            ..usual.clone()
        };
        let mut muon = usual.clone();
        muon.optimizer.method = Optimizer::Muon(Muon::default());
        let mut steps = Steps::default();
        for config in [usual, seeded, ahead, muon] {
            steps.time(&config).unwrap();
        }
        assert_eq!(steps.0.len(), 3);
    }
}
