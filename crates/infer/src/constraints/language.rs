//! The languages that a grammar can be given in, and the rules that they must keep before they are compiled.

use std::fmt;

use llguidance::JsonCompileOptions;
use llguidance::api::TopLevelGrammar;
use regex_syntax::hir::{Hir, HirKind, Look};
use serde_json::{Map, Value};

use crate::error::InferError;

/// The most bytes of a pattern or of rules: a class of Unicode letters takes 5 kB in memory and two bytes in a pattern.
const LONGEST_PATTERN: usize = 1 << 14;
/// The most bytes of a schema.
const LONGEST_SCHEMA: usize = 1 << 17;
/// The most bytes of the shortest text that a pattern matches.
const LONGEST_ANSWER: usize = 1 << 20;
/// The most remainders that numbers are told apart by, each a state of the lexer.
const MOST_REMAINDERS: u64 = 10_000;
/// The setting by which a schema says how it is compiled, which is no user's to make.
const SETTINGS: &str = "x-guidance";

/// A language that a grammar is given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Regex,
    JsonSchema,
    Lark,
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Regex => "the regular expression",
            Self::JsonSchema => "the JSON schema",
            Self::Lark => "the grammar",
        })
    }
}

impl Language {
    /// A text of this language as it is compiled.
    ///
    /// # Errors
    /// When it breaks a rule.
    pub(super) fn read(self, text: &str) -> Result<TopLevelGrammar, InferError> {
        let most = match self {
            Self::Regex | Self::Lark => LONGEST_PATTERN,
            Self::JsonSchema => LONGEST_SCHEMA,
        };
        if text.trim().is_empty() {
            return Err(self.refused("it is empty", "give one, or leave it out"));
        }
        if text.len() > most {
            let rule = format!("it has {} bytes, of at most {most}", text.len());
            return Err(self.refused(&rule, "give a shorter one"));
        }
        match self {
            Self::Regex => pattern(text),
            Self::JsonSchema => schema(text),
            Self::Lark => Ok(TopLevelGrammar::from_lark(text.to_owned())),
        }
    }

    /// That a text of this language breaks a rule.
    pub(super) fn refused(self, rule: &str, remedy: &str) -> InferError {
        InferError::input(format!("{self}: {rule}; {remedy}"))
    }
}

/// A regular expression, which is to match an answer from its beginning to its end.
fn pattern(text: &str) -> Result<TopLevelGrammar, InferError> {
    let refused = |rule: &str, remedy: &str| Language::Regex.refused(rule, remedy);
    // On their way they would become escapes, which means another thing where `(?x)` ignores space.
    if let Some(control) = text.chars().find(|character| character.is_control()) {
        let escape = control.escape_unicode();
        let rule = format!("it holds the control character `{escape}`");
        return Err(refused(&rule, "write it as an escape, such as `\\n`"));
    }
    let hir = regex_syntax::parse(text).map_err(|error| {
        // The text with marks below it, which the library adds, ends in what is wrong.
        let words = error.to_string();
        let fault = words.lines().last().unwrap_or_default();
        refused(
            fault.trim_start_matches("error: "),
            "write it as the crate `regex` does, without references and look-around",
        )
    })?;
    match hir.properties().minimum_len() {
        None => return Err(refused("no text matches it", "give one that matches some text")),
        Some(least) if least > LONGEST_ANSWER => {
            let rule =
                format!("the shortest text that it matches has {least} bytes, of at most {LONGEST_ANSWER}");
            return Err(refused(&rule, "let it repeat less often"));
        }
        Some(_) => {}
    }
    match foreign(&hir) {
        None => Ok(TopLevelGrammar::from_regex(text)),
        Some(rule) => Err(refused(rule, "write it in another way")),
    }
}

/// What a pattern says that is not held to as the crate `regex` means it. The parser bounds how deep its parts lie.
fn foreign(hir: &Hir) -> Option<&'static str> {
    let own = match hir.kind() {
        HirKind::Capture(group) if group.name.as_deref() == Some("stop") => {
            Some("a group named `stop` marks what comes after the answer")
        }
        HirKind::Look(look) if !matches!(look, Look::Start | Look::End) => {
            Some("borders of words and of lines are not held to")
        }
        _ => None,
    };
    own.or_else(|| hir.kind().subs().iter().find_map(foreign))
}

/// A JSON schema. Answers are on one line, with or without a space after a comma or a colon: without end, space would be what
/// a model that does not know what to say says.
fn schema(text: &str) -> Result<TopLevelGrammar, InferError> {
    let refused = |rule: &str, remedy: &str| Language::JsonSchema.refused(rule, remedy);
    let value: Value =
        serde_json::from_str(text).map_err(|error| refused(&format!("it is no JSON: {error}"), "mend it"))?;
    let mut schema = match value {
        Value::Bool(true) => Value::Object(Map::new()),
        Value::Object(keys) => Value::Object(keys),
        Value::Bool(false) => {
            return Err(refused(
                "`false` allows nothing",
                "give one that allows some value",
            ));
        }
        _ => return Err(refused("it is no object", "give one as json-schema.org has them")),
    };
    if schema.get(SETTINGS).is_some() {
        let rule = format!("it sets `{SETTINGS}`");
        return Err(refused(&rule, "leave that key out"));
    }
    if common_multiple(&schema).is_none_or(|multiple| multiple > MOST_REMAINDERS) {
        let rule = format!(
            "the least number that all its `multipleOf` divide, without points, is above {MOST_REMAINDERS}"
        );
        return Err(refused(&rule, "leave one out, or give a rounder one"));
    }
    let options = JsonCompileOptions {
        item_separator: ", ?".to_owned(),
        key_separator: ": ?".to_owned(),
        whitespace_flexible: false,
        ..JsonCompileOptions::default()
    };
    options.apply_to(&mut schema);
    Ok(TopLevelGrammar::from_json_schema(schema))
}

/// The least multiple of all that a schema's numbers are to be multiples of, in units of the last of their decimal places.
fn common_multiple(schema: &Value) -> Option<u64> {
    let mut all = Vec::new();
    multiples(schema, &mut all);
    let scale = (0..=15).map(|places| 10f64.powi(places));
    let is_whole = |scale: &f64| all.iter().all(|multiple| (multiple * scale).fract() == 0.0);
    let scale = scale.clone().find(is_whole)?;
    all.iter().try_fold(1u64, |common, multiple| {
        let own = (multiple * scale).abs() as u64;
        let (mut divisor, mut rest) = (common, own);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        common.checked_mul(own / divisor)
    })
}

/// Every number under `multipleOf`. The reader of JSON bounds how deep a schema is.
fn multiples(value: &Value, all: &mut Vec<f64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| multiples(item, all)),
        Value::Object(keys) => {
            let own = keys.get("multipleOf").and_then(Value::as_f64);
            all.extend(own.filter(|multiple| *multiple != 0.0));
            keys.values().for_each(|value| multiples(value, all));
        }
        _ => {}
    }
}
