//! What a model's file says of how it was trained.

use std::io::BufRead;

use super::dictionary::Dictionary;
use super::reader::{Damage, Reader};

/// The number of a classifier among the kinds of models.
const CLASSIFIER: i32 = 3;
/// The version before pieces of words were kept for classifiers.
const WITHOUT_PIECES: i32 = 11;
/// The newest version.
const VERSION: i32 = 12;
/// What files begin with.
const MAGIC: i32 = 793_712_314;
/// Most characters of a piece of a word, and most words of a run, so that time is linear in text. Published models have
/// six and five.
const MOST_PIECE: i32 = 32;
const MOST_RUN: i32 = 32;

/// What is used of it.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) columns: usize,
    /// Most words of a run.
    pub(super) run: usize,
    pub(super) loss: i32,
    pub(super) buckets: i32,
    /// Least and most characters of a piece of a word; none where the most is zero.
    pub(super) pieces: (u32, u32),
}

impl Arguments {
    pub(super) fn read<R: BufRead>(reader: &mut Reader<R>) -> Result<Self, Damage> {
        const WHAT: &str = "its settings";
        let magic = reader.int("what such a file begins with")?;
        if magic != MAGIC {
            return Err(Damage::Format(format!(
                "it begins with {magic} and not with {MAGIC}; give a `.bin` or `.ftz` file as fastText writes it"
            )));
        }
        let version = reader.int(WHAT)?;
        if !(WITHOUT_PIECES..=VERSION).contains(&version) {
            return Err(Damage::Format(format!(
                "it is of version {version}, and {WITHOUT_PIECES} and {VERSION} are read; write it again by fastText 0.9"
            )));
        }
        let mut numbers = [0; 12];
        for number in &mut numbers {
            *number = reader.int(WHAT)?;
        }
        let _sampling = reader.array::<8>(WHAT)?;
        let [columns, _, _, _, _, run, loss, kind, buckets, least, most, _] = numbers;
        if kind != CLASSIFIER {
            return Err(Damage::Format(match kind {
                1 | 2 => "it holds vectors of words and no classifier; train one by `fasttext supervised`"
                    .to_owned(),
                other => format!("it is a model of kind {other}, and {CLASSIFIER} is a classifier"),
            }));
        }
        let most = if version == WITHOUT_PIECES { 0 } else { most };
        for (what, value, bound) in [
            ("characters of a piece", most, MOST_PIECE),
            ("words of a run", run, MOST_RUN),
        ] {
            if value > bound {
                return Err(Damage::Format(format!(
                    "it has up to {value} {what}, and {bound} are the most"
                )));
            }
        }
        let columns = usize::try_from(columns).ok().filter(|columns| *columns > 0);
        let columns = columns.ok_or_else(|| {
            Damage::Format(format!(
                "it has vectors of {} numbers, and at least 1 is needed",
                numbers[0]
            ))
        })?;
        let natural = |number: i32| u32::try_from(number).unwrap_or(0);
        Ok(Self {
            columns,
            run: natural(run) as usize,
            loss,
            buckets,
            pieces: (natural(least), natural(most)),
        })
    }
}

/// The beginning of a file: the settings of a classifier by softmax with so many numbers a vector, and its dictionary.
pub(crate) fn head(columns: i32, dictionary: &Dictionary) -> Vec<u8> {
    const SOFTMAX: i32 = 3;
    let (buckets, run) = dictionary.runs();
    let mut file = Vec::new();
    // Those of training are fastText's defaults.
    let settings = [
        MAGIC,
        VERSION,
        columns,
        5,
        5,
        1,
        5,
        run as i32,
        SOFTMAX,
        CLASSIFIER,
        buckets as i32,
        0,
        0,
        100,
    ];
    file.extend(settings.iter().flat_map(|setting| setting.to_le_bytes()));
    file.extend(1e-4f64.to_le_bytes());
    dictionary.write(&mut file);
    file
}
