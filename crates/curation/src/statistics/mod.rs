//! What the text of sources is like, in one reading: how much, of what, how long, how repetitive, how often twice, how
//! much of it new.
//!
//! Everything that is counted adds up in any order, so that the numbers are the same on any number of threads. Beside
//! batches of documents are held: the memory of the recipe for each kind of copies, at most 3 MiB for the growth of each
//! source on a thread, and a few thousand buckets for each value of a filter.

mod distribution;
mod growth;
mod labels;
mod overlap;
mod values;

pub use distribution::{Bar, Quantile, Summary};
pub use growth::Grown;
pub use labels::Labelled;
pub use overlap::Overlap;
pub use values::MeasuredValue;

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;
use tempfile::TempDir;
use triaxis_classifiers::fasttext::Buffers;
use triaxis_classifiers::language::Detector;
use triaxis_corpus::{Count, Documents, LeftOutBy};
use triaxis_duplicates::Workspace;
use triaxis_filters::{Chain, Desk, Filter, FilterSpec};
use triaxis_random::key;
use triaxis_tokens::Tokenizer;
use triaxis_words::{hash, pieces};

use self::distribution::Distribution;
use self::growth::Growth;
use self::labels::{Described, Labels};
use self::overlap::Looking;
use self::values::Values;
use crate::batches;
use crate::facts::{add, of_source_told, one};
use crate::measured::filters;
use crate::pass::as_read;
use crate::record::Document;
use crate::{CurationError, Progress, Recipe};

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'m> {
    /// What tokens are; without one they are what stands between spaces.
    pub tokenizer: Option<&'m Tokenizer>,
    /// What tells languages; without it they are not looked at.
    pub languages: Option<&'m Detector<'m>>,
    /// Whether copies are looked for.
    pub copies: bool,
    /// Whether it is told how different runs of tokens grow.
    pub growth: bool,
    /// Chooses the samples of documents that the growth is told by.
    pub seed: u64,
}

/// What the text of sources is like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// By source.
    pub sources: Vec<SourceStatistics>,
    /// Documents by their labels: licences, languages where they were looked at, and where the recipe's filters measure
    /// them tiers: cc_net's buckets of perplexity, and bands of a classifier's probability.
    pub labels: BTreeMap<&'static str, BTreeMap<String, Labelled>>,
    /// Bytes of a document.
    pub bytes: Option<Summary>,
    /// Words of a document, which are what stands between spaces.
    pub words: Option<Summary>,
    /// What filters measure.
    pub values: Vec<MeasuredValue>,
    /// Copies to the letter.
    pub exact_copies: Option<Overlap>,
    /// Near copies as datatrove finds them, those to the letter among them.
    pub near_copies: Option<Overlap>,
    /// How all of the text grows, sample by sample.
    pub growth: Vec<Grown>,
}

/// What the text of a source is like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceStatistics {
    /// Its name.
    pub name: String,
    /// Its documents.
    pub read: Count,
    /// What stands between spaces in them.
    pub words: u64,
    /// Their tokens, by the tokenizer if there is one.
    pub tokens: Option<u64>,
    /// How it grows.
    pub growth: Vec<Grown>,
    /// What could not be read, or is none, by reason.
    pub left_out: LeftOutBy,
}

impl Statistics {
    /// What was left out of the sources, a sentence a reason, each with whether it is so much that it is a warning.
    pub fn left_out_told(&self) -> impl Iterator<Item = (bool, String)> {
        let sources = self.sources.iter();
        sources.flat_map(|source| of_source_told(&source.name, source.read, &source.left_out))
    }
}

/// Reads the sources of a recipe and tells what they are like. Values are those of its filters, each of which measures
/// every document as those before it left it, whether they drop it or not; steps that look for copies do nothing here.
/// What is larger than memory goes to the system's folder for temporary files.
///
/// # Errors
/// When the recipe is refused, a source cannot be read, or a document cannot be split into tokens.
pub fn statistics(
    recipe: &Recipe,
    base: &Path,
    measure: Measure<'_>,
    progress: &dyn Progress,
) -> Result<Statistics, CurationError> {
    let specs = filters_of(recipe, base)?;
    let documents = Documents::list(&recipe.sources, recipe.reading(), base, &[])?;
    let place = temporary()?;
    let workspace = Workspace::new(place.path(), recipe.memory)?;
    let mut looking = match measure.copies {
        true => Some(Looking::new(&workspace)?),
        false => None,
    };
    let reading = Reading {
        documents: &documents,
        sources: recipe.sources.len(),
        chain: Chain::new(&specs)?,
        measure,
    };
    let mut all = reading.nothing(None);
    progress.begin(1, 1, documents.size().0);
    let left_out = batches::of_sources(&documents, |batch| {
        all.merge(reading.all(&batch.documents, &all)?);
        if let Some(looking) = &mut looking {
            looking.add(&as_read(&batch.documents).collect::<Vec<_>>())?;
        }
        progress.advance(batch.advanced);
        Ok(())
    })?;
    let copies = looking.map(|looking| {
        let source = |position: triaxis_duplicates::Position| documents.file(position.file as usize).source;
        looking.told(recipe.sources.len(), source, &place.path().join("near"))
    });
    let copies = copies.transpose()?;
    Ok(all.told(recipe, &reading, left_out, copies))
}

/// A folder for what is larger than memory, which goes with what is returned.
pub(crate) fn temporary() -> Result<TempDir, CurationError> {
    TempDir::new().map_err(CurationError::io("make a folder in", &std::env::temp_dir()))
}

/// The filters of a recipe with all of its preset's.
fn filters_of(recipe: &Recipe, base: &Path) -> Result<Vec<FilterSpec>, CurationError> {
    if recipe.preset.is_none() && recipe.steps.is_empty() {
        return Ok(Vec::new());
    }
    Ok(filters(&recipe.resolved(base)?.steps))
}

/// How documents are read.
struct Reading<'r> {
    documents: &'r Documents,
    sources: usize,
    chain: Chain,
    measure: Measure<'r>,
}

/// What a thread keeps from document to document.
#[derive(Default)]
struct Kept {
    desk: Desk,
    classifier: Buffers,
}

/// What was measured of some documents.
struct Measured {
    sources: Vec<MeasuredSource>,
    labels: Labels,
    bytes: Distribution,
    words: Distribution,
    values: Values,
    growth: Growth,
}

#[derive(Default)]
struct MeasuredSource {
    read: Count,
    words: u64,
    tokens: u64,
    growth: Growth,
}

impl Reading<'_> {
    /// Nothing yet, to be added to `all`.
    fn nothing(&self, all: Option<&Measured>) -> Measured {
        let growth = |all: Option<&Growth>| all.map(Growth::beside).unwrap_or_default();
        let source = |number: usize| MeasuredSource {
            growth: growth(all.map(|all| &all.sources[number].growth)),
            ..MeasuredSource::default()
        };
        Measured {
            sources: (0..self.sources).map(source).collect(),
            labels: Labels::default(),
            bytes: Distribution::default(),
            words: Distribution::default(),
            values: Values::default(),
            growth: growth(all.map(|all| &all.growth)),
        }
    }

    /// Measures documents on all threads of the pool.
    fn all(&self, documents: &[Document], all: &Measured) -> Result<Measured, CurationError> {
        let nothing = || self.nothing(Some(all));
        documents
            .par_iter()
            .try_fold(
                || (nothing(), Kept::default()),
                |(mut measured, mut kept), document| {
                    self.one(document, &mut measured, &mut kept)?;
                    Ok((measured, kept))
                },
            )
            .map(|measured| measured.map(|(measured, _)| measured))
            .try_reduce(nothing, |mut one, other| {
                one.merge(other);
                Ok(one)
            })
    }

    fn one(
        &self,
        document: &Document,
        measured: &mut Measured,
        kept: &mut Kept,
    ) -> Result<(), CurationError> {
        let Document { position, text, .. } = document;
        let file = self.documents.file(position.file as usize);
        let count = one(text.len());
        let source = &mut measured.sources[file.source];
        add(&mut source.read, count);
        measured.bytes.add(text.len() as f64);
        let words = pieces(text).count() as u64;
        source.words += words;
        measured.words.add(words as f64);
        let languages = self.measure.languages;
        let language = languages.map(|detector| detector.likeliest(text, &mut kept.classifier));
        let mut described = Described::new(file.licence, language);
        let values = &mut measured.values;
        self.chain.measure(
            text,
            &document.facts(self.documents),
            &mut kept.desk,
            |place, _, room| {
                values.add(place, room.checks());
                described.measured(room.checks());
            },
        );
        let place = u64::from(position.file) << 32 | u64::from(position.record);
        let drawn = key(self.measure.seed, "growth", place);
        let tokens: Vec<u64> = match self.measure.tokenizer {
            None if !self.measure.growth => Vec::new(),
            None => pieces(text).map(|piece| hash(piece.as_bytes())).collect(),
            Some(tokenizer) => tokenizer.encode(text)?.into_iter().map(u64::from).collect(),
        };
        source.tokens += tokens.len() as u64;
        source.growth.add(tokens.iter().copied(), drawn);
        measured.growth.add(tokens.iter().copied(), drawn);
        measured.labels.add(&described, count, &tokens, drawn);
        Ok(())
    }
}

impl Measured {
    fn merge(&mut self, other: Self) {
        for (source, more) in self.sources.iter_mut().zip(other.sources) {
            add(&mut source.read, more.read);
            source.words += more.words;
            source.tokens += more.tokens;
            source.growth.merge(&more.growth);
        }
        self.labels.merge(other.labels);
        self.bytes.merge(&other.bytes);
        self.words.merge(&other.words);
        self.values.merge(other.values);
        self.growth.merge(&other.growth);
    }

    fn told(
        self,
        recipe: &Recipe,
        reading: &Reading<'_>,
        left_out: Vec<LeftOutBy>,
        copies: Option<[Overlap; 2]>,
    ) -> Statistics {
        let is_grown = reading.measure.growth;
        let growth = |growth: &Growth| if is_grown { growth.told() } else { Vec::new() };
        let sources = recipe.sources.iter().zip(self.sources).zip(left_out);
        let sources = sources.map(|((spec, source), left_out)| SourceStatistics {
            name: spec.name().to_owned(),
            read: source.read,
            words: source.words,
            tokens: reading.measure.tokenizer.map(|_| source.tokens),
            growth: growth(&source.growth),
            left_out,
        });
        let filters: Vec<_> = reading.chain.filters().iter().map(Filter::kind).collect();
        let [exact_copies, near_copies] = match copies {
            Some(copies) => copies.map(Some),
            None => [None, None],
        };
        Statistics {
            sources: sources.collect(),
            labels: self.labels.told(is_grown),
            bytes: self.bytes.summary(),
            words: self.words.summary(),
            values: self.values.told(&filters),
            exact_copies,
            near_copies,
            growth: growth(&self.growth),
        }
    }
}
