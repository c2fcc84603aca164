//! Reads models, line by line: what is wrong is told by its line, and no line is longer than a room of fixed size.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::LONGEST;
use crate::NgramsError;

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes of a line at most.
const MOST_LINE: u64 = 1 << 16;
/// Comments that are kept.
const MOST_COMMENTS: usize = 16;

/// An n-gram of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'l> {
    /// The words, between spaces.
    pub words: &'l str,
    /// How many they are.
    pub length: usize,
    /// Logarithm to the base 10 of the probability of the last word after the others.
    pub probability: f32,
    /// Logarithm to the base 10 of the share that the n-gram leaves, as a history, to those of fewer words.
    pub backoff: f32,
}

/// An ARPA file of which the beginning is read.
pub struct Arpa<'r> {
    lines: Lines<'r>,
    /// How many n-grams there are of each length.
    counts: Vec<u64>,
    comments: Vec<String>,
}

impl Arpa<'static> {
    /// Opens a file, plain or compressed with gzip.
    ///
    /// # Errors
    /// When it cannot be read, or does not begin as an ARPA file.
    pub fn open(path: &Path) -> Result<Self, NgramsError> {
        let file = File::open(path).map_err(NgramsError::io("open", path))?;
        let mut file = BufReader::with_capacity(1 << 17, file);
        let is_gzip = file
            .fill_buf()
            .map_err(NgramsError::io("read", path))?
            .starts_with(&GZIP);
        let input: Box<dyn BufRead> = match is_gzip {
            true => Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(file))),
            false => Box::new(file),
        };
        Arpa::new(path.display().to_string(), input)
    }
}

impl<'r> Arpa<'r> {
    /// Reads the beginning of a text that errors call `name`.
    ///
    /// # Errors
    /// When it cannot be read, or does not begin as an ARPA file.
    pub fn new(name: impl Into<String>, input: Box<dyn BufRead + 'r>) -> Result<Self, NgramsError> {
        let mut lines = Lines {
            name: name.into(),
            input,
            line: Vec::new(),
            number: 0,
        };
        let mut comments = Vec::new();
        loop {
            let what = match lines.next()? {
                Some("\\data\\") => break,
                Some(line) if line.trim_ascii().is_empty() => continue,
                Some(line) => match line.strip_prefix('#') {
                    Some(said) => {
                        comments.push(said.trim_ascii().to_owned());
                        // More are none of ours, and cost nothing.
                        comments.truncate(MOST_COMMENTS);
                        continue;
                    }
                    None => format!("{} is no `\\data\\`", shown(line)),
                },
                None => "the file ends before `\\data\\`".to_owned(),
            };
            return Err(lines.error(what));
        }
        let counts = counts(&mut lines)?;
        Ok(Self {
            lines,
            counts,
            comments,
        })
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.lines.name
    }

    /// What comments before the data say.
    pub fn comments(&self) -> &[String] {
        &self.comments
    }

    /// How many n-grams there are said to be of each length, that of single words first.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Calls `each` with every n-gram, shorter ones first, until it breaks with what is wrong with one.
    ///
    /// # Errors
    /// When the file cannot be read or is not as it should be, by line.
    pub fn read(mut self, each: &mut dyn FnMut(Entry<'_>) -> ControlFlow<String>) -> Result<(), NgramsError> {
        let lines = &mut self.lines;
        let order = self.counts.len();
        for (length, count) in (1..).zip(&self.counts) {
            lines.head(&format!("\\{length}-grams:"))?;
            for read in 0..*count {
                let Some(line) = lines.next()? else {
                    return Err(lines.error(missing(*count, length, read, "the file ends")));
                };
                let flow = match entry(line, length, length < order) {
                    Ok(entry) => each(entry),
                    // Most often the next section.
                    Err(what) => ControlFlow::Break(missing(*count, length, read, &what)),
                };
                if let ControlFlow::Break(what) = flow {
                    return Err(lines.error(what));
                }
            }
        }
        lines.head("\\end\\")
    }
}

/// What is said where the n-grams of a length end too early.
fn missing(count: u64, length: usize, read: u64, what: &str) -> String {
    format!("{what}, and the file says that it has {count} {length}-grams, of which {read} were read")
}

/// The counts, up to the first blank line.
fn counts(lines: &mut Lines<'_>) -> Result<Vec<u64>, NgramsError> {
    let mut counts = Vec::new();
    loop {
        let line = match lines.next()? {
            Some(line) if !line.trim_ascii().is_empty() => line,
            _ if counts.is_empty() => return Err(lines.error("no line `ngram 1=COUNT` follows `\\data\\`")),
            _ => return Ok(counts),
        };
        let length = counts.len() + 1;
        let count = line
            .strip_prefix("ngram ")
            .and_then(|line| line.trim_ascii_start().strip_prefix(&length.to_string()))
            .and_then(|line| line.strip_prefix('='))
            .and_then(|count| count.trim_ascii().parse().ok());
        let Some(count) = count else {
            let what = format!("{} is no `ngram {length}=COUNT`", shown(line));
            return Err(lines.error(what));
        };
        if length > LONGEST {
            let what = format!("n-grams of {length} words, and {LONGEST} at most are read");
            return Err(lines.error(what));
        }
        counts.push(count);
    }
}

/// What a line says of an n-gram of `length` words, which may have something to leave.
fn entry(line: &str, length: usize, may_leave: bool) -> Result<Entry<'_>, String> {
    let mut fields = line.split('\t');
    let (probability, words, backoff) = (fields.next(), fields.next(), fields.next());
    let Some((probability, words)) = probability.zip(words).filter(|_| fields.next().is_none()) else {
        return Err(format!("{} is no n-gram between tabs", shown(line)));
    };
    let found = words.split(' ').filter(|word| !word.is_empty()).count();
    if found != length || words.split(' ').count() != length {
        return Err(format!(
            "{} are {found} words between single spaces, not {length}",
            shown(words)
        ));
    }
    let number = |text: &str| {
        text.trim_ascii()
            .parse()
            .ok()
            .filter(|number: &f32| number.is_finite())
    };
    let Some(probability) = number(probability).filter(|number| *number <= 0.0) else {
        return Err(format!("{} is no logarithm of a probability", shown(probability)));
    };
    let backoff = match backoff {
        None => 0.0,
        Some(text) => match number(text) {
            Some(backoff) if may_leave || backoff == 0.0 => backoff,
            Some(_) => return Err(format!("{} is left by one of the longest n-grams", shown(text))),
            None => return Err(format!("{} is no logarithm", shown(text))),
        },
    };
    Ok(Entry {
        words,
        length,
        probability,
        backoff,
    })
}

/// The beginning of what is wrong, without what a terminal obeys.
fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut signs = text.chars();
    let mut shown = String::from("`");
    for sign in signs.by_ref().take(SHOWN) {
        match sign.is_control() {
            true => shown.extend(sign.escape_debug()),
            false => shown.push(sign),
        }
    }
    shown.push_str(if signs.next().is_some() { "…`" } else { "`" });
    shown
}

/// Lines, one at a time.
struct Lines<'r> {
    name: String,
    input: Box<dyn BufRead + 'r>,
    line: Vec<u8>,
    number: u64,
}

impl Lines<'_> {
    /// The next line, without its end; none after the last.
    fn next(&mut self) -> Result<Option<&str>, NgramsError> {
        self.number += 1;
        self.line.clear();
        let mut input = (&mut self.input).take(MOST_LINE);
        let read = input.read_until(b'\n', &mut self.line);
        let read = read.map_err(NgramsError::io("read", Path::new(&self.name)))?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if read as u64 == MOST_LINE {
            return Err(self.error(format!("a line of more than {MOST_LINE} bytes")));
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        if read == 0 {
            return Ok(None);
        }
        match std::str::from_utf8(&self.line) {
            Ok(line) => Ok(Some(line)),
            Err(_) => Err(NgramsError::at_line(
                &self.name,
                self.number,
                "a line that is no UTF-8",
            )),
        }
    }

    /// Reads on to `head`, which must be the next line that is not blank.
    fn head(&mut self, head: &str) -> Result<(), NgramsError> {
        let what = loop {
            match self.next()? {
                None => break format!("the file ends before `{head}`"),
                Some(line) if line.trim_ascii().is_empty() => {}
                Some(line) if line.trim_ascii_end() == head => return Ok(()),
                Some(line) => break format!("{} stands where `{head}` must", shown(line)),
            }
        };
        Err(self.error(what))
    }

    /// What is wrong with the line read last.
    fn error(&self, what: impl std::fmt::Display) -> NgramsError {
        NgramsError::at_line(&self.name, self.number, what)
    }
}
