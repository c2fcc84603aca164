use triaxis_random::Stream;

use super::{Damage, one_of, replaced, words};

/// Words of which one is another in a copy.
const WORDS: usize = 100;

/// Another document of the corpus, but for a word of a hundred.
pub struct NearCopy;

impl NearCopy {
    pub(super) const ABOUT: &str =
        "a copy of one of eight other documents, with a word of a hundred exchanged";
}

impl Damage for NearCopy {
    fn damaged(&self, text: &str, models: &[String], stream: &mut Stream) -> String {
        if models.is_empty() {
            return text.to_owned();
        }
        let model = one_of(models, stream);
        let places = words(model);
        if places.is_empty() {
            return model.clone();
        }
        let mut copied: Vec<&str> = places.iter().map(|place| &model[place.clone()]).collect();
        for _ in 0..places.len().div_ceil(WORDS) {
            let (place, other) = (stream.below(places.len()), stream.below(places.len()));
            copied[place] = &model[places[other].clone()];
        }
        replaced(model, &places, copied.into_iter())
    }
}
