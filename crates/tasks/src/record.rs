//! A line of a file of problems.

use serde_json::{Map, Value};
use triaxis_names::suggestion;

use crate::checkers::{Asked, CheckerSpec, Countdown, Exact, Refusal};

/// Fields that a line may have; the second of a pair is what reasoning-gym calls the first.
const FIELDS: [&str; 8] = [
    "prompt", "question", "answer", "answers", "id", "level", "checker", "metadata",
];

/// What a line says.
pub struct Record {
    pub asked: Asked,
    pub level: Option<u32>,
    pub checker: CheckerSpec,
}

impl Record {
    /// What an object says; `id` is its identity where it gives none, `checker` what judges answers where it does not say.
    pub fn read(
        fields: &Map<String, Value>,
        id: String,
        checker: Option<&CheckerSpec>,
    ) -> Result<Self, Refusal> {
        let asked = Asked {
            prompt: prompt(fields)?,
            answers: answers(fields)?,
            id: match given(fields, "id") {
                None => id,
                Some(value) => scalar(value).ok_or_else(|| {
                    Refusal::new("id", "an `id` is a text or a number; give one, or leave it out")
                })?,
            },
            metadata: fields.get("metadata").cloned().unwrap_or(Value::Null),
        };
        Ok(Self {
            level: level(fields)?,
            checker: chosen(fields, checker, &asked)?,
            asked,
        })
    }
}

/// The value of a field that is there and not null.
fn given<'f>(fields: &'f Map<String, Value>, name: &str) -> Option<&'f Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// A text, a number or a truth as text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn prompt(fields: &Map<String, Value>) -> Result<String, Refusal> {
    match given(fields, "prompt").or_else(|| given(fields, "question")) {
        Some(Value::String(prompt)) if !prompt.is_empty() => Ok(prompt.clone()),
        Some(_) => Err(Refusal::new(
            "prompt",
            "a prompt is a text that is not empty; give one",
        )),
        None => Err(Refusal::new(
            "prompt",
            format!("a problem needs a `prompt` (or `question`){}", mistyped(fields)),
        )),
    }
}

/// What a field was meant to be that is not known, where one is near.
fn mistyped(fields: &Map<String, Value>) -> String {
    let unknown = fields.keys().filter(|name| !FIELDS.contains(&name.as_str()));
    let mut near = unknown
        .map(|name| (name, suggestion(name, FIELDS)))
        .filter(|(_, near)| !near.is_empty());
    near.next().map_or_else(
        || "; give it".to_owned(),
        |(name, near)| format!("; there is `{name}`{near}"),
    )
}

fn answers(fields: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let rule = "an answer is a text, a number or a truth, and `answers` are a list of such; give them so";
    let read = |value: &Value| scalar(value).ok_or_else(|| Refusal::new("answer", rule));
    let mut all = Vec::new();
    for name in ["answer", "answers"] {
        match given(fields, name) {
            None => {}
            Some(Value::Array(list)) => {
                for value in list {
                    all.push(read(value)?);
                }
            }
            Some(value) => all.push(read(value)?),
        }
    }
    Ok(all)
}

fn level(fields: &Map<String, Value>) -> Result<Option<u32>, Refusal> {
    let read = |value: &Value| {
        let level = value.as_u64().and_then(|level| u32::try_from(level).ok());
        level.ok_or_else(|| {
            Refusal::new(
                "level",
                format!("{value} is no level, which is a whole number from 0 on; give one, or leave it out"),
            )
        })
    };
    given(fields, "level").map(read).transpose()
}

/// The checker of a line, of its file, or of its kind.
fn chosen(
    fields: &Map<String, Value>,
    checker: Option<&CheckerSpec>,
    asked: &Asked,
) -> Result<CheckerSpec, Refusal> {
    if let Some(value) = given(fields, "checker") {
        let read = named(value)?;
        // Else whoever writes problems could run programs where they are read.
        if read.is_command() {
            return Err(Refusal::new(
                "checker",
                "a line cannot name a command, which whoever reads the file does; give it as the checker of the file",
            ));
        }
        return Ok(read);
    }
    Ok(match checker {
        Some(checker) => checker.clone(),
        None => match Countdown::fitting(asked) {
            Some(countdown) => CheckerSpec::Countdown(countdown),
            None => CheckerSpec::Exact(Exact::default()),
        },
    })
}

/// A checker by its name alone, or with settings.
fn named(value: &Value) -> Result<CheckerSpec, Refusal> {
    let spec = match value {
        Value::String(name) => {
            let known = || CheckerSpec::REGISTRY.iter().map(|entry| entry.name);
            if !known().any(|other| other == name) {
                let all = Vec::from_iter(known()).join(", ");
                let suggestion = suggestion(name, known());
                return Err(Refusal::new(
                    "checker",
                    format!("`{name}` is no checker: choose from {all}{suggestion}"),
                ));
            }
            if name == "command" {
                serde_json::json!({ "checker": name, "command": [] })
            } else {
                serde_json::json!({ "checker": name })
            }
        }
        value => value.clone(),
    };
    serde_json::from_value(spec).map_err(|error| {
        Refusal::new(
            "checker",
            format!("{error}: write a name, or {{\"checker\": \"number\", \"relative\": 1e-3}}"),
        )
    })
}
