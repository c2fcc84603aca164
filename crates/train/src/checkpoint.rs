//! Saving and finding training states: one safetensors file each, written whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use triaxis_model::weights::{self, Weight};

use crate::config::{Branch, TrainConfig};
use crate::error::TrainError;
use crate::observer::Observer;
use crate::optimizer::{AdamW, Moments};
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
}

/// The checkpoints of one run in its folder.
pub(crate) struct Store<'a> {
    folder: &'a Path,
    trunk: String,
    tokens: usize,
}

type Tensors = BTreeMap<String, Weight>;

impl<'a> Store<'a> {
    pub(crate) fn open(folder: &'a Path, config: &TrainConfig, tokens: usize) -> Result<Self, TrainError> {
        fs::create_dir_all(folder).map_err(TrainError::io("making the folder", folder))?;
        let trunk = TrainConfig {
            branches: Vec::new(),
            ..config.clone()
        };
        // A configuration is plain data, which JSON always takes.
        let text = serde_json::to_vec(&trunk).expect("a configuration is plain data");
        Ok(Self {
            folder,
            trunk: blake3::hash(&text).to_hex().to_string(),
            tokens,
        })
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
        };
        let text = serde_json::to_string(&header).expect("a header is plain data");
        let name = format!("{}{:012}.safetensors", Self::prefix(branch), header.step);
        write(&self.folder.join(name), &[("training", text)], &flatten(state))?;
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
        let text = serde_json::to_string(&config.architecture).expect("a configuration is plain data");
        let name = format!("model-{}-{}.safetensors", branch.end, branch.decay);
        write(
            &self.folder.join(name),
            &[("architecture", text)],
            &weights::read(&state.model),
        )
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
            match read(&path) {
                Ok((metadata, tensors)) => {
                    let header: Option<Header> = metadata
                        .get("training")
                        .and_then(|text| serde_json::from_str(text).ok());
                    match header.and_then(|header| Some((restore(&header, tensors, empty, device)?, header)))
                    {
                        Some((state, header)) => {
                            self.check(&path, &header, branch)?;
                            if header.step <= steps {
                                return Ok(Some(state));
                            }
                        }
                        None => set_aside(
                            &path,
                            "it is not a checkpoint of this version and model",
                            observer,
                        )?,
                    }
                }
                Err(reason) => set_aside(&path, &reason, observer)?,
            }
        }
        Ok(None)
    }

    fn check(&self, path: &Path, header: &Header, branch: Option<Branch>) -> Result<(), TrainError> {
        let foreign = |what| {
            Err(TrainError::ForeignCheckpoint {
                path: path.to_owned(),
                what,
            })
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
        let mut found = Vec::new();
        for entry in fs::read_dir(self.folder).map_err(TrainError::io("listing", self.folder))? {
            let entry = entry.map_err(TrainError::io("listing", self.folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let step = name
                .strip_prefix(&prefix)
                .and_then(|rest| rest.strip_suffix(".safetensors"));
            if let Some(step) = step.and_then(|step| step.parse::<u64>().ok()) {
                found.push((step, entry.path()));
            }
        }
        found.sort();
        Ok(found.into_iter().rev().map(|(_, path)| path).collect())
    }
}

fn set_aside(path: &Path, reason: &str, observer: &mut dyn Observer) -> Result<(), TrainError> {
    let aside = path.with_extension("safetensors.damaged");
    fs::rename(path, &aside).map_err(TrainError::io("renaming", path))?;
    observer.damaged(&aside, reason);
    Ok(())
}

fn flatten(state: &State) -> Tensors {
    let mut tensors = Tensors::new();
    for (name, weight) in weights::read(&state.model) {
        tensors.insert(format!("model.{name}"), weight);
    }
    for (name, Moments { first, second }) in &state.optimizer.moments {
        tensors.insert(format!("first.{name}"), weights::values(first.clone()));
        tensors.insert(format!("second.{name}"), weights::values(second.clone()));
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
    let mut parts: [Tensors; 3] = Default::default();
    for (name, weight) in tensors {
        let (part, name) = name.split_once('.')?;
        let part = ["model", "first", "second"]
            .iter()
            .position(|&known| known == part)?;
        parts[part].insert(name.to_owned(), weight);
    }
    let [model, first, mut second] = parts;
    let flat = |weight: Weight| Tensor::<1>::from_data(TensorData::new(weight.values, weight.shape), device);
    let mut moments = BTreeMap::new();
    for (name, first) in first {
        let (second, size) = (second.remove(&name)?, model.get(&name)?.values.len());
        if [&first, &second].iter().any(|moment| moment.shape != [size]) {
            return None;
        }
        moments.insert(
            name,
            Moments {
                first: flat(first),
                second: flat(second),
            },
        );
    }
    let whole = header.schema == SCHEMA && losses.len() as u64 == header.step && norms.len() == losses.len();
    let model = weights::write(empty.model.clone(), &model).ok()?;
    whole.then_some(State {
        model,
        optimizer: AdamW { moments },
        losses,
        norms,
        seconds: header.seconds,
    })
}

/// Hash over everything a file says.
fn checksum<'a>(
    metadata: &BTreeMap<&str, &str>,
    tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [u8])>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut absorb = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for (key, value) in metadata {
        absorb(key.as_bytes());
        absorb(value.as_bytes());
    }
    for (name, shape, data) in tensors {
        absorb(name.as_bytes());
        absorb(format!("{shape:?}").as_bytes());
        absorb(data);
    }
    hasher.finalize().to_hex().to_string()
}

/// Writes `tensors` to `path` through a temporary name in the same folder.
fn write(path: &Path, metadata: &[(&str, String)], tensors: &Tensors) -> Result<(), TrainError> {
    let bytes: Vec<(&str, &[usize], Vec<u8>)> = tensors
        .iter()
        .map(|(name, weight)| {
            let bytes = weight
                .values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            (name.as_str(), weight.shape.as_slice(), bytes)
        })
        .collect();
    let known = metadata
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    let sum = checksum(
        &known,
        bytes
            .iter()
            .map(|(name, shape, data)| (*name, *shape, data.as_slice())),
    );
    let mut metadata: HashMap<String, String> = metadata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    metadata.insert("checksum".to_owned(), sum);
    let views = bytes.iter().map(|(name, shape, data)| {
        // The bytes were made from exactly the values of this shape.
        let view = TensorView::new(Dtype::F32, shape.to_vec(), data).expect("four bytes a value");
        (*name, view)
    });
    let content =
        safetensors::serialize(views, Some(metadata)).expect("f32 tensors with text metadata are valid");

    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(&content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    });
    written.map_err(|source| {
        // Best effort: the failure to report is the one above.
        let _ = fs::remove_file(&temporary);
        TrainError::Io {
            action: "writing",
            path: path.to_owned(),
            source,
        }
    })
}

/// The metadata and tensors of a file this module wrote, or what is wrong with it.
fn read(path: &Path) -> Result<(HashMap<String, String>, Tensors), String> {
    let content = fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let (_, header) =
        SafeTensors::read_metadata(&content).map_err(|error| format!("its header is damaged: {error}"))?;
    let file =
        SafeTensors::deserialize(&content).map_err(|error| format!("its header is damaged: {error}"))?;
    let mut metadata = header.metadata().clone().unwrap_or_default();
    let stated = metadata.remove("checksum").ok_or("it has no checksum")?;
    let mut views = file.tensors();
    views.sort_by(|(left, _), (right, _)| left.cmp(right));
    let known = metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let found = checksum(
        &known,
        views
            .iter()
            .map(|(name, view)| (name.as_str(), view.shape(), view.data())),
    );
    if found != stated {
        return Err("its content does not match its checksum".to_owned());
    }
    let tensors = views.into_iter().map(|(name, view)| {
        let values = view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        (
            name,
            Weight {
                shape: view.shape().to_vec(),
                values: values.collect(),
            },
        )
    });
    Ok((metadata, tensors.collect()))
}
