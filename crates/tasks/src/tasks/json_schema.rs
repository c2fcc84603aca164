use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use triaxis_random::Stream;

use crate::generator::Generator;
use crate::problem::Question;
use crate::verdict::Verdict;

const NAMES: [&str; 16] = [
    "Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gil", "Hana", "Ivo", "June", "Kai", "Lea", "Max", "Nia",
    "Omar", "Pia",
];
const TOWNS: [&str; 12] = [
    "Accra", "Basel", "Cairo", "Delhi", "Essen", "Fes", "Ghent", "Hanoi", "Izmir", "Jena", "Kyoto", "Lima",
];
const THINGS: [&str; 12] = [
    "tea", "chess", "maps", "jazz", "rain", "bread", "silk", "trains", "figs", "clay", "snow", "books",
];

/// Facts to be said as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonSchema {}

impl JsonSchema {
    pub(super) const ABOUT: &str = "facts in a sentence each to be said as a JSON object that fits a small schema, of \
        strings, whole numbers, truths, lists and an object within; fields may come in any order, and so may a list";
}

impl Generator for JsonSchema {
    fn dial(&self) -> &'static str {
        "fields of the object"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        2..=6
    }

    fn instructions(&self) -> String {
        "Say the facts as one JSON object on one line, which has exactly the fields of the schema after `|`, each of its \
         type, and end the line."
            .to_owned()
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let name = NAMES[stream.below(NAMES.len())];
        let mut fields = vec![Field::new(format!("{name} is"), "name", "string", json!(name))];
        // The first sentence says the name and one of the others.
        let mut others = others(name, stream);
        stream.shuffle(&mut others);
        others.truncate(level as usize - 1);
        fields.append(&mut others);
        Arc::new(Facts(fields))
    }
}

/// A fact of each kind.
fn others(name: &str, stream: &mut Stream) -> Vec<Field> {
    let age = 1 + stream.below(99);
    let town = TOWNS[stream.below(TOWNS.len())];
    let is_tall = stream.below(2) == 1;
    let mut things = THINGS;
    stream.draw_first(&mut things, 3);
    let likes = &things[..1 + stream.below(3)];
    // One of the others.
    let place = NAMES.iter().position(|other| *other == name).unwrap_or_default();
    let friend = NAMES[(place + 1 + stream.below(NAMES.len() - 1)) % NAMES.len()];
    let years = 1 + stream.below(20);
    let truth = if is_tall { "is tall" } else { "is not tall" };
    vec![
        Field::new(format!("{name} is {age} years old"), "age", "integer", json!(age)),
        Field::new(format!("{name} lives in {town}"), "town", "string", json!(town)),
        Field::new(format!("{name} {truth}"), "tall", "boolean", json!(is_tall)),
        Field::new(
            format!("{name} likes {}", likes.join(" and ")),
            "likes",
            "[string]",
            json!(likes),
        ),
        Field::new(
            format!("{name} has known {friend} for {years} years"),
            "friend",
            "{name:string,years:integer}",
            json!({ "name": friend, "years": years }),
        ),
    ]
}

/// A field, and the sentence that says it.
#[derive(Debug)]
struct Field {
    sentence: String,
    key: &'static str,
    kind: &'static str,
    value: Value,
}

impl Field {
    fn new(sentence: String, key: &'static str, kind: &'static str, value: Value) -> Self {
        Self {
            sentence,
            key,
            kind,
            value,
        }
    }
}

#[derive(Debug)]
struct Facts(Vec<Field>);

impl Question for Facts {
    fn prompt(&self) -> String {
        let sentences = self.0.iter().skip(1).map(|field| format!("{}.", field.sentence));
        let schema: Vec<String> = self
            .0
            .iter()
            .map(|field| format!("{}:{}", field.key, field.kind))
            .collect();
        format!(
            "{}|{{{}}}:",
            Vec::from_iter(sentences).join(" "),
            schema.join(",")
        )
    }

    fn worked(&self) -> Option<String> {
        let fields = self
            .0
            .iter()
            .map(|field| (field.key.to_owned(), field.value.clone()));
        Some(Value::Object(fields.collect::<Map<String, Value>>()).to_string())
    }

    fn check(&self, answer: &str) -> Verdict {
        // Nesting beyond 128 is refused by serde_json, so that no answer takes the stack.
        let value: Value = match serde_json::from_str(answer.trim()) {
            Ok(value) => value,
            Err(error) => return Verdict::unparsable(format!("the answer is no JSON: {error}")),
        };
        let Value::Object(given) = value else {
            return Verdict::unparsable("the answer is no JSON object");
        };
        let is_said = |field: &Field| {
            given
                .get(field.key)
                .is_some_and(|value| are_equal(value, &field.value))
        };
        Verdict::of(given.len() == self.0.len() && self.0.iter().all(is_said))
    }
}

/// Whether two values say the same: lists in any order, numbers however they are written.
fn are_equal(given: &Value, right: &Value) -> bool {
    match (given, right) {
        (Value::Number(given), Value::Number(right)) => given.as_f64() == right.as_f64(),
        (Value::Array(given), Value::Array(right)) => {
            given.len() == right.len() && right.iter().all(|value| given.contains(value))
        }
        (Value::Object(given), Value::Object(right)) => {
            let is_said =
                |(key, value): (&String, &Value)| given.get(key).is_some_and(|given| are_equal(given, value));
            given.len() == right.len() && right.iter().all(is_said)
        }
        _ => given == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_equal_where_they_say_the_same() {
        let right = json!({ "age": 3, "likes": ["tea", "maps"], "friend": { "name": "Ada", "years": 2 } });
        let same = json!({ "likes": ["maps", "tea"], "friend": { "years": 2.0, "name": "Ada" }, "age": 3 });
        assert!(are_equal(&same, &right));
        for other in [
            json!({ "age": "3", "likes": ["tea", "maps"], "friend": { "name": "Ada", "years": 2 } }),
            json!({ "age": 3, "likes": ["tea", "tea"], "friend": { "name": "Ada", "years": 2 } }),
            json!({ "age": 3, "likes": ["tea", "maps"], "friend": { "name": "Ada", "years": 2, "age": 1 } }),
            json!({ "age": 3, "likes": ["tea", "maps"] }),
            json!([]),
        ] {
            assert!(!are_equal(&other, &right), "{other}");
        }
    }
}
