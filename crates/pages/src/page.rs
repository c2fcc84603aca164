//! What a page may be: extractors walk pages again and again, so what is too much for them is known before.

use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink};
use scraper::{Html, HtmlTreeSink};
use triaxis_units::Bytes;

use crate::Refused;
use crate::attributes::Pieces;

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
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut pieces = Pieces::new(
        html,
        MOST_ATTRIBUTES,
        TreeBuilder::new(sink, TreeBuilderOpts::default()),
    );
    let mut seen = 0;
    while let Some(is_bounded) = pieces.next(PIECE) {
        if !is_bounded {
            return Err(Refused::TooManyAttributes);
        }
        let page = pieces.sink().sink.0.borrow();
        // Any node may be the deepest, and not the newest alone.
        let count = page.tree.nodes().len();
        let new = page.tree.nodes().rev().take(count - seen);
        let depth = new.map(|node| node.ancestors().take(DEEPEST + 1).count()).max();
        seen = count;
        bounded(&page, depth.unwrap_or(0))?;
    }
    let page = pieces.end().sink.finish();
    bounded(&page, depth(&page))
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
