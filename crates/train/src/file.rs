//! Tensors in a safetensors file, written whole or not at all, with a checksum over all it says.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use burn::tensor::Device;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use triaxis_host::{Kind, files};
use triaxis_model::weights::{self, Weight};
use triaxis_model::{ArchitectureSpec, Model};

use crate::error::TrainError;
use crate::objectives::ObjectiveSpec;

/// Tensors by name.
pub(crate) type Tensors = BTreeMap<String, Weight>;

/// The file's only entry of metadata, for the library writes several in no fixed order.
const KEY: &str = "triaxis";

/// What the entry holds, as JSON.
#[derive(Serialize, Deserialize)]
struct Metadata {
    checksum: String,
    /// What the tensors are, as JSON.
    about: String,
}

/// What a model's file says of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AboutModel {
    /// The network.
    #[serde(flatten)]
    pub architecture: ArchitectureSpec,
    /// What it was trained on.
    #[serde(
        default,
        deserialize_with = "ObjectiveSpec::named",
        skip_serializing_if = "ObjectiveSpec::is_default"
    )]
    pub objective: ObjectiveSpec,
}

impl From<ArchitectureSpec> for AboutModel {
    /// One that tells next tokens.
    fn from(architecture: ArchitectureSpec) -> Self {
        Self {
            architecture,
            objective: ObjectiveSpec::default(),
        }
    }
}

impl AboutModel {
    /// Tokens of its vocabulary that text is of: the others, the last ones, are its objective's.
    pub fn text_vocabulary(&self) -> usize {
        let vocabulary = self.architecture.vocabulary();
        vocabulary.saturating_sub(self.objective.marks())
    }
}

/// A model's file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// What the model is.
    pub about: AboutModel,
    /// Its weights.
    pub weights: BTreeMap<String, Weight>,
}

impl Trained {
    /// What a file that [`run`](crate::run()) or [`save_model`] wrote holds.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or holds something else.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let read = read(path)?.and_then(|(about, weights): (AboutModel, _)| {
            let stack = about.architecture.stack();
            let fault = about.objective.validate(&stack).err();
            fault.map_or(Ok(Self { about, weights }), |fault| Err(fault.to_string()))
        });
        read.map_err(|reason| {
            let path = path.display();
            let message = format!("{path} holds no model: {reason}; give a model file that a training wrote");
            TrainError::new(Kind::Damaged, message)
        })
    }

    /// The model.
    ///
    /// # Errors
    /// When the weights are not the network's.
    pub fn build(&self, device: &Device) -> Result<Model, TrainError> {
        let empty = self.about.architecture.build(0, device)?;
        Ok(weights::write(empty, &self.weights)?)
    }
}

/// The model in a file that [`run`](crate::run()) wrote, a [`Branch::model_file`](crate::Branch::model_file).
///
/// # Errors
/// When the file cannot be read, is damaged, or holds something else.
pub fn load_model(path: &Path, device: &Device) -> Result<(ArchitectureSpec, Model), TrainError> {
    let trained = Trained::read(path)?;
    let model = trained.build(device)?;
    Ok((trained.about.architecture, model))
}

/// Reads a model's file to its end and holds it against its checksum.
///
/// # Errors
/// As [`load_model`].
pub fn check_model(path: &Path) -> Result<ArchitectureSpec, TrainError> {
    read_model(path).map(|(spec, _)| spec)
}

/// What a model's file holds, without building it.
///
/// # Errors
/// As [`load_model`].
pub fn read_model(path: &Path) -> Result<(ArchitectureSpec, BTreeMap<String, Weight>), TrainError> {
    let Trained { about, weights } = Trained::read(path)?;
    Ok((about.architecture, weights))
}

/// Writes a model's file, whole or not at all, as [`run`](crate::run()) does.
///
/// # Errors
/// When the file system refuses.
pub fn save_model(
    path: &Path,
    about: &AboutModel,
    weights: &BTreeMap<String, Weight>,
) -> Result<(), TrainError> {
    write(path, about, weights)
}

/// Writes `tensors`, and what they are, to `path` through a temporary name in the same folder.
pub(crate) fn write<T: Serialize>(path: &Path, about: &T, tensors: &Tensors) -> Result<(), TrainError> {
    let bytes: BTreeMap<&str, Vec<u8>> = tensors
        .iter()
        .map(|(name, weight)| {
            (
                name.as_str(),
                weight
                    .values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            )
        })
        .collect();
    let views: Vec<(&str, TensorView<'_>)> = bytes
        .iter()
        .map(|(name, data)| {
            let shape = tensors[*name].shape.clone();
            (
                *name,
                TensorView::new(Dtype::F32, shape, data)
                    .expect("a weight has as many values as its shape says"),
            )
        })
        .collect();
    let about = serde_json::to_string(about).expect("headers and configurations are plain data");
    let metadata = Metadata {
        checksum: checksum(&about, &views),
        about,
    };
    let metadata = serde_json::to_string(&metadata).expect("two texts");
    let content = safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), metadata)])))
        .expect("f32 tensors and text are what the format holds");

    files::replace(path, &content).map_err(TrainError::io("writing", path))
}

/// What [`write`] wrote to `path`, or what is wrong with it; that it cannot be read is an error.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Result<(T, Tensors), String>, TrainError> {
    fs::read(path)
        .map(|content| decode(&content))
        .map_err(TrainError::io("reading", path))
}

fn decode<T: DeserializeOwned>(content: &[u8]) -> Result<(T, Tensors), String> {
    let damaged = |error| format!("its header is damaged: {error}");
    let (_, header) = SafeTensors::read_metadata(content).map_err(damaged)?;
    let file = SafeTensors::deserialize(content).map_err(damaged)?;
    let metadata = header.metadata().as_ref().and_then(|entries| entries.get(KEY));
    let metadata = metadata.ok_or("triaxis did not write it")?;
    let Metadata {
        checksum: stated,
        about,
    } = serde_json::from_str(metadata).map_err(|error| format!("its metadata is damaged: {error}"))?;

    let mut views = file.iter().collect::<Vec<_>>();
    views.sort_by_key(|(name, _)| *name);
    if checksum(&about, &views) != stated {
        return Err("its content does not match its checksum".to_owned());
    }
    let about = serde_json::from_str(&about).map_err(|error| format!("it is something else: {error}"))?;
    let tensors = views.into_iter().map(|(name, view)| {
        let values = view
            .data()
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        (
            name.to_owned(),
            Weight {
                shape: view.shape().to_vec(),
                values: values.collect(),
            },
        )
    });
    Ok((about, tensors.collect()))
}

/// Hash over everything a file says; `views` are in the order of their names.
fn checksum(about: &str, views: &[(&str, TensorView<'_>)]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut absorb = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    absorb(about.as_bytes());
    for (name, view) in views {
        absorb(name.as_bytes());
        absorb(format!("{:?}", view.shape()).as_bytes());
        absorb(view.data());
    }
    hasher.finalize().to_hex().to_string()
}
