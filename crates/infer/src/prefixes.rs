//! What was read of the beginnings of texts, for those that begin alike.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use triaxis_blocks::Page;
use triaxis_model::Memory;
use triaxis_units::{Bytes, Tokens};

use crate::engine::{Engine, Reading, Wanted};
use crate::error::InferError;
use crate::sequence::{Remembered, Sequence};

/// Beginnings that an engine has read, so that a text which begins like one before reads the rest alone.
///
/// They are kept in pieces, each after the one before it: of attention a page, which all share; of other mixers, whose
/// states cannot go back, a copy of what is remembered after every 256 tokens. A sequence has the same bits whether its
/// beginning is found here or read. Pieces that were not used for longest are forgotten where there would be more bytes than
/// may be, ends before beginnings.
#[derive(Debug)]
pub struct PrefixCache {
    engine: u64,
    /// Tokens of a piece.
    length: usize,
    /// Bytes of a page, of an engine that has pages.
    page: Bytes,
    most: Bytes,
    bytes: Bytes,
    pieces: HashMap<Arc<Key>, Piece>,
    /// The pieces by when they were used: what precedes one is always used later than it.
    by_use: BTreeMap<u64, Arc<Key>>,
    uses: u64,
    begun: u64,
    found: Tokens,
}

/// What a piece is found by. It is compared in whole, so that no text can be taken for another.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    before: Before,
    tokens: Box<[u32]>,
}

/// What a piece follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Before {
    /// Nothing: texts of another salt share nothing.
    Nothing { salt: String },
    /// A piece, by its number.
    Piece(u64),
}

#[derive(Debug)]
struct Piece {
    number: u64,
    used: u64,
    bytes: Bytes,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Page(Arc<Page>),
    Memory(Memory),
}

impl PrefixCache {
    /// None yet, of at most so many bytes.
    pub fn new(engine: &Engine, most: Bytes) -> Self {
        Self {
            engine: engine.number(),
            length: engine.piece(),
            page: Bytes(engine.remembers(1) as u64),
            most,
            bytes: Bytes(0),
            pieces: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            begun: 0,
            found: Tokens(0),
        }
    }

    /// What is kept.
    pub fn bytes(&self) -> Bytes {
        self.bytes
    }

    /// How many tokens did not have to be read, of all texts so far.
    pub fn found(&self) -> Tokens {
        self.found
    }

    /// A sequence that has read `tokens`, of which those are read that are not kept, and kept from then on. Give all of a
    /// text but the last token, whose scores are asked for. Texts of another `salt` share nothing, so that nobody learns of
    /// another's by the time that his own takes.
    ///
    /// # Errors
    /// As [`Engine::read`], and when the engine is another one.
    pub fn read(&mut self, engine: &mut Engine, tokens: &[u32], salt: &str) -> Result<Sequence, InferError> {
        engine.owns(self.engine)?;
        let mut sequence = engine.sequence();
        self.begin(&mut sequence, tokens, salt);
        self.found.0 += sequence.position() as u64;
        // What is remembered in pages can be parted later, states cannot.
        let each = match sequence.remembered {
            Remembered::Pages(_) => tokens.len().max(1),
            Remembered::Memory(_) => self.length,
        };
        for tokens in tokens[sequence.position()..].chunks(each) {
            engine.read(&mut [Reading {
                sequence: &mut sequence,
                tokens,
                wanted: Wanted::None,
            }])?;
            self.keep(&sequence, salt);
        }
        Ok(sequence)
    }

    /// Keeps what a sequence has read beyond what is kept, as far as it can be shared. Of states nothing is kept: those after
    /// tokens that were read one by one have other bits.
    pub(crate) fn keep_answer(&mut self, sequence: &Sequence, salt: &str) {
        if matches!(sequence.remembered, Remembered::Pages(_)) {
            self.keep(sequence, salt);
        }
    }

    /// Lets an empty sequence have read the longest beginning that is kept.
    fn begin(&mut self, sequence: &mut Sequence, tokens: &[u32], salt: &str) {
        let path = self.path(tokens, salt);
        let mut kept = path.iter().map(|key| &self.pieces[key].kept);
        match &mut sequence.remembered {
            Remembered::Pages(pages) => pages.extend(kept.filter_map(|kept| match kept {
                Kept::Page(page) => Some(Arc::clone(page)),
                Kept::Memory(_) => None,
            })),
            Remembered::Memory(memory) => {
                if let Some(Kept::Memory(last)) = kept.next_back() {
                    memory.clone_from(last);
                }
            }
        }
        sequence
            .tokens
            .extend_from_slice(&tokens[..path.len() * self.length]);
        self.touch(&path);
    }

    fn keep(&mut self, sequence: &Sequence, salt: &str) {
        let tokens = sequence.tokens();
        let mut path = self.path(tokens, salt);
        for (index, tokens) in tokens.chunks_exact(self.length).enumerate().skip(path.len()) {
            let (kept, bytes) = match &sequence.remembered {
                Remembered::Pages(pages) => (Kept::Page(Arc::clone(&pages[index])), self.page),
                // Only the state after the last piece is there.
                Remembered::Memory(memory) if memory.position() == (index + 1) * self.length => {
                    (Kept::Memory(memory.clone()), memory.bytes())
                }
                Remembered::Memory(_) => break,
            };
            self.begun += 1;
            let key = Arc::new(Key {
                before: self.before(path.last(), salt),
                tokens: tokens.into(),
            });
            let piece = Piece {
                number: self.begun,
                used: 0,
                bytes,
                kept,
            };
            self.bytes += bytes;
            self.pieces.insert(Arc::clone(&key), piece);
            path.push(key);
        }
        self.touch(&path);
        while self.bytes > self.most {
            let Some((_, key)) = self.by_use.pop_first() else {
                break;
            };
            if let Some(piece) = self.pieces.remove(&key) {
                self.bytes.0 -= piece.bytes.0;
            }
        }
    }

    /// The pieces that tokens begin with.
    fn path(&self, tokens: &[u32], salt: &str) -> Vec<Arc<Key>> {
        let mut path = Vec::new();
        for tokens in tokens.chunks_exact(self.length) {
            let key = Key {
                before: self.before(path.last(), salt),
                tokens: tokens.into(),
            };
            let Some((key, _)) = self.pieces.get_key_value(&key) else {
                break;
            };
            path.push(Arc::clone(key));
        }
        path
    }

    fn before(&self, last: Option<&Arc<Key>>, salt: &str) -> Before {
        match last {
            None => Before::Nothing {
                salt: salt.to_owned(),
            },
            Some(key) => Before::Piece(self.pieces[key].number),
        }
    }

    /// That pieces, each after the one before it, are used now.
    fn touch(&mut self, path: &[Arc<Key>]) {
        for key in path.iter().rev() {
            if let Some(piece) = self.pieces.get_mut(key) {
                self.uses += 1;
                self.by_use.remove(&piece.used);
                piece.used = self.uses;
                self.by_use.insert(self.uses, Arc::clone(key));
            }
        }
    }
}
