//! A classifier of fastText's and a text: it is refused in memory that the file fills, or tells probabilities.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use triaxis_classifiers::fasttext::{Buffers, Model};
use triaxis_fuzz::{bounded, seeds};

/// What files begin with: the mark and the version.
const BEGIN: [u8; 8] = *b"\xba\x16\x4f\x2f\x0c\0\0\0";
/// Texts that meet what a model knows: nothing, its words, pieces of none, an end within.
const TEXTS: [&str; 4] = ["", "ba bé bя の", "unknown\u{301} \0\n words words", "a </s> b"];

fuzz_target!(init: seeds::write("fasttext"), |file: &[u8]| {
    let Ok(model) = bounded(file.len(), 64, || Model::read(file, file.len() as u64)) else {
        return;
    };
    let mut buffers = Buffers::default();
    let known: Vec<String> = model.labels().map(str::to_owned).collect();
    for text in TEXTS.into_iter().chain(known.iter().map(String::as_str)) {
        let answer = model.classify(text, &mut buffers);
        for label in 0..known.len() {
            let probability = answer.probability(label);
            assert!((0.0..=1.001).contains(&probability), "{probability} of {text:?}");
        }
        assert!(answer.best().is_none_or(|best| best < known.len()));
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    // Nearly all inputs get past the first bytes.
    if size >= BEGIN.len() && !seed.is_multiple_of(64) {
        data[..BEGIN.len()].copy_from_slice(&BEGIN);
    }
    size
});
