use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};
use triaxis_words::{Document, Span, Splitter, classes, lines, pieces, sentences, sentences_of};

use super::{Facts, Judge, Settings};
use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "c4-quality";

/// What lines are looked through for, in any case: of pages, of script, of policies.
const PHRASES: [&str; 8] = [
    "lorem ipsum",
    "javascript",
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(PHRASES)
        .expect("eight short phrases are within every limit of a finder")
});

/// Lines that are sentences, in documents of several: other lines go, with citations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct C4Quality {
    /// Whether lines go that do not end with one of `.?!"'`, or end with an ellipsis. FineWeb's makers left this out.
    pub terminal_punctuation: bool,
    /// Whether signs such as `[3]`, `[edit]` and `[citation needed]` are taken out of lines.
    pub remove_citations: bool,
    /// Lines of fewer words, which are what stands between spaces, go.
    pub least_words_in_line: usize,
    /// Lines with a word of more characters go.
    pub longest_word: usize,
    /// Whether lines go that speak of JavaScript.
    pub javascript: bool,
    /// Whether lines go that speak of cookies, privacy policies or terms of use.
    pub policies: bool,
    /// Whether documents go with `lorem ipsum` in a line that would stay.
    pub lorem_ipsum: bool,
    /// Whether documents go with `{` in a line that would stay.
    pub curly_bracket: bool,
    /// Fewest sentences of the lines that stay.
    pub least_sentences: usize,
}

impl C4Quality {
    pub(crate) const ABOUT: &str = "lines that are no sentences, and pages of few, of code or of filler: C4's rules \
                                    (Raffel et al. 2020, arXiv 1910.10683, section 2.2) as datatrove has them";
}

impl Default for C4Quality {
    fn default() -> Self {
        Self {
            terminal_punctuation: true,
            remove_citations: true,
            least_words_in_line: 3,
            longest_word: 1000,
            javascript: true,
            policies: true,
            lorem_ipsum: true,
            curly_bracket: true,
            least_sentences: 5,
        }
    }
}

impl Settings for C4Quality {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        if self.longest_word == 0 {
            return Err(Refused::new(
                format!("{FILTER}.longest_word"),
                0,
                "every word is longer, and no line would stay; 1000 is usual",
            ));
        }
        Ok(Box::new(self.clone()))
    }
}

/// What is found in a line.
#[derive(Default)]
struct Found {
    lorem_ipsum: bool,
    javascript: bool,
    policies: bool,
}

fn find(line: &str) -> Found {
    let mut found = Found::default();
    for phrase in FINDER.find_iter(line) {
        match phrase.pattern().as_usize() {
            0 => found.lorem_ipsum = true,
            1 => found.javascript = true,
            _ => found.policies = true,
        }
    }
    found
}

/// Writes a line without its citations. Whether it had any.
fn without_citations(line: &str, out: &mut String) -> bool {
    out.clear();
    let mut rest = line;
    while let Some(place) = rest.find('[') {
        let inside = &rest[place + 1..];
        let after = inside
            .strip_prefix("edit]")
            .or_else(|| inside.strip_prefix("citation needed]"))
            .or_else(|| inside.trim_start_matches(classes::is_digit).strip_prefix(']'));
        if let Some(after) = after {
            out.push_str(&rest[..place]);
            rest = after;
        } else {
            out.push_str(&rest[..=place]);
            rest = inside;
        }
    }
    out.push_str(rest);
    out.len() < line.len()
}

/// What stands between the spaces of a line.
struct Pieces {
    count: usize,
    is_too_long: bool,
}

impl C4Quality {
    /// Looks at what stands between the spaces of a line.
    fn pieces(&self, line: &str) -> Pieces {
        let mut found = Pieces {
            count: 0,
            is_too_long: false,
        };
        for piece in pieces(line) {
            found.count += 1;
            found.is_too_long |=
                piece.len() > self.longest_word && piece.chars().nth(self.longest_word).is_some();
        }
        found
    }

    fn ends_well(&self, line: &str) -> bool {
        let ends = line.ends_with(['.', '?', '!', '"', '\'']) && !line.ends_with("...");
        !self.terminal_punctuation || ends
    }
}

/// The words of a document that stand within a line, which follows those of the lines before it.
fn words_of<'d>(words: &'d [Span], first: &mut usize, start: usize, end: usize) -> &'d [Span] {
    let ahead = words.get(*first..).unwrap_or(&[]);
    *first += ahead.iter().take_while(|word| word.start < start).count();
    let ahead = words.get(*first..).unwrap_or(&[]);
    let count = ahead.iter().take_while(|word| word.end <= end).count();
    *first += count;
    &ahead[..count]
}

impl Judge for C4Quality {
    fn splitter(&self) -> Option<Splitter> {
        Some(Splitter::English)
    }

    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let text = document.text();
        let has_phrases = FINDER.is_match(text);
        let (mut count, mut next_word) = (0, 0);
        let (mut lorem_ipsum, mut curly_brackets, mut is_lorem_first) = (0, 0, false);
        room.edited.clear();
        for full in lines::universal(text) {
            let stripped = classes::trim(full);
            let pieces = self.pieces(stripped);
            if pieces.is_too_long {
                continue;
            }
            let is_cited = self.remove_citations && without_citations(stripped, &mut room.line);
            let line = if is_cited { room.line.as_str() } else { stripped };
            if !self.ends_well(line) || pieces.count < self.least_words_in_line {
                continue;
            }
            let found = if has_phrases || is_cited {
                find(line)
            } else {
                Found::default()
            };
            if self.lorem_ipsum && found.lorem_ipsum {
                is_lorem_first |= curly_brackets == 0;
                lorem_ipsum += 1;
                continue;
            }
            if self.javascript && found.javascript {
                continue;
            }
            if self.curly_bracket && line.contains('{') {
                curly_brackets += 1;
                continue;
            }
            if self.policies && found.policies {
                continue;
            }
            if !room.edited.is_empty() {
                room.edited.push('\n');
            }
            let place = room.edited.len();
            let (words, start) = if is_cited {
                let document = room.words.split(Splitter::English, line);
                count += sentences(&document);
                (document.spans(), 0)
            } else {
                let start = stripped.as_ptr().addr() - text.as_ptr().addr();
                let end = start + stripped.len();
                let words = words_of(document.spans(), &mut next_word, start, end);
                count += sentences_of(text, words, start, end);
                (words, start)
            };
            room.edited_words.extend(words.iter().map(|word| Span {
                start: word.start - start + place,
                end: word.end - start + place,
            }));
            room.edited.push_str(line);
        }
        let kept = classes::trim(&room.edited);
        let is_edited = kept != text;
        if kept.len() < room.edited.len() {
            // Spaces that a citation left at the beginning or the end.
            room.edited = kept.to_owned();
            room.edited_words.clear();
        }
        let pages = [
            Check::at_most("lorem_ipsum", f64::from(lorem_ipsum), 0.0),
            Check::at_most("curly_bracket", f64::from(curly_brackets), 0.0),
        ];
        room.checks.extend(if is_lorem_first || curly_brackets == 0 {
            pages
        } else {
            [pages[1], pages[0]]
        });
        room.checks.push(Check::at_least(
            "sentences",
            count as f64,
            self.least_sentences as f64,
        ));
        is_edited
    }
}
