//! JSON objects that are no lines: over several lines each, or one that holds the runs, as a list in one of
//! its members or column by column, as `DataFrame.to_json()` writes it.

use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::de::Deserializer;
use serde_json::{Map, Value};
use triaxis_units::Bytes;

use super::json::{Cells, NO_NUMBER, Names, Object, Sink, without_place};
use super::{Emit, Format, Input, damaged};
use crate::error::TableError;

/// Longest document: it is held in memory.
const LONGEST: u64 = 256 << 20;

pub(super) struct JsonDocument<'p> {
    pub(super) path: &'p Path,
    pub(super) input: Input,
}

impl Format for JsonDocument<'_> {
    fn columns(self: Box<Self>) -> Result<Vec<String>, TableError> {
        let path = self.path;
        let mut found = Names::default();
        match self.objects(&mut found, |_, _| Ok(()))? {
            0 => Err(TableError::empty(path)),
            _ => Ok(found.names),
        }
    }

    fn counted_in(&self) -> &'static str {
        "element"
    }

    fn rows(self: Box<Self>, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        self.objects(&mut Cells::new(wanted), |place, row| row.hand(place, emit))?;
        Ok(())
    }
}

impl JsonDocument<'_> {
    /// Gives the leaves of every run to `sink`, and calls `end` after each; how many there are.
    fn objects<S: Sink>(
        self,
        sink: &mut S,
        mut end: impl FnMut(u64, &mut S) -> Result<(), TableError>,
    ) -> Result<u64, TableError> {
        let Self { path, input } = self;
        let mut text = Vec::new();
        let length = input
            .take(LONGEST)
            .read_to_end(&mut text)
            .map_err(damaged(path))?;
        let wrong = |line: u64, problem: String| TableError::of_line(path, line, problem);
        if length as u64 == LONGEST {
            return Err(wrong(
                1,
                format!(
                    "begins objects that go over several lines, of which {} are read at most: write one run a line",
                    Bytes(LONGEST)
                ),
            ));
        }
        let text = String::from_utf8(text)
            .map_err(|error| damaged(path)(std::io::Error::new(ErrorKind::InvalidData, error)))?;
        let objects = serde_json::Deserializer::from_str(&text).into_iter::<Map<String, Value>>();
        let objects = objects.collect::<Result<Vec<_>, _>>();
        let objects = objects.map_err(|error| {
            let remedy = match without_place(&error).as_str() {
                "expected value" | "invalid number" => NO_NUMBER,
                _ => "write one object a run",
            };
            let problem = format!(
                "is not JSON ({} at column {}): {remedy}",
                without_place(&error),
                error.column()
            );
            wrong(error.line() as u64, problem)
        })?;
        let mut name = String::new();
        let mut count = 0;
        for run in runs(objects) {
            name.clear();
            count += 1;
            let object = Object {
                sink: &mut *sink,
                name: &mut name,
            };
            let given = Value::Object(run).deserialize_map(object);
            given.map_err(|error| wrong(1, format!("is not an object ({error}): write one object a run")))?;
            end(count, sink)?;
        }
        Ok(count)
    }
}

/// The runs of objects: those that a single one holds, or the objects themselves.
fn runs(mut objects: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
    match objects.as_mut_slice() {
        [only] => held(only).unwrap_or(objects),
        _ => objects,
    }
}

/// The runs that an object holds: a list in one of its members, or a value of each in every member.
fn held(object: &mut Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let is_list = |value: &Value| {
        let list = value.as_array();
        list.is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
    };
    let lists: Vec<String> = object
        .iter()
        .filter(|(_, value)| is_list(value))
        .map(|(name, _)| name.clone())
        .collect();
    if let [list] = lists.as_slice()
        && let Some(Value::Array(list)) = object.remove(list)
    {
        return Some(list.into_iter().filter_map(into_object).collect());
    }
    let keys = |value: &Value| -> Option<Vec<String>> {
        match value {
            Value::Array(list) => Some((0..list.len()).map(|place| place.to_string()).collect()),
            Value::Object(map) => Some(map.keys().cloned().collect()),
            _ => None,
        }
    };
    let mut members = object.values();
    let first = keys(members.next()?).filter(|keys| !keys.is_empty())?;
    let is_column = |value: &Value| {
        let cells: Box<dyn Iterator<Item = &Value>> = match value {
            Value::Array(list) => Box::new(list.iter()),
            Value::Object(map) => Box::new(map.values()),
            _ => return false,
        };
        keys(value).is_some_and(|keys| keys == first)
            && cells
                .into_iter()
                .all(|cell| !cell.is_object() && !cell.is_array())
    };
    if object.len() < 2 || !object.values().all(is_column) {
        return None;
    }
    let cell = |value: &Value, place: usize, key: &String| match value {
        Value::Array(list) => list.get(place).cloned().unwrap_or(Value::Null),
        other => other.get(key).cloned().unwrap_or(Value::Null),
    };
    let row = |(place, key): (usize, &String)| {
        let cells = object
            .iter()
            .map(|(name, value)| (name.clone(), cell(value, place, key)));
        cells.collect()
    };
    let mut places: Vec<(usize, &String)> = first.iter().enumerate().collect();
    // Keys are sorted as texts: 10 before 2.
    places.sort_by_key(|(place, key)| (key.parse().unwrap_or(*place), *place));
    Some(places.into_iter().map(row).collect())
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
