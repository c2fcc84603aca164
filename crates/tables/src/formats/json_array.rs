//! One JSON array of objects, as `json.dump` and `to_json(orient="records")` write it.

use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use super::json::{Cells, NO_NUMBER, Names, Object, Sink, without_place};
use super::{Emit, Format, Input};
use crate::error::TableError;

pub(super) struct JsonArray<'p> {
    pub(super) path: &'p Path,
    pub(super) input: Input,
}

impl Format for JsonArray<'_> {
    fn columns(self: Box<Self>) -> Result<Vec<String>, TableError> {
        let mut found = Names::default();
        let path = self.path;
        let count = self.elements(&mut found, |_, _| Ok(()))?;
        match count {
            0 => Err(TableError::empty(path)),
            _ => Ok(found.names),
        }
    }

    fn counted_in(&self) -> &'static str {
        "element"
    }

    fn rows(self: Box<Self>, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        self.elements(&mut Cells::new(wanted), |place, row| row.hand(place, emit))?;
        Ok(())
    }
}

impl JsonArray<'_> {
    /// Gives the leaves of every object to `sink`, and calls `end` after each; how many there are.
    fn elements<S: Sink>(
        self,
        sink: &mut S,
        end: impl FnMut(u64, &mut S) -> Result<(), TableError>,
    ) -> Result<u64, TableError> {
        let mut elements = Elements {
            sink,
            end,
            count: 0,
            stopped: None,
        };
        let Self { path, mut input } = self;
        let mut json = serde_json::Deserializer::from_reader(&mut input);
        let read = json.deserialize_seq(&mut elements).and_then(|()| json.end());
        let (count, stopped) = (elements.count, elements.stopped);
        match (stopped, read) {
            (Some(stopped), _) => Err(stopped),
            (None, Ok(())) => Ok(count),
            (None, Err(error)) => Err(problem(path, count, &error)),
        }
    }
}

/// What is wrong, where, and the remedy.
fn problem(path: &Path, count: u64, error: &serde_json::Error) -> TableError {
    let what = without_place(error);
    // The decoder below has something to say that is no matter of JSON.
    if error.is_io() {
        return TableError::damaged(path, what);
    }
    let remedy = match what.as_str() {
        _ if error.is_eof() => "the array has no end: copy or write the file again",
        "expected value" | "invalid number" => NO_NUMBER,
        _ => "an array of runs holds one object a run",
    };
    let problem = format!(
        "is not an array of objects (element {}: {what} at column {}): {remedy}",
        count + 1,
        error.column()
    );
    TableError::of_line(path, error.line() as u64, problem)
}

/// The elements of the array, as they come.
struct Elements<'s, S, E> {
    sink: &'s mut S,
    end: E,
    count: u64,
    /// Why the reading was stopped, where it was not the text.
    stopped: Option<TableError>,
}

impl<'de, S: Sink, E: FnMut(u64, &mut S) -> Result<(), TableError>> Visitor<'de> for &mut Elements<'_, S, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut name = String::new();
        loop {
            let element = Element {
                sink: &mut *self.sink,
                name: &mut name,
            };
            if sequence.next_element_seed(element)?.is_none() {
                return Ok(());
            }
            self.count += 1;
            if let Err(error) = (self.end)(self.count, self.sink) {
                self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
    }
}

/// One element, which must be an object.
struct Element<'s, S> {
    sink: &'s mut S,
    name: &'s mut String,
}

impl<'de, S: Sink> DeserializeSeed<'de> for Element<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.name.clear();
        deserializer.deserialize_map(Object {
            sink: self.sink,
            name: self.name,
        })
    }
}
