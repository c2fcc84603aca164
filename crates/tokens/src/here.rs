//! Tokenizers that are run here: special tokens found, then what lies between them by an engine.

use std::sync::{Mutex, OnceLock};

use crate::byte_level::ByteLevel;
use crate::cache::Cache;
use crate::definition::Definition;
use crate::library::Library;
use crate::pieces::Pieces;
use crate::special::{Part, Special};
use crate::{TokenKind, TokensError};

/// The longest text that is encoded at once, in bytes.
const LONGEST: usize = u32::MAX as usize;

/// What runs here.
pub(crate) struct Here {
    pub(crate) definition: Definition,
    engine: Engine,
    special: Special,
    /// One cache for each thread that is encoding; those at rest lie here.
    caches: Mutex<Vec<Cache>>,
    /// The library's own, which this one equals.
    pub(crate) library: OnceLock<Box<Library>>,
}

enum Engine {
    ByteLevel(ByteLevel),
    Pieces(Pieces),
}

impl Here {
    /// What runs a definition.
    ///
    /// # Errors
    /// When the names of its special tokens cannot be looked for.
    pub(crate) fn new(definition: Definition) -> Result<Self, TokensError> {
        let engine = match (ByteLevel::of(&definition), Pieces::of(&definition)) {
            (Some(byte_level), _) => Engine::ByteLevel(byte_level),
            (None, Some(pieces)) => Engine::Pieces(pieces),
            (None, None) => unreachable!("every method is one of the two"),
        };
        Ok(Self {
            engine,
            special: Special::of(&definition)?,
            definition,
            caches: Mutex::default(),
            library: OnceLock::new(),
        })
    }

    /// The tokens of a text, in which the names of control tokens stand for them if `control`.
    ///
    /// # Errors
    /// When the text is too long.
    pub(crate) fn encode(&self, text: &str, control: bool) -> Result<Vec<u32>, TokensError> {
        if text.len() > LONGEST {
            return Err(TokensError::input(format!(
                "a text of {} bytes: at most {LONGEST} are encoded at once; cut it",
                text.len()
            )));
        }
        let at_rest = self.caches.lock().ok().and_then(|mut caches| caches.pop());
        let mut cache = at_rest.unwrap_or_default();
        let mut ids = Vec::with_capacity(text.len() / 3);
        let mut is_first = true;
        for part in self.special.parts(text, control) {
            match (part, &self.engine) {
                (Part::Token(token, kind), _) => {
                    ids.push(token);
                    is_first = kind == TokenKind::Control;
                    continue;
                }
                (Part::Text(text), Engine::ByteLevel(engine)) => engine.encode(text, &mut cache, &mut ids),
                (Part::Text(text), Engine::Pieces(engine)) => {
                    engine.encode(text, is_first, &mut cache, &mut ids);
                }
            }
            is_first = false;
        }
        if let Ok(mut caches) = self.caches.lock() {
            caches.push(cache);
        }
        Ok(ids)
    }
}
