use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;

use flate2::bufread::MultiGzDecoder;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use triaxis_host::text::{BUFFER, Encoding, UTF_8, Unicode, unicode};

use super::{Emit, Limits, Listing, Piece, Place, Source, SourceFile};
use super::{emit_row, emit_text, emit_too_large, open, text_field, walk};
use triaxis_units::Bytes;

use crate::{CorpusError, Reason};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// How the parser ends its words on what is no text, and begins them where there is nothing.
const NO_TEXT: &str = ", expected a text";
const NO_FIELD: &str = "no field ";
/// Bytes of a line beside those of its text, at most.
const BESIDE: u64 = 1 << 26;
/// Bytes that a byte of text takes at most in a line, as `\u00e9` is written for two, controls aside.
const ESCAPED: u64 = 3;
/// Fields named of a line without the one asked for.
const MOST_FIELDS: usize = 8;

/// JSON lines: each line is an object, one field of which is the document. Files compressed with
/// gzip or Zstandard are told by their first bytes, whatever their names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jsonl {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Files, folders, or patterns such as `pages/*.jsonl.zst`, relative to the spec's folder or
    /// absolute. Of a folder, the files with `.jsonl` in their names are read.
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The field that holds the text.
    #[serde(default = "text_field")]
    pub field: String,
    /// The text's licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl Jsonl {
    pub(super) const ABOUT: &str =
        "JSON lines, plain or compressed with gzip or Zstandard: a field of each line is one document.";
}

impl Source for Jsonl {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Listing, CorpusError> {
        walk::files(
            &self.name,
            place,
            &self.include,
            &self.exclude,
            "**/*.jsonl*",
            self.licence.as_deref(),
        )
    }

    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        let failed = |error| CorpusError::io("read", &file.path)(error);
        let mut plain = BufReader::with_capacity(BUFFER, open(&file.path)?);
        let start = plain.fill_buf().map_err(failed)?;
        let damaged = CorpusError::decoding(&file.path);
        if start.starts_with(GZIP) {
            let input = BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain));
            return self.read_lines(Box::new(input), limits, emit, &damaged);
        }
        if start.starts_with(ZSTANDARD) {
            let input = zstd::Decoder::with_buffer(plain).map_err(failed)?;
            return self.read_lines(
                Box::new(BufReader::with_capacity(BUFFER, input)),
                limits,
                emit,
                &damaged,
            );
        }
        self.read_lines(Box::new(plain), limits, emit, &failed)
    }
}

impl Jsonl {
    fn read_lines(
        &self,
        input: Box<dyn BufRead + '_>,
        limits: Limits,
        emit: &mut Emit<'_>,
        failed: &dyn Fn(io::Error) -> CorpusError,
    ) -> Result<(), CorpusError> {
        let Unicode { mut input, encoding } = unicode(input, UTF_8).map_err(failed)?;
        let longest = longest_line(limits);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let length = (&mut input)
                .take(longest)
                .read_until(b'\n', &mut line)
                .map_err(failed)? as u64;
            if length == 0 {
                break;
            }
            let place = || format!(":{number}");
            let flow = if length == longest && !line.ends_with(b"\n") {
                let rest = input.skip_until(b'\n').map_err(failed)? as u64;
                emit_long_line(length + rest, limits, &place, emit)?
            } else {
                self.read_line(line.trim_ascii(), encoding, limits, &place, emit)?
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read_line(
        &self,
        line: &[u8],
        encoding: &'static Encoding,
        limits: Limits,
        place: &dyn Fn() -> String,
        emit: &mut Emit<'_>,
    ) -> Result<ControlFlow<()>, CorpusError> {
        if line.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        if std::str::from_utf8(line).is_err() {
            return emit_text(line, encoding, place, emit);
        }
        let error = match text_of(line, &self.field) {
            Ok(text) => return emit_row(text.as_bytes(), limits, place, emit),
            Err(error) => error,
        };
        let no_text = error.classify() == Category::Data;
        emit(Piece::LeftOut {
            reason: if no_text { Reason::NoText } else { Reason::Damaged },
            documents: 1,
            bytes: line.len() as u64,
            why: &|| format!("{}: {}", place(), self.reason(line, &error)),
        })
    }
}

impl Jsonl {
    /// What is wrong with a line, by its column alone: a line of the file is all the parser has seen.
    fn reason(&self, line: &[u8], error: &serde_json::Error) -> String {
        let told = error.to_string();
        let what = told
            .rsplit_once(" at line ")
            .map_or(told.as_str(), |(what, _)| what);
        let other = what
            .strip_prefix("invalid type: ")
            .and_then(|what| what.strip_suffix(NO_TEXT));
        let fields = if what.starts_with(NO_FIELD) {
            fields(line)
        } else {
            String::new()
        };
        match other {
            Some(met) => format!(
                "`{}` is {} at column {}, and no text",
                self.field,
                plain(met),
                error.column()
            ),
            None => format!("{what} at column {}{fields}", error.column()),
        }
    }
}

/// What a parser met, in the words of JSON.
fn plain(met: &str) -> String {
    const WORDS: [(&str, &str); 5] = [
        ("map", "an object"),
        ("sequence", "a list"),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
    ];
    let known = WORDS
        .iter()
        .find_map(|(start, plain)| Some((plain, met.strip_prefix(start)?)));
    known.map_or_else(|| met.to_owned(), |(plain, rest)| format!("{plain}{rest}"))
}

/// The longest line held in memory: one with the longest document, whatever its escapes.
fn longest_line(limits: Limits) -> u64 {
    BESIDE.saturating_add(ESCAPED.saturating_mul(limits.longest as u64))
}

fn emit_long_line(
    bytes: u64,
    limits: Limits,
    place: &dyn Fn() -> String,
    emit: &mut Emit<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    if !limits.cut {
        return emit_too_large(bytes, place, emit);
    }
    let longest = Bytes(longest_line(limits));
    emit(Piece::LeftOut {
        reason: Reason::LongLine,
        documents: 1,
        bytes,
        why: &|| format!("{} has {}, and {longest} are held at most", place(), Bytes(bytes)),
    })
}

fn text_of<'a>(line: &'a [u8], field: &str) -> serde_json::Result<Cow<'a, str>> {
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let text = Field(field).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(text)
}

/// The fields of a line, to choose `field` from.
fn fields(line: &[u8]) -> String {
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_slice(line).unwrap_or_default();
    let names: Vec<_> = fields
        .keys()
        .take(MOST_FIELDS)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("; it has {}", names.join(", ")),
    }
}

/// Takes one field of an object as a text, and passes over the others without keeping them.
struct Field<'f>(&'f str);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key_seed(Text)? {
            if key == self.0 {
                found = Some(map.next_value_seed(Text)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| A::Error::custom(format_args!("{NO_FIELD}`{}`", self.0)))
    }
}

struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
