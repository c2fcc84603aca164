//! Normalisers one after the other, between which a text may not grow without end.

use std::cell::Cell;

use tokenizers::{NormalizedString, Normalizer, NormalizerWrapper};

/// What a text may become: so many times as long, and some. The most that Unicode's forms make of a character is 11 times
/// its bytes, and a sign for each space within that is less than 4 more.
const MOST_TIMES: usize = 16;
const MOST_MORE: usize = 1024;

thread_local! {
    /// Whether a text of this thread grew beyond what it may. The library hides what a normaliser says.
    static HAS_OUTGROWN: Cell<bool> = const { Cell::new(false) };
}

/// Normalisers, none of which is a sequence.
#[derive(Clone)]
pub(super) struct Bounded(Vec<NormalizerWrapper>);

impl Bounded {
    pub(super) fn new(normalizer: NormalizerWrapper) -> Self {
        let mut steps = Vec::new();
        flatten(normalizer, &mut steps);
        Self(steps)
    }
}

fn flatten(normalizer: NormalizerWrapper, steps: &mut Vec<NormalizerWrapper>) {
    match normalizer {
        NormalizerWrapper::Sequence(all) => all.into_iter().for_each(|one| flatten(one, steps)),
        one => steps.push(one),
    }
}

impl Normalizer for Bounded {
    fn normalize(&self, text: &mut NormalizedString) -> tokenizers::Result<()> {
        let most = MOST_TIMES * text.len() + MOST_MORE;
        for step in &self.0 {
            step.normalize(text)?;
            if text.len() > most {
                HAS_OUTGROWN.set(true);
                return Err("its normalizer makes a text too long".into());
            }
        }
        Ok(())
    }
}

/// What work gives, and whether a text outgrew its bound meanwhile.
pub(super) fn watched<T>(work: impl FnOnce() -> T) -> (T, bool) {
    HAS_OUTGROWN.set(false);
    let done = work();
    (done, HAS_OUTGROWN.get())
}
