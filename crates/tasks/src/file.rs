use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};
use thiserror::Error;
use triaxis_units::Bytes;

use crate::checkers::{CheckerSpec, Refusal};
use crate::error::TaskError;
use crate::problem::{Marks, Problem};
use crate::record::Record;

/// How a file of problems is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What judges answers where a line does not say; without it answers are to be exact, or to make the target of
    /// reasoning-gym's Countdown where a line has its numbers.
    pub checker: Option<CheckerSpec>,
    /// The longest line that is read.
    pub longest_line: Bytes,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checker: None,
            longest_line: Bytes(1 << 20),
        }
    }
}

/// Why a line of a file holds no problem: the line, the field, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}{}: {message}", .field.map(|field| format!(", field `{field}`")).unwrap_or_default())]
pub struct ItemError {
    /// Which line, from 1 on.
    pub line: u64,
    /// Which field, where it is one.
    pub field: Option<&'static str>,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Problems of JSON lines, read one at a time, each as itself or as what is wrong with its line; a line that is wrong ends
/// nothing.
///
/// A line is an object with `prompt` (or `question`), `answer` or a list of `answers`, and, where wanted, `id`, `level`,
/// `metadata` and a `checker` by its name or with its settings; other fields are not looked at. So exports of
/// reasoning-gym are read as they are.
///
/// ```
/// use triaxis_tasks::{Options, Problems};
/// let lines = r#"{"question": "What is 6 times 7?", "answer": 42, "checker": "number"}"#;
/// let mut problems = Problems::new(lines.as_bytes(), Options::default());
/// let problem = problems.next().unwrap()?;
/// assert!(problem.check("It is 42.").is_right());
/// # Ok::<(), triaxis_tasks::ItemError>(())
/// ```
#[derive(Debug)]
pub struct Problems<R> {
    reader: R,
    options: Options,
    line: u64,
    has_failed: bool,
}

impl Problems<BufReader<File>> {
    /// Those of a file.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(path: &Path, options: Options) -> Result<Self, TaskError> {
        let file = File::open(path).map_err(|error| {
            TaskError::new(format!(
                "problems are to be read from `{}`, and it cannot be opened: {error}; correct the path",
                path.display()
            ))
        })?;
        Ok(Self::new(BufReader::new(file), options))
    }
}

impl<R: BufRead> Problems<R> {
    /// Those that a reader gives.
    pub fn new(reader: R, options: Options) -> Self {
        Self {
            reader,
            options,
            line: 0,
            has_failed: false,
        }
    }

    /// The next line, without its end; none where there is no more.
    fn line(&mut self) -> io::Result<Option<Line>> {
        let (mut line, Bytes(most)) = (Vec::new(), self.options.longest_line);
        let read = self
            .reader
            .by_ref()
            .take(most.saturating_add(1))
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() as u64 > most {
            self.skip()?;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Whole(line)))
    }

    /// Reads on to the end of the line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let length = buffer.len();
            self.reader.consume(end.map_or(length, |end| end + 1));
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }

    fn problem(&self, line: &str) -> Result<Problem, ItemError> {
        let fields: Map<String, Value> = serde_json::from_str(line).map_err(|error| {
            let message = format!("a line is one JSON object, and this is none: {error}; correct it");
            self.wrong(None, message)
        })?;
        let refused = |refusal: Refusal| self.wrong(Some(refusal.field), refusal.message);
        let record = Record::read(&fields, self.line.to_string(), self.options.checker.as_ref());
        let Record {
            asked,
            level,
            checker,
        } = record.map_err(refused)?;
        let id = asked.id.clone();
        let question = checker.question(asked).map_err(refused)?;
        Ok(Problem::new(id, level, Marks::default(), question))
    }

    fn wrong(&self, field: Option<&'static str>, message: impl Into<String>) -> ItemError {
        ItemError {
            line: self.line,
            field,
            message: message.into(),
        }
    }
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
}

impl<R: BufRead> Iterator for Problems<R> {
    type Item = Result<Problem, ItemError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.has_failed {
            let bytes = match self.line() {
                Ok(None) => return None,
                Ok(Some(Line::Whole(bytes))) => bytes,
                Ok(Some(Line::TooLong)) => {
                    let most = self.options.longest_line;
                    let message =
                        format!("the line is longer than {most}, the most that is read; shorten it");
                    return Some(Err(self.wrong(None, message)));
                }
                Err(error) => {
                    self.has_failed = true;
                    self.line += 1;
                    return Some(Err(self.wrong(
                        None,
                        format!("the file cannot be read on: {error}; try it again"),
                    )));
                }
            };
            let Ok(line) = String::from_utf8(bytes) else {
                return Some(Err(
                    self.wrong(None, "the line is no UTF-8; write the file in UTF-8")
                ));
            };
            // Tools that write a mark of the order of bytes write it once, at the beginning.
            let line = line.strip_prefix('\u{feff}').unwrap_or(&line).trim();
            if !line.is_empty() {
                return Some(self.problem(line));
            }
        }
        None
    }
}
