//! Web archives: records, answers, damage.

use super::*;

const PROSE: &str =
    "The main text of a page is what people come for, and it has sentences that go on for a while. ";

/// A page whose main text is `PROSE` six times, and a word.
fn page(word: &str) -> String {
    let prose = PROSE.repeat(6);
    format!(
        "<html><body><nav><a href='/'>Home</a></nav><article><p>{prose}{word}.</p></article></body></html>"
    )
}

fn text(word: &str) -> String {
    format!("{}{word}.", PROSE.repeat(6))
}

/// A record of a kind.
fn record(kind: &str, more: &str, block: &[u8]) -> Vec<u8> {
    let length = block.len();
    let head = format!("WARC/1.0\r\nWARC-Type: {kind}\r\n{more}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

/// The record of an answer from `http://a.org/`.
fn answer(header: &str, body: &[u8]) -> Vec<u8> {
    let block = [format!("HTTP/1.1 200 OK\r\n{header}\r\n").as_bytes(), body].concat();
    record(
        "response",
        "WARC-Target-URI: http://a.org/\r\nWARC-Date: 2026-11-30T12:00:00Z\r\n",
        &block,
    )
}

const HTML: &str = "Content-Type: text/html\r\n";

fn warc() -> SourceSpec {
    source("warc", "")
}

/// Documents with where they come from.
fn origins(source: &SourceSpec, bytes: &[u8]) -> Vec<(String, Option<String>, Option<String>)> {
    let mut found = Vec::new();
    let limits = Limits {
        longest: LONGEST,
        cut: true,
    };
    read_with(source, bytes, limits, &mut |piece| {
        if let Piece::Document { found: document, .. } = piece {
            let Found { text, origin, .. } = document;
            found.push((
                text.to_owned(),
                origin.url.map(str::to_owned),
                origin.date.map(str::to_owned),
            ));
        }
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

#[test]
fn texts_that_pages_were_converted_to_are_documents_as_they_are() {
    let of = "WARC-Target-URI: http://b.org/\r\nWARC-Date: 2026-11-30T12:00:00Z\r\n";
    let wet = |kind: &str, text: &str| {
        let more = format!("{of}Content-Type: {kind}\r\n");
        record("conversion", &more, text.as_bytes())
    };
    let text = "Home\nShort lines <b> that no extractor keeps &amp; all of them.";
    let records = [
        record("warcinfo", "Content-Type: text/plain\r\n", b"software: a"),
        wet("text/plain", text),
        answer(HTML, page("one").as_bytes()),
        wet("Text/Plain; charset=utf-8", "\u{e4} second"),
        wet("application/json", "{}"),
        record("conversion", "Content-Type: text/plain\r\n", b"a\xff"),
    ];
    let found = origins(&warc(), &records.concat());
    let texts: Vec<&str> = found.iter().map(|(text, ..)| text.as_str()).collect();
    assert_eq!(texts, [text, &self::text("one"), "\u{e4} second"]);
    assert_eq!(found[0].1.as_deref(), Some("http://b.org/"));
    assert_eq!(found[0].2.as_deref(), Some("2026-11-30T12:00:00Z"));
    let left_out = left_out(&warc(), &records.concat());
    assert!(
        left_out.iter().any(|(reason, ..)| *reason == Reason::NotUnicode),
        "{left_out:?}"
    );
}

#[test]
fn answers_that_are_pages_are_documents_with_their_url_and_date() {
    let records = [
        record("warcinfo", "", b"software: a"),
        record(
            "request",
            "WARC-Target-URI: http://a.org/\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ),
        answer(HTML, page("one").as_bytes()),
        answer("Content-Type: image/png\r\n", b"\x89PNG"),
        answer(
            "content-type: Application/XHTML+xml; charset=utf-8\r\n",
            page("two").as_bytes(),
        ),
        record("conversion", "", b"text"),
    ];
    let expected = [text("one"), text("two")];
    let said = (Reason::NoPage, 1, ", record 4: it is `image/png`".to_owned());
    let members = records
        .iter()
        .map(|record| gzip(record))
        .collect::<Vec<_>>()
        .concat();
    let frames = records
        .iter()
        .map(|record| zstandard(record))
        .collect::<Vec<_>>()
        .concat();
    for bytes in [records.concat(), members, gzip(&records.concat()), frames] {
        let found = origins(&warc(), &bytes);
        assert_eq!(
            found.iter().map(|(text, ..)| text.clone()).collect::<Vec<_>>(),
            expected
        );
        for (_, url, date) in found {
            assert_eq!(url.as_deref(), Some("http://a.org/"));
            assert_eq!(date.as_deref(), Some("2026-11-30T12:00:00Z"));
        }
        assert_eq!(left_out(&warc(), &bytes), std::slice::from_ref(&said));
    }
    let old = record(
        "response",
        "WARC-Target-URI: <http://b.org/>\r\n",
        b"HTTP/1.0 200\n\n<p>",
    );
    assert_eq!(
        origins(&warc(), &old),
        [(String::new(), Some("http://b.org/".to_owned()), None)]
    );
}

#[test]
fn a_body_is_read_as_it_was_before_it_was_sent() {
    let page = page("sent");
    let bytes = page.as_bytes();
    let chunks = |bytes: &[u8]| {
        let chunks = bytes
            .chunks(100)
            .map(|chunk| [format!("{:x};a=b\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        [chunks.collect::<Vec<_>>().concat(), b"0\r\n\r\n".to_vec()].concat()
    };
    let deflated = |with_frame: bool| {
        let level = flate2::Compression::fast();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), level);
        let mut framed = flate2::write::ZlibEncoder::new(Vec::new(), level);
        raw.write_all(bytes).unwrap();
        framed.write_all(bytes).unwrap();
        if with_frame {
            framed.finish().unwrap()
        } else {
            raw.finish().unwrap()
        }
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    let cut = gzip(bytes);
    for (header, body) in [
        ("Content-Encoding: gzip\r\n", gzip(bytes)),
        (
            "Content-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n",
            chunks(&gzip(bytes)),
        ),
        ("Content-Encoding: deflate\r\n", deflated(true)),
        ("Content-Encoding: deflate\r\n", deflated(false)),
        ("Content-Encoding: zstd\r\n", zstandard(bytes)),
        (chunked, chunks(bytes)),
        // Archives that keep what was sent under the header of how.
        ("Content-Encoding: gzip\r\n", bytes.to_vec()),
        ("Content-Encoding: br\r\n", bytes.to_vec()),
        (chunked, bytes.to_vec()),
        // Cut off within what follows the text.
        ("Content-Encoding: gzip\r\n", cut[..cut.len() - 4].to_vec()),
    ] {
        let found = read(&warc(), &answer(&format!("{HTML}{header}"), &body)).unwrap();
        assert_eq!(found, [text("sent")], "{header}");
    }
    let brotli = answer(&format!("{HTML}Content-Encoding: br\r\n"), b"\x0b\x02\x80");
    let said = ", record 1: the page is compressed with `br`, which is not read".to_owned();
    assert_eq!(left_out(&warc(), &brotli), [(Reason::HardPage, 1, said)]);
    let bomb = answer(
        &format!("{HTML}Content-Encoding: gzip\r\n"),
        &gzip(&vec![b'<'; 20 << 20]),
    );
    let said = ", record 1: the page has more than 1MiB".to_owned();
    assert_eq!(left_out(&warc(), &bomb), [(Reason::TooLarge, 1, said)]);
}

#[test]
fn a_page_is_in_what_its_header_or_itself_says() {
    let page = |meta: &str, text: &[u8]| {
        [
            b"<html><head>",
            meta.as_bytes(),
            b"</head><body><article><p>",
            text,
            b"</p></article>",
        ]
        .concat()
    };
    let russian = "Главный текст страницы, ради которого на неё заходят, состоит из предложений. ".repeat(5);
    let japanese = "これは文章です。日本語の長い文章がここに続きます。".repeat(10);
    let encoded = |label: &str, text: &str| {
        let encoding = triaxis_host::text::Encoding::for_label(label.as_bytes()).unwrap();
        encoding.encode(text).0.into_owned()
    };
    for (header, meta, label, text) in [
        ("; charset=windows-1251", "", "windows-1251", &russian),
        ("", "<meta charset=koi8-r>", "koi8-r", &russian),
        ("; charset=\"koi8-r\"", "<meta charset=utf-8>", "koi8-r", &russian),
        (
            "",
            "<meta http-equiv='Content-Type' content='text/html; charset=euc-jp'>",
            "euc-jp",
            &japanese,
        ),
        ("; charset=utf-8", "", "utf-8", &japanese),
        ("", "", "utf-8", &japanese),
    ] {
        let record = answer(
            &format!("Content-Type: text/html{header}\r\n"),
            &page(meta, &encoded(label, text)),
        );
        assert_eq!(parts(&warc(), &record).concat(), text.trim(), "{header} {meta}");
    }
}

#[test]
fn a_record_of_a_wrong_length_is_left_out_and_the_others_are_read() {
    let [first, second, third] = ["one", "two", "three"].map(|word| answer(HTML, page(word).as_bytes()));
    let with_length = |length: &str| {
        let record = String::from_utf8(second.clone()).unwrap();
        let (before, after) = record.split_once("Content-Length: ").unwrap();
        let (_, after) = after.split_once("\r\n").unwrap();
        format!("{before}Content-Length: {length}\r\n{after}").into_bytes()
    };
    for (length, said) in [
        (
            "5",
            ", record 2: it says that it has 5 bytes, and goes on behind them",
        ),
        (
            "many",
            ", record 2: `Content-Length` is many, and no number of bytes",
        ),
        ("-1", ", record 2: `Content-Length` is -1, and no number of bytes"),
    ] {
        let bytes = [first.clone(), with_length(length), third.clone()].concat();
        let reads = read(&warc(), &bytes).unwrap();
        assert_eq!(
            reads,
            [text("one"), "Damaged".to_owned(), text("three")],
            "{length}"
        );
        assert_eq!(left_out(&warc(), &bytes), [(Reason::Damaged, 1, said.to_owned())]);
    }
    for length in ["1000000", "18446744073709551615"] {
        let bytes = [first.clone(), with_length(length), third.clone()].concat();
        assert_eq!(
            read(&warc(), &bytes).unwrap(),
            [text("one"), "Damaged".to_owned()]
        );
        let (_, _, said) = &left_out(&warc(), &bytes)[0];
        let start = format!(", record 2: it says that it has {length} bytes, and the file ends after ");
        assert!(said.starts_with(&start), "{said}");
    }
    let nameless = [first, b"WARC/1.0\r\nWARC-Type: response\r\n\r\n".to_vec(), third].concat();
    assert_eq!(read(&warc(), &nameless).unwrap().len(), 3);
    assert_eq!(read(&warc(), b"no archive at all").unwrap(), [""; 0]);
}

#[test]
fn what_comes_before_damage_is_read() {
    let records = [
        answer(HTML, page("one").as_bytes()),
        answer(HTML, page("two").as_bytes()),
    ];
    let packed = [gzip(&records[0]), gzip(&records[1])].concat();
    let first = gzip(&records[0]).len();
    for cut in [first + 5, first + 30, packed.len() - 30] {
        let found = read(&warc(), &packed[..cut]).unwrap();
        assert_eq!(found, [text("one"), "Damaged".to_owned()], "cut at {cut}");
        let (_, _, said) = &left_out(&warc(), &packed[..cut])[0];
        assert!(said.contains("the rest of the file is not read"), "{said}");
    }
    let mut broken = packed.clone();
    broken[first + 40] ^= 0x55;
    assert_eq!(read(&warc(), &broken).unwrap()[0], text("one"));
}

#[test]
fn a_record_is_held_up_to_a_size_and_a_header_is_bounded() {
    let large = answer(HTML, &vec![b' '; 33 << 20]);
    let bytes = [large, answer(HTML, page("small").as_bytes())].concat();
    assert_eq!(
        read(&warc(), &gzip(&bytes)).unwrap(),
        ["TooLarge".to_owned(), text("small")]
    );
    let endless = [
        &b"WARC/1.0\r\n"[..],
        &vec![b'a'; 1 << 20],
        b"\r\n",
        &answer(HTML, page("next").as_bytes()),
    ]
    .concat();
    assert_eq!(
        read(&warc(), &endless).unwrap(),
        ["Damaged".to_owned(), text("next")]
    );
    let (_, _, said) = &left_out(&warc(), &endless)[0];
    assert!(said.contains("its header is longer than 64KiB"), "{said}");
}

#[test]
fn pages_are_read_of_files_lines_and_columns() {
    let html = page("there");
    let extracted = "pages = { extractor = 'trafilatura' }";
    let line = serde_json::json!({ "text": html, "url": "http://a.org/" }).to_string();
    let column = parquet(&[Some(&html)], 1, Compression::SNAPPY);
    let utf_16: Vec<u8> = format!("\u{feff}{html}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (kind, bytes) in [
        ("files", html.clone().into_bytes()),
        ("files", gzip(html.as_bytes())),
        ("files", zstandard(html.as_bytes())),
        ("files", utf_16),
        ("jsonl", line.clone().into_bytes()),
        ("jsonl", gzip(line.as_bytes())),
        ("parquet", column),
    ] {
        assert_eq!(
            read(&source(kind, extracted), &bytes).unwrap(),
            [text("there")],
            "{kind}"
        );
    }
    let readability = source("files", "pages = { extractor = 'readability' }");
    assert_eq!(read(&readability, html.as_bytes()).unwrap(), [text("there")]);
    let deep = "<div>".repeat(100_000);
    let lines = [deep.as_str(), html.as_str(), "", "<p>"]
        .map(|html| serde_json::json!({ "text": html }).to_string() + "\n");
    let found = read(&source("jsonl", extracted), lines.concat().as_bytes()).unwrap();
    assert_eq!(found, ["HardPage", &text("there"), "", ""]);
    let (_, _, said) = &left_out(&source("jsonl", extracted), lines.concat().as_bytes())[0];
    assert_eq!(
        said,
        ":1: elements of the page lie within each other more than 256 deep"
    );
    let long = source("files", extracted);
    let twice = page(&PROSE.repeat(10));
    assert!(
        parts(&long, twice.as_bytes()).len() > 1,
        "texts are cut, and not pages"
    );
}

#[test]
fn a_line_and_a_row_have_the_url_that_they_name() {
    let url = |source: &SourceSpec, line: &str| origins(source, line.as_bytes())[0].1.clone();
    let jsonl = source("jsonl", "");
    let named = source("jsonl", "url_field = 'meta.from.address'");
    for (source, line, expected) in [
        (&jsonl, r#"{"text": "a", "url": "http://a"}"#, Some("http://a")),
        (&jsonl, r#"{"url": "http:\/\/a", "text": "a"}"#, Some("http://a")),
        (
            &jsonl,
            r#"{"text": "a", "metadata": {"n": [1, {"url": 2}], "url": "http://b"}}"#,
            Some("http://b"),
        ),
        (
            &jsonl,
            r#"{"metadata": {"url": "http://b"}, "url": "http://a", "text": "a"}"#,
            Some("http://a"),
        ),
        (
            &jsonl,
            r#"{"text": "a", "metadata.url": "http://b"}"#,
            Some("http://b"),
        ),
        (&jsonl, r#"{"text": "a", "url": null, "metadata": null}"#, None),
        (
            &jsonl,
            r#"{"text": "a", "url": 7, "metadata": [true, 1.5]}"#,
            None,
        ),
        (
            &jsonl,
            r#"{"text": "a", "url": {"url": -1}, "metadata": "http://c"}"#,
            None,
        ),
        (
            &named,
            r#"{"text": "a", "url": "http://a", "meta": {"from": {"address": "http://d"}}}"#,
            Some("http://d"),
        ),
        (
            &named,
            r#"{"text": "a", "url": "http://a", "meta": {"from": "http://d"}}"#,
            None,
        ),
        (
            &named,
            r#"{"text": "a", "meta": {"from.address": "http://e"}}"#,
            Some("http://e"),
        ),
    ] {
        assert_eq!(url(source, line).as_deref(), expected, "{line}");
    }
    let dated = origins(&jsonl, br#"{"text": "a", "date": "2026-11-30"}"#);
    assert_eq!(dated, [("a".to_owned(), None, Some("2026-11-30".to_owned()))]);
    for beside in [
        "1e999",
        "\"\\ud83d\"",
        &format!("{}{}", "[".repeat(500), "]".repeat(500)),
    ] {
        let line = format!("{{\"text\": \"a\", \"url\": {beside}, \"date\": {beside}}}");
        assert_eq!(
            origins(&jsonl, line.as_bytes()),
            [("a".to_owned(), None, None)],
            "{line}"
        );
    }
    let broken = br#"{"text": "a", "url": "http://a"#;
    assert_eq!(read(&jsonl, broken).unwrap(), ["Damaged"]);
    let rows = origins(
        &source("parquet", "url_field = 'text'"),
        &parquet(&[Some("a"), None, Some("b")], 2, Compression::SNAPPY),
    );
    let urls: Vec<_> = rows
        .into_iter()
        .map(|(text, url, _)| (text, url.unwrap()))
        .collect();
    assert_eq!(
        urls,
        [("a".to_owned(), "a".to_owned()), ("b".to_owned(), "b".to_owned())]
    );
    let error = read(
        &source("parquet", "url_field = 'n'"),
        &parquet(&[Some("a")], 1, Compression::SNAPPY),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`n` is no column with one text a row: set `url_field`"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn archives_survive_flipped_bytes(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let body = page("a");
        let chunked = [format!("{:x}\r\n", body.len()).as_bytes(), body.as_bytes(), b"\r\n0\r\n\r\n"].concat();
        let plain = [
            answer(HTML, body.as_bytes()),
            answer(&format!("{HTML}Transfer-Encoding: chunked\r\n"), &chunked),
            answer(&format!("{HTML}Content-Encoding: gzip\r\n"), &gzip(body.as_bytes())),
            record("conversion", "", b"text"),
        ].concat();
        for mut bytes in [gzip(&plain), zstandard(&plain), plain] {
            for (at, value) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= value;
            }
            survives("warc", &bytes);
        }
    }
}
