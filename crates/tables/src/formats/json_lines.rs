//! One JSON object a line; values inside objects are named by their path with dots.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Cell, Emit, Input, read_line};
use crate::error::TableError;

/// Longest line.
const LONGEST: u64 = 64 << 20;

pub(crate) struct JsonLines<'p> {
    pub(super) path: &'p Path,
    pub(super) input: Input,
}

impl JsonLines<'_> {
    pub(super) fn columns(self) -> Result<Vec<String>, TableError> {
        let mut found = Names::default();
        self.lines(&mut found, |_, _| Ok(()))?;
        Ok(found.names)
    }

    pub(super) fn rows(self, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        let places = wanted
            .iter()
            .enumerate()
            .map(|(place, name)| (name.clone(), place))
            .collect();
        let cells = vec![Cell::Missing; wanted.len()];
        self.lines(&mut Cells { places, cells }, |line, row| {
            emit(line, &row.cells)?;
            row.cells.fill(Cell::Missing);
            Ok(())
        })
    }

    /// Gives the leaves of every line to `sink`, and calls `end` after each line.
    fn lines<S: Sink>(
        mut self,
        sink: &mut S,
        mut end: impl FnMut(u64, &mut S) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut text = Vec::new();
        let mut name = String::new();
        for line in 1.. {
            if !read_line(&mut self.input, &mut text, LONGEST).map_err(super::damaged(self.path))? {
                break;
            }
            let wrong = |problem: String| TableError::Line {
                path: self.path.into(),
                line,
                problem,
            };
            if text.len() as u64 == LONGEST && !text.ends_with(b"\n") {
                return Err(wrong(format!(
                    "is longer than {LONGEST} bytes: write one object a line"
                )));
            }
            let object = text.trim_ascii();
            if object.is_empty() {
                continue;
            }
            name.clear();
            let mut json = serde_json::Deserializer::from_slice(object);
            let parsed = json
                .deserialize_map(Object {
                    sink,
                    name: &mut name,
                })
                .and_then(|()| json.end());
            parsed.map_err(|error| wrong(problem(object, &error)))?;
            end(line, sink)?;
        }
        Ok(())
    }
}

/// What is wrong with a line, and the remedy.
fn problem(object: &[u8], error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(what, _)| what);
    let column = error.column();
    // Python writes these; JSON has no such values.
    let around = object.get(column.saturating_sub(2)..).unwrap_or_default();
    let python = [&b"NaN"[..], b"Infinity", b"-Infinity"];
    let remedy = match python
        .iter()
        .any(|word| around.starts_with(word) || around.get(1..).is_some_and(|rest| rest.starts_with(word)))
    {
        true => "JSON has no NaN or Infinity: write null",
        false => "each line must be one JSON object",
    };
    format!("is not a JSON object ({what} at column {column}): {remedy}")
}

/// Receives the leaves of a line.
trait Sink {
    /// Takes the value named `name`; `value` is not made unless it is wanted.
    fn leaf(&mut self, name: &str, value: Cell<'_>);
}

/// Every name of every line, in the order of appearance.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    known: HashMap<String, ()>,
}

impl Sink for Names {
    fn leaf(&mut self, name: &str, _: Cell<'_>) {
        if !self.known.contains_key(name) {
            self.known.insert(name.to_owned(), ());
            self.names.push(name.to_owned());
        }
    }
}

/// The cells of the wanted columns of one line.
struct Cells {
    places: HashMap<String, usize>,
    cells: Vec<Cell<'static>>,
}

impl Sink for Cells {
    fn leaf(&mut self, name: &str, value: Cell<'_>) {
        if let Some(place) = self.places.get(name) {
            self.cells[*place] = match value {
                Cell::Missing => Cell::Missing,
                Cell::Number(number) => Cell::Number(number),
                Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
                Cell::Other(what) => Cell::Other(what),
            };
        }
    }
}

/// An object, whose own name is `name`.
struct Object<'s, S> {
    sink: &'s mut S,
    name: &'s mut String,
}

impl<'de, S: Sink> Visitor<'de> for Object<'_, S> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let length = self.name.len();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if length > 0 {
                self.name.push('.');
            }
            self.name.push_str(&key);
            map.next_value_seed(Value {
                sink: &mut *self.sink,
                name: &mut *self.name,
            })?;
            self.name.truncate(length);
        }
        Ok(())
    }
}

/// A value named `name`.
struct Value<'s, S> {
    sink: &'s mut S,
    name: &'s mut String,
}

impl<'de, S: Sink> DeserializeSeed<'de> for Value<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Sink> Visitor<'de> for Value<'_, S> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.sink.leaf(self.name, Cell::Missing);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.sink.leaf(
            self.name,
            Cell::Text(Cow::Borrowed(if value { "true" } else { "false" })),
        );
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.sink.leaf(self.name, Cell::Number(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.sink.leaf(self.name, Cell::Number(value as f64));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.sink.leaf(self.name, Cell::Number(value as f64));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let value = value.trim();
        self.sink.leaf(
            self.name,
            match value.is_empty() {
                true => Cell::Missing,
                false => Cell::Text(Cow::Borrowed(value)),
            },
        );
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        self.sink.leaf(self.name, Cell::Other("a list"));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Object {
            sink: self.sink,
            name: self.name,
        }
        .visit_map(map)
    }
}
