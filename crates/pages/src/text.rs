//! Cleaned HTML as lines of text, with trafilatura's line breaks.

use ego_tree::iter::Edge;
use scraper::{Html, Node};

/// A line for each of these; of a table, for each row.
const BLOCKS: [&str; 26] = [
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "tr",
    "table",
    "br",
    "hr",
    "pre",
    "blockquote",
    "q",
    "div",
    "section",
    "article",
    "figure",
    "figcaption",
    "summary",
];
const ITEMS: [&str; 3] = ["li", "dt", "dd"];
const CELLS: [&str; 2] = ["td", "th"];

/// The text of cleaned HTML.
pub(crate) fn of_html(html: &str) -> String {
    let page = Html::parse_fragment(html);
    let mut text = String::new();
    let (mut cells, mut preformatted) = (0_usize, 0_usize);
    for edge in page.tree.root().traverse() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node.value(), true),
            Edge::Close(node) => (node.value(), false),
        };
        match node {
            Node::Text(piece) if opens && preformatted > 0 => text.push_str(piece),
            // A line of the source is no line of the text.
            Node::Text(piece) if opens => {
                text.extend(
                    piece
                        .chars()
                        .map(|sign| if sign.is_whitespace() { ' ' } else { sign }),
                );
            }
            Node::Element(element) => {
                let name = element.name();
                if name == "pre" {
                    preformatted = if opens {
                        preformatted + 1
                    } else {
                        preformatted.saturating_sub(1)
                    };
                }
                if CELLS.contains(&name) {
                    if opens {
                        cells += 1;
                    } else {
                        cells = cells.saturating_sub(1);
                        text.push_str(" | ");
                    }
                } else if BLOCKS.contains(&name) {
                    // The paragraphs of a cell stay on the row's line.
                    text.push(if cells > 0 { ' ' } else { '\n' });
                }
                if opens && cells == 0 && ITEMS.contains(&name) {
                    text.push_str("- ");
                }
            }
            _ => {}
        }
    }
    lines(&text)
}

/// Lines without blank ones, their words parted by single spaces.
fn lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(first);
        for word in words {
            lines.push(' ');
            lines.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::of_html;

    #[test]
    fn a_block_is_a_line_and_a_line_of_the_source_is_none() {
        for (html, text) in [
            (
                "<h1>A</h1><p>one\ntwo <b>three</b></p> four",
                "A\none two three\nfour",
            ),
            (
                "<ul><li>one</li><li>two<ul><li>three</li></ul></li></ul>",
                "- one\n- two\n- three",
            ),
            (
                "<table><tr><th>a</th><td><p>b</p><p>c</p></td></tr><tr><td>d</td></tr></table>",
                "a | b c |\nd |",
            ),
            ("<pre>one\n  two\n\nthree</pre>", "one\ntwo\nthree"),
            (
                "one<br>two<blockquote>&lt;three&gt;</blockquote>",
                "one\ntwo\n<three>",
            ),
            ("a\u{a0}b \t c", "a b c"),
            ("", ""),
        ] {
            assert_eq!(of_html(html), text, "{html}");
        }
    }
}
