use triaxis_random::Stream;

use super::{Damage, replaced, words};

/// The document's own words in another order, on lines of as many words as before.
pub struct ShuffledWords;

impl ShuffledWords {
    pub(super) const ABOUT: &str = "the document's words in an order drawn by chance";
}

impl Damage for ShuffledWords {
    fn damaged(&self, text: &str, _: &[String], stream: &mut Stream) -> String {
        let places = words(text);
        let mut order: Vec<usize> = (0..places.len()).collect();
        stream.shuffle(&mut order);
        let shuffled = order.into_iter().map(|place| &text[places[place].clone()]);
        replaced(text, &places, shuffled)
    }
}
