//! What a server answered: a header of HTTP, and a body as it was sent.

use std::borrow::Cow;
use std::io::{self, Read};

use super::record::{Header, LONGEST_HEADER};
use super::shown;
use crate::Refused;
use crate::page::LARGEST;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// The longest page.
const LONGEST: usize = LARGEST.0 as usize;

/// Kinds of content that are pages.
const PAGES: [&str; 2] = ["text/html", "application/xhtml+xml"];
/// What a page without a kind begins with (WHATWG, MIME Sniffing, 7.1).
const BEGINNINGS: [&[u8]; 17] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<body",
    b"<br",
    b"<p",
    b"<!--",
];

/// An answer whose body is as it was before it was sent.
pub struct Answer<'b> {
    /// The body.
    pub body: Cow<'b, [u8]>,
    /// What the body is, if that was said.
    kind: Option<String>,
    /// The encoding that was said, if one was.
    pub charset: Option<String>,
}

impl<'b> Answer<'b> {
    /// Reads the answer in a record's block.
    ///
    /// # Errors
    /// Where there is none, or it cannot be unpacked, or is larger than a page may be.
    pub fn read(record: &Header, block: &'b [u8]) -> Result<Self, Refused> {
        let (header, body) = parts(block).ok_or(Refused::NoAnswer)?;
        let (kind, charset) = content_type(header.get("Content-Type").unwrap_or_default());
        let told = record
            .get("WARC-Identified-Payload-Type")
            .map(|told| content_type(told).0);
        let mut answer = Self {
            body: Cow::Borrowed(body),
            kind: told.flatten().or(kind),
            charset,
        };
        if answer.kind.is_some() && !answer.is_page() {
            return Ok(answer);
        }
        let has = |name: &str, coding: &str| {
            let value = header.get(name).unwrap_or_default();
            value
                .rsplit(',')
                .next()
                .unwrap_or_default()
                .trim()
                .eq_ignore_ascii_case(coding)
        };
        if has("Transfer-Encoding", "chunked") {
            answer.body = joined(body);
        }
        if let Some(encoding) = header.get("Content-Encoding") {
            answer.body = unpacked(encoding, answer.body)?;
        }
        match answer.body.len() > LONGEST {
            true => Err(Refused::TooLarge),
            false => Ok(answer),
        }
    }

    /// Whether it is a page, by what was said, else by how it begins.
    pub fn is_page(&self) -> bool {
        match &self.kind {
            Some(kind) => PAGES.contains(&kind.as_str()),
            None => {
                let start = self.body.trim_ascii_start();
                let begins = |known: &&[u8]| {
                    let start = start.get(..known.len());
                    start.is_some_and(|start| start.eq_ignore_ascii_case(known))
                };
                BEGINNINGS.iter().any(begins)
            }
        }
    }

    /// What it is.
    pub fn told(&self) -> String {
        match &self.kind {
            Some(kind) => format!("it is `{}`", shown(kind)),
            None => "it does not say what it is".to_owned(),
        }
    }
}

/// The header of an answer, without its first line, and its body.
fn parts(block: &[u8]) -> Option<(Header, &[u8])> {
    if !block.starts_with(b"HTTP/") {
        return None;
    }
    let mut header = Header::default();
    let mut rest = block;
    for number in 0.. {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if block.len() - rest.len() > LONGEST_HEADER {
            return None;
        }
        if line.is_empty() {
            break;
        }
        if number > 0 {
            header.add(line);
        }
    }
    Some((header, rest))
}

/// A kind of content in small letters, and its encoding.
fn content_type(value: &str) -> (Option<String>, Option<String>) {
    let mut parts = value.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.to_owned())
    });
    (Some(kind).filter(|kind| !kind.is_empty()), charset)
}

/// A body that was sent in pieces; one that was not, whatever the header says, as it is. Archives often hold what was
/// sent under the header of how.
fn joined(body: &[u8]) -> Cow<'_, [u8]> {
    let mut joined = Vec::new();
    let mut rest = body;
    while let Some((length, after)) = piece(rest) {
        if length == 0 {
            return joined.into();
        }
        // The last piece may be cut off.
        let (piece, after) = after.split_at(length.min(after.len()));
        joined.extend_from_slice(piece);
        rest = after
            .strip_prefix(b"\r\n")
            .or(after.strip_prefix(b"\n"))
            .unwrap_or(after);
    }
    match joined.is_empty() {
        true => body.into(),
        false => joined.into(),
    }
}

/// The length of a piece, and what follows the line that says it.
fn piece(body: &[u8]) -> Option<(usize, &[u8])> {
    /// Digits of a length and what may follow them.
    const LONGEST_LINE: usize = 256;
    let line = &body[..body.len().min(LONGEST_LINE)];
    let end = line.iter().position(|&byte| byte == b'\n')?;
    let digits = line[..end].split(|&byte| byte == b';').next()?.trim_ascii();
    let length = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((length, &body[end + 1..]))
}

/// A body as it was before its server compressed it; one that was not, whatever the header says, as it is.
fn unpacked<'b>(encoding: &str, body: Cow<'b, [u8]>) -> Result<Cow<'b, [u8]>, Refused> {
    let bytes: &[u8] = &body;
    let unpacked = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" | "none" => return Ok(body),
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(bytes)),
        // Some servers leave out the frame of zlib.
        "deflate" => match read(ZlibDecoder::new(bytes)) {
            Unpacked::No => read(DeflateDecoder::new(bytes)),
            other => other,
        },
        "zstd" => match zstd_decoder(bytes) {
            Ok(decoder) => read(decoder),
            Err(_) => Unpacked::No,
        },
        other => {
            let looks_plain = bytes.trim_ascii_start().starts_with(b"<");
            return match looks_plain {
                true => Ok(body),
                false => Err(Refused::Packed(shown(other))),
            };
        }
    };
    match unpacked {
        Unpacked::Text(text) => Ok(text.into()),
        Unpacked::No => Ok(body),
        Unpacked::TooLarge => Err(Refused::TooLarge),
    }
}

/// A decoder that looks back no further than browsers do (RFC 9659).
fn zstd_decoder(bytes: &[u8]) -> io::Result<zstd::Decoder<'_, &[u8]>> {
    /// The logarithm of 8 MiB.
    const WINDOW: u32 = 23;
    let mut decoder = zstd::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(WINDOW)?;
    Ok(decoder)
}

/// What a decoder makes of a body.
enum Unpacked {
    /// All, or what comes before the place where it is cut off.
    Text(Vec<u8>),
    No,
    TooLarge,
}

fn read(decoder: impl Read) -> Unpacked {
    let mut text = Vec::new();
    let read: io::Result<usize> = decoder.take(LARGEST.0 + 1).read_to_end(&mut text);
    match read {
        _ if text.len() > LONGEST => Unpacked::TooLarge,
        Err(_) if text.is_empty() => Unpacked::No,
        _ => Unpacked::Text(text),
    }
}
