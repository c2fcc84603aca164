//! What cannot be made, and what the user is told.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Folder, prepare, spec, tokenizer};
use triaxis_corpus::{CorpusSpec, Reason, TokenizerSpec};

fn message(folder: &Folder, toml: &str) -> String {
    prepare(folder, &spec(toml), &tokenizer(300))
        .unwrap_err()
        .to_string()
}

fn files(more: &str) -> String {
    format!("[[sources]]\nkind = 'files'\nname = 'notes'\ninclude = ['notes']\n{more}")
}

fn notes() -> Folder {
    let folder = Folder::new();
    for n in 0..40 {
        folder.write(&format!("notes/{n}.md"), common::text("notes", n));
    }
    folder
}

#[test]
fn values_out_of_range_are_refused_before_reading() {
    let folder = Folder::new();
    let one = files("");
    for (toml, says) in [
        (
            "validation = 1000\nsources = []".to_owned(),
            "`sources = []`: a corpus needs at least one source",
        ),
        (
            format!("validation = 0\n{one}"),
            "`validation = 0`: must be positive",
        ),
        (
            format!("validation = 10\nsample = 0\n{one}"),
            "`sample = 0`: must be positive",
        ),
        (
            format!("validation = 10\nsample = 10\n{}", files("weight = -1.0")),
            "`weight = -1`: a weight must be positive and finite; remove source `notes`",
        ),
        (
            format!("validation = 10\n{}", files("weight = 2.0")),
            "weights share out a sample: set `sample`",
        ),
        (format!("validation = 10\n{one}\n{one}"), "two sources have it"),
        (
            format!("validation = 10\nmaximum_document = '2GiB'\n{one}"),
            "`maximum_document = ",
        ),
        (
            format!("validation = 10\nminimum_document = '2MB'\n{one}"),
            "must not be above maximum_document",
        ),
    ] {
        let message = message(&folder, &toml);
        assert!(message.contains(says), "{message}");
    }
    for vocabulary in [0, 256, 1 << 21] {
        let error = prepare(
            &folder,
            &spec(&format!("validation = 10\n{one}")),
            &tokenizer(vocabulary),
        )
        .unwrap_err();
        assert!(error.to_string().contains("must be from 257"), "{error}");
    }
}

#[test]
fn unknown_keys_and_negative_sizes_are_refused() {
    for (toml, says) in [
        (
            "validation = 1\nsources = []\nsampel = 3",
            "unknown field `sampel`",
        ),
        ("validation = -1\nsources = []", "-1"),
        ("sources = []", "missing field `validation`"),
        (
            "validation = 1\n[[sources]]\nkind = 'csv'\nname = 'a'",
            "unknown variant `csv`",
        ),
    ] {
        let error = toml::from_str::<CorpusSpec>(toml).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    for toml in ["", "vocabulary = 300\nend_of_text = 'x'", "end_of_text = 'x'"] {
        let error = toml::from_str::<TokenizerSpec>(toml).unwrap_err().to_string();
        assert!(error.contains("a tokenizer is either"), "{error}");
    }
    assert!(
        toml::from_str::<TokenizerSpec>("vocab = 300")
            .unwrap_err()
            .to_string()
            .contains("unknown field `vocab`")
    );
}

#[test]
fn more_than_there_is_says_how_many_epochs() {
    let folder = notes();
    let message = message(
        &folder,
        &format!("validation = 500\nsample = '40KB'\n{}", files("")),
    );
    assert!(
        message.contains("source `notes` is too small")
            && message.contains("500B of validation and 39.1KiB of training"),
        "{message}"
    );
    let epochs: f64 = message
        .split(" epochs")
        .next()
        .unwrap()
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((8.0..20.0).contains(&epochs), "{message}");
    // The largest sample it names can be made, and one byte more cannot.
    let largest: u64 = message
        .split(" bytes)")
        .next()
        .unwrap()
        .rsplit('(')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let toml = |sample: u64| format!("validation = 500\nsample = {sample}\n{}", files(""));
    prepare(&folder, &spec(&toml(largest + 1)), &tokenizer(300)).unwrap_err();
    prepare(&folder, &spec(&toml(largest)), &tokenizer(300)).unwrap();
}

#[test]
fn validation_text_that_leaves_nothing_is_refused() {
    let folder = notes();
    for validation in ["1MB", "4150B"] {
        let message = message(&folder, &format!("validation = '{validation}'\n{}", files("")));
        assert!(
            message.contains("`validation = ") && message.contains("lower it"),
            "{message}"
        );
    }
}

#[test]
fn a_document_that_is_not_utf8_is_skipped_or_with_strict_refused() {
    let folder = notes();
    folder.write("notes/binary.md", b"a\xff");
    let toml = format!("validation = 500\n{}", files(""));
    let message = message(&folder, &format!("strict = true\n{toml}"));
    assert!(
        message.contains("binary.md is not UTF-8") && message.contains("strict = false"),
        "{message}"
    );
    let corpus = prepare(&folder, &spec(&toml), &tokenizer(300)).unwrap();
    assert_eq!(
        corpus.manifest().sources[0].left_out[&Reason::NotUnicode].documents,
        1
    );
}

#[test]
fn a_bad_row_is_left_out_or_with_strict_refused_whatever_is_wrong_with_it() {
    let rows: String = (0..60)
        .map(|n| common::json_line(&common::text("rows", n)))
        .collect();
    let toml = "validation = 500\n[[sources]]\nkind = 'jsonl'\nname = 'rows'\ninclude = ['rows.jsonl']";
    for (bad, reason) in [
        (r#"{"body": "a"}"#, Reason::NoText),
        (r#"{"text": null}"#, Reason::NoText),
        (r#"{"text": "a"#, Reason::Damaged),
        (r#"{"text": "\ud800"}"#, Reason::Damaged),
    ] {
        let folder = Folder::new();
        folder.write("rows.jsonl", format!("{rows}{bad}\n"));
        let said = message(&folder, &format!("strict = true\n{toml}"));
        assert!(
            said.contains("rows.jsonl:61: ") && said.contains("strict = false"),
            "{said}"
        );
        let corpus = prepare(&folder, &spec(toml), &tokenizer(300)).unwrap();
        let source = &corpus.manifest().sources[0];
        assert_eq!(
            (source.found.documents, source.left_out[&reason].documents),
            (60, 1)
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_left_out_or_with_strict_refused() {
    let folder = notes();
    std::os::unix::fs::symlink("gone.md", folder.path().join("notes/link.md")).unwrap();
    let toml = format!("validation = 500\n{}", files(""));
    let said = message(&folder, &format!("strict = true\n{toml}"));
    assert!(said.contains("notes/link.md leads nowhere"), "{said}");
    let corpus = prepare(&folder, &spec(&toml), &tokenizer(300)).unwrap();
    let left_out = &corpus.manifest().sources[0].left_out;
    assert_eq!(left_out[&Reason::BrokenLink].documents, 1);
}

#[test]
fn a_field_that_no_row_has_is_told_with_those_there_are() {
    let folder = Folder::new();
    folder.write("rows.jsonl", "{\"body\": \"a\", \"id\": 1}\n".repeat(3));
    let said = message(
        &folder,
        "validation = 500\n[[sources]]\nkind = 'jsonl'\nname = 'rows'\ninclude = ['rows.jsonl']",
    );
    assert!(
        said.contains("3 documents (66B) without a text (rows.jsonl:1: no field `text`"),
        "{said}"
    );
    assert!(said.contains("it has `body`, `id`"), "{said}");
}

#[test]
fn a_source_without_a_usable_document_is_refused() {
    let folder = notes();
    folder.write("empty/a.md", "");
    folder.write("empty/b.md", common::text("notes", 3));
    let more = "[[sources]]\nkind = 'files'\nname = 'empty'\ninclude = ['empty']";
    let message = message(&folder, &format!("validation = 500\n{}\n{more}", files("")));
    assert!(
        message.contains("source `empty` holds no usable document: of 2 files"),
        "{message}"
    );
    assert!(
        message.contains("1 document (0B) without content (empty/a.md is empty)")
            && message.contains("and 1 duplicates"),
        "{message}"
    );
}

#[test]
fn a_tokenizer_that_cannot_be_used_is_named() {
    let folder = notes();
    folder.write("bad.json", "{}");
    let spec = spec(&format!("validation = 500\n{}", files("")));
    for (file, says) in [
        ("missing.json", "cannot read"),
        ("bad.json", "not a tokenizer.json"),
    ] {
        let tokenizer: TokenizerSpec = toml::from_str(&format!("file = '{file}'")).unwrap();
        let error = prepare(&folder, &spec, &tokenizer).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(file), "{error}");
    }
    prepare(&folder, &spec, &tokenizer(300)).unwrap();
    let other: TokenizerSpec =
        toml::from_str("file = 'corpus/tokenizer.json'\nend_of_text = '</s>'").unwrap();
    let error = prepare(&folder, &spec, &other).unwrap_err().to_string();
    assert!(error.contains("no token `</s>`"), "{error}");
}

#[test]
fn a_listing_counts_files_without_reading_them() {
    let folder = notes();
    let spec = spec(&format!("validation = 500\n{}", files("")));
    let listing = triaxis_corpus::describe(&spec, folder.path(), &[]).unwrap();
    let bytes: usize = (0..40).map(|n| common::text("notes", n).len()).sum();
    assert_eq!(
        (listing.len(), listing[0].files, listing[0].bytes.0),
        (1, 40, bytes as u64)
    );
}
