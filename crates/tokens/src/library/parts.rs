//! What a `tokenizer.json` may say of each part of a tokenizer, so that the library neither panics nor makes much of little.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{charsmap, pattern};

/// The most parts of one kind, one after the other.
const MOST_PARTS: usize = 32;

/// How many times as long one part may make a text, in bytes.
const MOST_TIMES: usize = 16;

/// How many times as long all parts of a kind may make it, where nothing measures it meanwhile.
const MOST_TIMES_IN_ALL: usize = 64;

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Normalizer {
    Sequence {
        normalizers: Vec<Self>,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    Prepend {
        prepend: String,
    },
    Precompiled {
        precompiled_charsmap: String,
    },
    #[serde(rename = "BertNormalizer")]
    Bert,
    Strip,
    StripAccents,
    #[serde(rename = "NFC")]
    Nfc,
    #[serde(rename = "NFD")]
    Nfd,
    #[serde(rename = "NFKC")]
    Nfkc,
    #[serde(rename = "NFKD")]
    Nfkd,
    Lowercase,
    Nmt,
    ByteLevel,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum PreTokenizer {
    Sequence {
        pretokenizers: Vec<Self>,
    },
    Split {
        pattern: Pattern,
    },
    FixedLength {
        length: usize,
    },
    ByteLevel,
    Metaspace,
    #[serde(rename = "BertPreTokenizer")]
    Bert,
    CharDelimiterSplit,
    Whitespace,
    WhitespaceSplit,
    Punctuation,
    Digits,
    UnicodeScripts,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Decoder {
    Sequence {
        decoders: Vec<Self>,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    Strip {
        stop: usize,
    },
    #[serde(rename = "BPEDecoder")]
    Suffixed {
        suffix: String,
    },
    #[serde(rename = "CTC")]
    Timed {
        word_delimiter_token: String,
    },
    ByteLevel,
    WordPiece,
    Metaspace,
    Fuse,
    ByteFallback,
}

#[derive(Deserialize)]
enum Pattern {
    String(String),
    Regex(String),
}

impl Pattern {
    /// Why it cannot be looked for; nothing where it can.
    fn fault(&self) -> Option<String> {
        match self {
            Self::String(text) if text.is_empty() => Some("an empty pattern is everywhere".to_owned()),
            Self::String(_) => None,
            Self::Regex(pattern) => pattern::fault(pattern),
        }
    }

    /// How many times as long a text may get where the content stands for it.
    fn times(&self, content: &str) -> usize {
        match self {
            Self::String(text) => content.len().div_ceil(text.len().max(1)).max(1),
            // It may match between any two characters.
            Self::Regex(pattern) => match pattern::least(pattern) {
                0 => content.len() + 1,
                least => content.len().div_ceil(least).max(1),
            },
        }
    }
}

/// Why a part named by its kind cannot be used.
type Checked = Result<(), String>;

/// The rule of a normaliser, beside which the growth of texts is bounded where they grow.
pub(super) fn normalizer(said: &Value) -> Checked {
    let mut flat = Vec::new();
    flatten(read(said, "normalizer")?, &mut flat, &|one| match one {
        Normalizer::Sequence { normalizers } => Ok(normalizers),
        one => Err(one),
    })?;
    flat.iter().try_for_each(|one| match one {
        Normalizer::Replace { pattern, content } => replaces("normalizer", pattern, content).map(drop),
        Normalizer::Prepend { prepend } if prepend.len() > MOST_TIMES => Err(format!(
            "its normalizer `Prepend` puts {} bytes before a text, and {MOST_TIMES} are the most",
            prepend.len()
        )),
        Normalizer::Precompiled { precompiled_charsmap } => match charsmap::fault(precompiled_charsmap) {
            Some(fault) => Err(format!(
                "the map of its normalizer `Precompiled` is damaged: {fault}"
            )),
            None => Ok(()),
        },
        _ => Ok(()),
    })
}

/// The rule of what splits texts.
pub(super) fn pre_tokenizer(said: &Value) -> Checked {
    let mut flat = Vec::new();
    flatten(read(said, "pre-tokenizer")?, &mut flat, &|one| match one {
        PreTokenizer::Sequence { pretokenizers } => Ok(pretokenizers),
        one => Err(one),
    })?;
    let mut times = 1;
    for one in &flat {
        times *= match one {
            PreTokenizer::Split { pattern } => match pattern.fault() {
                Some(fault) => return Err(format!("its pre-tokenizer `Split`: {fault}")),
                None => 1,
            },
            PreTokenizer::FixedLength { length: 0 } => {
                return Err(
                    "its pre-tokenizer `FixedLength` has the length 0, and 1 is the least".to_owned(),
                );
            }
            // A byte becomes a letter of two, a space a sign of up to four.
            PreTokenizer::ByteLevel => 2,
            PreTokenizer::Metaspace => 4,
            _ => 1,
        };
        grows("pre-tokenizers", times)?;
    }
    Ok(())
}

/// The rule of what makes text of tokens.
pub(super) fn decoder(said: &Value) -> Checked {
    let mut flat = Vec::new();
    flatten(read(said, "decoder")?, &mut flat, &|one| match one {
        Decoder::Sequence { decoders } => Ok(decoders),
        one => Err(one),
    })?;
    let mut times = 1;
    for one in &flat {
        times *= match one {
            Decoder::Replace { pattern, content } => replaces("decoder", pattern, content)?,
            Decoder::Strip { stop: 1.. } => {
                return Err("its decoder `Strip` cuts the ends of tokens: `stop` must be 0".to_owned());
            }
            Decoder::Suffixed { suffix: text }
            | Decoder::Timed {
                word_delimiter_token: text,
            } if text.is_empty() => {
                return Err("its decoder puts a space for an empty text".to_owned());
            }
            _ => 1,
        };
        grows("decoders", times)?;
    }
    Ok(())
}

/// The rule of a replacement, and how many times as long it may make a text.
fn replaces(what: &str, pattern: &Pattern, content: &str) -> Result<usize, String> {
    if let Some(fault) = pattern.fault() {
        return Err(format!("its {what} `Replace`: {fault}"));
    }
    match pattern.times(content) {
        times @ ..=MOST_TIMES => Ok(times),
        times => Err(format!(
            "its {what} `Replace` can make a text {times} times as long, and {MOST_TIMES} times are the most"
        )),
    }
}

fn grows(what: &str, times: usize) -> Checked {
    match times <= MOST_TIMES_IN_ALL {
        true => Ok(()),
        false => Err(format!(
            "its {what} can make a text {times} times as long, and {MOST_TIMES_IN_ALL} times are the most"
        )),
    }
}

/// A part as its file says it.
fn read<T: DeserializeOwned>(said: &Value, what: &str) -> Result<T, String> {
    serde_json::from_value(said.clone()).map_err(|error| format!("its {what}: {error}"))
}

/// The parts within sequences, in their order.
fn flatten<T>(part: T, flat: &mut Vec<T>, within: &impl Fn(T) -> Result<Vec<T>, T>) -> Checked {
    match within(part) {
        Ok(parts) => parts
            .into_iter()
            .try_for_each(|part| flatten(part, flat, within))?,
        Err(one) => flat.push(one),
    }
    match flat.len() <= MOST_PARTS {
        true => Ok(()),
        false => Err(format!(
            "more than {MOST_PARTS} parts of one kind follow each other"
        )),
    }
}
