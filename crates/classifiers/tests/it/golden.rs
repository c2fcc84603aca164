//! What fastText says of texts by its own models (`tests/golden/make.py`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use triaxis_classifiers::fasttext::{Buffers, Model};

/// Labels with their probabilities.
pub type Answer = BTreeMap<String, f32>;

#[derive(serde::Deserialize)]
struct Golden {
    texts: Vec<String>,
    /// By model, of each text the most likely labels.
    answers: BTreeMap<String, Vec<Answer>>,
}

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// Holds what a model says of a text to fastText's answer: the same bits, or none where fastText tells none.
pub fn compare(model: &Model, text: &str, expected: &Answer, buffers: &mut Buffers) {
    let answer = model.classify(text, buffers);
    for (place, label) in model.labels().enumerate() {
        if let Some(probability) = expected.get(label) {
            assert_eq!(answer.probability(place), *probability, "{label} of {text:?}");
        }
    }
    let best = answer.best().map(|place| answer.probability(place));
    assert_eq!(best, expected.values().copied().reduce(f32::max), "{text:?}");
}

#[test]
fn answers_are_those_of_fasttext_to_the_bit() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/golden.json")).unwrap();
    assert!(golden.texts.len() > 40 && golden.answers.len() == 11);
    let mut buffers = Buffers::default();
    for (name, answers) in &golden.answers {
        let (model, _) = Model::open(&path(name)).unwrap();
        for (text, expected) in golden.texts.iter().zip(answers) {
            compare(&model, text, expected, &mut buffers);
        }
    }
}

#[test]
fn a_line_feed_is_a_space_and_what_follows_an_end_counts_for_nothing() {
    let (model, _) = Model::open(&path("softmax.bin")).unwrap();
    let mut buffers = Buffers::default();
    let mut all = |text: &str| {
        let answer = model.classify(text, &mut buffers);
        (0..model.labels().len())
            .map(|label| answer.probability(label))
            .collect::<Vec<_>>()
    };
    assert_eq!(all("a b\nc"), all("a b c"));
    assert_eq!(all("a b </s> c"), all("a b"));
    assert_ne!(all("a b"), all("a b c"));
}

#[test]
fn a_file_is_known_by_its_content() {
    let hash = |name: &str| Model::open(&path(name)).unwrap().1;
    let bytes = std::fs::read(path("tree.bin")).unwrap();
    assert_eq!(hash("tree.bin"), blake3::hash(&bytes));
    let folder = tempfile::tempdir().unwrap();
    let longer = folder.path().join("longer.bin");
    std::fs::write(&longer, [&bytes[..], b"more"].concat()).unwrap();
    assert_ne!(Model::open(&longer).unwrap().1, hash("tree.bin"));
}
