//! Text from tokens as they come: the bytes of tokens split characters, and what is to end a text may be split by
//! tokens.

use crate::TokensError;

/// Gives out the text of bytes as they come, as far as it is sure: it keeps back a character that is not whole, and
/// whatever may begin a stop string. Spaces stay as they are.
///
/// What is given out in all is the text of all bytes before the first stop string, however the bytes are parted.
/// Bytes that are not UTF-8 come out as U+FFFD.
///
/// ```
/// let mut stream = triaxis_tokens::TextStream::new(["\n\n"])?;
/// assert_eq!(stream.push(b"caf\xc3"), "caf");
/// assert_eq!(stream.push(b"\xa9\n"), "é");
/// assert_eq!(stream.push(b" and\n\nmore"), "\n and");
/// assert_eq!(stream.stopped().map(|stop| stop.at), Some(10));
/// assert_eq!(stream.finish(), "");
/// # Ok::<(), triaxis_tokens::TokensError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TextStream {
    /// Bytes that are not given out yet.
    held: Vec<u8>,
    /// Bytes that were given out or are held.
    read: usize,
    stops: Vec<Stop>,
    stopped: Option<Stopped>,
}

/// Where a text was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Which of the stop strings it was.
    pub stop: usize,
    /// Bytes of text before it.
    pub at: usize,
}

/// A string that ends the text, and how much of it the bytes so far end with (Knuth, Morris and Pratt 1977).
#[derive(Debug, Clone)]
struct Stop {
    text: Vec<u8>,
    /// Of each beginning, the longest shorter one that it ends with.
    shorter: Vec<usize>,
    matched: usize,
}

impl Stop {
    fn new(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        let mut shorter = vec![0; text.len()];
        let mut length = 0;
        for end in 1..text.len() {
            while length > 0 && text[length] != text[end] {
                length = shorter[length - 1];
            }
            length += usize::from(text[length] == text[end]);
            shorter[end] = length;
        }
        Self {
            text,
            shorter,
            matched: 0,
        }
    }

    /// Takes a byte; whether the string is there in whole.
    fn push(&mut self, byte: u8) -> bool {
        while self.matched > 0 && self.text[self.matched] != byte {
            self.matched = self.shorter[self.matched - 1];
        }
        self.matched += usize::from(self.text[self.matched] == byte);
        self.matched == self.text.len()
    }
}

impl TextStream {
    /// A stream that ends where one of `stops` does first; where several end there, before the longest.
    ///
    /// # Errors
    /// When a stop string is empty.
    pub fn new(stops: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, TokensError> {
        let stops: Vec<Stop> = stops.into_iter().map(|stop| Stop::new(stop.as_ref())).collect();
        if let Some(empty) = stops.iter().position(|stop| stop.text.is_empty()) {
            return Err(TokensError::input(format!(
                "stop string {} is empty, and would end every text at once: leave it out",
                empty + 1
            )));
        }
        Ok(Self {
            held: Vec::new(),
            read: 0,
            stops,
            stopped: None,
        })
    }

    /// Takes the bytes of a token and gives out the text that is sure by now. After a stop string nothing is.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        if self.stopped.is_some() {
            return String::new();
        }
        for byte in bytes {
            self.held.push(*byte);
            self.read += 1;
            if let Some((stop, length)) = self.longest_stop(*byte) {
                let at = self.read - length;
                self.stopped = Some(Stopped { stop, at });
                self.held.truncate(self.held.len() - length);
                return self.rest();
            }
        }
        let begun = self.stops.iter().map(|stop| stop.matched).max().unwrap_or(0);
        let sure = self.held.len() - begun;
        let whole = self.held[..sure].utf8_chunks().last().map_or(0, |last| {
            let cut = last.invalid();
            // Bytes at the end that may become a character are an error of the chunk without a length.
            let may_grow = std::str::from_utf8(cut).is_err_and(|error| error.error_len().is_none());
            if may_grow { sure - cut.len() } else { sure }
        });
        let text = String::from_utf8_lossy(&self.held[..whole]).into_owned();
        self.held.drain(..whole);
        text
    }

    /// What was held back, where no more bytes come.
    pub fn finish(&mut self) -> String {
        self.stops.iter_mut().for_each(|stop| stop.matched = 0);
        self.rest()
    }

    /// Where a stop string was met.
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    fn rest(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.held.clear();
        text
    }

    /// Takes a byte; which stop string ends with it, and its length.
    fn longest_stop(&mut self, byte: u8) -> Option<(usize, usize)> {
        let stops = self.stops.iter_mut().enumerate();
        let ended = stops.filter_map(|(at, stop)| stop.push(byte).then_some((at, stop.text.len())));
        ended.max_by_key(|(at, length)| (*length, usize::MAX - at))
    }
}
