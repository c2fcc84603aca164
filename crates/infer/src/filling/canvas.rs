use std::sync::Arc;

use triaxis_random::Stream;

use crate::error::InferError;

/// Tokens of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSet(Vec<bool>);

impl TokenSet {
    /// Those of the first `vocabulary` tokens that `holds` says.
    pub fn new(vocabulary: usize, mut holds: impl FnMut(u32) -> bool) -> Self {
        Self((0..vocabulary as u32).map(&mut holds).collect())
    }

    /// Whether it holds a token.
    pub fn holds(&self, token: u32) -> bool {
        self.0.get(token as usize).copied().unwrap_or(false)
    }

    fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    /// What is in both.
    fn and(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(own, other)| *own && *other)
                .collect(),
        )
    }
}

/// A place of a canvas.
#[derive(Debug, Clone, Default)]
struct Place {
    /// What is there, if it is fixed.
    token: Option<u32>,
    /// What may be there, if not all may.
    allowed: Option<Arc<TokenSet>>,
}

/// A text of some length in tokens: what is there, and what may come where nothing is. Whatever is laid on it must agree with
/// what was laid before.
#[derive(Debug, Clone)]
pub struct Canvas(Vec<Place>);

impl Canvas {
    /// One of so many gaps.
    pub fn open(length: usize) -> Self {
        Self(vec![Place::default(); length])
    }

    /// A text of which a share of the tokens, drawn by the seed, are gaps: one at least.
    ///
    /// # Errors
    /// When the text is empty, or the share none above 0 and up to 1.
    pub fn edited(tokens: &[u32], share: f64, seed: u64) -> Result<Self, InferError> {
        if tokens.is_empty() || !(share > 0.0 && share <= 1.0) {
            return Err(InferError::input(format!(
                "an edit of {share} of a text of {} tokens: the share must be above 0 and at most 1, and the text have a \
                 token; give others",
                tokens.len()
            )));
        }
        let gaps = ((share * tokens.len() as f64).round() as usize).clamp(1, tokens.len());
        let mut places: Vec<usize> = (0..tokens.len()).collect();
        Stream::new(seed, "edited places", 0).draw_first(&mut places, gaps);
        let mut canvas = Self::open(tokens.len());
        for &place in &places[gaps..] {
            canvas.0[place].token = Some(tokens[place]);
        }
        Ok(canvas)
    }

    /// Places.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The places that are gaps, in order.
    pub fn gaps(&self) -> Vec<usize> {
        let places = self.0.iter().enumerate();
        let gaps = places.filter(|(_, place)| place.token.is_none());
        gaps.map(|(at, _)| at).collect()
    }

    /// The tokens that are fixed, in order.
    pub(super) fn fixed(&self) -> Vec<u32> {
        self.0.iter().filter_map(|place| place.token).collect()
    }

    /// What is there, or `mask` in a gap.
    pub(super) fn tokens(&self, mask: u32) -> Vec<u32> {
        self.0.iter().map(|place| place.token.unwrap_or(mask)).collect()
    }

    /// What may come into a place, if not all may.
    pub(super) fn allowed(&self, place: usize) -> Option<&TokenSet> {
        self.0[place].allowed.as_deref()
    }

    /// Puts a token into a place.
    ///
    /// # Errors
    /// When there is no such place, another token is there, or the token may not be.
    pub fn fix(&mut self, place: usize, token: u32) -> Result<(), InferError> {
        let length = self.0.len();
        let Some(found) = self.0.get_mut(place) else {
            return Err(InferError::input(format!(
                "a token for place {place} of a text of {length} tokens: places are counted from 0; ask for a longer text, \
                 or leave it out"
            )));
        };
        if let Some(other) = found.token.filter(|&other| other != token) {
            return Err(InferError::input(format!(
                "place {place} is to be token {token} and token {other}: constraints must not contradict one another; leave \
                 one of them out, or ask for a longer text"
            )));
        }
        if found
            .allowed
            .as_ref()
            .is_some_and(|allowed| !allowed.holds(token))
        {
            return Err(not_allowed(place, token));
        }
        found.token = Some(token);
        Ok(())
    }

    /// Puts tokens at the begin.
    ///
    /// # Errors
    /// As [`fix`](Self::fix), or when there are more than places.
    pub fn require_prefix(&mut self, tokens: &[u32]) -> Result<(), InferError> {
        self.holds(tokens, "prefix")?;
        (0..)
            .zip(tokens)
            .try_for_each(|(place, &token)| self.fix(place, token))
    }

    /// Puts tokens at the end.
    ///
    /// # Errors
    /// As [`fix`](Self::fix), or when there are more than places.
    pub fn require_suffix(&mut self, tokens: &[u32]) -> Result<(), InferError> {
        self.holds(tokens, "suffix")?;
        let first = self.0.len() - tokens.len();
        (first..)
            .zip(tokens)
            .try_for_each(|(place, &token)| self.fix(place, token))
    }

    fn holds(&self, tokens: &[u32], what: &str) -> Result<(), InferError> {
        match tokens.len() <= self.0.len() {
            true => Ok(()),
            false => Err(InferError::input(format!(
                "a required {what} of {} tokens in a text of {}: it must not exceed the text; shorten it, or ask for a longer \
                 text",
                tokens.len(),
                self.0.len()
            ))),
        }
    }

    /// Lets only some tokens come into a place, of those that may already.
    ///
    /// # Errors
    /// When there is no such place, none is left that may, or another is there.
    pub fn allow(&mut self, place: usize, tokens: &Arc<TokenSet>) -> Result<(), InferError> {
        let length = self.0.len();
        let Some(found) = self.0.get_mut(place) else {
            return Err(InferError::input(format!(
                "tokens for place {place} of a text of {length} tokens: places are counted from 0; ask for a longer text, or \
                 leave them out"
            )));
        };
        if let Some(token) = found.token.filter(|&token| !tokens.holds(token)) {
            return Err(not_allowed(place, token));
        }
        let both = match &found.allowed {
            Some(allowed) => Arc::new(allowed.and(tokens)),
            None => Arc::clone(tokens),
        };
        if both.is_empty() {
            return Err(InferError::input(format!(
                "no token may come into place {place}: constraints must leave one; allow more of them"
            )));
        }
        found.allowed = Some(both);
        Ok(())
    }
}

fn not_allowed(place: usize, token: u32) -> InferError {
    InferError::input(format!(
        "place {place} is to be token {token}, which may not come there: constraints must not contradict one another; leave \
         one of them out"
    ))
}
