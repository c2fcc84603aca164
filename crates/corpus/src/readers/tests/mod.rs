//! What every reader owes: each entry of the registry, its formats, and any bytes at all.

mod archives;
mod columns;
mod listed;
#[cfg(feature = "objects")]
mod objects;
mod texts;

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use ::parquet::basic::Compression;
use proptest::prelude::*;
use tempfile::TempDir;
use triaxis_names::Entry;
use triaxis_units::Bytes;

use self::columns::parquet;
use super::{Emit, Found, Limits, Piece, SourceFile, SourceSpec};
use crate::{CorpusError, Reason};

const LONGEST: usize = 1000;

fn source(kind: &str, more: &str) -> SourceSpec {
    let include = if kind == "cargo-sources" {
        ""
    } else {
        "include = ['data']"
    };
    toml::from_str(&format!("kind = '{kind}'\nname = 'a'\n{include}\n{more}")).unwrap()
}

fn write(folder: &TempDir, bytes: &[u8]) -> SourceFile {
    let path = folder.path().join("data");
    std::fs::write(&path, bytes).unwrap();
    SourceFile {
        id: "data".to_owned(),
        path,
        size: Bytes(bytes.len() as u64),
        licence: Arc::from("none"),
    }
}

fn read_with(
    source: &SourceSpec,
    bytes: &[u8],
    limits: Limits,
    emit: &mut Emit<'_>,
) -> Result<(), CorpusError> {
    let folder = TempDir::new().unwrap();
    source.source().read(&write(&folder, bytes), limits, emit)
}

/// What is left out, as `Reason` and its words.
type Pieces = Vec<Result<String, (Reason, u64, String)>>;

fn pieces(source: &SourceSpec, bytes: &[u8], cut: bool) -> Result<Pieces, CorpusError> {
    let mut pieces = Vec::new();
    let limits = Limits {
        longest: LONGEST,
        cut,
    };
    read_with(source, bytes, limits, &mut |piece| {
        pieces.push(match piece {
            Piece::Document { found, .. } => Ok(found.text.to_owned()),
            Piece::LeftOut {
                reason,
                documents,
                why,
                ..
            } => Err((reason, documents, why())),
        });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(pieces)
}

/// Documents as they are, what is left out by its reason.
fn read(source: &SourceSpec, bytes: &[u8]) -> Result<Vec<String>, CorpusError> {
    let named = |piece: Result<String, (Reason, u64, String)>| {
        piece.unwrap_or_else(|(reason, ..)| format!("{reason:?}"))
    };
    Ok(pieces(source, bytes, false)?.into_iter().map(named).collect())
}

/// The documents, where long ones are cut.
fn parts(source: &SourceSpec, bytes: &[u8]) -> Vec<String> {
    pieces(source, bytes, true)
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

/// What is left out.
fn left_out(source: &SourceSpec, bytes: &[u8]) -> Vec<(Reason, u64, String)> {
    pieces(source, bytes, true)
        .unwrap()
        .into_iter()
        .filter_map(Result::err)
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn every_kind_is_named_once_and_survives_serde() {
    for Entry { name: kind, .. } in SourceSpec::REGISTRY {
        let source = source(kind, "weight = 2.0");
        assert_eq!(
            (source.kind(), source.name(), source.weight()),
            (*kind, "a", Some(2.0))
        );
        let json = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<SourceSpec>(&json).unwrap(), source);
    }
}

#[test]
fn an_unknown_key_is_refused_by_every_kind() {
    for Entry { name: kind, .. } in SourceSpec::REGISTRY {
        let include = if *kind == "cargo-sources" {
            ""
        } else {
            "include = ['data']"
        };
        let text = format!("kind = '{kind}'\nname = 'a'\n{include}\nwieght = 2.0");
        let error = toml::from_str::<SourceSpec>(&text).unwrap_err().to_string();
        assert!(error.contains("unknown field `wieght`"), "{error}");
    }
}

fn survives(kind: &str, bytes: &[u8]) {
    // Any outcome will do but a panic; what is returned must be documents within the limit.
    for cut in [false, true] {
        if let Ok(pieces) = pieces(&source(kind, ""), bytes, cut) {
            assert!(pieces.iter().flatten().all(|text| text.len() <= LONGEST));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn readers_survive_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for kind in ["files", "jsonl", "parquet", "warc"] {
            survives(kind, &bytes);
        }
        survives("jsonl", &gzip(&bytes));
        survives("jsonl", &zstandard(&bytes));
        survives("warc", &gzip(&[b"WARC/1.0\r\n", bytes.as_slice()].concat()));
        survives("parquet", &[b"PAR1", bytes.as_slice(), b"PAR1"].concat());
    }

    #[test]
    fn readers_survive_flipped_bytes(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let texts = ["alpha", "beta", "beta", "gamma delta"];
        let lines: Vec<u8> = texts.iter().flat_map(|text| format!("{{\"text\": \"{text}\"}}\n").into_bytes()).collect();
        let columns = texts.map(Some);
        for (kind, mut bytes) in [
            ("jsonl", gzip(&lines)),
            ("jsonl", zstandard(&lines)),
            ("jsonl", lines),
            ("parquet", parquet(&columns, 2, Compression::SNAPPY)),
            ("parquet", parquet(&columns, 4, Compression::ZSTD(Default::default()))),
            ("parquet", parquet(&columns, 4, Compression::UNCOMPRESSED)),
        ] {
            for (at, value) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= value;
            }
            survives(kind, &bytes);
        }
    }
}
