//! fastText's own model of languages, where `TRIAXIS_LANGUAGES` names the folder that `tests/golden/make.py languages`
//! filled.

use std::path::PathBuf;

use triaxis_classifiers::fasttext::{Buffers, Model};

use crate::golden::{Answer, compare};

/// A text, and what fastText says of it.
#[derive(serde::Deserialize)]
struct Case {
    text: String,
    answer: Answer,
}

fn sentences() -> Vec<Case> {
    serde_json::from_str(include_str!("../golden/languages.json")).unwrap()
}

/// The folder, unless the test is left out, which is said.
fn folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TRIAXIS_LANGUAGES").map(PathBuf::from);
    if folder.is_none() {
        println!("left out: {test}, as TRIAXIS_LANGUAGES names no folder with lid.176.ftz");
    }
    folder
}

#[test]
fn the_model_of_176_languages_says_what_fasttext_says_to_the_bit() {
    let Some(folder) = folder("the_model_of_176_languages_says_what_fasttext_says_to_the_bit") else {
        return;
    };
    let (model, _) = Model::open(&folder.join("lid.176.ftz")).unwrap();
    assert_eq!(model.labels().len(), 176);
    let answers = std::fs::read_to_string(folder.join("answers.jsonl")).unwrap();
    let texts = answers
        .lines()
        .map(|line| serde_json::from_str::<Case>(line).unwrap());
    let (mut buffers, mut count) = (Buffers::default(), 0);
    for case in texts.chain(sentences()) {
        compare(&model, &case.text, &case.answer, &mut buffers);
        count += 1;
    }
    assert!(count >= 1000, "{count}");
}
