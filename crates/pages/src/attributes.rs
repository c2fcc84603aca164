//! Tags that have attributes without end, seen before they are read.

use std::cell::Cell;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// What a parser's tokens go through on their way: it is seen whether there are any.
struct Watched<S> {
    sink: S,
    seen: Cell<Seen>,
}

/// What the tokens of some text were.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Whether there were any.
    any: bool,
    /// The most attributes that a tag had.
    attributes: usize,
}

impl<S: TokenSink> TokenSink for Watched<S> {
    type Handle = S::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<S::Handle> {
        let mut seen = self.seen.get();
        seen.any |= !matches!(token, Token::ParseError(_));
        if let Token::TagToken(tag) = &token {
            seen.attributes = seen.attributes.max(tag.attrs.len());
        }
        self.seen.set(seen);
        self.sink.process_token(token, line)
    }

    fn end(&self) {
        self.sink.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.sink
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// A tokenizer that is given a page in pieces and knows when it is amid a tag of too many attributes.
///
/// html5ever holds each attribute of a tag against all before it, and shows none before the tag's end. While it is amid a
/// tag there are no tokens, nor while it is amid a comment; what it is amid began in the last piece that had some, or
/// behind it. Each place there at which a tag may begin is looked at as if one did.
pub(crate) struct Pieces<'p, S: TokenSink> {
    page: &'p str,
    most: usize,
    tokenizer: Tokenizer<Watched<S>>,
    input: BufferQueue,
    read: usize,
    /// Where the last piece that had a token began.
    spoken: usize,
    is_checked: bool,
    marks: Option<Marks<'p>>,
}

impl<'p, S: TokenSink> Pieces<'p, S> {
    /// A page, none of whose tags may have more than so many attributes.
    pub(crate) fn new(page: &'p str, most: usize, sink: S) -> Self {
        let watched = Watched {
            sink,
            seen: Cell::default(),
        };
        Self {
            page,
            most,
            tokenizer: Tokenizer::new(watched, TokenizerOpts::default()),
            input: BufferQueue::default(),
            read: 0,
            spoken: 0,
            is_checked: false,
            marks: None,
        }
    }

    /// What the tokens go to.
    pub(crate) fn sink(&self) -> &S {
        &self.tokenizer.sink.sink
    }

    /// Gives about so many bytes more; none where there are no more, otherwise whether no tag has too many attributes.
    pub(crate) fn next(&mut self, bytes: usize) -> Option<bool> {
        let begin = self.read;
        let piece = &self.page[begin..];
        let piece = &piece[..piece.floor_char_boundary(bytes)];
        if piece.is_empty() {
            return None;
        }
        self.read += piece.len();
        self.tokenizer.sink.seen.take();
        self.input.push_back(StrTendril::from_slice(piece));
        // It stops behind scripts, which do not run here.
        while !matches!(self.tokenizer.feed(&self.input), TokenizerResult::Done) {}
        let seen = self.tokenizer.sink.seen.get();
        if seen.any {
            (self.spoken, self.is_checked) = (begin, false);
        } else if !self.is_checked && begin > self.spoken {
            self.is_checked = true;
            let marks = self.marks.get_or_insert_with(|| Marks::of(self.page.as_bytes()));
            if (self.spoken..self.read).any(|place| marks.is_endless(place, self.most)) {
                return Some(false);
            }
        }
        Some(seen.attributes <= self.most)
    }

    /// Tells the sink that the page is over.
    pub(crate) fn end(self) -> S {
        self.tokenizer.end();
        self.tokenizer.sink.sink
    }
}

/// Where, from each place of a page on, what parts attributes comes next; the page's length where there is none.
struct Marks<'p> {
    page: &'p [u8],
    /// What is neither a space nor a `/`: a name, or the end of the tag.
    begin: Vec<u32>,
    /// What ends a name.
    name: Vec<u32>,
    /// What is no space.
    word: Vec<u32>,
    /// What ends a value without quotes.
    value: Vec<u32>,
    /// The end of a value in `"`.
    double: Vec<u32>,
    /// The end of a value in `'`.
    single: Vec<u32>,
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

impl<'p> Marks<'p> {
    fn of(page: &'p [u8]) -> Self {
        let next = |is: fn(u8) -> bool| {
            let mut next = vec![page.len() as u32; page.len() + 1];
            for (place, byte) in page.iter().enumerate().rev() {
                next[place] = if is(*byte) { place as u32 } else { next[place + 1] };
            }
            next
        };
        Self {
            page,
            begin: next(|byte| !is_space(byte) && byte != b'/'),
            name: next(|byte| is_space(byte) || matches!(byte, b'=' | b'/' | b'>')),
            word: next(|byte| !is_space(byte)),
            value: next(|byte| is_space(byte) || byte == b'>'),
            double: next(|byte| byte == b'"'),
            single: next(|byte| byte == b'\''),
        }
    }

    /// Whether what begins at a place would be, if it were a tag, one of more than so many attributes.
    fn is_endless(&self, place: usize, most: usize) -> bool {
        let begins = |place: usize| self.page.get(place).is_some_and(u8::is_ascii_alphabetic);
        let name = match self.page[place..] {
            [b'<', b'/', ..] => place + 2,
            [b'<', ..] => place + 1,
            _ => return false,
        };
        let mut at = Some(name).filter(|name| begins(*name));
        for _ in 0..=most + 1 {
            // The first of them is the tag's name.
            let Some(here) = at else { return false };
            at = self.behind(here);
        }
        at.is_some()
    }

    /// The place behind the attribute that comes next; none at the tag's end.
    fn behind(&self, place: usize) -> Option<usize> {
        let at = |next: &[u32], place: usize| next[place.min(self.page.len())] as usize;
        let begin = at(&self.begin, place);
        if *self.page.get(begin)? == b'>' {
            return None;
        }
        // An equals sign may begin a name.
        let end = at(&self.name, begin + 1);
        let equals = at(&self.word, end);
        if self.page.get(equals) != Some(&b'=') {
            return Some(end);
        }
        let value = at(&self.word, equals + 1);
        Some(match self.page.get(value) {
            Some(b'"') => at(&self.double, value + 1) + 1,
            Some(b'\'') => at(&self.single, value + 1) + 1,
            _ => at(&self.value, value),
        })
    }
}
