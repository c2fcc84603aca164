//! Saving and finding training states: one safetensors file each, written whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use triaxis_host::{Kind, files};
use triaxis_model::weights::{self, Weight, WeightSpec};

use crate::average::Average;
use crate::config::{Branch, TrainConfig};
use crate::error::TrainError;
use crate::file::{self, AboutModel, Tensors};
use crate::observer::Observer;
use crate::routing::Trace;
use crate::state::State;

/// Version of the layout.
const SCHEMA: u32 = 1;

/// Checkpoints of one training that are kept, so that a damaged one costs no more than a cadence.
const KEPT: usize = 2;

/// Where a training stands, and which training it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    schema: u32,
    /// Hash of the configuration without its branches.
    trunk: String,
    /// Tokens of the training text.
    tokens: usize,
    /// The branch, if it is not the trunk.
    branch: Option<Branch>,
    step: u64,
    seconds: f64,
    /// What its experts did so far, if it has any.
    #[serde(default, skip_serializing_if = "Trace::is_empty")]
    trace: Trace,
}

/// The checkpoints of one run in its folder.
pub(crate) struct Store<'a> {
    folder: &'a Path,
    trunk: String,
    tokens: usize,
}

impl<'a> Store<'a> {
    pub(crate) fn open(folder: &'a Path, config: &TrainConfig, tokens: usize) -> Result<Self, TrainError> {
        fs::create_dir_all(folder).map_err(TrainError::io("making the folder", folder))?;
        let trunk = TrainConfig {
            branches: Vec::new(),
            ..config.clone()
        };
        // A configuration is plain data, which JSON always takes.
        let text = serde_json::to_vec(&trunk).expect("a configuration is plain data");
        let store = Self {
            folder,
            trunk: blake3::hash(&text).to_hex().to_string(),
            tokens,
        };
        for (name, path) in store.files()? {
            // What a process that was killed while writing left behind.
            if name.starts_with(files::TEMPORARY) {
                fs::remove_file(&path).map_err(TrainError::io("removing", path))?;
            }
        }
        Ok(store)
    }

    fn prefix(branch: Option<Branch>) -> String {
        branch.map_or("trunk-".to_owned(), |branch| {
            format!("branch-{}-{}-", branch.end, branch.decay)
        })
    }

    /// Saves a state and forgets all but the newest few of the same training.
    pub(crate) fn save(&self, branch: Option<Branch>, state: &State) -> Result<(), TrainError> {
        let header = Header {
            schema: SCHEMA,
            trunk: self.trunk.clone(),
            tokens: self.tokens,
            branch,
            step: state.step(),
            seconds: state.seconds,
            trace: state.trace.clone(),
        };
        let name = format!("{}{:012}.safetensors", Self::prefix(branch), header.step);
        file::write(&self.folder.join(name), &header, &flatten(state))?;
        for old in self.list(branch)?.into_iter().skip(KEPT) {
            fs::remove_file(&old).map_err(TrainError::io("removing", old))?;
        }
        Ok(())
    }

    /// Saves the weights of a finished branch, for export and inference.
    pub(crate) fn save_model(
        &self,
        config: &TrainConfig,
        branch: Branch,
        state: &State,
    ) -> Result<(), TrainError> {
        let path = self.folder.join(branch.model_file());
        let about = AboutModel {
            architecture: config.architecture.clone(),
            objective: config.objective.clone(),
        };
        file::save_model(&path, &about, &weights::read(&state.measured()))
    }

    /// The newest sound state of a training with at most `steps` steps; damaged ones are renamed.
    pub(crate) fn load(
        &self,
        branch: Option<Branch>,
        steps: u64,
        empty: &State,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Option<State>, TrainError> {
        for path in self.list(branch)? {
            let found = file::read::<Header>(&path)?.and_then(|(header, tensors)| {
                let state = restore(&header, tensors, empty, device);
                Ok((state.ok_or("it does not hold what this version saves")?, header))
            });
            match found {
                Ok((state, header)) => {
                    self.check(&path, &header, branch)?;
                    if header.step <= steps {
                        return Ok(Some(state));
                    }
                }
                Err(reason) => set_aside(&path, &reason, observer)?,
            }
        }
        Ok(None)
    }

    fn check(&self, path: &Path, header: &Header, branch: Option<Branch>) -> Result<(), TrainError> {
        let foreign = |what: &str| {
            let path = path.display();
            let message = format!(
                "{path} belongs to another run: its {what} differs; give each run a folder of its own, or remove that one"
            );
            Err(TrainError::new(Kind::Damaged, message))
        };
        match header {
            header if header.trunk != self.trunk => foreign("configuration"),
            header if header.tokens != self.tokens => foreign("training text"),
            header if header.branch != branch => foreign("branch"),
            _ => Ok(()),
        }
    }

    /// Removes the checkpoints of a training that is done.
    pub(crate) fn clear(&self, branch: Option<Branch>) -> Result<(), TrainError> {
        for path in self.list(branch)? {
            fs::remove_file(&path).map_err(TrainError::io("removing", path))?;
        }
        Ok(())
    }

    /// The checkpoints of a training, newest first.
    fn list(&self, branch: Option<Branch>) -> Result<Vec<PathBuf>, TrainError> {
        let prefix = Self::prefix(branch);
        let step = |name: &str| {
            name.strip_prefix(&prefix)?
                .strip_suffix(".safetensors")?
                .parse::<u64>()
                .ok()
        };
        let mut found: Vec<(u64, PathBuf)> = self
            .files()?
            .into_iter()
            .filter_map(|(name, path)| Some((step(&name)?, path)))
            .collect();
        found.sort();
        Ok(found.into_iter().rev().map(|(_, path)| path).collect())
    }

    /// Name and path of everything in the folder.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, TrainError> {
        let entries = fs::read_dir(self.folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(TrainError::io("listing", self.folder))?;
        Ok(entries
            .iter()
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
            .collect())
    }
}

fn set_aside(path: &Path, reason: &str, observer: &mut dyn Observer) -> Result<(), TrainError> {
    let aside = path.with_extension("safetensors.damaged");
    fs::rename(path, &aside).map_err(TrainError::io("renaming", path))?;
    observer.damaged(&aside, reason);
    Ok(())
}

/// What the names of the experts at the last look begin with.
const TRACE: &str = "trace";

fn flatten(state: &State) -> Tensors {
    let mut tensors = Tensors::new();
    for (name, weight) in weights::read(&state.model) {
        tensors.insert(format!("model.{name}"), weight);
    }
    for (name, remembered) in &state.optimizer.remembered {
        for (part, values) in remembered {
            tensors.insert(format!("{part}.{name}"), weights::values(values.clone()));
        }
    }
    let averages = state.average.iter().flat_map(|average| &average.values);
    for (line, average) in state.model.lines().iter().zip(averages) {
        tensors.insert(format!("average.{}", line.name), weights::values(average.clone()));
    }
    for (layer, chosen) in state.trace.last.iter().enumerate() {
        // There are far fewer experts than whole numbers that are exact.
        let values: Vec<f32> = chosen.iter().map(|&expert| expert as f32).collect();
        let shape = vec![values.len()];
        tensors.insert(format!("{TRACE}.{layer}"), Weight { shape, values });
    }
    for (name, values) in [("curve.loss", &state.losses), ("curve.norm", &state.norms)] {
        tensors.insert(
            name.to_owned(),
            Weight {
                shape: vec![values.len()],
                values: values.clone(),
            },
        );
    }
    tensors
}

/// The state that `tensors` hold, or none when they do not fit the model of `empty`.
fn restore(header: &Header, mut tensors: Tensors, empty: &State, device: &Device) -> Option<State> {
    let losses = tensors.remove("curve.loss")?.values;
    let norms = tensors.remove("curve.norm")?.values;
    let (mut model, mut average) = (Tensors::new(), Tensors::new());
    let mut remembered = BTreeMap::<String, Tensors>::new();
    let mut last = BTreeMap::<usize, Vec<u32>>::new();
    for (name, weight) in tensors {
        let (part, name) = name.split_once('.')?;
        match part {
            "model" => model.insert(name.to_owned(), weight),
            "average" => average.insert(name.to_owned(), weight),
            TRACE => {
                let chosen = weight.values.iter().map(|&expert| expert as u32);
                last.insert(name.parse().ok()?, chosen.collect());
                None
            }
            _ => {
                let parts = remembered.entry(name.to_owned()).or_default();
                parts.insert(part.to_owned(), weight)
            }
        };
    }
    let optimizer = empty
        .optimizer
        .restored(empty.model.lines(), remembered, device)?;
    let average = match &empty.average {
        None => average.is_empty().then_some(None),
        Some(_) => {
            let flat = |weight: Weight| {
                Tensor::<1>::from_data(TensorData::new(weight.values, weight.shape), device).inner()
            };
            let mut of = |line: &WeightSpec| {
                let weight = average.remove(&line.name)?;
                (weight.shape == [line.size()]).then(|| flat(weight))
            };
            let values: Option<Vec<_>> = empty.model.lines().iter().map(&mut of).collect();
            values.map(|values| Some(Average { values }))
        }
    }?;
    let whole = header.schema == SCHEMA && losses.len() as u64 == header.step && norms.len() == losses.len();
    let model = weights::write(empty.model.clone(), &model).ok()?;
    if !whole {
        return None;
    }
    Some(State {
        model,
        optimizer,
        average,
        losses,
        norms,
        trace: header.trace.with(last.into_values().collect())?,
        seconds: header.seconds,
    })
}
