//! One JSON object a line.

use std::path::Path;

use serde::de::Deserializer;
use triaxis_units::Bytes;

use super::json::{Cells, NO_NUMBER, Names, Object, Sink, is_no_number, without_place};
use super::{Emit, Format, Input, read_line};
use crate::error::TableError;

/// Longest line.
pub(super) const LONGEST: u64 = 64 << 20;

pub(super) struct JsonLines<'p> {
    pub(super) path: &'p Path,
    pub(super) input: Input,
}

impl Format for JsonLines<'_> {
    fn columns(self: Box<Self>) -> Result<Vec<String>, TableError> {
        let mut found = Names::default();
        self.lines(&mut found, |_, _| Ok(()))?;
        Ok(found.names)
    }

    fn counted_in(&self) -> &'static str {
        "line"
    }

    fn rows(self: Box<Self>, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        self.lines(&mut Cells::new(wanted), |line, row| row.hand(line, emit))
    }
}

impl JsonLines<'_> {
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
            let wrong = |problem: String| TableError::of_line(self.path, line, problem);
            if text.len() as u64 == LONGEST && !text.ends_with(b"\n") {
                return Err(wrong(format!(
                    "is longer than {}: write one object a line",
                    Bytes(LONGEST)
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
    let what = without_place(error);
    let column = error.column();
    let remedy = match is_no_number(object.get(column.saturating_sub(2)..).unwrap_or_default()) {
        true => NO_NUMBER,
        false if error.is_eof() => {
            "each line must be one JSON object, whole; `jq -c .` writes objects of several lines so"
        }
        false => "each line must be one JSON object",
    };
    format!("is not a JSON object ({what} at column {column}): {remedy}")
}
