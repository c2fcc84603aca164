//! A model that commands read to: its file, its tokenizer, and how it computes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use triaxis_host::machine;
use triaxis_infer::{Engine, Kept, Options, Precision, Weights, text};
use triaxis_model::{Published, gguf};
use triaxis_tokens::Tokenizer;

use crate::MOST_THREADS;
use crate::failure::Usage;
use crate::instructions::Choice;

/// Arguments of every command that reads to a model.
#[derive(Args)]
pub struct Opening {
    /// The model: a GGUF file, a published folder, or a file that a study kept
    pub model: PathBuf,
    /// Its tokenizer.json [default: the one that is published with it]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How activations are multiplied with quantised weights, and keys and values kept
    #[arg(long, value_enum, default_value_t)]
    activations: Activations,
    #[command(flatten)]
    instructions: Choice,
}

/// How what passes through a model is rounded.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Activations {
    /// Activations in eight bits, keys and values in half precision: fast
    #[default]
    Eight,
    /// All of it in single precision: exact, and slow
    Single,
}

impl Opening {
    /// The threads that compute.
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(machine::cores, usize::from)
    }

    /// The model, of which little more is read than what tells what it is.
    pub fn open(&self) -> anyhow::Result<Engine> {
        self.instructions.apply()?;
        let options = self.options();
        let engine = match self.published()? {
            Some(published) => Engine::new(&published, options)?,
            None => {
                let (spec, weights) = triaxis_train::read_model(&self.model)?;
                Engine::new(&Weights::new(spec.stack(), weights)?, options)?
            }
        };
        Ok(engine)
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> anyhow::Result<Tokenizer> {
        if let Some(path) = &self.tokenizer {
            return Ok(Tokenizer::published(path)?);
        }
        match self.published()? {
            Some(published) => Ok(text::tokenizer(&published)?),
            None => {
                let model = self.model.display();
                let said = format!(
                    "no tokenizer is beside {model}: give it by `--tokenizer`, as the library's corpora have it"
                );
                Err(Usage(said).into())
            }
        }
    }

    /// The model as it is published, if it is a folder or a GGUF file.
    fn published(&self) -> anyhow::Result<Option<Published>> {
        let is_published = self.model.is_dir() || gguf::is_gguf(&self.model);
        Ok(is_published.then(|| Published::open(&self.model)).transpose()?)
    }

    /// How it computes.
    pub fn options(&self) -> Options {
        let (precision, kept) = match self.activations {
            Activations::Eight => (Precision::Eight, Kept::Half),
            Activations::Single => (Precision::Single, Kept::Single),
        };
        Options {
            threads: self.threads(),
            precision,
            kept,
            format: None,
        }
    }
}
