//! `triaxis corpus perplexity`: models of n-grams, and what they find likely.

mod documents;
mod percentiles;
mod query;
mod train;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use triaxis_ngrams::{Judge, NgramsError, Normalization, Sentence, Splitter, Units};

/// What can be done with models of n-grams.
#[derive(Subcommand)]
pub enum Command {
    /// Make a model of the text of some sources, as an ARPA file
    Train(train::Arguments),
    /// Tell the perplexity of texts
    Query(query::Arguments),
    /// Tell the perplexities that part the buckets of a recipe's filter, by documents of some sources
    Percentiles(percentiles::Arguments),
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Train(arguments) => train::run(arguments),
        Command::Query(arguments) => query::run(arguments),
        Command::Percentiles(arguments) => percentiles::run(arguments),
    }
}

/// Splitters by their names.
fn splitters() -> impl TypedValueParser<Value = Splitter> {
    let value = |splitter: &Splitter| PossibleValue::new(splitter.name());
    PossibleValuesParser::new(Splitter::ALL.iter().map(value)).try_map(|name| {
        let mut all = Splitter::ALL.iter();
        all.find(|splitter| splitter.name() == name)
            .copied()
            .ok_or("no splitter")
    })
}

/// What is done to a line before it is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Normalize {
    /// Nothing
    None,
    /// As cc_net does: small letters without marks, digits as 0, punctuation of ASCII
    CcNet,
}

/// How text is split.
#[derive(Args)]
struct Split {
    /// What a word is [default: what stands between spaces]
    #[arg(long, value_parser = splitters(), conflicts_with = "tokenizer")]
    words: Option<Splitter>,
    /// A `tokenizer.json` whose tokens are the words
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// What is done to a line first
    #[arg(long, value_enum)]
    normalize: Option<Normalize>,
}

impl Split {
    /// What was asked for, if anything was.
    fn units(&self) -> Result<Option<Units>, NgramsError> {
        if self.words.is_none() && self.tokenizer.is_none() && self.normalize.is_none() {
            return Ok(None);
        }
        let normalize = match self.normalize {
            Some(Normalize::CcNet) => Normalization::CcNet,
            _ => Normalization::None,
        };
        if let Some(path) = &self.tokenizer {
            return Units::tokens(normalize, path).map(Some);
        }
        let units = Units {
            normalize,
            ..Units::default()
        };
        Ok(Some(match self.words {
            Some(words) => Units { words, ..units },
            None => units,
        }))
    }
}

/// A model that is asked.
#[derive(Args)]
struct Asked {
    /// The model's ARPA file, plain or compressed with gzip
    model: PathBuf,
    /// What is scored by itself
    #[arg(long, value_enum, default_value_t = By::Line)]
    sentence: By,
    #[command(flatten)]
    split: Split,
}

/// What is scored by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Each line, empty ones too: cc_net's
    Line,
    /// The whole document
    Document,
}

impl Asked {
    fn open(&self) -> anyhow::Result<Judge> {
        let sentence = match self.sentence {
            By::Line => Sentence::Line,
            By::Document => Sentence::Document,
        };
        // A tokenizer by itself only says where the model's tokens are from.
        let is_said = self.split.words.is_some() || self.split.normalize.is_some();
        let units = if is_said { self.split.units()? } else { None };
        let tokenizer = self.split.tokenizer.as_deref();
        Ok(Judge::open(&self.model, units, tokenizer, sentence)?)
    }
}
