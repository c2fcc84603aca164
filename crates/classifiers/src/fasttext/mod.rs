//! Classifiers as fastText writes them.
//!
//! ```text
//! text ─► words ─► pieces of words ─► rows of the input ─► their mean ─► outputs ─► a probability a label
//!              └─► runs of words ────┘
//! ```

mod arguments;
mod dictionary;
mod matrix;
mod output;
mod reader;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

pub use reader::Damage;

pub(crate) use arguments::head;
pub(crate) use dictionary::{Dictionary, tokens};

use crate::ClassifierError;
use crate::quality::Shares;
use arguments::Arguments;
use dictionary::{LABEL, Tokens};
use matrix::Matrix;
use output::Output;
use reader::Reader;

/// A classifier.
#[derive(Debug)]
pub struct Model {
    dictionary: Dictionary,
    columns: usize,
    input: Matrix,
    weights: Matrix,
    output: Output,
    shares: Option<Shares>,
}

/// What a thread keeps from text to text.
#[derive(Debug, Default)]
pub struct Buffers {
    tokens: Tokens,
    hidden: Vec<f32>,
    output: Vec<f32>,
}

/// What a model says of a text.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    model: &'a Model,
    /// Of each label; none of a text that holds nothing that the model knows.
    output: &'a [f32],
}

impl Model {
    /// Reads a model, and gives the hash of its file.
    ///
    /// # Errors
    /// When the file cannot be read, or is no classifier of fastText's.
    pub fn open(path: &Path) -> Result<(Self, blake3::Hash), ClassifierError> {
        let io = |action| ClassifierError::io(action, path);
        let file = File::open(path).map_err(io("open"))?;
        let about = file.metadata().map_err(io("open"))?;
        if !about.is_file() {
            return Err(ClassifierError::no_model(
                path,
                "it is no regular file; correct the path",
            ));
        }
        let mut input = BufReader::with_capacity(1 << 16, Hashing::new(file));
        let mut model = Self::read(&mut input, about.len()).map_err(|damage| match damage {
            Damage::System(error) => io("read")(error),
            Damage::Format(reason) => ClassifierError::no_model(path, reason),
        })?;
        let (mut rest, most) = (Vec::new(), Shares::most_bytes() as u64 + 1);
        input
            .by_ref()
            .take(most)
            .read_to_end(&mut rest)
            .map_err(io("read"))?;
        model.shares = Shares::read(&rest);
        // All of it counts for the hash.
        io::copy(&mut input, &mut io::sink()).map_err(io("read"))?;
        Ok((model, input.into_inner().hasher.finalize()))
    }

    /// Reads a model from the beginning of a file of so many bytes.
    ///
    /// # Errors
    /// When the file cannot be read, or is no classifier of fastText's.
    pub fn read(file: impl BufRead, size: u64) -> Result<Self, Damage> {
        let mut reader = Reader::new(file, size);
        let arguments = Arguments::read(&mut reader)?;
        let dictionary = Dictionary::read(&mut reader, &arguments)?;
        let labels = dictionary.labels.len();
        let output = Output::new(arguments.loss, dictionary.label_counts())?;
        let is_quantised = reader.flag("whether its vectors are quantised")?;
        if dictionary.is_pruned() && !is_quantised {
            return Err(Damage::format(
                "rows were left out of it and the others not quantised, which fastText refuses, too; quantise it again",
            ));
        }
        let columns = arguments.columns;
        let (input, rows) = Matrix::read(&mut reader, is_quantised, columns, "its vectors")?;
        if (rows as u64) < dictionary.rows() {
            return Err(Damage::Format(format!(
                "it has {rows} vectors, and its words and buckets need {}",
                dictionary.rows()
            )));
        }
        let is_output_quantised = reader.flag("whether its outputs are quantised")? && is_quantised;
        let (weights, rows) = Matrix::read(&mut reader, is_output_quantised, columns, "its outputs")?;
        if rows != labels {
            return Err(Damage::Format(format!(
                "it has {rows} outputs for {labels} labels"
            )));
        }
        Ok(Self {
            dictionary,
            columns,
            input,
            weights,
            output,
            shares: None,
        })
    }

    /// The place of a label among them, by its name with or without what it begins with in the file.
    pub fn label(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix(LABEL).unwrap_or(name);
        self.labels().position(|label| label == name)
    }

    /// Which share of bad texts a threshold keeps, where it was trained here.
    pub fn shares(&self) -> Option<&Shares> {
        self.shares.as_ref()
    }

    /// Its labels without what their names begin with in the file.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        let labels = self.dictionary.labels.iter();
        labels.map(|label| label.strip_prefix(LABEL).unwrap_or(label))
    }

    /// What it says of a text, in time linear in it. Line feeds are spaces, as where the field's tools put spaces in
    /// their place, since fastText reads a line.
    pub fn classify<'a>(&'a self, text: &str, buffers: &'a mut Buffers) -> Answer<'a> {
        let Buffers {
            tokens,
            hidden,
            output,
        } = buffers;
        hidden.clear();
        hidden.resize(self.columns, 0.0);
        let mut rows = 0usize;
        self.dictionary.rows_of(text, tokens, |row| {
            self.input.add(row, hidden);
            rows += 1;
        });
        output.clear();
        if rows > 0 {
            let share = (1.0 / rows as f64) as f32;
            hidden.iter_mut().for_each(|value| *value *= share);
            let labels = self.dictionary.labels.len();
            self.output.compute(&self.weights, labels, hidden, output);
        }
        let output = &*output;
        Answer { model: self, output }
    }
}

impl<'a> Answer<'a> {
    /// The probability of a label, by its place among them, as fastText tells it, which may be above 1 by 1e-5.
    pub fn probability(&self, label: usize) -> f32 {
        let output = self.output.get(label);
        output.map_or(0.0, |output| self.model.output.probability(*output))
    }

    /// The most likely label, by its place, the first of equal ones; none of a text that holds nothing that the model
    /// knows.
    pub fn best(&self) -> Option<usize> {
        let later = |best: (usize, f32), next: (usize, f32)| if next.1 > best.1 { next } else { best };
        let outputs = self.output.iter().copied().enumerate();
        outputs.reduce(later).map(|(label, _)| label)
    }
}

/// A file, hashed as it is read.
struct Hashing {
    file: File,
    hasher: blake3::Hasher,
}

impl Hashing {
    fn new(file: File) -> Self {
        let hasher = blake3::Hasher::new();
        Self { file, hasher }
    }
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
