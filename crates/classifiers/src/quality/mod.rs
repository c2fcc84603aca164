//! A classifier of good and bad text, trained on examples of both.
//!
//! It is fastText's (Joulin et al. 2016, arXiv 1607.01759), on words and pairs of words, with vectors of one number: with
//! two labels the difference of two outputs of a mean is a mean itself, so that vectors of any width say no more. The
//! number of a word or pair is what logistic regression finds. So the file is a model of fastText's that its own programs
//! read, and its probabilities are calibrated ones: what Platt's line does to a mean is done to the numbers.

mod calibration;
mod descent;
mod examples;
mod measure;
mod shares;
mod write;

use rayon::prelude::*;
use triaxis_host::Kind;
use triaxis_units::Estimate;

pub use examples::{Class, Counts, Examples};
pub use measure::{Bin, Cut, Measured};
pub use shares::Shares;

use crate::ClassifierError;
use crate::fasttext::{Buffers, Dictionary, Model};
use examples::{Example, Sides};

/// The name of the label of good text, as DCLM's classifier has it, and that of bad text.
pub const GOOD: &str = "__label__hq";
const BAD: &str = "__label__cc";

/// How a classifier is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Draws which examples are held out, and the order of the others.
    pub seed: u64,
    /// Most times that each example is learnt from.
    pub epochs: u32,
    /// Numbers that pairs of words share.
    pub buckets: u32,
    /// Documents that a word must be in to be one of the model's.
    pub least_documents: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            epochs: 10,
            buckets: 1 << 20,
            least_documents: 2,
        }
    }
}

/// A classifier with what is known of it.
#[derive(Debug)]
pub struct Trained {
    /// Its file.
    pub file: Vec<u8>,
    /// What became of the examples.
    pub counts: Counts,
    /// Words that it knows.
    pub words: usize,
    /// Times that each example was learnt from, where the held-out ones were told best.
    pub epochs: u32,
    /// How it does on examples that it never saw.
    pub measured: Measured,
    /// Which share of bad texts a threshold keeps.
    pub shares: Shares,
}

/// Trains a classifier; the same on any number of threads.
///
/// # Errors
/// When there are too few examples, or the classifier tells them no better than chance.
pub fn train(examples: Examples, settings: &Settings) -> Result<Trained, ClassifierError> {
    let (sides, counts) = examples.sides(settings.seed)?;
    let dictionary = Dictionary::of(
        sides.train.iter().map(|example| example.text.as_str()),
        settings.least_documents,
        settings.buckets,
        [BAD, GOOD],
    );
    let Sides {
        train,
        calibrate,
        test,
    } = sides;
    let [train, calibrate] = [train, calibrate].map(|side| rows(&dictionary, side));
    let (weights, line, epochs) = descent::train(&train, &calibrate, dictionary.rows() as usize, settings);
    let mut file = write::file(&dictionary, &weights, line);
    let scores = scores(&file, &test)?;
    let measured = Measured::of(&scores);
    let Estimate { value, interval } = measured.area;
    if let Some(interval) = interval.filter(|interval| interval.low <= 0.5) {
        return Err(ClassifierError::new(
            Kind::Unanswered,
            format!(
                "the classifier is no better than chance: of a good and a bad text that it never saw it ranks the good \
                 one higher in {:.1}% [{:.1}%, {:.1}%] of pairs, and 50% is chance; give more examples, or ones that \
                 differ more",
                100.0 * value,
                100.0 * interval.low,
                100.0 * interval.high
            ),
        ));
    }
    let bad = scores.iter().filter(|(_, class)| *class == Class::Bad);
    let shares = Shares::of(bad.map(|(score, _)| *score));
    shares.append(&mut file);
    Ok(Trained {
        file,
        counts,
        words: dictionary.word_count(),
        epochs,
        measured,
        shares,
    })
}

/// Rows of an example's text, and whether it is good.
type Rows = (Vec<u32>, bool);

fn rows(dictionary: &Dictionary, side: Vec<Example>) -> Vec<Rows> {
    let side = side
        .into_par_iter()
        .map_init(Default::default, |tokens, example| {
            let mut rows = Vec::new();
            dictionary.rows_of(&example.text, tokens, |row| rows.push(row as u32));
            (rows, example.class == Class::Good)
        });
    side.collect()
}

/// What the model of a file says of texts: how likely each is good.
fn scores(file: &[u8], side: &[Example]) -> Result<Vec<(f32, Class)>, ClassifierError> {
    let model = Model::read(file, file.len() as u64);
    let model = model.map_err(|damage| {
        ClassifierError::new(
            Kind::Machine,
            format!("the model that was written cannot be read: {damage:?}"),
        )
    })?;
    let good = model.label(GOOD).unwrap_or_default();
    let scores = side.par_iter().map_init(Buffers::default, |buffers, example| {
        (
            model.classify(&example.text, buffers).probability(good),
            example.class,
        )
    });
    Ok(scores.collect())
}

/// The logistic function.
fn logistic(at: f64) -> f64 {
    1.0 / (1.0 + (-at).exp())
}

/// The loss of a logit where the truth is `good`, in nats.
fn loss(at: f64, good: f64) -> f64 {
    at.max(0.0) - good * at + (-at.abs()).exp().ln_1p()
}
