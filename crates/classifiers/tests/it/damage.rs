//! Files that are no models, or no whole ones: refused, in memory that they fill.

use std::fs;

use proptest::prelude::*;
use triaxis_classifiers::fasttext::{Buffers, Damage, Model};

use crate::golden::path;

const MODELS: [&str; 6] = [
    "softmax.bin",
    "tree.bin",
    "one-vs-all.bin",
    "pruned.ftz",
    "quantised.ftz",
    "quantised-outputs.ftz",
];

fn read(file: &[u8]) -> Result<Model, String> {
    Model::read(file, file.len() as u64).map_err(|damage| match damage {
        Damage::Format(reason) => reason,
        Damage::System(error) => format!("the system failed: {error}"),
    })
}

/// A model with four bytes of its file replaced.
fn with(name: &str, place: usize, number: i32) -> Result<Model, String> {
    let mut file = fs::read(path(name)).unwrap();
    file[place..place + 4].copy_from_slice(&number.to_le_bytes());
    read(&file)
}

/// Where the settings are: after the first eight bytes, four bytes each.
fn setting(number: usize) -> usize {
    8 + 4 * number
}

/// Where the dictionary begins.
const DICTIONARY: usize = 8 + 12 * 4 + 8;

#[test]
fn what_cannot_be_is_refused_with_what_it_is() {
    let refused = |place, number| with("softmax.bin", place, number).unwrap_err();
    for (place, number, said) in [
        (0, 7, "it begins with 7 and not with 793712314"),
        (4, 13, "of version 13, and 11 and 12 are read"),
        (setting(0), 0, "vectors of 0 numbers"),
        (setting(0), i32::MAX, "bytes of its vectors are needed"),
        (setting(5), 1000, "up to 1000 words of a run, and 32 are the most"),
        (setting(6), 5, "its loss has the number 5"),
        (setting(7), 2, "it holds vectors of words and no classifier"),
        (setting(7), 9, "of kind 9"),
        (setting(8), 0, "0 buckets"),
        (setting(8), -1, "-1 buckets"),
        (setting(8), i32::MAX, "words and buckets need"),
        (setting(10), 1000, "up to 1000 characters of a piece"),
        (DICTIONARY, i32::MAX, "it has 2147483647 words and labels"),
        (DICTIONARY, -1, "it has -1 words and labels"),
        (DICTIONARY + 8, 0, "words and 0 labels"),
    ] {
        let found = refused(place, number);
        assert!(
            found.contains(said) || (said.contains("vectors are needed") && found.contains("its vectors")),
            "{found}: {said}"
        );
    }
}

#[test]
fn what_is_cut_off_anywhere_is_refused() {
    for name in MODELS {
        let file = fs::read(path(name)).unwrap();
        for end in (0..file.len()).step_by(7) {
            let said = read(&file[..end]).unwrap_err();
            assert!(!said.contains("system"), "{name} up to {end}: {said}");
        }
    }
}

#[test]
fn a_file_says_which_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.bin");
    fs::write(&path, "no model at all").unwrap();
    let error = Model::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("model.bin is no fastText classifier: it begins with"),
        "{error}"
    );
    let error = Model::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no regular file"), "{error}");
    let error = Model::open(&folder.path().join("missing"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cannot open") && error.contains("correct the path"),
        "{error}"
    );
}

#[test]
fn numbers_that_are_none_are_refused() {
    let mut file = fs::read(path("softmax.bin")).unwrap();
    let end = file.len();
    file[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(read(&file).unwrap_err().contains("hold NaN"));
}

#[test]
fn a_long_word_and_many_words_take_linear_time() {
    let start = std::time::Instant::now();
    for name in MODELS {
        let (model, _) = Model::open(&path(name)).unwrap();
        let mut buffers = Buffers::default();
        for text in [
            "x".repeat(1 << 20),
            "é ".repeat(1 << 19),
            "\u{301}".repeat(1 << 19),
        ] {
            let answer = model.classify(&text, &mut buffers);
            assert!((0..model.labels().len()).all(|label| answer.probability(label) <= 1.0001));
        }
    }
    // These 15 MB take under a second; what is quadratic takes hours.
    assert!(start.elapsed().as_secs() < 60);
}

proptest! {
    #[test]
    fn a_damaged_model_is_refused_or_answers(
        model in 0..MODELS.len(),
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        text in "[a-zé中\u{301} <>\n\0]{0,60}",
    ) {
        let mut file = fs::read(path(MODELS[model])).unwrap();
        for (place, byte) in places {
            // Half of the changes are where counts and sides are.
            let most = if byte % 2 == 0 { file.len() } else { 120 };
            let place = place.index(most);
            file[place] = byte;
        }
        if let Ok(model) = read(&file) {
            let mut buffers = Buffers::default();
            let answer = model.classify(&text, &mut buffers);
            for label in 0..model.labels().len() {
                let probability = answer.probability(label);
                prop_assert!((0.0..=1.001).contains(&probability), "{probability}");
            }
        }
    }

    #[test]
    fn texts_of_any_kind_are_answered(text in any::<String>()) {
        for name in ["softmax.bin", "pruned.ftz"] {
            let (model, _) = Model::open(&path(name)).unwrap();
            let mut buffers = Buffers::default();
            let first = model.classify(&text, &mut buffers).probability(0);
            model.classify("another text", &mut buffers);
            prop_assert_eq!(first, model.classify(&text, &mut buffers).probability(0));
        }
    }
}
