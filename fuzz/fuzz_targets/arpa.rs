//! A model of n-grams: read in memory bounded by the file, or refused; what is read scores any sentence.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triaxis_fuzz::{bounded, seeds};
use triaxis_ngrams::{Arpa, Model, Units};

fuzz_target!(init: seeds::write("arpa"), |data: &[u8]| {
    // Slots of 16 bytes in tables that are at least three in eight full, two of which are there while one grows; the rooms
    // of a line and of the first n-grams of each length are of fixed size.
    let model = bounded(data.len() + (1 << 18), 64, || {
        let arpa = Arpa::new("model", Box::new(data))?;
        Model::read(arpa)
    });
    let Ok(model) = model else {
        return;
    };
    let _ = Units::said(model.comments());
    let text = String::from_utf8_lossy(data);
    for line in text.lines() {
        let words = line.split_ascii_whitespace();
        let score = model.sentence(words.clone());
        assert_eq!(score.tokens, words.count() as u64 + 1);
        assert!(!score.log10.is_nan());
        assert!(score.perplexity() >= 0.0);
    }
});
