//! Filters one after another.

use triaxis_words::{Document, Words};

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
        self.each(text, facts, desk, false, |_, _, _| ())
    }

    /// Judges a document until a filter drops it, and calls `each` on the way as [`measure`](Self::measure) does.
    pub fn follow<'d>(
        &self,
        text: &'d str,
        facts: &Facts<'_>,
        desk: &'d mut Desk,
        each: impl FnMut(usize, Verdict, &Room),
    ) -> Judged<'d> {
        self.each(text, facts, desk, false, each)
    }

    /// Lets every filter judge a document, whether one before it drops it or not, and calls `each` with the filter's
    /// place in the chain, its verdict, and the room with all that it measured. A text that was edited goes on so.
    pub fn measure<'d>(
        &self,
        text: &'d str,
        facts: &Facts<'_>,
        desk: &'d mut Desk,
        each: impl FnMut(usize, Verdict, &Room),
    ) -> Judged<'d> {
        self.each(text, facts, desk, true, each)
    }

    /// Calls `each` with every verdict, those behind a drop too if `goes_on`.
    fn each<'d>(
        &self,
        text: &'d str,
        facts: &Facts<'_>,
        desk: &'d mut Desk,
        goes_on: bool,
        mut each: impl FnMut(usize, Verdict, &Room),
    ) -> Judged<'d> {
        let Desk {
            words,
            room,
            text: edited,
        } = desk;
        let (mut is_edited, mut by) = (false, None);
        let mut dropped = Verdict::Keep;
        // By what the text at hand is split, if it is.
        let mut split_by = None;
        for (place, filter) in self.filters.iter().enumerate() {
            let current = if is_edited { edited.as_str() } else { text };
            let document = match filter.reads() {
                None => Document::unsplit(current),
                Some(splitter) if split_by == Some(splitter) => words.again(current),
                Some(splitter) => {
                    split_by = Some(splitter);
                    words.split(splitter, current)
                }
            };
            let verdict = filter.judge(&document, facts, room);
            each(place, verdict, room);
            match verdict {
                Verdict::Keep => {}
                Verdict::Edit => {
                    std::mem::swap(edited, &mut room.edited);
                    is_edited = true;
                    // The words of the text that is left, where the filter that edited it knew them.
                    let spans = room.edited_words.drain(..).map(|span| span.start..span.end);
                    let is_split = spans.len() > 0 && words.given(edited, spans).is_ok();
                    split_by = filter.reads().filter(|_| is_split);
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
