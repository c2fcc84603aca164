//! Answers in archives.

use std::io::Write;

use triaxis_pages::archive::{Answer, Read, Records};
use triaxis_pages::{Refused, decode};

/// The body of an answer with these lines in its header.
fn body(lines: &str, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{lines}\r\n");
    let length = head.len() + body.len();
    let record = format!("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {length}\r\n\r\n{head}");
    let archive = [record.as_bytes(), body, b"\r\n\r\n"].concat();
    match Records::new(&archive[..]).read().unwrap() {
        Some(Read::Record { header, block }) => {
            Answer::read(&header, &block).map(|answer| answer.body.into_owned())
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn the_header_of_an_answer_is_bounded() {
    assert_eq!(body(&"a: b\r\n".repeat(10_000), b"<p>").unwrap(), b"<p>");
    assert_eq!(body(&"a: b\r\n".repeat(11_000), b"<p>"), Err(Refused::NoAnswer));
    let long = format!("a: {}\r\n", "b".repeat(1 << 16));
    assert_eq!(body(&long, b"<p>"), Err(Refused::NoAnswer));
}

#[test]
fn zstd_looks_back_no_further_than_in_browsers() {
    let page = b"<p>A page.</p>".repeat(100);
    let packed = |window| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window).unwrap();
        encoder.write_all(&page).unwrap();
        encoder.flush().unwrap();
        encoder.finish().unwrap()
    };
    let coding = "Content-Encoding: zstd\r\n";
    assert_eq!(body(coding, &packed(23)).unwrap(), page);
    assert_eq!(body(coding, &packed(24)).unwrap(), packed(24));
}

#[test]
fn a_page_that_is_cut_off_within_a_character_is_in_utf_8() {
    assert_eq!(decode(&"日本".as_bytes()[..5], None), "日\u{fffd}");
    assert_eq!(decode(b"caf\xe9s", None), "cafés");
}
