//! Objects of JSON; values inside objects are named by their path with dots.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Cell, Emit};
use crate::error::TableError;

/// What JSON has not and Python writes.
pub(super) const NO_NUMBER: &str = "JSON has no NaN or Infinity: write null";

/// What a parser says, without its line and column.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => text,
    }
}

/// Whether one of these stands at the start of a text or one sign later.
pub(super) fn is_no_number(text: &[u8]) -> bool {
    let python = [&b"NaN"[..], b"Infinity", b"-Infinity"];
    let starts = |text: &[u8]| python.iter().any(|word| text.starts_with(word));
    starts(text) || text.get(1..).is_some_and(starts)
}

/// Receives the leaves of an object.
pub(super) trait Sink {
    /// Takes the value named `name`; `value` is not made unless it is wanted.
    fn leaf(&mut self, name: &str, value: Cell<'_>);
}

/// Every name of every object, in the order of appearance.
#[derive(Default)]
pub(super) struct Names {
    pub(super) names: Vec<String>,
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

/// The cells of the wanted columns of one object.
pub(super) struct Cells {
    places: HashMap<String, usize>,
    cells: Vec<Cell<'static>>,
}

impl Cells {
    pub(super) fn new(wanted: &[String]) -> Self {
        let places = wanted.iter().enumerate();
        Self {
            places: places.map(|(place, name)| (name.clone(), place)).collect(),
            cells: vec![Cell::Missing; wanted.len()],
        }
    }

    /// Hands the cells on and empties them.
    pub(super) fn hand(&mut self, place: u64, emit: &mut Emit<'_>) -> Result<(), TableError> {
        emit(place, &self.cells)?;
        self.cells.fill(Cell::Missing);
        Ok(())
    }
}

impl Sink for Cells {
    fn leaf(&mut self, name: &str, value: Cell<'_>) {
        if let Some(place) = self.places.get(name) {
            self.cells[*place] = value.owned();
        }
    }
}

/// An object, whose own name is `name`.
pub(super) struct Object<'s, S> {
    pub(super) sink: &'s mut S,
    pub(super) name: &'s mut String,
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
