use ahash::AHashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::definition::{Definition, Method, Token, TokenKind};
use crate::splitters::{Spelled, Splitter};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<Part>,
    pre_tokenizer: Option<PreTokenizer>,
    decoder: Option<Part>,
    model: Model,
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum PreTokenizer {
    Sequence {
        pretokenizers: Vec<Self>,
    },
    Split {
        pattern: Pattern,
        behavior: String,
        invert: bool,
    },
    Digits {
        individual_digits: bool,
    },
    ByteLevel {
        add_prefix_space: bool,
        #[serde(default = "always")]
        use_regex: bool,
    },
    #[serde(other)]
    Other,
}

fn always() -> bool {
    true
}

#[derive(Deserialize)]
enum Pattern {
    Regex(String),
    String(IgnoredAny),
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: String,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: AHashMap<String, u32>,
    merges: Merges,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Merges {
    Pairs(Vec<(String, String)>),
    Lines(Vec<String>),
}

/// A tokenizer that is run here, as its file says it: byte-level BPE whose words one of the splitters gives. Nothing
/// of others, which only the library runs.
pub(crate) fn read(json: &[u8]) -> Option<Definition> {
    let file: File = serde_json::from_slice(json).ok()?;
    let composed = match &file.normalizer {
        None => false,
        Some(normalizer) if normalizer.kind == "NFC" => true,
        Some(_) => return None,
    };
    let is_byte_level = file
        .decoder
        .as_ref()
        .is_some_and(|decoder| decoder.kind == "ByteLevel");
    if !is_byte_level || !file.model.is_plain() || !are_plain(&file.added_tokens) {
        return None;
    }
    let mut steps = Vec::new();
    if !spelled(file.pre_tokenizer.as_ref()?, &mut steps) {
        return None;
    }
    let ignore_merges = file.model.ignore_merges;
    let method = Method::ByteLevel {
        splitter: Splitter::spelled(&steps, ignore_merges)?,
        merges: file.model.merged()?,
        ignore_merges,
        composed,
    };
    Some(Definition {
        tokens: tokens(file.model.vocab, file.added_tokens)?,
        method,
        begin: None,
        adds_begin: false,
        end: None,
        end_of_turn: None,
        unknown: None,
        padding: None,
        chat_template: None,
    })
}

/// Whether added tokens are looked for by their names alone, and all at once.
fn are_plain(added: &[Added]) -> bool {
    let is_plain = |token: &Added| !token.single_word && !token.lstrip && !token.rstrip;
    let at_once = |token: &Added| token.normalized == added[0].normalized;
    added.iter().all(|token| is_plain(token) && at_once(token))
}

/// Appends the steps of a pre-tokenizer; whether the library spells them as bytes at the end.
fn spelled<'p>(of: &'p PreTokenizer, steps: &mut Vec<Spelled<'p>>) -> bool {
    match of {
        PreTokenizer::Sequence { pretokenizers } => {
            let Some((last, first)) = pretokenizers.split_last() else {
                return false;
            };
            let splits =
                |of: &&PreTokenizer| matches!(of, PreTokenizer::Split { .. } | PreTokenizer::Digits { .. });
            first.iter().all(|of| splits(&of) && step(of, steps))
                && matches!(last, PreTokenizer::ByteLevel { .. })
                && step(last, steps)
        }
        PreTokenizer::ByteLevel { .. } => step(of, steps),
        _ => false,
    }
}

fn step<'p>(of: &'p PreTokenizer, steps: &mut Vec<Spelled<'p>>) -> bool {
    match of {
        PreTokenizer::Split {
            pattern: Pattern::Regex(pattern),
            behavior,
            invert: false,
        } if behavior == "Isolated" => steps.push(Spelled::Pattern(pattern)),
        PreTokenizer::Digits {
            individual_digits: true,
        } => steps.push(Spelled::Digits),
        PreTokenizer::ByteLevel {
            add_prefix_space: false,
            use_regex,
        } => {
            if *use_regex {
                steps.push(Spelled::ByteLevel);
            }
        }
        _ => return false,
    }
    true
}

impl Model {
    /// Whether words become tokens by their merges alone, and none becomes the unknown token.
    fn is_plain(&self) -> bool {
        let is_empty = |affix: &Option<String>| affix.as_ref().is_none_or(String::is_empty);
        let has_bytes = || {
            let spelled = |byte: u8| crate::alphabet::spelled(&[byte]);
            (0..=u8::MAX).all(|byte| self.vocab.contains_key(&spelled(byte)))
        };
        self.kind == "BPE"
            && self.dropout.is_none_or(|dropout| dropout == 0.0)
            && is_empty(&self.continuing_subword_prefix)
            && is_empty(&self.end_of_word_suffix)
            && ((self.unk_token.is_none() && !self.byte_fallback) || has_bytes())
    }

    /// The merges as tokens, where each pair is there once.
    fn merged(&self) -> Option<Vec<[u32; 3]>> {
        let token = |left: &str, right: &str| -> Option<[u32; 3]> {
            let whole = [left, right].concat();
            Some([
                *self.vocab.get(left)?,
                *self.vocab.get(right)?,
                *self.vocab.get(&whole)?,
            ])
        };
        let merges: Option<Vec<[u32; 3]>> = match &self.merges {
            Merges::Pairs(pairs) => pairs.iter().map(|(left, right)| token(left, right)).collect(),
            Merges::Lines(lines) => {
                let of = |line: &String| line.split_once(' ').and_then(|(left, right)| token(left, right));
                lines.iter().map(of).collect()
            }
        };
        let merges = merges?;
        let mut pairs: Vec<_> = merges.iter().map(|[left, right, _]| (left, right)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        (pairs.len() == merges.len()).then_some(merges)
    }
}

/// The tokens in their order. A number that no token has is of an unused one.
fn tokens(vocabulary: AHashMap<String, u32>, added: Vec<Added>) -> Option<Vec<Token>> {
    let normal = vocabulary
        .into_iter()
        .map(|(text, id)| (id, text, TokenKind::Normal));
    let mut all: Vec<_> = normal.collect();
    for token in added {
        let kind = match token.special {
            true => TokenKind::Control,
            false => TokenKind::UserDefined,
        };
        all.push((token.id, token.content, kind));
    }
    // An added token stands behind the one of the model that it is.
    all.sort_by_key(|(id, _, _)| *id);
    let mut tokens: Vec<Token> = Vec::with_capacity(all.len());
    // A file of few tokens does not make room for many.
    let last = all.last().map_or(0, |(id, _, _)| *id as usize);
    if last > 2 * all.len() + 1024 {
        return None;
    }
    for (id, text, kind) in all {
        let id = id as usize;
        while tokens.len() < id {
            let text = format!("[PAD{}]", tokens.len());
            let kind = TokenKind::Unused;
            tokens.push(Token { text, kind });
        }
        match tokens.get_mut(id) {
            None => tokens.push(Token { text, kind }),
            Some(there) if there.text == text && there.kind == TokenKind::Normal => there.kind = kind,
            Some(_) => return None,
        }
    }
    Some(tokens)
}
