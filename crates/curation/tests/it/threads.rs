//! The same bytes on any number of threads, and what is read of them again.

use std::ops::ControlFlow;

use triaxis_corpus::{Documents, Found, LeftOutBy};

use crate::support::{Place, RECIPE, planted, texts};

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let place = Place::new(&texts(&planted(500, 60)));
    let outputs = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let out = format!("out-{threads}");
        let facts = pool.install(|| place.curate(RECIPE, &out)).unwrap().facts;
        // Several parts, or threads would have nothing to disagree about.
        assert!(facts.steps[0].read.bytes.0 > 5 << 20, "{:?}", facts.steps[0]);
        place.files(&out)
    });
    let names: Vec<&str> = outputs[0].keys().map(String::as_str).collect();
    let expected = [
        "curation.json",
        "dropped/00000.jsonl.zst",
        "kept/00000.jsonl.zst",
        "recipe.toml",
    ];
    assert_eq!(names, expected);
    assert!(outputs[0] == outputs[1] && outputs[0] == outputs[2]);
}

#[test]
fn a_corpus_reads_what_was_kept() {
    let place = Place::new(&texts(&planted(30, 12)));
    place.curate(RECIPE, "out").unwrap();
    let recipe: triaxis_curation::Recipe =
        toml::from_str(&RECIPE.replace("made/*.jsonl", "out/kept")).unwrap();
    let reading = triaxis_corpus::Reading {
        strict: true,
        minimum_document: recipe.minimum_document,
        maximum_document: recipe.maximum_document,
        long_documents: recipe.long_documents,
    };
    let documents = Documents::list(&recipe.sources, reading, &place.path(""), &[]).unwrap();
    let mut read = Vec::new();
    for file in 0..documents.files() {
        let mut left_out = LeftOutBy::new();
        let each = &mut |_, found: Found<'_>| {
            read.push(found.text.to_owned());
            ControlFlow::Continue(())
        };
        documents.read(file, &mut left_out, each).unwrap();
        assert!(left_out.is_empty());
    }
    let kept = place.kept("out");
    assert_eq!(
        read,
        kept.iter().map(|kept| kept.text.as_ref()).collect::<Vec<_>>()
    );
    assert_eq!(read.len(), 30);
}

#[test]
fn the_resolved_recipe_is_one_and_gives_the_same() {
    let place = Place::new(&texts(&planted(10, 12)));
    let facts = place.curate(RECIPE, "out").unwrap().facts;
    let resolved = std::fs::read_to_string(place.path("out/recipe.toml")).unwrap();
    assert!(
        resolved.contains("gopher-repetition") && !resolved.contains("preset"),
        "{resolved}"
    );
    let again = place.curate(&resolved, "out").unwrap();
    assert!(again.was_there);
    assert_eq!(again.facts, facts);
}
