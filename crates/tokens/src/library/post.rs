//! What a `tokenizer.json` puts around texts, of which the token before every text is used. The library is not given it:
//! where texts begin and end is not for a file to say that may put anything between.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(tag = "type")]
enum PostProcessor {
    Sequence {
        processors: Vec<Self>,
    },
    TemplateProcessing {
        single: Vec<Piece>,
        special_tokens: HashMap<String, Special>,
    },
    BertProcessing {
        cls: (String, u32),
    },
    RobertaProcessing {
        cls: (String, u32),
    },
    ByteLevel,
}

/// What follows what.
#[derive(Deserialize)]
enum Piece {
    Sequence {},
    SpecialToken { id: String },
}

#[derive(Deserialize)]
struct Special {
    ids: Vec<u32>,
}

/// The token before every text, if there is one and one alone.
///
/// # Errors
/// What is wrong with it.
pub(super) fn begin(said: &Value) -> Result<Option<u32>, String> {
    if said.is_null() {
        return Ok(None);
    }
    let said = PostProcessor::deserialize(said).map_err(|error| format!("its post-processor: {error}"))?;
    said.begin()
}

impl PostProcessor {
    fn begin(&self) -> Result<Option<u32>, String> {
        match self {
            Self::Sequence { processors } => {
                let mut found = processors.iter().map(Self::begin);
                found.find(|found| *found != Ok(None)).unwrap_or(Ok(None))
            }
            Self::BertProcessing { cls } | Self::RobertaProcessing { cls } => Ok(Some(cls.1)),
            Self::ByteLevel => Ok(None),
            Self::TemplateProcessing {
                single,
                special_tokens,
            } => match &single[..] {
                [Piece::SpecialToken { id }, Piece::Sequence {}, ..] => match special_tokens.get(id) {
                    Some(Special { ids }) if ids.len() == 1 => Ok(ids.first().copied()),
                    Some(_) => Ok(None),
                    None => Err(format!(
                        "its post-processor puts {id:?} before texts and does not say what that is"
                    )),
                },
                _ => Ok(None),
            },
        }
    }
}
