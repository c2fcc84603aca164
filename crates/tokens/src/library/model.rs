//! What a `tokenizer.json` may say of its model: what turns a word into tokens.

use serde_json::{Map, Value};

/// The longest piece of a unigram model, in bytes: each byte of one is a step of a tree that is left one step at a time.
const LONGEST_PIECE: usize = 512;

/// The longest word that is looked for piece by piece.
const LONGEST_WORD: u64 = 1000;

/// Why a model cannot be used.
///
/// # Errors
/// What is wrong.
pub(super) fn check(said: &Value) -> Result<(), String> {
    let Some(fields) = said.as_object() else {
        return Err("its model is no object".to_owned());
    };
    match fields.get("type").map(Value::as_str) {
        Some(Some("BPE")) => merged(fields),
        Some(Some("Unigram")) => pieces(fields),
        Some(Some("WordPiece")) => words(fields),
        Some(Some("WordLevel")) => Ok(()),
        Some(kind) => Err(format!(
            "its model is of the type {:?}, and BPE, Unigram, WordPiece and WordLevel are known",
            kind.unwrap_or_default()
        )),
        // Older files have no type, and the library takes the first that has the fields.
        None => merged(fields)
            .and_then(|()| pieces(fields))
            .and_then(|()| words(fields)),
    }
}

/// The rule of merges: each makes a token of a left one and of what a right one has behind the prefix.
fn merged(fields: &Map<String, Value>) -> Result<(), String> {
    if let Some(dropout) = fields
        .get("dropout")
        .and_then(Value::as_f64)
        .filter(|&share| share != 0.0)
    {
        return Err(format!(
            "`dropout` is {dropout}, so that tokens would be drawn by lot; set it to null"
        ));
    }
    let (Some(Value::Object(vocabulary)), Some(Value::Array(merges))) =
        (fields.get("vocab"), fields.get("merges"))
    else {
        return Ok(());
    };
    let prefix = fields
        .get("continuing_subword_prefix")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let longest = vocabulary.keys().map(String::len).max().unwrap_or(0);
    for merge in merges {
        // As newer and as older files have it.
        let pair = match merge {
            Value::Array(pair) => match &pair[..] {
                [Value::String(left), Value::String(right)] => Some((left.as_str(), right.as_str())),
                _ => None,
            },
            Value::String(line) if line.starts_with("#version") => continue,
            Value::String(line) => line.split_once(' '),
            _ => None,
        };
        let Some((left, right)) = pair else {
            return Err(format!("a merge is {merge}, and no pair of tokens"));
        };
        let Some(behind) = right.strip_prefix(prefix) else {
            return Err(format!(
                "the merge of {left:?} and {right:?}: the second does not begin with `continuing_subword_prefix`, {prefix:?}"
            ));
        };
        if left.len() + behind.len() > longest {
            return Err(format!("the merge of {left:?} and {right:?} makes no token"));
        }
    }
    Ok(())
}

fn pieces(fields: &Map<String, Value>) -> Result<(), String> {
    let Some(Value::Array(pieces)) = fields.get("vocab") else {
        return Ok(());
    };
    let length = |piece: &Value| piece.get(0).and_then(Value::as_str).map_or(0, str::len);
    match pieces.iter().map(length).find(|&length| length > LONGEST_PIECE) {
        Some(length) => Err(format!(
            "a piece of its Unigram has {length} bytes, and {LONGEST_PIECE} are the most"
        )),
        None => Ok(()),
    }
}

fn words(fields: &Map<String, Value>) -> Result<(), String> {
    let longest = fields.get("max_input_chars_per_word").and_then(Value::as_u64);
    match longest.filter(|&longest| longest > LONGEST_WORD) {
        Some(longest) => Err(format!(
            "`max_input_chars_per_word` is {longest}, and {LONGEST_WORD} is the most"
        )),
        None => Ok(()),
    }
}
