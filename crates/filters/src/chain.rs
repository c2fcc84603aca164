//! Filters one after another.

use triaxis_words::{Document, Span, Splitter, Words};

use crate::filters::{Facts, Filter, FilterSpec};
use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Verdict;

/// Filters in their order, each of which judges what those before it left. Threads share it.
#[derive(Debug)]
pub struct Chain {
    filters: Vec<Filter>,
}

/// What a thread keeps: its room, the words of the document at hand, and its text where that was edited.
#[derive(Debug, Default)]
pub struct Desk {
    words: Words,
    room: Room,
    text: String,
    /// The words of that text, where the filter that edited it knew them.
    text_words: Vec<Span>,
}

/// What a chain says of a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged<'d> {
    /// Kept, kept with another text, or dropped.
    pub verdict: Verdict,
    /// Which filter of the chain dropped it.
    pub by: Option<usize>,
    /// The text that it has in the end, or had when it was dropped.
    pub text: &'d str,
}

impl Desk {
    /// An empty desk.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A document of words that a filter found in the text that it left, of which they are taken.
fn taken<'d>(words: &'d mut Words, spans: &mut Vec<Span>, splitter: Splitter, text: &'d str) -> Document<'d> {
    let ranges = spans.drain(..).map(|span| span.start..span.end);
    let is_of_text = words.given(text, ranges).is_ok();
    if is_of_text {
        words.again(text)
    } else {
        words.split(splitter, text)
    }
}

impl Chain {
    /// A chain of filters of these settings.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(specs: &[FilterSpec]) -> Result<Self, Refused> {
        let filters = specs.iter().map(FilterSpec::prepare);
        Ok(Self {
            filters: filters.collect::<Result<_, _>>()?,
        })
    }

    /// The filters.
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Judges a document until a filter drops it.
    pub fn judge<'d>(&self, text: &'d str, facts: &Facts<'_>, desk: &'d mut Desk) -> Judged<'d> {
        self.each(text, facts, desk, |_, _, _| false)
    }

    /// Judges a document until a filter drops it, and calls `each` on the way as [`measure`](Self::measure) does.
    pub fn follow<'d>(
        &self,
        text: &'d str,
        facts: &Facts<'_>,
        desk: &'d mut Desk,
        mut each: impl FnMut(usize, Verdict, &Room),
    ) -> Judged<'d> {
        self.each(text, facts, desk, |place, verdict, room| {
            each(place, verdict, room);
            false
        })
    }

    /// Lets every filter judge a document, whether one before it drops it or not, and calls `each` with the filter's
    /// place in the chain, its verdict, and the room with all that it measured. A text that was edited goes on so.
    pub fn measure<'d>(
        &self,
        text: &'d str,
        facts: &Facts<'_>,
        desk: &'d mut Desk,
        mut each: impl FnMut(usize, Verdict, &Room),
    ) -> Judged<'d> {
        self.each(text, facts, desk, |place, verdict, room| {
            each(place, verdict, room);
            true
        })
    }

    /// Calls `each` with every verdict; whether to go on behind a drop is what it says.
    fn each<'d>(
        &self,
        text: &'d str,
        facts: &Facts<'_>,
        desk: &'d mut Desk,
        mut each: impl FnMut(usize, Verdict, &Room) -> bool,
    ) -> Judged<'d> {
        let Desk {
            words,
            room,
            text: edited,
            text_words,
        } = desk;
        let (mut is_edited, mut by) = (false, None);
        let mut dropped = Verdict::Keep;
        // By what the text at hand is split, if it is.
        let mut split_by = None;
        text_words.clear();
        for (place, filter) in self.filters.iter().enumerate() {
            let current = if is_edited { edited.as_str() } else { text };
            let splitter = filter.splitter();
            let document = if split_by != Some(splitter) {
                words.split(splitter, current)
            } else if text_words.is_empty() {
                words.again(current)
            } else {
                taken(words, text_words, splitter, current)
            };
            split_by = Some(splitter);
            let verdict = filter.judge(&document, facts, room);
            let goes_on = each(place, verdict, room);
            match verdict {
                Verdict::Keep => {}
                Verdict::Edit => {
                    std::mem::swap(edited, &mut room.edited);
                    std::mem::swap(text_words, &mut room.edited_words);
                    is_edited = true;
                    split_by = Some(splitter).filter(|_| !text_words.is_empty());
                }
                Verdict::Drop(_) => {
                    if by.is_none() {
                        (by, dropped) = (Some(place), verdict);
                    }
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        let verdict = match dropped {
            Verdict::Drop(_) => dropped,
            _ if is_edited => Verdict::Edit,
            _ => Verdict::Keep,
        };
        let text = if is_edited { edited } else { text };
        Judged { verdict, by, text }
    }
}
