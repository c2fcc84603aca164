//! Against lmplz's estimates, KenLM's scores and cc_net's perplexities; `tests/golden/make.py` made the files.

use serde_json::Value;
use triaxis_ngrams::{Judge, Model, Normalization, Room, Sentence};

use crate::{golden, grams, settings, train};

fn cases() -> Value {
    serde_json::from_slice(&std::fs::read(golden("golden.json")).unwrap()).unwrap()
}

fn pairs<'c>(cases: &'c Value, of: &str) -> impl Iterator<Item = (&'c str, &'c Value)> {
    let pairs = cases[of].as_array().unwrap().iter();
    pairs.map(|pair| (pair[0].as_str().unwrap(), &pair[1]))
}

#[test]
fn models_are_those_of_lmplz() {
    let text = std::fs::read_to_string(golden("text.txt")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, order, prune) in [("trigrams", 3, &[][..]), ("pruned", 5, &[0, 0, 1][..])] {
        let path = folder.path().join("model.arpa");
        let trained = train(settings(order, prune), &[&text], &path);
        assert!(
            trained.estimates.iter().all(|estimate| estimate.is_told),
            "{trained:?}"
        );
        let (ours, theirs) = (grams(&path), grams(&golden(&format!("{name}.arpa.gz"))));
        assert!(theirs.len() > 500, "{}", theirs.len());
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            theirs.keys().collect::<Vec<_>>(),
            "{name}"
        );
        for ((words, ours), theirs) in ours.iter().zip(theirs.values()) {
            let far = ours
                .iter()
                .zip(theirs)
                .map(|(ours, theirs)| (ours - theirs).abs());
            assert!(
                far.fold(0.0, f32::max) < 1e-4,
                "{name}: {words}: {ours:?}, {theirs:?}"
            );
        }
    }
}

#[test]
fn sentences_and_documents_are_scored_as_kenlm_and_cc_net_do() {
    let cases = cases();
    for (name, cases) in cases["models"].as_object().unwrap() {
        let path = golden(&format!("{name}.arpa.gz"));
        let model = Model::open(&path).unwrap();
        for (line, score) in pairs(cases, "scores") {
            let ours = model.sentence(line.split_ascii_whitespace()).log10;
            let theirs = score.as_f64().unwrap();
            assert!((ours - theirs).abs() < 1e-4, "{name}: {line}: {ours}, {theirs}");
        }
        let judge = Judge::open(&path, None, None, Sentence::Line).unwrap();
        let mut room = Room::default();
        for (text, perplexity) in pairs(cases, "perplexities") {
            let ours = judge.score(text, &mut room).unwrap().perplexity();
            assert_eq!(ours, perplexity.as_f64().unwrap(), "{name}: {text}");
        }
    }
}

#[test]
fn lines_are_normalized_as_cc_net_does() {
    let mut room = String::new();
    for (line, normal) in pairs(&cases(), "normalized") {
        assert_eq!(
            Normalization::CcNet.apply(line, &mut room),
            normal.as_str().unwrap()
        );
    }
}
