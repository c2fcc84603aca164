//! What every reader owes: each entry of the registry, its formats, and any bytes at all.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArray, ByteArrayType};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use tempfile::TempDir;
use triaxis_units::Bytes;

use super::{Piece, Place, SourceFile, SourceSpec};
use crate::CorpusError;

const MAXIMUM: Bytes = Bytes(1000);

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

fn read(source: &SourceSpec, bytes: &[u8]) -> Result<Vec<String>, CorpusError> {
    let folder = TempDir::new().unwrap();
    let mut pieces = Vec::new();
    source
        .source()
        .read(&write(&folder, bytes), MAXIMUM, &mut |piece| {
            pieces.push(match piece {
                Piece::Document(text) => text.to_owned(),
                other => format!("{other:?}"),
            });
            Ok(ControlFlow::Continue(()))
        })?;
    Ok(pieces)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// A Parquet file of one optional text column, `rows` to a row group.
fn parquet(texts: &[Option<&str>], rows: usize, compression: Compression) -> Vec<u8> {
    let schema =
        Arc::new(parse_message_type("message m { optional binary text (UTF8); required int32 n; }").unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for texts in texts.chunks(rows) {
        let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
        let values: Vec<ByteArray> = texts
            .iter()
            .flatten()
            .map(|text| ByteArray::from(*text))
            .collect();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<ByteArrayType>()
            .write_batch(&values, Some(&levels), None)
            .unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let numbers = vec![7; texts.len()];
        column
            .typed::<::parquet::data_type::Int32Type>()
            .write_batch(&numbers, None, None)
            .unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn every_kind_is_named_once_and_survives_serde() {
    for (index, kind) in SourceSpec::KINDS.iter().enumerate() {
        assert!(!SourceSpec::KINDS[..index].contains(kind), "{kind} twice");
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
    for kind in SourceSpec::KINDS {
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

#[test]
fn a_file_is_one_document() {
    let files = source("files", "");
    assert_eq!(read(&files, "héllo\n".as_bytes()).unwrap(), ["héllo\n"]);
    assert_eq!(read(&files, b"a\xff").unwrap(), ["NotUtf8"]);
    assert_eq!(read(&files, &[b'a'; 1001]).unwrap(), ["TooLarge"]);
    assert_eq!(read(&files, &[b'a'; 1000]).unwrap().len(), 1);
}

#[test]
fn json_lines_are_read_plain_and_compressed() {
    let lines = "{\"text\": \"one\\n\\u00e9\", \"n\": [1, {\"text\": 2}]}\n\n{\"id\": 5, \"text\": \"two\"}\r\n{\"text\": \"three\"}".as_bytes();
    let expected = ["one\n\u{e9}", "two", "three"];
    let jsonl = source("jsonl", "");
    for bytes in [
        lines.to_vec(),
        gzip(lines),
        zstandard(lines),
        [gzip(lines), Vec::new()].concat(),
    ] {
        assert_eq!(read(&jsonl, &bytes).unwrap(), expected);
    }
    let twice = [zstandard(lines), zstandard(b"\n"), zstandard(lines)].concat();
    assert_eq!(
        read(&jsonl, &twice).unwrap().len(),
        6,
        "frames follow one another"
    );
    let body = source("jsonl", "field = 'body'");
    assert_eq!(read(&body, b"{\"text\": 1, \"body\": \"b\"}").unwrap(), ["b"]);
}

#[test]
fn json_lines_too_large_or_not_utf8_are_told() {
    let jsonl = source("jsonl", "");
    let large = format!("{{\"text\": \"{}\"}}\n", "x".repeat(1001));
    let longer_than_any_line = format!("{{\"text\": \"{}\"}}\n", "x".repeat(18 << 20));
    let lines = [
        large.as_bytes(),
        b"{\"text\": \"\xff\"}\n",
        longer_than_any_line.as_bytes(),
        b"{\"text\": \"ok\"}\n",
    ]
    .concat();
    assert_eq!(
        read(&jsonl, &lines).unwrap(),
        ["TooLarge", "NotUtf8", "TooLarge", "ok"]
    );
}

#[test]
fn a_bad_json_line_is_named() {
    let jsonl = source("jsonl", "");
    for (bad, why) in [
        ("{\"id\": 1}", "no field `text`"),
        ("{\"text\": 1}", "expected a text"),
        ("{\"text\": \"a\"} x", "trailing characters"),
        ("[1]", "expected a JSON object"),
        ("{\"text\": \"a", "EOF"),
    ] {
        let error = read(&jsonl, format!("{{\"text\": \"a\"}}\n{bad}\n").as_bytes()).unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(error, CorpusError::JsonLine { line: 2, .. }),
            "{message}"
        );
        assert!(message.contains("data:2: ") && message.contains(why), "{message}");
    }
}

#[test]
fn a_truncated_compressed_file_is_an_error() {
    let jsonl = source("jsonl", "");
    let lines: String = (0..3000)
        .map(|n| format!("{{\"text\": \"document {n} {}\"}}\n", n * 7919))
        .collect();
    for bytes in [gzip(lines.as_bytes()), zstandard(lines.as_bytes())] {
        assert_eq!(read(&jsonl, &bytes).unwrap().len(), 3000);
        for cut in [5, 20, bytes.len() / 2, bytes.len() - 1] {
            let error = read(&jsonl, &bytes[..cut]).unwrap_err();
            assert!(
                matches!(error, CorpusError::DamagedFile { .. }),
                "cut at {cut}: {error}"
            );
        }
    }
}

#[test]
fn a_parquet_column_is_read_over_row_groups() {
    let texts: Vec<String> = (0..1000).map(|n| format!("text {n}")).collect();
    let texts: Vec<Option<&str>> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (n % 3 > 0).then_some(text.as_str()))
        .collect();
    let expected: Vec<&str> = texts.iter().flatten().copied().collect();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(Default::default()),
        Compression::GZIP(Default::default()),
        Compression::LZ4_RAW,
    ] {
        let bytes = parquet(&texts, 300, compression);
        assert_eq!(
            read(&source("parquet", ""), &bytes).unwrap(),
            expected,
            "{compression:?}"
        );
    }
}

#[test]
fn a_parquet_file_without_the_column_or_the_end_is_an_error() {
    let bytes = parquet(&[Some("a"), None], 10, Compression::SNAPPY);
    for field in ["body", "n"] {
        let error = read(&source("parquet", &format!("field = '{field}'")), &bytes).unwrap_err();
        assert!(
            matches!(error, CorpusError::Column { .. }) && error.to_string().contains("one of `text`"),
            "{error}"
        );
    }
    for cut in [0, 3, 4, bytes.len() / 2, bytes.len() - 1] {
        let error = read(&source("parquet", ""), &bytes[..cut]).unwrap_err();
        assert!(
            matches!(error, CorpusError::DamagedFile { .. }),
            "cut at {cut}: {error}"
        );
    }
}

#[test]
fn files_are_listed_in_an_order_of_their_own() {
    let folder = TempDir::new().unwrap();
    for path in [
        "b/2.md",
        "b/10.md",
        "b/c/1.md",
        "a.md",
        "b/.hidden.md",
        ".git/x.md",
        "b/skip.md",
        "b/n.txt",
        "corpus/o.md",
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    let list = |include: &str, avoid: Option<PathBuf>| -> Vec<String> {
        let text = format!("kind = 'files'\nname = 'a'\ninclude = {include}\nexclude = ['**/skip.md']");
        let source: SourceSpec = toml::from_str(&text).unwrap();
        let place = Place {
            base: folder.path().to_owned(),
            avoid,
        };
        source
            .source()
            .files(&place)
            .unwrap()
            .into_iter()
            .map(|file| file.id)
            .collect()
    };
    assert_eq!(
        list("['b/*.md', '**/*.md']", None),
        ["b/10.md", "b/2.md", "a.md", "b/c/1.md", "corpus/o.md"]
    );
    assert_eq!(
        list("['b', 'a.md']", None),
        ["b/10.md", "b/2.md", "b/c/1.md", "b/n.txt", "a.md"]
    );
    let avoid = folder.path().join("corpus");
    assert_eq!(
        list("['.']", Some(avoid)),
        ["a.md", "b/10.md", "b/2.md", "b/c/1.md", "b/n.txt"]
    );
}

#[test]
fn a_pattern_that_matches_nothing_is_named() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.md"), "x").unwrap();
    let files = |include: &str| {
        let source: SourceSpec =
            toml::from_str(&format!("kind = 'files'\nname = 'notes'\ninclude = {include}")).unwrap();
        source
            .source()
            .files(&Place {
                base: folder.path().to_owned(),
                avoid: None,
            })
            .unwrap_err()
            .to_string()
    };
    for (include, says) in [
        (
            "['a.md', '*.txt']",
            "source `notes`: `*.txt` matches no file under",
        ),
        ("['missing']", "`missing` matches no file"),
        ("['missing/**/*.md']", "`missing/**/*.md` matches no file"),
        ("['a[.md']", "pattern = a[.md`: unclosed character class"),
        ("[]", "name at least one file"),
    ] {
        let message = files(include);
        assert!(message.contains(says), "{message}");
    }
}

fn survives(kind: &str, bytes: &[u8]) {
    // Any outcome will do but a panic; what is returned must be documents within the limit.
    if let Ok(pieces) = read(&source(kind, ""), bytes) {
        assert!(pieces.iter().all(|piece| piece.len() as u64 <= MAXIMUM.0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn readers_survive_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for kind in ["files", "jsonl", "parquet"] {
            survives(kind, &bytes);
        }
        survives("jsonl", &gzip(&bytes));
        survives("jsonl", &zstandard(&bytes));
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

#[test]
fn cargo_sources_are_the_locked_packages() {
    let place = Place {
        base: Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(),
        avoid: None,
    };
    let source = source(
        "cargo-sources",
        "include = ['serde-1*/src/lib.rs', 'walkdir-*/**/*.md']",
    );
    let files = source.source().files(&place).unwrap();
    let serde = &files[0];
    assert!(
        serde.id.starts_with("serde-1") && serde.id.ends_with("/src/lib.rs"),
        "{}",
        serde.id
    );
    assert_eq!(&*serde.licence, "Apache-2.0 OR MIT");
    let walkdir = files
        .iter()
        .find(|file| file.id.starts_with("walkdir-") && file.id.ends_with("/README.md"));
    assert_eq!(&*walkdir.unwrap().licence, "MIT OR Unlicense");
    assert!(files.is_sorted_by(|a, b| a.id < b.id));
}

#[test]
fn cargo_sources_without_the_packages_name_the_remedy() {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("src/lib.rs", "");
    write(".cargo/config.toml", "[net]\noffline = true\n");
    write(
        "Cargo.toml",
        "[package]\nname = 'a'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\nserde = '=1.0.0'\n[workspace]\n",
    );
    let error = source("cargo-sources", "")
        .source()
        .files(&Place {
            base: folder.path().to_owned(),
            avoid: None,
        })
        .unwrap_err();
    assert!(error.to_string().contains("`cargo fetch --locked`"), "{error}");
}
