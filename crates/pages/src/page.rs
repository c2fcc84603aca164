//! What a page may be: extractors walk pages again and again, so what is too much for them is known before.

use html5ever::driver::{self, ParseOpts};
use html5ever::tendril::{StrTendril, TendrilSink};
use scraper::{Html, HtmlTreeSink};
use triaxis_units::Bytes;

use crate::Refused;
use crate::encoding::attribute;

/// The largest page: what Common Crawl cut pages at for most of its years. Extractors take seconds for a page of that size
/// that is made to break them.
pub const LARGEST: Bytes = Bytes(1 << 20);
/// Elements and pieces of text of a page, at most.
pub const MOST_NODES: usize = 100_000;
/// Elements within each other, at most.
pub const DEEPEST: usize = 256;
/// Attributes of an element, at most: each is held against all before it.
pub const MOST_ATTRIBUTES: usize = 1000;
/// Bytes that are parsed between two looks at what they have become. A byte makes no more nodes than there are open
/// elements, of which there are few as long as the depth is bounded.
const PIECE: usize = 1 << 10;

/// Refuses a page that is more than an extractor can read in bounded memory and time.
pub(crate) fn check(html: &str) -> Result<(), Refused> {
    if html.len() as u64 > LARGEST.0 {
        return Err(Refused::TooLarge);
    }
    if has_endless_tag(html.as_bytes()) {
        return Err(Refused::TooManyAttributes);
    }
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = driver::parse_document(sink, ParseOpts::default());
    let (mut seen, mut rest) = (0, html);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        parser.process(StrTendril::from_slice(piece));
        rest = after;
        let page = parser.tokenizer.sink.sink.0.borrow();
        // Any node may be the deepest, and not the newest alone.
        let count = page.tree.nodes().len();
        let new = page.tree.nodes().rev().take(count - seen);
        let depth = new.map(|node| node.ancestors().take(DEEPEST + 1).count()).max();
        seen = count;
        bounded(&page, depth.unwrap_or(0))?;
    }
    let page = parser.finish();
    bounded(&page, depth(&page))
}

/// Whether a tag, or what looks like one, has more than [`MOST_ATTRIBUTES`].
fn has_endless_tag(html: &[u8]) -> bool {
    let mut rest = html;
    while let Some(place) = rest.iter().position(|&byte| byte == b'<') {
        rest = &rest[place + 1..];
        let mut tag = rest.strip_prefix(b"/").unwrap_or(rest);
        if !tag.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        for count in 0.. {
            if count > MOST_ATTRIBUTES {
                return true;
            }
            if attribute(&mut tag).is_none() {
                break;
            }
        }
        rest = tag;
    }
    false
}

fn bounded(page: &Html, depth: usize) -> Result<(), Refused> {
    if page.tree.nodes().len() > MOST_NODES {
        return Err(Refused::TooManyNodes);
    }
    if depth > DEEPEST {
        return Err(Refused::TooDeep);
    }
    Ok(())
}

/// The elements that the deepest node lies in.
fn depth(page: &Html) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for edge in page.tree.root().traverse() {
        match edge {
            ego_tree::iter::Edge::Open(_) => depth += 1,
            ego_tree::iter::Edge::Close(_) => depth -= 1,
        }
        deepest = deepest.max(depth);
    }
    deepest
}
