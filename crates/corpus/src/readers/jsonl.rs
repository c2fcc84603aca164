use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use super::{Emit, Piece, Place, Source, SourceFile, emit_bytes, open, text_field, walk};
use crate::CorpusError;

const BUFFER: usize = 1 << 17;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Room in a line for fields other than the text.
const OTHER_FIELDS: u64 = 16 << 20;

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

impl Source for Jsonl {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Vec<SourceFile>, CorpusError> {
        walk::files(&self.name, place, &self.include, &self.exclude, "**/*.jsonl*", self.licence.as_deref())
    }

    fn read(&self, file: &SourceFile, maximum: Bytes, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        let mut plain = BufReader::with_capacity(BUFFER, open(&file.path)?);
        let start = plain.fill_buf().map_err(CorpusError::io("read", &file.path))?;
        if start.starts_with(GZIP) {
            return self.read_lines(file, BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)), true, maximum, emit);
        }
        if start.starts_with(ZSTANDARD) {
            let decoder = zstd::Decoder::with_buffer(plain).map_err(CorpusError::io("read", &file.path))?;
            return self.read_lines(file, BufReader::with_capacity(BUFFER, decoder), true, maximum, emit);
        }
        self.read_lines(file, plain, false, maximum, emit)
    }
}

impl Jsonl {
    fn read_lines(
        &self,
        file: &SourceFile,
        mut input: impl BufRead,
        compressed: bool,
        maximum: Bytes,
        emit: &mut Emit<'_>,
    ) -> Result<(), CorpusError> {
        // A byte of text takes six of JSON at most (`\u0000`).
        let limit = maximum.0.saturating_mul(6).saturating_add(OTHER_FIELDS);
        let failed = |error: io::Error| {
            if compressed {
                CorpusError::DamagedFile { path: file.path.clone(), detail: error.to_string() }
            } else {
                CorpusError::io("read", &file.path)(error)
            }
        };
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let end = (&mut input).take(limit).read_until(b'\n', &mut line).map_err(failed)?;
            if end == 0 {
                break;
            }
            let whole = line.ends_with(b"\n") || (end as u64) < limit;
            let flow = if !whole {
                input.skip_until(b'\n').map_err(failed)?;
                emit(Piece::TooLarge)?
            } else if line.trim_ascii().is_empty() {
                continue;
            } else if std::str::from_utf8(&line).is_err() {
                emit(Piece::NotUtf8)?
            } else {
                let text = text_of(line.trim_ascii_end(), &self.field).map_err(|error| CorpusError::JsonLine {
                    path: file.path.clone(),
                    line: number,
                    field: self.field.clone(),
                    detail: reason(&error),
                })?;
                emit_bytes(text.as_bytes(), maximum, emit)?
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn text_of<'a>(line: &'a [u8], field: &str) -> serde_json::Result<Cow<'a, str>> {
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let text = Field(field).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(text)
}

/// What is wrong with a line, by its column alone: a line of the file is all the parser has seen.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} at column {}", error.column()),
        None => text,
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
        found.ok_or_else(|| A::Error::custom(format_args!("no field `{}`", self.0)))
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
