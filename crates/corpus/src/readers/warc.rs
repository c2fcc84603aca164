use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use triaxis_pages::archive::{Answer, Header, LARGEST_RECORD, Read, Records};
use triaxis_pages::{ExtractorSpec, decode};

use super::paged::{extracted, reason};
use super::unpack::Unpacked;
use super::{Emit, Found, Limits, Listing, Origin, Piece, Place, Source, SourceFile, walk};
use crate::{CorpusError, Reason};

/// Pages of web archives (WARC, ISO 28500), plain or compressed with gzip or Zstandard: the main text of each page that a
/// server answered with is a document, with its URL and date, and so is a text that a page was converted to before (WET).
/// What else was recorded is passed over; answers that are no pages are counted.
///
/// ```toml
/// [[sources]]
/// kind = "warc"
/// name = "crawl"
/// include = ["crawl/*.warc.gz"]    # or "crawl/*.warc.wet.gz"
/// pages = { extractor = "trafilatura", favour = "precision" }    # the default, as FineWeb was made
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warc {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Files, folders, or patterns such as `crawl/*.warc.gz`, relative to the spec's folder or absolute. Of a folder, the
    /// files with `.warc` in their names are read.
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// How the main text of a page is found.
    #[serde(default)]
    pub pages: ExtractorSpec,
    /// The text's licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl Warc {
    pub(super) const ABOUT: &str = "Web archives, plain or compressed with gzip or Zstandard: the main text of each page is one document.";
}

impl Source for Warc {
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
            "**/*.warc*",
            self.licence.as_deref(),
        )
    }

    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        let unpacked = Unpacked::open(&file.path)?;
        let failed = unpacked.failure(&file.path);
        extracted(Some(&self.pages), limits, emit, |_, emit| {
            let mut records = Records::new(unpacked.input);
            loop {
                let read = records.read();
                let number = records.number();
                let place = || format!(", record {number}");
                let flow = match read {
                    Ok(None) => return Ok(()),
                    Ok(Some(record)) => emit_record(&record, &place, emit)?,
                    Err(error) if error.raw_os_error().is_some() => return Err(failed(error)),
                    Err(error) => {
                        // What came before is good; behind damage of what is compressed nothing can be found.
                        let why = format!("{error}: the rest of the file is not read");
                        return leave_out(Reason::Damaged, 0, &why, &place, emit).map(drop);
                    }
                };
                if flow.is_break() {
                    return Ok(());
                }
            }
        })
    }
}

fn emit_record(
    record: &Read,
    place: &dyn Fn() -> String,
    emit: &mut Emit<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    let (header, block) = match record {
        Read::Record { header, block } => (header, block.as_slice()),
        Read::TooLarge(bytes) => {
            let why = format!("it has {bytes}, and {LARGEST_RECORD} are read at most");
            return leave_out(Reason::TooLarge, bytes.0, &why, place, emit);
        }
        Read::Damaged { bytes, detail } => {
            return leave_out(Reason::Damaged, *bytes, detail, place, emit);
        }
    };
    let origin = origin(header);
    let size = block.len() as u64;
    if header.is_text() {
        return match std::str::from_utf8(block) {
            Ok(text) => {
                let found = Found {
                    text,
                    origin,
                    is_text: true,
                };
                emit(Piece::Document { found, place })
            }
            Err(error) => {
                let why = format!("it is not UTF-8 after {} bytes", error.valid_up_to());
                leave_out(Reason::NotUnicode, size, &why, place, emit)
            }
        };
    }
    if !header.is_answer() {
        return Ok(ControlFlow::Continue(()));
    }
    match Answer::read(header, block) {
        Ok(answer) if answer.is_page() => {
            let html = decode(&answer.body, answer.charset.as_deref());
            let found = Found {
                text: &html,
                origin,
                is_text: false,
            };
            emit(Piece::Document { found, place })
        }
        Ok(answer) => leave_out(Reason::NoPage, size, &answer.told(), place, emit),
        Err(refused) => leave_out(reason(&refused), size, &refused.to_string(), place, emit),
    }
}

fn leave_out(
    reason: Reason,
    bytes: u64,
    why: &str,
    place: &dyn Fn() -> String,
    emit: &mut Emit<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    emit(Piece::LeftOut {
        reason,
        documents: 1,
        bytes,
        why: &|| format!("{}: {why}", place()),
    })
}

/// Where a record comes from. Old archives have other words for it.
fn origin(header: &Header) -> Origin<'_> {
    let url = header.get("WARC-Target-URI").or_else(|| header.get("uri"));
    let date = header.get("WARC-Date").or_else(|| header.get("archive-date"));
    Origin {
        url: url.map(|url| url.trim_start_matches('<').trim_end_matches('>')),
        date,
    }
}
