use std::io::Read;

use serde::{Deserialize, Serialize};
use triaxis_host::text::{Encoding, UTF_8, Unicode, or_utf_8, unicode};
use triaxis_pages::{ExtractorSpec, decode};

use super::paged::extracted;
use super::unpack::Unpacked;
use super::{Emit, Found, Limits, Listing, Origin, Piece, Place, Source, SourceFile};
use super::{emit_text, emit_too_large, walk};
use crate::CorpusError;

/// Text, Markdown or code: each file is one document, in UTF-8, in UTF-16, or in the encoding that is named, plain or
/// compressed with gzip or Zstandard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Files, folders, or patterns such as `docs/**/*.md`, relative to the spec's folder or absolute.
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// What files are in that are neither UTF-8 nor UTF-16, by its name on the web: `windows-1252` for
    /// Latin-1, `shift_jis`, `gbk`, `koi8-r` and others (WHATWG, Encoding Standard).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The files are web pages, the main text of each of which is a document: `{ extractor = "trafilatura" }`, with
    /// settings such as `favour = "recall"`. Without `encoding` a page is in what it says itself, as browsers read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<ExtractorSpec>,
    /// The text's licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl Files {
    pub(super) const ABOUT: &str = "Text, Markdown or code, plain or compressed with gzip or Zstandard: each file is one document, in UTF-8, UTF-16 or \
         the encoding that is named.";
}

impl Source for Files {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn check(&self) -> Result<(), CorpusError> {
        match (&self.encoding, self.encoding()) {
            (Some(unknown), None) => Err(CorpusError::spec(
                format!("source `{}`: encoding", self.name),
                unknown,
                "no encoding of that name is known: those of the web are, such as windows-1252, shift_jis, gbk",
            )),
            _ => Ok(()),
        }
    }

    fn files(&self, place: &Place) -> Result<Listing, CorpusError> {
        walk::files(
            &self.name,
            place,
            &self.include,
            &self.exclude,
            "**",
            self.licence.as_deref(),
        )
    }

    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        match &self.pages {
            None => read_whole(file, limits, self.encoding(), emit),
            Some(_) => extracted(self.pages.as_ref(), limits, emit, |limits, emit| {
                self.read_page(file, limits, emit)
            }),
        }
    }
}

impl Files {
    fn encoding(&self) -> Option<&'static Encoding> {
        let name = self.encoding.as_ref()?;
        Encoding::for_label_no_replacement(name.as_bytes())
    }

    /// Emits a file, compressed or not, as a page.
    fn read_page(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        let unpacked = Unpacked::open(&file.path)?;
        let failed = unpacked.failure(&file.path);
        let mut page = Vec::new();
        let most = limits.longest as u64 + 1;
        unpacked.input.take(most).read_to_end(&mut page).map_err(failed)?;
        let nowhere = String::new;
        if page.len() > limits.longest {
            return emit_too_large(file.size.0, &nowhere, emit).map(drop);
        }
        let text = decode(&page, self.encoding().map(Encoding::name));
        let found = Found {
            text: &text,
            origin: Origin::default(),
            is_text: false,
        };
        let place = &nowhere;
        emit(Piece::Document { found, place }).map(drop)
    }
}

/// Emits a file as one document, or in parts where it is too long, of which one is held at a time.
pub(super) fn read_whole(
    file: &SourceFile,
    limits: Limits,
    encoding: Option<&'static Encoding>,
    emit: &mut Emit<'_>,
) -> Result<(), CorpusError> {
    let unpacked = Unpacked::open(&file.path)?;
    let failed = unpacked.failure(&file.path);
    let named = encoding.map(|named| or_utf_8(Unpacked::open(&file.path)?.input, named).map_err(&failed));
    let otherwise = named.transpose()?.unwrap_or(UTF_8);
    let Unicode { mut input, encoding } = unicode(unpacked.input, otherwise).map_err(&failed)?;
    let nowhere = || String::new();
    let mut held = Vec::new();
    loop {
        // A byte more than may be held tells whether there is more.
        let missing = (limits.longest + 1).saturating_sub(held.len());
        (&mut input)
            .take(missing as u64)
            .read_to_end(&mut held)
            .map_err(&failed)?;
        if held.len() <= limits.longest {
            return emit_text(&held, encoding, Origin::default(), &nowhere, emit).map(drop);
        }
        if !limits.cut {
            return emit_too_large(file.size.0, &nowhere, emit).map(drop);
        }
        let end = limits.cut(&held);
        if emit_text(&held[..end], encoding, Origin::default(), &nowhere, emit)?.is_break() {
            return Ok(());
        }
        held.drain(..end);
    }
}
