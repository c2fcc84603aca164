//! Filters that ask a model.

use std::path::{Path, PathBuf};

use triaxis_filters::{Chain, Desk, Facts, FilterSpec, Language, ModelFile, Quality, Verdict};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../classifiers/tests/golden")
}

/// A filter by a label of a small model of fastText's own.
pub fn classified(name: &str) -> Quality {
    Quality {
        model: ModelFile::from(&*folder().join(name)),
        label: "l3".to_owned(),
        threshold: Some(0.5),
        keep: None,
    }
}

fn read(spec: &str) -> FilterSpec {
    toml::from_str(spec).unwrap()
}

fn refused(spec: &str) -> String {
    let opened = read(spec).opened(&folder());
    opened
        .and_then(|spec| spec.prepare().map(drop))
        .unwrap_err()
        .to_string()
}

/// Whether a text stays, and the value by which it does.
fn verdict(spec: &FilterSpec, text: &str) -> (bool, f64) {
    let chain = Chain::new(std::slice::from_ref(spec)).unwrap();
    let mut value = f64::NAN;
    let mut desk = Desk::new();
    let judged = chain.measure(text, &Facts::default(), &mut desk, |_, _, room| {
        value = room.checks()[0].value
    });
    (judged.verdict == Verdict::Keep, value)
}

#[derive(serde::Deserialize)]
struct Case {
    language: String,
    text: String,
    answer: std::collections::BTreeMap<String, f64>,
}

fn sentences() -> Vec<Case> {
    serde_json::from_str(include_str!("../../../classifiers/tests/golden/languages.json")).unwrap()
}

#[test]
fn trigrams_keep_the_language_that_is_asked_for() {
    let mut kept = [0, 0];
    for case in sentences() {
        let spec = read("filter = 'language'\nthreshold = 0.1");
        let (stays, value) = verdict(&spec, &case.text);
        assert!((0.0..=1.0).contains(&value));
        kept[usize::from(case.language == "en")] += usize::from(stays);
        let language = if case.language == "nb" {
            "no"
        } else {
            &case.language
        };
        let own = Language {
            languages: vec![language.to_owned()],
            threshold: 0.0,
            model: None,
        };
        assert!(verdict(&FilterSpec::Language(own), &case.text).0, "{}", case.text);
    }
    // Sentences are short; none of another language is taken for English.
    assert_eq!(kept, [0, 2]);
}

#[test]
fn a_models_label_decides_as_its_probability_does() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../../classifiers/tests/golden/golden.json")).unwrap();
    let answers = golden["answers"]["pruned.ftz"].as_array().unwrap();
    let spec = read("filter = 'quality'\nmodel = 'pruned.ftz'\nlabel = '__label__l3'\nthreshold = 0.3");
    let spec = spec.opened(&folder()).unwrap();
    let languages =
        read("filter = 'language'\nmodel = 'pruned.ftz'\nlanguages = ['l3', 'l5']\nthreshold = 0.3");
    let languages = languages.opened(&folder()).unwrap();
    for (text, answer) in golden["texts"].as_array().unwrap().iter().zip(answers) {
        let (text, of) = (text.as_str().unwrap(), |label: &str| {
            answer[label].as_f64().unwrap_or(0.0)
        });
        let (stays, value) = verdict(&spec, text);
        assert!(
            (value - of("l3")).abs() < 1e-7 && stays == (value >= 0.3),
            "{text:?}"
        );
        let (stays, value) = verdict(&languages, text);
        assert!(
            (value - of("l3").max(of("l5"))).abs() < 1e-7 && stays == (value >= 0.3),
            "{text:?}"
        );
    }
}

#[test]
fn opened_settings_say_which_model_judged_and_read_back() {
    let spec =
        read("filter = 'quality'\nmodel = 'tree.bin'\nlabel = 'l1'\nthreshold = 0.3").opened(&folder());
    let text = toml::to_string(&spec.unwrap()).unwrap();
    let hash = blake3_of("tree.bin");
    assert!(
        text.contains(&hash) && text.contains("path = \"tree.bin\""),
        "{text}"
    );
    let again = read(&text).opened(&folder()).unwrap();
    assert_eq!(toml::to_string(&again).unwrap(), text);
    let other = text.replace("tree.bin", "softmax.bin");
    assert!(refused(&other).contains(&format!(
        "these settings are for {hash}; give that file, or remove `blake3`"
    )));
}

fn blake3_of(name: &str) -> String {
    let (_, hash) = triaxis_classifiers::fasttext::Model::open(&folder().join(name)).unwrap();
    hash.to_hex().to_string()
}

#[test]
fn what_cannot_be_asked_is_refused() {
    for (spec, said) in [
        (
            "filter = 'language'\nlanguages = ['eng']",
            "language.languages = eng: is none of the 70 languages that are known; did you mean `en`?",
        ),
        (
            "filter = 'language'\nthreshold = 65.0",
            "language.threshold = 65: a share is from 0 to 1",
        ),
        (
            "filter = 'language'\nmodel = 'missing.bin'",
            "language.model = missing.bin: cannot open",
        ),
        (
            "filter = 'language'\nmodel = 'make.py'",
            "make.py is no fastText classifier: it begins with",
        ),
        (
            "filter = 'language'\nmodel = 'tree.bin'",
            "language.languages = en: is none of the 7 languages",
        ),
        (
            "filter = 'quality'\nmodel = 'tree.bin'\nthreshold = 0.5",
            "quality.label = __label__hq: is none of the 7 labels",
        ),
        (
            "filter = 'quality'\nmodel = 'tree.bin'\nlabel = 'l1'",
            "quality.threshold = nothing: give it, or the share to `keep`",
        ),
        (
            "filter = 'quality'\nmodel = 'tree.bin'\nlabel = 'l1'\nkeep = 0.1",
            "quality.keep = 0.1: tree.bin was not trained here",
        ),
        (
            "filter = 'quality'\nmodel = 'tree.bin'\nlabel = 'l1'\nkeep = 0.1\nthreshold = 0.1",
            "quality.keep = 0.1: a `threshold` is given, too",
        ),
    ] {
        let found = refused(spec);
        assert!(found.contains(said), "{found}");
    }
}

#[test]
fn sentences_are_told_as_fasttext_tells_them_by_its_own_model() {
    let Some(model) =
        std::env::var_os("TRIAXIS_LANGUAGES").map(|folder| Path::new(&folder).join("lid.176.ftz"))
    else {
        println!(
            "left out: sentences_are_told_as_fasttext_tells_them_by_its_own_model, as TRIAXIS_LANGUAGES names no folder"
        );
        return;
    };
    let spec = FilterSpec::Language(Language {
        model: Some(ModelFile::from(&*model)),
        ..Language::default()
    });
    for case in sentences() {
        // Of other languages English is not among the three that are told.
        let english = case.answer.get("en").copied().unwrap_or(0.0);
        assert_eq!(verdict(&spec, &case.text).0, english >= 0.65, "{}", case.text);
    }
}
