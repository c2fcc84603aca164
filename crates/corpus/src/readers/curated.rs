use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_host::text::BUFFER;

use super::{Emit, Limits, Listing, Origin, Parquet, Piece, Place, Source, SourceFile};
use super::{emit_row, open, text_field, walk};
use crate::{CorpusError, Reason};

/// What `triaxis corpus curate` kept, all of it or that of one of its sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curated {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Folders that it was curated into, relative to the spec's folder or absolute.
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The name of the source whose documents are read; all of them if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// A line of what was kept, as far as it is read.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    source: Cow<'l, str>,
    #[serde(borrow, default)]
    url: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    date: Option<Cow<'l, str>>,
    #[serde(borrow)]
    text: Cow<'l, str>,
}

/// Bytes of a line at most: a document of the longest limit, whatever its escapes.
const LONGEST: u64 = 7 << 30;

impl Curated {
    pub(super) const ABOUT: &str =
        "What `triaxis corpus curate` kept: all of its folder, or the documents of one of its sources.";
}

impl Curated {
    /// What reads an output that was written as columns.
    fn columns(&self, file: &SourceFile) -> Result<Parquet, CorpusError> {
        if let Some(of) = &self.of {
            return Err(CorpusError::input(format!(
                "{}: `of = {of:?}` chooses among lines: curate with `output = \"jsonl\"`, or leave it out and read all sources",
                file.path.display()
            )));
        }
        Ok(Parquet {
            name: self.name.clone(),
            weight: self.weight,
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            field: text_field(),
            url_field: None,
            pages: None,
            licence: None,
        })
    }
}

impl Source for Curated {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Listing, CorpusError> {
        // It lies where the caller says, which may be a folder that holds no other text.
        let place = Place {
            base: place.base.clone(),
            avoid: Vec::new(),
        };
        let kept = "kept/*.{jsonl.zst,parquet}";
        match self.include.as_slice() {
            // A folder is one whatever its name.
            [folder] if place.base.join(folder).is_dir() => {
                walk::folder(&self.name, &place, Path::new(folder), &self.exclude, kept)
            }
            include => walk::files(&self.name, &place, include, &self.exclude, kept, None),
        }
    }

    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        if file
            .path
            .extension()
            .is_some_and(|extension| extension == "parquet")
        {
            return self.columns(file)?.read(file, limits, emit);
        }
        let damaged = CorpusError::decoding(&file.path);
        let input = zstd::Decoder::new(open(&file.path)?).map_err(&damaged)?;
        let mut input = BufReader::with_capacity(BUFFER, input);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = (&mut input).take(LONGEST).read_until(b'\n', &mut line);
            if read.map_err(&damaged)? == 0 {
                break;
            }
            let place = || format!(":{number}");
            let flow = match serde_json::from_slice::<Line<'_>>(&line) {
                Ok(Line { source, .. }) if self.of.as_ref().is_some_and(|of| *of != source) => continue,
                Ok(Line { text, url, date, .. }) => {
                    let (url, date) = (url.as_deref(), date.as_deref());
                    emit_row(text.as_bytes(), Origin { url, date }, limits, &place, emit)?
                }
                Err(error) => emit(Piece::LeftOut {
                    reason: Reason::Damaged,
                    documents: 1,
                    bytes: line.len() as u64,
                    why: &|| format!("{} is no line of a curated corpus: {error}", place()),
                })?,
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}
