//! What documents are counted by beside their source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Count;
use triaxis_filters::{Check, Perplexity, Quality};

use super::growth::{Grown, Growth};
use crate::facts::add;

/// Labels, in the order in which they are told.
const LABELS: &[Label] = &[
    Label {
        name: "licence",
        is_tier: false,
        of: |described| Some(described.licence.unwrap_or("unstated").to_owned()),
    },
    Label {
        name: "language",
        is_tier: false,
        of: |described| {
            described
                .language
                .map(|language| language.unwrap_or("unknown").to_owned())
        },
    },
    Label {
        name: "perplexity",
        is_tier: true,
        of: |described| described.bucket.map(bucket),
    },
    Label {
        name: "quality",
        is_tier: true,
        of: |described| described.quality.map(band),
    },
];

/// Bands of a classifier's probability.
const BANDS: f64 = 5.0;

struct Label {
    name: &'static str,
    /// Whether it tells how good text is: of tiers it is told how much of each is new.
    is_tier: bool,
    /// The label of a document, if what tells it was measured.
    of: fn(&Described<'_>) -> Option<String>,
}

/// What labels are made of.
pub(super) struct Described<'d> {
    licence: Option<&'d str>,
    /// None where languages are not looked at; of a text in none that is known, none within.
    language: Option<Option<&'d str>>,
    bucket: Option<f64>,
    quality: Option<f64>,
}

/// Documents with a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Labelled {
    /// How many, and their text.
    #[serde(flatten)]
    pub read: Count,
    /// How their text grows, where the label tells how good text is.
    pub growth: Vec<Grown>,
}

/// Labels as documents come, by label and value.
#[derive(Default)]
pub(super) struct Labels(BTreeMap<(usize, String), (Count, Growth)>);

impl<'d> Described<'d> {
    /// A document of a source with a licence, in a language.
    pub(super) fn new(licence: Option<&'d str>, language: Option<Option<&'d str>>) -> Self {
        Self {
            licence,
            language,
            bucket: None,
            quality: None,
        }
    }

    /// Takes what a filter measured of it.
    pub(super) fn measured(&mut self, checks: &[Check]) {
        for check in checks {
            match check.name {
                Perplexity::BUCKET => self.bucket = Some(check.value),
                Quality::MEASURED => self.quality = Some(check.value),
                _ => {}
            }
        }
    }
}

/// cc_net's bucket, by the number that the filter gives it.
fn bucket(number: f64) -> String {
    let name = Perplexity::BUCKETS.get(number as usize);
    name.map_or_else(|| number.to_string(), |name| (*name).to_owned())
}

/// The band of a probability, which fastText tells as a little above 1 at times.
fn band(probability: f64) -> String {
    let band = (probability * BANDS).floor().clamp(0.0, BANDS - 1.0);
    format!("{:.1} to {:.1}", band / BANDS, (band + 1.0) / BANDS)
}

impl Labels {
    /// Adds a document with its tokens; `drawn` is a random number of its own.
    pub(super) fn add(&mut self, described: &Described<'_>, count: Count, tokens: &[u64], drawn: u64) {
        for (number, label) in LABELS.iter().enumerate() {
            let Some(value) = (label.of)(described) else {
                continue;
            };
            let (read, growth) = self.0.entry((number, value)).or_default();
            add(read, count);
            if label.is_tier {
                growth.add(tokens.iter().copied(), drawn);
            }
        }
    }

    /// Adds other documents.
    pub(super) fn merge(&mut self, other: Self) {
        for (label, (more, grown)) in other.0 {
            let (read, growth) = self.0.entry(label).or_default();
            add(read, more);
            growth.merge(&grown);
        }
    }

    /// All of them, by label and value; of tiers how they grow, if that is asked for.
    pub(super) fn told(self, is_grown: bool) -> BTreeMap<&'static str, BTreeMap<String, Labelled>> {
        let mut told: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for ((number, value), (read, growth)) in self.0 {
            let label = &LABELS[number];
            let growth = match is_grown && label.is_tier {
                true => growth.told(),
                false => Vec::new(),
            };
            let labelled = Labelled { read, growth };
            told.entry(label.name).or_default().insert(value, labelled);
        }
        told
    }
}
