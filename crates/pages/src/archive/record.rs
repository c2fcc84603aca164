//! Records one after another, each with its header, in bounded memory.

use std::io::{self, BufRead, Read as _};

use triaxis_units::Bytes;

use super::shown;

/// The largest record whose content is read.
pub const LARGEST_RECORD: Bytes = Bytes(32 << 20);
/// The longest header, of a record and of an answer.
pub(super) const LONGEST_HEADER: usize = 1 << 16;
/// What a record begins with.
const MAGIC: &[u8] = b"WARC/";

/// Lines of `Name: value`.
#[derive(Debug, Default)]
pub struct Header(Vec<(String, String)>);

impl Header {
    /// Adds a line, which goes on with the one before if it begins with a space.
    pub(super) fn add(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        match (line.split_once(':'), self.0.last_mut()) {
            (_, Some((_, value))) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (Some((name, value)), _) => self.0.push((name.trim().to_owned(), value.trim().to_owned())),
            _ => {}
        }
    }

    /// Whether the record is what a server answered.
    pub fn is_answer(&self) -> bool {
        self.get("WARC-Type") == Some("response")
    }

    /// Whether the record is the text that a page was converted to, as in the WET files of Common Crawl.
    pub fn is_text(&self) -> bool {
        let kind = self.get("Content-Type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        self.get("WARC-Type") == Some("conversion") && kind.eq_ignore_ascii_case("text/plain")
    }

    /// The value of a name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What is found in the place of a record.
#[derive(Debug)]
pub enum Read {
    /// A whole one.
    Record {
        /// What it is.
        header: Header,
        /// Its content, of answers and texts.
        block: Vec<u8>,
    },
    /// A record larger than [`LARGEST_RECORD`].
    TooLarge(Bytes),
    /// One that is not what it says.
    Damaged {
        /// Bytes that were read of it.
        bytes: u64,
        /// What is wrong.
        detail: String,
    },
}

/// The records of an archive.
pub struct Records<R> {
    input: R,
    /// How many were begun.
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    /// Those of an archive that is not compressed, or not any more.
    pub fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            line: Vec::new(),
        }
    }

    /// The number of the record that was begun last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next record. After one that is not what it says, it is the next line that begins like a record.
    ///
    /// # Errors
    /// When the input cannot be read on.
    pub fn read(&mut self) -> io::Result<Option<Read>> {
        if !self.find()? {
            return Ok(None);
        }
        self.number += 1;
        let mut header = Header::default();
        let mut taken = 0;
        loop {
            let length = self.next_line()?;
            taken += length;
            if length == 0 || taken > LONGEST_HEADER {
                let detail = match length {
                    0 => "it is cut off in its header".to_owned(),
                    _ => format!("its header is longer than {}", Bytes(LONGEST_HEADER as u64)),
                };
                return Ok(Some(damaged(taken as u64, detail)));
            }
            if self.line.is_empty() {
                break;
            }
            header.add(&self.line);
        }
        let told = header.get("Content-Length");
        let Some(length) = told.and_then(|length| length.parse().ok()) else {
            let told = shown(told.unwrap_or("nothing"));
            let detail = format!("`Content-Length` is {told}, and no number of bytes");
            return Ok(Some(damaged(taken as u64, detail)));
        };
        self.block(header, length).map(Some)
    }

    /// Reads a record's content and holds it against its length: behind it are two ends of a line.
    fn block(&mut self, header: Header, length: u64) -> io::Result<Read> {
        let mut block = Vec::new();
        let kept = match header.is_answer() || header.is_text() {
            true => length.min(LARGEST_RECORD.0),
            false => 0,
        };
        let read = (&mut self.input).take(kept).read_to_end(&mut block)? as u64;
        let skipped = io::copy(&mut (&mut self.input).take(length - kept), &mut io::sink())?;
        let is_whole = read == kept && skipped == length - kept;
        if !is_whole {
            let detail = format!(
                "it says that it has {length} bytes, and the file ends after {}",
                read + skipped
            );
            return Ok(damaged(read + skipped, detail));
        }
        let next = self.input.fill_buf()?;
        if !(next.is_empty() || next.starts_with(b"\r") || next.starts_with(b"\n")) {
            let detail = format!("it says that it has {length} bytes, and goes on behind them");
            return Ok(damaged(length, detail));
        }
        Ok(match length > LARGEST_RECORD.0 && kept > 0 {
            true => Read::TooLarge(Bytes(length)),
            false => Read::Record { header, block },
        })
    }

    /// Goes on to the line behind the next one that begins like a record; tells whether there is one.
    fn find(&mut self) -> io::Result<bool> {
        loop {
            if self.next_line()? == 0 {
                return Ok(false);
            }
            if self.line.starts_with(MAGIC) {
                return Ok(true);
            }
        }
    }

    /// Reads a line without its end, or the beginning of a long one, which is passed over. Tells its length.
    fn next_line(&mut self) -> io::Result<usize> {
        self.line.clear();
        let most = LONGEST_HEADER as u64 + 1;
        let mut length = (&mut self.input).take(most).read_until(b'\n', &mut self.line)?;
        if length as u64 == most && !self.line.ends_with(b"\n") {
            length = length.saturating_add(self.input.skip_until(b'\n')?);
        }
        let end = self
            .line
            .strip_suffix(b"\n")
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let end = end.map_or(self.line.len(), <[u8]>::len);
        self.line.truncate(end);
        Ok(length)
    }
}

fn damaged(bytes: u64, detail: String) -> Read {
    Read::Damaged { bytes, detail }
}
