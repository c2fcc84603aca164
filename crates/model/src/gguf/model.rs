use std::collections::BTreeMap;

use triaxis_blocks::Rows;

use super::dialects::{self, ARCHITECTURE, DIVISORS, Dialect, Said};
use super::quantise::{Beside, is_about};
use super::tokenizer::TokenizerFields;
use super::value::Value;
use super::{Gguf, TensorInfo};
use crate::error::ModelError;
use crate::layouts::Tensor;
use crate::published::{self, PublishedError, Source, Stored};
use crate::stack::Stack;
use crate::weights::Weight;

/// What says which tensors there must be, in messages.
const ABOUT: &str = "the keys of the file";

/// A model in a GGUF file: what it is, and where its weights are, all of which are there and have their shapes.
#[derive(Debug)]
pub struct GgufModel {
    gguf: Gguf,
    dialect: &'static dyn Dialect,
    stack: Stack,
    tensors: Vec<Tensor>,
}

impl GgufModel {
    /// The model in a file.
    ///
    /// # Errors
    /// When its architecture is not known, its keys ask for what is not built, or it holds other tensors than they say.
    pub fn open(gguf: Gguf) -> Result<Self, PublishedError> {
        let of_file = |error: ModelError| gguf.refused(error.to_string());
        let architecture = gguf.keys().get(ARCHITECTURE).and_then(Value::text);
        let architecture = architecture.ok_or_else(|| {
            gguf.refused(format!(
                "no text `{ARCHITECTURE}` says what it is; take a file of a language model"
            ))
        })?;
        let dialect = dialects::find(architecture).map_err(of_file)?;
        let named =
            |error: ModelError| gguf.refused(format!("architecture `{}`: {error}", dialect.architecture()));
        let divisors = match dialect.has_divisors() {
            true => divisors(&gguf)?,
            false => None,
        };
        let shape = |name: &str| gguf.tensor(name).map(|tensor| tensor.shape.clone());
        let said = Said::new(dialect.architecture(), gguf.keys(), &shape, divisors);
        let stack = dialects::read(dialect, &said).map_err(named)?;
        let tensors = dialects::tensors(dialect, &stack).map_err(named)?;
        let model = Self {
            dialect,
            stack,
            tensors,
            gguf,
        };
        let found = model.gguf.tensors().map(|tensor| tensor.name.as_str());
        let needless = |name: &str| dialect.has_divisors() && name == DIVISORS;
        published::check(&model.tensors, &model, found, needless, ABOUT).map_err(|reason| {
            let architecture = dialect.architecture();
            model
                .gguf
                .refused(format!("architecture `{architecture}`: {reason}"))
        })?;
        Ok(model)
    }

    /// The file, with its keys and tensors.
    pub fn gguf(&self) -> &Gguf {
        &self.gguf
    }

    /// What the file says that it is.
    pub fn architecture(&self) -> &'static str {
        self.dialect.architecture()
    }

    /// The network that it is of.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// What the file holds beside the weights.
    ///
    /// # Errors
    /// When what it says of its tokenizer does not fit.
    pub fn beside(&self) -> Result<Beside, PublishedError> {
        let about = self.gguf.keys().iter().filter(|(key, _)| is_about(key));
        Ok(Beside {
            tokenizer: self.tokenizer()?,
            about: about.map(|(key, value)| (key.clone(), value.clone())).collect(),
        })
    }

    /// The weights of that network, in single precision.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn weights(&self) -> Result<BTreeMap<String, Weight>, PublishedError> {
        published::weights(&self.stack, &self.tensors, self)
    }

    /// One of its network's weights as it is stored, by output.
    ///
    /// # Errors
    /// When the network has no such weight, or a file cannot be read.
    pub fn rows(&self, weight: &str) -> Result<Vec<Rows>, PublishedError> {
        published::rows(&self.stack, &self.tensors, self, weight)
    }

    /// What the file says of its tokenizer, if it does.
    ///
    /// # Errors
    /// When what it says does not fit.
    pub fn tokenizer(&self) -> Result<Option<TokenizerFields>, PublishedError> {
        TokenizerFields::read(self.gguf.keys()).map_err(|error| self.gguf.refused(error.to_string()))
    }
}

impl Source for GgufModel {
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a [usize])> {
        let TensorInfo { name, shape, .. } = self.gguf.tensor(name)?;
        Some((name, shape))
    }

    fn stored(&self, name: &str) -> Result<Stored, PublishedError> {
        stored(&self.gguf, name)
    }
}

fn stored(gguf: &Gguf, name: &str) -> Result<Stored, PublishedError> {
    let bytes = gguf.bytes(name)?;
    match gguf.tensor(name) {
        Some(tensor) => Ok(Stored {
            format: tensor.format,
            bytes,
        }),
        None => Err(gguf.refused(format!("there is no tensor `{name}`; name one that is"))),
    }
}

/// What frequencies are divided by, where a tensor says it.
fn divisors(gguf: &Gguf) -> Result<Option<Vec<f32>>, PublishedError> {
    match gguf.tensor(DIVISORS).map(|tensor| &tensor.shape[..]) {
        Some([1..=65_536]) => Ok(Some(stored(gguf, DIVISORS)?.values())),
        Some(shape) => Err(gguf.refused(format!(
            "the tensor `{DIVISORS}` has shape {shape:?} and must have one side, a number a pair of coordinates; take \
             another file of the model"
        ))),
        None => Ok(None),
    }
}
