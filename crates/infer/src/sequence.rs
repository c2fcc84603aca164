use std::sync::Arc;

use triaxis_blocks::{PAGE, Page, PageLayout};
use triaxis_model::Memory;

/// What an engine has read of one text, and remembers of it.
///
/// A clone is a fork: both go on from the same tokens. Full pages of what attention remembers are shared by all forks, and
/// never copied.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// The engine that it is of.
    pub(crate) engine: u64,
    pub(crate) tokens: Vec<u32>,
    pub(crate) remembered: Remembered,
}

/// What is remembered, by the kind of engine.
#[derive(Debug, Clone)]
pub(crate) enum Remembered {
    /// Keys and values, in pages.
    Pages(Vec<Arc<Page>>),
    /// What the mixers of training remember.
    Memory(Memory),
}

impl Sequence {
    pub(crate) fn new(engine: u64, remembered: Remembered) -> Self {
        Self {
            engine,
            tokens: Vec::new(),
            remembered,
        }
    }

    /// The tokens that were read.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// How many tokens were read.
    pub fn position(&self) -> usize {
        self.tokens.len()
    }

    /// What [`Engine::go_back`](crate::Engine::go_back) to here or later takes: a copy of what cannot go back by itself.
    pub(crate) fn mark(&self) -> Option<Self> {
        matches!(self.remembered, Remembered::Memory(_)).then(|| self.clone())
    }

    /// Forgets all but the first tokens, if what is remembered can go back: caches can, states cannot.
    ///
    /// Returns whether it did.
    pub fn truncate(&mut self, position: usize) -> bool {
        match &mut self.remembered {
            Remembered::Pages(pages) => {
                pages.truncate(position.div_ceil(PAGE));
                self.tokens.truncate(position);
                true
            }
            Remembered::Memory(_) => position >= self.tokens.len(),
        }
    }
}

/// Room for the positions up to `end`.
pub(crate) fn reserve(pages: &mut Vec<Arc<Page>>, layout: &PageLayout, end: usize) {
    pages.resize_with(end.div_ceil(PAGE).max(pages.len()), || Arc::new(layout.page()));
}
