//! What every reader owes: each entry of the registry, its formats, and any bytes at all.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArray, ByteArrayType};
use ::parquet::file::metadata::{ParquetMetaDataWriter, RowGroupMetaData};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use tempfile::TempDir;
use triaxis_units::Bytes;

use super::{Limits, Listing, Piece, Place, SourceFile, SourceSpec};
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

/// What is left out, as `Reason` and its words.
type Pieces = Vec<Result<String, (Reason, u64, String)>>;

fn pieces(source: &SourceSpec, bytes: &[u8], cut: bool) -> Result<Pieces, CorpusError> {
    let folder = TempDir::new().unwrap();
    let mut pieces = Vec::new();
    let limits = Limits {
        longest: LONGEST,
        cut,
    };
    source
        .source()
        .read(&write(&folder, bytes), limits, &mut |piece| {
            pieces.push(match piece {
                Piece::Document(text) => Ok(text.to_owned()),
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
    assert_eq!(read(&files, b"a\xff").unwrap(), ["NotUnicode"]);
    let said = (
        Reason::NotUnicode,
        1,
        " is not UTF-8: byte 0xFF after 1 others".to_owned(),
    );
    assert_eq!(left_out(&files, b"a\xff"), [said]);
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
    let longer_than_any_line = format!("{{\"text\": \"{}\"}}\n", "x".repeat(65 << 20));
    let lines = [
        large.as_bytes(),
        b"{\"text\": \"\xff\"}\n",
        longer_than_any_line.as_bytes(),
        b"{\"text\": \"ok\"}\n",
    ]
    .concat();
    assert_eq!(
        read(&jsonl, &lines).unwrap(),
        ["TooLarge", "NotUnicode", "TooLarge", "ok"]
    );
}

#[test]
fn a_bad_json_line_is_named_and_the_others_are_read() {
    let jsonl = source("jsonl", "");
    for (bad, reason, why) in [
        (
            "{\"id\": 1, \"body\": 2}",
            Reason::NoText,
            "no field `text` at column 20; it has `body`, `id`",
        ),
        ("{\"text\": 1}", Reason::NoText, "expected a text"),
        ("{\"text\": null}", Reason::NoText, "null, expected a text"),
        ("[1]", Reason::NoText, "expected a JSON object"),
        ("{\"text\": \"a\"} x", Reason::Damaged, "trailing characters"),
        ("{\"text\": \"a", Reason::Damaged, "EOF"),
        ("{\"text\": \"a\\ud83d b\"}", Reason::Damaged, "hex escape"),
    ] {
        let lines = format!("{{\"text\": \"a\"}}\n{bad}\n{{\"text\": \"b\"}}\n");
        assert_eq!(
            read(&jsonl, lines.as_bytes()).unwrap(),
            ["a".to_owned(), format!("{reason:?}"), "b".to_owned()]
        );
        let (_, _, said) = &left_out(&jsonl, lines.as_bytes())[0];
        assert!(said.starts_with(":2: ") && said.contains(why), "{said}");
    }
}

fn utf_16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{text}");
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_byte_order_mark_and_utf_16_are_read() {
    let files = source("files", "");
    assert_eq!(read(&files, "\u{feff}naïve\n".as_bytes()).unwrap(), ["naïve\n"]);
    assert_eq!(read(&files, &utf_16("naïve 日本\n")).unwrap(), ["naïve 日本\n"]);
    let lines = "{\"text\": \"naïve\"}\r\n{\"text\": \"日本\"}";
    let jsonl = source("jsonl", "");
    for bytes in [
        format!("\u{feff}{lines}").into_bytes(),
        utf_16(lines),
        gzip(&utf_16(lines)),
        zstandard(&utf_16(lines)),
    ] {
        assert_eq!(read(&jsonl, &bytes).unwrap(), ["naïve", "日本"]);
    }
}

#[test]
fn another_encoding_is_read_where_it_is_named() {
    let latin = b"na\xefve \x96 caf\xe9";
    let named = |name: &str| source("files", &format!("encoding = '{name}'"));
    for name in ["windows-1252", "latin1", "ISO-8859-1"] {
        assert_eq!(read(&named(name), latin).unwrap(), ["naïve – café"]);
    }
    assert_eq!(read(&named("shift_jis"), b"\x93\xfa\x96{").unwrap(), ["日本"]);
    assert_eq!(read(&named("shift_jis"), b"\x93").unwrap(), ["NotUnicode"]);
    for unicode in ["naïve".as_bytes(), &utf_16("naïve")] {
        assert_eq!(read(&named("windows-1252"), unicode).unwrap(), ["naïve"]);
    }
    let error = named("latin-77").source().check().unwrap_err().to_string();
    assert!(
        error.contains("encoding = latin-77") && error.contains("windows-1252"),
        "{error}"
    );
    for kind in SourceSpec::KINDS {
        source(kind, "").source().check().unwrap();
    }
}

#[test]
fn a_long_document_is_cut_and_none_of_it_is_lost() {
    let paragraph = "A sentence of some words. Another one follows it, é.\n".repeat(8) + "\n";
    let text = paragraph.repeat(12);
    let json = serde_json::json!({ "text": text }).to_string();
    let table = parquet(&[Some(&text)], 10, Compression::SNAPPY);
    let in_utf_16 = utf_16(&text);
    for (kind, bytes) in [
        ("files", text.as_bytes()),
        ("files", in_utf_16.as_slice()),
        ("jsonl", json.as_bytes()),
        ("parquet", table.as_slice()),
    ] {
        let parts = parts(&source(kind, ""), bytes);
        assert_eq!(parts.concat(), text, "{kind}");
        assert_eq!(parts.len(), 6, "{kind}");
        for part in &parts {
            assert!(
                part.len() <= LONGEST && part.ends_with("\n\n"),
                "{kind}: {}",
                part.len()
            );
        }
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
    let expected: Vec<&str> = texts.iter().map(|text| text.unwrap_or("NoText")).collect();
    let nulls = left_out(&source("parquet", ""), &parquet(&texts, 300, Compression::SNAPPY));
    let said = |row: usize| (Reason::NoText, 1, format!(", row {row} is null"));
    assert_eq!(nulls, (0..334).map(|n| said(3 * n + 1)).collect::<Vec<_>>());
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
            matches!(error, CorpusError::Column { .. })
                && error
                    .to_string()
                    .contains("the file has `text` (text), `n` (numbers)"),
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

/// The same file with another codec in its metadata, as other writers would make it.
fn with_codec(bytes: &[u8], codec: Compression) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata().clone();
    let recoded = |group: &RowGroupMetaData| {
        let columns = group.columns().iter();
        let columns = columns.map(|column| {
            column
                .clone()
                .into_builder()
                .set_compression(codec)
                .build()
                .unwrap()
        });
        group
            .clone()
            .into_builder()
            .set_column_metadata(columns.collect())
            .build()
            .unwrap()
    };
    let groups = metadata.row_groups().iter().map(recoded).collect();
    let metadata = metadata.into_builder().set_row_groups(groups).build();
    let footer = u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
    let mut recoded = bytes[..bytes.len() - 8 - footer].to_vec();
    ParquetMetaDataWriter::new(&mut recoded, &metadata)
        .finish()
        .unwrap();
    recoded
}

#[test]
fn a_codec_that_is_not_read_is_named() {
    let bytes = parquet(&[Some("a"), None], 10, Compression::UNCOMPRESSED);
    assert_eq!(
        read(
            &source("parquet", ""),
            &with_codec(&bytes, Compression::UNCOMPRESSED)
        )
        .unwrap()
        .len(),
        2
    );
    let error = read(
        &source("parquet", ""),
        &with_codec(&bytes, Compression::BROTLI(Default::default())),
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("compressed with brotli, which is not read") && !error.contains("damaged"),
        "{error}"
    );
}

#[test]
fn a_column_of_lists_is_named_as_such() {
    let schema = "message m { required group text (LIST) { repeated group list { required binary element (UTF8); } } }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let texts = ["a", "b"].map(ByteArray::from);
    column
        .typed::<ByteArrayType>()
        .write_batch(&texts, Some(&[1, 1]), Some(&[0, 1]))
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let error = read(&source("parquet", ""), &writer.into_inner().unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`text` is no column with one text a row"),
        "{error}"
    );
    assert!(
        error.contains("the file has `text.list.element` (lists of texts)"),
        "{error}"
    );
}

#[test]
fn rows_that_do_not_decode_are_counted_and_the_others_are_read() {
    let texts: Vec<String> = (0..60)
        .map(|n| format!("text number {n} of some length"))
        .collect();
    let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
    let mut bytes = parquet(&texts, 20, Compression::SNAPPY);
    let group = bytes.len() / 3;
    bytes[group / 2..group / 2 + 40].fill(0xff);
    let pieces = pieces(&source("parquet", ""), &bytes, true).unwrap();
    let lost: Vec<_> = pieces.iter().filter_map(|piece| piece.as_ref().err()).collect();
    let [(Reason::Damaged, documents, said)] = lost[..] else {
        unreachable!("{lost:?}");
    };
    assert!(said.starts_with(", row "), "{said}");
    assert_eq!(*documents as usize + pieces.len() - 1, 60, "{said}");
    assert_eq!(pieces.last().unwrap().as_ref().unwrap(), texts[59].unwrap());
}

fn listing(folder: &Path, settings: &str) -> Result<Listing, CorpusError> {
    let source: SourceSpec = toml::from_str(&format!("kind = 'files'\nname = 'a'\n{settings}")).unwrap();
    let place = Place {
        base: folder.to_owned(),
        avoid: None,
    };
    source.source().files(&place)
}

#[test]
fn an_exclude_leaves_out_folders_and_must_match_something() {
    let folder = TempDir::new().unwrap();
    for path in ["docs/a.md", "docs/test/b.md", "docs/test/deep/c.md"] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    for exclude in ["docs/test", "docs/test/", "docs/t*", "docs/test/**", "**/test"] {
        let listing = listing(
            folder.path(),
            &format!("include = ['docs']\nexclude = ['{exclude}']"),
        )
        .unwrap();
        let ids: Vec<_> = listing.files.iter().map(|file| file.id.as_str()).collect();
        assert_eq!(ids, ["docs/a.md"], "{exclude}");
    }
    for exclude in ["test", "t*", "docs/tset/**"] {
        let settings = format!("include = ['docs']\nexclude = ['docs/a.md', '{exclude}']");
        let error = listing(folder.path(), &settings).unwrap_err().to_string();
        assert!(
            error.contains(&format!("exclude = {exclude}`: it matches none of the 3 files")),
            "{error}"
        );
        assert!(error.contains("such as `docs/a.md`"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_those_to_nowhere_are_counted() {
    use std::os::unix::fs::symlink;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    // As a hub's cache is made: names are links to files that are named by their content.
    for made in ["hub/blobs", "hub/snapshots/one/data", "elsewhere/inner"] {
        std::fs::create_dir_all(path(made)).unwrap();
    }
    for (name, text) in [
        ("hub/blobs/0a", "a"),
        ("hub/blobs/0b", "b"),
        ("elsewhere/c.md", "c"),
        ("elsewhere/inner/d.md", "d"),
    ] {
        std::fs::write(path(name), text).unwrap();
    }
    symlink("../../../blobs/0a", path("hub/snapshots/one/data/a.md")).unwrap();
    symlink("../../../blobs/0a", path("hub/snapshots/one/data/a2.md")).unwrap();
    symlink("../../../blobs/0b", path("hub/snapshots/one/data/b.md")).unwrap();
    symlink(path("elsewhere"), path("hub/snapshots/one/more")).unwrap();
    symlink(path("elsewhere"), path("hub/snapshots/one/same")).unwrap();
    symlink("..", path("hub/snapshots/one/loop")).unwrap();
    symlink("gone.md", path("hub/snapshots/one/broken.md")).unwrap();
    symlink("itself.md", path("hub/snapshots/one/itself.md")).unwrap();
    symlink("gone", path("hub/snapshots/one/unwanted.bin")).unwrap();
    let listing = listing(folder.path(), "include = ['hub/snapshots/**/*.md']").unwrap();
    let ids: Vec<_> = listing.files.iter().map(|file| file.id.as_str()).collect();
    let of = "hub/snapshots/one";
    assert_eq!(
        ids,
        ["data/a.md", "data/b.md", "more/c.md", "more/inner/d.md"].map(|id| format!("{of}/{id}"))
    );
    let broken = &listing.left_out[&Reason::BrokenLink];
    assert_eq!(
        (broken.documents, broken.first.as_str()),
        (2, "hub/snapshots/one/broken.md leads nowhere")
    );
}

#[cfg(unix)]
#[test]
fn what_is_left_out_by_one_name_is_left_out_by_all() {
    use std::os::unix::fs::symlink;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    for made in ["hub/blobs", "hub/snapshots/one", "hub/snapshots/two", "shared"] {
        std::fs::create_dir_all(path(made)).unwrap();
    }
    for name in ["hub/blobs/0a", "hub/blobs/0b", "shared/c.md"] {
        std::fs::write(path(name), name).unwrap();
    }
    for (target, name) in [
        ("../../blobs/0a", "one/train.md"),
        ("../../blobs/0b", "one/part.md"),
        ("../../blobs/0b", "two/test.md"),
        ("../../../shared", "one/more"),
        ("../../../shared", "two/same"),
    ] {
        symlink(target, path(&format!("hub/snapshots/{name}"))).unwrap();
    }
    let ids = |settings: &str| -> Vec<String> {
        let files = listing(folder.path(), settings).unwrap().files;
        files.into_iter().map(|file| file.id).collect()
    };
    let train = ["hub/snapshots/one/train.md"];
    let excludes = ["**/test.md", "hub/snapshots/two/same"]
        .map(|pattern| format!("'{pattern}'"))
        .join(", ");
    assert_eq!(
        ids(&format!("include = ['hub/snapshots']\nexclude = [{excludes}]")),
        train
    );
    assert_eq!(
        ids("include = ['hub/snapshots/*/same/*.md']"),
        ["hub/snapshots/two/same/c.md"]
    );
}

#[test]
fn a_long_file_in_a_named_encoding_is_not_cut_within_characters() {
    let gbk = source("files", "encoding = 'gbk'");
    let long = [0xc4, 0xe3].repeat(600);
    for bytes in [long.clone(), [b"a ".repeat(700), long].concat()] {
        let pieces = pieces(&gbk, &bytes, true).unwrap();
        assert!(matches!(pieces.last(), Some(Err((Reason::TooLarge, 1, _)))));
        assert!(pieces.iter().flatten().all(|text| text.is_ascii()));
    }
    assert_eq!(
        parts(&gbk, "你".repeat(600).as_bytes()).concat(),
        "你".repeat(600)
    );
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
            .files
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
    let files = source.source().files(&place).unwrap().files;
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
