//! What each token stands for.

use crate::alphabet;
use crate::definition::{Definition, TokenKind, byte};
use crate::library::Library;

/// The bytes and the kind of every token.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    bytes: Vec<u8>,
    /// Where the bytes of each token end.
    ends: Vec<usize>,
    kinds: Vec<TokenKind>,
}

impl Vocabulary {
    /// Of a tokenizer that is run here.
    pub(crate) fn of(definition: &Definition) -> Self {
        let mut all = Self::default();
        for token in &definition.tokens {
            all.push(&definition.bytes(token), token.kind);
        }
        all
    }

    /// Of one that the library runs: what a token adds to a text behind another one.
    pub(crate) fn of_library(library: &Library, count: usize) -> Self {
        let added = library.added();
        let reads = Reads::of(library);
        let mut all = Self::default();
        for id in 0..count as u32 {
            match (added.get(&id), library.text_of(id)) {
                (Some(token), _) if token.special => all.push(token.content.as_bytes(), TokenKind::Control),
                (Some(token), _) => all.push(token.content.as_bytes(), TokenKind::UserDefined),
                (None, Some(text)) => {
                    let (bytes, kind) = reads.token(id, &text);
                    all.push(&bytes, kind);
                }
                (None, None) => all.push(&[], TokenKind::Unused),
            }
        }
        all
    }

    fn push(&mut self, bytes: &[u8], kind: TokenKind) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
        self.kinds.push(kind);
    }

    /// The bytes of a token; none of one that there is not.
    pub(crate) fn bytes(&self, token: u32) -> &[u8] {
        let token = token as usize;
        let Some(end) = self.ends.get(token) else {
            return &[];
        };
        let start = token.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..*end]
    }

    /// What a token is; unused, where there is none.
    pub(crate) fn kind(&self, token: u32) -> TokenKind {
        self.kinds
            .get(token as usize)
            .copied()
            .unwrap_or(TokenKind::Unused)
    }
}

/// How the library's tokens are read one by one.
struct Reads<'l> {
    library: &'l Library,
    is_byte_level: bool,
    has_bytes: bool,
    /// A token of text and what it is read as.
    before: Option<(u32, String)>,
}

impl<'l> Reads<'l> {
    fn of(library: &'l Library) -> Self {
        let before = library
            .word()
            .and_then(|id| Some((id, library.decode(&[id]).ok()?)));
        Self {
            library,
            is_byte_level: library.is_byte_level(),
            has_bytes: library.has_bytes(),
            before,
        }
    }

    fn token(&self, id: u32, text: &str) -> (Vec<u8>, TokenKind) {
        if self.has_bytes
            && let Some(byte) = byte(text)
        {
            return (vec![byte], TokenKind::Byte);
        }
        if self.is_byte_level
            && let Some(bytes) = alphabet::bytes(text)
        {
            return (bytes, TokenKind::Normal);
        }
        let behind = self.before.as_ref().and_then(|(before, read)| {
            let both = self.library.decode(&[*before, id]).ok()?;
            Some(both.strip_prefix(read.as_str())?.to_owned())
        });
        let alone = || self.library.decode(&[id]).unwrap_or_default();
        (behind.unwrap_or_else(alone).into_bytes(), TokenKind::Normal)
    }
}
