//! Statistics are those of a plain count, on any number of threads, and copies those that steps would drop.

use triaxis_curation::{Measure, Recipe, Statistics, statistics};

use crate::support::{Place, RECIPE, good, planted, texts};

const MEASURE: Measure<'static> = Measure {
    tokenizer: None,
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
    assert_eq!(licences["MIT"], found.sources[0].read);
    assert_eq!(licences["unstated"], found.sources[1].read);
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
