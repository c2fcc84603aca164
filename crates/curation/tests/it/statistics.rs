//! Statistics are those of a plain count, on any number of threads, and copies those that steps would drop.

use std::fs;
use std::path::Path;

use serde_json::Value;
use triaxis_classifiers::language::Detector;
use triaxis_curation::{Measure, Recipe, Statistics, statistics};

use crate::support::{Place, RECIPE, good, planted, texts};

const MEASURE: Measure<'static> = Measure {
    tokenizer: None,
    languages: Some(&Detector::Trigrams),
    copies: true,
    growth: true,
    seed: 3,
};

/// Two sources, the second of which repeats some of the first.
const SOURCES: &str = r#"
memory = "1MiB"
preset = "gopher"
[[sources]]
kind = "jsonl"
name = "one"
include = ["made/a.jsonl"]
licence = "MIT"
[[sources]]
kind = "jsonl"
name = "two"
include = ["made/b.jsonl"]
"#;

fn measured(place: &Place, recipe: &str, measure: Measure<'_>) -> Statistics {
    let recipe: Recipe = toml::from_str(recipe).unwrap();
    statistics(&recipe, &place.path(""), measure, &()).unwrap()
}

#[test]
fn numbers_are_those_of_a_plain_count() {
    let texts = texts(&planted(40, 12));
    let place = Place::new(&texts);
    let found = measured(&place, SOURCES, MEASURE);
    let (first, second) = texts.split_at(texts.len() / 3);
    for (source, texts) in found.sources.iter().zip([first, second]) {
        assert_eq!(source.read.documents, texts.len() as u64);
        assert_eq!(
            source.read.bytes.0,
            texts.iter().map(|text| text.len() as u64).sum::<u64>()
        );
        let words = texts.iter().map(|text| text.split_whitespace().count() as u64);
        assert_eq!(source.words, words.sum::<u64>());
        let last = source.growth.last().unwrap();
        assert_eq!(
            (last.documents, last.tokens),
            (source.read.documents, source.words)
        );
        assert_eq!(source.tokens, None);
    }
    let licences = &found.labels["licence"];
    assert_eq!(licences["MIT"].read, found.sources[0].read);
    assert_eq!(licences["unstated"].read, found.sources[1].read);
    let all: u64 = found.sources.iter().map(|source| source.read.documents).sum();
    assert_eq!(found.bytes.as_ref().unwrap().count, all);
    assert!(
        found
            .values
            .iter()
            .all(|value| value.values.count == all && value.broken <= all)
    );
}

#[test]
fn broken_bounds_and_copies_are_what_steps_drop() {
    let place = Place::new(&texts(&planted(40, 12)));
    let found = measured(&place, SOURCES, MEASURE);
    let facts = place.curate(RECIPE, "out").unwrap().facts;
    let first = &facts.steps[0];
    let value = found
        .values
        .iter()
        .find(|value| value.name == "least_words")
        .unwrap();
    // The first bound of the first filter hides behind no other.
    assert_eq!(value.broken, first.dropped["least_words"].documents);

    let alone = SOURCES.replace("preset = \"gopher\"", "");
    for (kind, overlap) in [("exact", &found.exact_copies), ("near", &found.near_copies)] {
        let recipe = format!("{alone}\n[[steps]]\nkind = \"{kind}\"");
        let curated = place.curate(&recipe, kind).unwrap().facts;
        let overlap = overlap.as_ref().unwrap();
        for (number, source) in curated.sources.iter().enumerate() {
            let dropped = source.read.documents - source.kept.documents;
            assert_eq!(overlap.removed(number), dropped, "{kind} {}", source.name);
        }
        // No copy has its first in a later source.
        assert_eq!(overlap.copies[0][1], 0);
        assert!(overlap.removed(1) > 0);
    }
}

#[test]
fn any_number_of_threads_tells_the_same() {
    let mut all = texts(&planted(60, 12));
    all.extend((0..60).map(|number| good(1000 + number, 200)));
    let place = Place::new(&all);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| measured(&place, SOURCES, MEASURE))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(7));
    let growth = &one.growth;
    assert!(
        growth.len() > 3
            && growth
                .windows(2)
                .all(|pair| pair[0].different <= pair[1].different)
    );
}

#[test]
fn what_is_not_asked_for_is_not_measured() {
    let place = Place::new(&texts(&planted(5, 2)));
    let none = Measure {
        copies: false,
        growth: false,
        ..MEASURE
    };
    let found = measured(&place, &SOURCES.replace("preset = \"gopher\"", ""), none);
    assert!(found.values.is_empty() && found.growth.is_empty() && found.sources[0].growth.is_empty());
    assert_eq!((found.exact_copies, found.near_copies), (None, None));
    assert!(found.words.is_some());
}

/// What cc_net says of documents by the model of trigrams beside them.
fn perplexities(golden: &Path) -> Vec<(String, f64)> {
    let golden: Value = serde_json::from_slice(&fs::read(golden.join("golden.json")).unwrap()).unwrap();
    let documents = golden["models"]["trigrams"]["perplexities"].as_array().unwrap();
    let document = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_f64().unwrap());
    documents.iter().map(document).collect()
}

#[test]
fn buckets_are_counted_and_each_grows_by_itself() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ngrams/tests/golden");
    let documents = perplexities(&golden);
    let mut sorted: Vec<f64> = documents.iter().map(|(_, perplexity)| *perplexity).collect();
    sorted.sort_by(f64::total_cmp);
    let cutoffs = [sorted[sorted.len() / 3], sorted[2 * sorted.len() / 3]];
    let texts: Vec<String> = documents.iter().map(|(text, _)| text.clone()).collect();
    let model = toml::Value::from(golden.join("trigrams.arpa.gz").display().to_string());
    let step = format!(
        "[[steps]]\nkind = \"filter\"\nfilter = \"perplexity\"\nmodel = {model}\nbucket = \"head\"\ncutoffs = \
         {cutoffs:?}"
    );
    let recipe = SOURCES.replace("preset = \"gopher\"", "minimum_document = 1") + &step;
    let found = measured(&Place::new(&texts), &recipe, MEASURE);
    let buckets = &found.labels["perplexity"];
    for (name, bucket) in [("head", 0), ("middle", 1), ("tail", 2)] {
        let is_in =
            |perplexity: f64| cutoffs.iter().filter(|cutoff| perplexity >= **cutoff).count() == bucket;
        let texts = documents
            .iter()
            .filter(|(_, perplexity)| is_in(*perplexity))
            .map(|(text, _)| text);
        let (mut count, mut bytes, mut words) = (0, 0, 0);
        for text in texts {
            count += 1;
            bytes += text.len() as u64;
            words += text.split_whitespace().count() as u64;
        }
        let bucket = &buckets[name];
        assert!(count > 1);
        assert_eq!(
            (bucket.read.documents, bucket.read.bytes.0),
            (count, bytes),
            "{name}"
        );
        let last = bucket.growth.last().unwrap();
        assert_eq!((last.documents, last.tokens), (count, words), "{name}");
    }
    assert_eq!(buckets.len(), 3);
    // A licence tells nothing of how good a text is.
    assert!(
        found.labels["licence"]
            .values()
            .all(|licence| licence.growth.is_empty())
    );
}

#[test]
fn documents_are_counted_by_the_language_that_they_are_likeliest_in() {
    let english = "The baker opened his shop before the sun came up, and the street smelled of bread.";
    let german = "Der Bäcker öffnete seinen Laden, bevor die Sonne aufging, und die Straße roch nach Brot.";
    let texts = [english, german, english, "1234 5678 90"].map(str::to_owned);
    let place = Place::new(&texts);
    let recipe = SOURCES.replace("preset = \"gopher\"", "minimum_document = 1");
    let found = measured(&place, &recipe, MEASURE);
    let languages = &found.labels["language"];
    let counts: Vec<_> = languages
        .iter()
        .map(|(language, labelled)| (language.as_str(), labelled.read.documents))
        .collect();
    assert_eq!(counts, [("de", 1), ("en", 2), ("unknown", 1)]);
    let unseen = measured(
        &place,
        &recipe,
        Measure {
            languages: None,
            ..MEASURE
        },
    );
    assert!(!unseen.labels.contains_key("language"));
}
