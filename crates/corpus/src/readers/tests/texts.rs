//! Files and JSON lines: encodings, long texts, damage.

use super::*;

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
    let utf_16: Vec<u8> = "\u{feff}h\u{e9}"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    for pack in [gzip, zstandard] {
        assert_eq!(read(&files, &pack(b"packed")).unwrap(), ["packed"]);
        assert_eq!(read(&files, &pack(&utf_16)).unwrap(), ["h\u{e9}"]);
        assert_eq!(read(&files, &pack(&[b'a'; 1001])).unwrap(), ["TooLarge"]);
        let packed = pack(b"packed");
        let error = read(&files, &packed[..packed.len() - 1]).unwrap_err().to_string();
        assert!(error.contains("is damaged or cut off"), "{error}");
        assert_eq!(read(&files, &pack(&packed)).unwrap(), ["NotUnicode"]);
    }
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
        (
            "{\"text\": 1}",
            Reason::NoText,
            "`text` is the number `1` at column 10, and no text",
        ),
        (
            "{\"text\": null}",
            Reason::NoText,
            "`text` is null at column 13, and no text",
        ),
        (
            "{\"text\": [\"a\"]}",
            Reason::NoText,
            "`text` is a list at column",
        ),
        ("{\"text\": {}}", Reason::NoText, "`text` is an object at column"),
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
    for Entry { name: kind, .. } in SourceSpec::REGISTRY {
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
                error.to_string().contains("is damaged or cut off"),
                "cut at {cut}: {error}"
            );
        }
    }
}

#[test]
fn a_long_file_in_another_encoding_is_decoded_before_it_is_cut() {
    let text = "你好, world. ".repeat(600);
    let gbk = [&[0xc4, 0xe3, 0xba, 0xc3][..], b", world. "].concat().repeat(600);
    let utf_16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    for (encoding, bytes) in [
        ("gbk", gbk.clone()),
        ("utf-16le", utf_16(&text)),
        ("utf-16le", text.clone().into_bytes()),
        ("gbk", utf_16(&format!("\u{feff}{text}"))),
    ] {
        let source = source("files", &format!("encoding = '{encoding}'"));
        let parts = parts(&source, &bytes);
        assert_eq!(parts.concat(), text, "{encoding}");
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= LONGEST));
    }
    // Zeros of drawn lines are no reason to take UTF-16 for text with zeros.
    let tree = "a tree \u{2500} of folders, ".repeat(100);
    assert_eq!(parts(&source("files", ""), &utf_16(&tree)).concat(), tree);
    // What is no character costs its part, and says of what.
    let broken = [gbk.as_slice(), b"\xff", &gbk].concat();
    let pieces = pieces(&source("files", "encoding = 'gbk'"), &broken, true).unwrap();
    let lost: Vec<_> = pieces.iter().filter_map(|piece| piece.as_ref().err()).collect();
    let [(Reason::NotUnicode, 1, said)] = lost[..] else {
        unreachable!("{lost:?}");
    };
    assert!(said.contains(" is not GBK: no character follows "), "{said}");
    assert!(pieces.len() > 10);
}

#[test]
fn a_line_is_held_as_long_as_the_longest_document_may_make_it() {
    let line = format!("{{\"text\": \"{}\"}}\n", "\\u00e9".repeat(12 << 20));
    let bytes = [line.as_bytes(), b"{\"text\": \"short\"}\n"].concat();
    let read = |longest: usize, cut: bool| {
        let mut found = Vec::new();
        let mut emit = |piece: Piece<'_>| {
            found.push(match piece {
                Piece::Document { found, .. } => Ok(found.text.len()),
                Piece::LeftOut { reason, .. } => Err(reason),
            });
            Ok(ControlFlow::Continue(()))
        };
        read_with(
            &source("jsonl", ""),
            &gzip(&bytes),
            Limits { longest, cut },
            &mut emit,
        )
        .unwrap();
        found
    };
    assert_eq!(read(24 << 20, true), [Ok(24 << 20), Ok(5)]);
    assert_eq!(read(1 << 20, true), [Err(Reason::LongLine), Ok(5)]);
    assert_eq!(read(1 << 20, false), [Err(Reason::TooLarge), Ok(5)]);
}
