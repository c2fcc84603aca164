use std::collections::BTreeMap;
use std::fmt::Display;

use triaxis_blocks::Rows;
use triaxis_containers::Stored;
use triaxis_containers::gguf::{Gguf, TensorInfo, Value};

use super::dialects::{self, ARCHITECTURE, DIVISORS, Dialect, Said};
use super::quantise::{Beside, is_about};
use super::tokenizer::TokenizerFields;
use crate::error::ModelError;
use crate::published::{PublishedError, Source, Table};
use crate::stack::Stack;
use crate::weights::Weight;

/// What says which tensors there must be, in messages.
const ABOUT: &str = "the keys of the file";

/// A model in a GGUF file: what it is, and where its weights are, all of which are there and have their shapes.
#[derive(Debug)]
pub struct GgufModel {
    gguf: Gguf,
    dialect: &'static dyn Dialect,
    table: Table,
}

impl GgufModel {
    /// The model in a file.
    ///
    /// # Errors
    /// When its architecture is not known, its keys ask for what is not built, or it holds other tensors than they say.
    pub fn open(gguf: Gguf) -> Result<Self, PublishedError> {
        let of_file = |error: ModelError| refused(&gguf, error);
        let architecture = gguf.keys().get(ARCHITECTURE).and_then(Value::text);
        let architecture = architecture.ok_or_else(|| {
            refused(
                &gguf,
                format!("no text `{ARCHITECTURE}` says what it is; take a file of a language model"),
            )
        })?;
        let dialect = dialects::find(architecture).map_err(of_file)?;
        let named = |error: ModelError| {
            refused(
                &gguf,
                format!("architecture `{}`: {error}", dialect.architecture()),
            )
        };
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
            table: Table::new(stack, tensors),
            gguf,
        };
        let found = model.gguf.tensors().map(|tensor| tensor.name.as_str());
        let needless = |name: &str| dialect.has_divisors() && name == DIVISORS;
        let checked = model.table.check(&model, found, needless, ABOUT);
        checked.map_err(|reason| {
            refused(
                &model.gguf,
                format!("architecture `{}`: {reason}", model.architecture()),
            )
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
        self.table.stack()
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
        self.table.weights(self)
    }

    /// One of its network's weights as it is stored, by output.
    ///
    /// # Errors
    /// When the network has no such weight, or a file cannot be read.
    pub fn rows(&self, weight: &str) -> Result<Vec<Rows>, PublishedError> {
        self.table.rows(self, weight)
    }

    /// What the file says of its tokenizer, if it does.
    ///
    /// # Errors
    /// When what it says does not fit.
    pub fn tokenizer(&self) -> Result<Option<TokenizerFields>, PublishedError> {
        TokenizerFields::read(self.gguf.keys()).map_err(|error| refused(&self.gguf, error))
    }
}

impl Source for GgufModel {
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a [usize])> {
        let TensorInfo { name, shape, .. } = self.gguf.tensor(name)?;
        Some((name, shape))
    }

    fn stored(&self, name: &str) -> Result<Stored, PublishedError> {
        Ok(self.gguf.stored(name)?)
    }
}

/// That what a file says cannot be taken.
fn refused(gguf: &Gguf, message: impl Display) -> PublishedError {
    PublishedError::input(format!("{}: {message}", gguf.files()[0].display()))
}

/// What frequencies are divided by, where a tensor says it.
fn divisors(gguf: &Gguf) -> Result<Option<Vec<f32>>, PublishedError> {
    match gguf.tensor(DIVISORS).map(|tensor| &tensor.shape[..]) {
        Some([1..=65_536]) => Ok(Some(gguf.stored(DIVISORS)?.values())),
        Some(shape) => Err(refused(
            gguf,
            format!(
                "the tensor `{DIVISORS}` has shape {shape:?} and must have one side, a number a pair of coordinates; take \
                 another file of the model"
            ),
        )),
        None => Ok(None),
    }
}
