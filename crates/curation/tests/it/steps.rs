//! What each kind of step removes, and how its output is read again.

use std::ops::ControlFlow;

use triaxis_corpus::{Documents, Found, LeftOutBy, Reading, SourceSpec};
use triaxis_curation::{Asked, Bound, Recipe, StepSpec, samples};

use crate::support::{Place, RECIPE, good, planted, texts};

/// The sources of the recipe with other steps.
fn recipe(steps: &str) -> String {
    let sources = RECIPE.split("[[steps]]").next().unwrap();
    format!("{}{steps}", sources.replace("preset = \"gopher\"", ""))
}

fn kept(place: &Place, out: &str) -> Vec<String> {
    let kept = place.kept(out).into_iter();
    kept.map(|kept| kept.text.into_owned()).collect()
}

#[test]
fn documents_of_runs_that_were_read_before_go() {
    let (one, two) = (good(1, 6), good(2, 6));
    // Four fifths of the runs of this stand in the first.
    let most = format!("{one}And something new.");
    let place = Place::new(&[
        one.clone(),
        two.clone(),
        most.clone(),
        format!("{one}{two}{}", good(3, 40)),
    ]);
    let steps = recipe("[[steps]]\nkind = 'bloom'\n");
    let facts = place.curate(&steps, "out").unwrap().facts;
    assert_eq!(facts.steps[0].dropped["earlier_runs"].documents, 1);
    assert_eq!(kept(&place, "out")[..2], [one.clone(), two.clone()]);
    let dropped = &place.dropped("out")[0];
    assert_eq!(
        (dropped.text.as_ref(), dropped.bound),
        (most.as_str(), Bound::AtMost(0.8))
    );
    assert!(dropped.value > 0.8, "{}", dropped.value);
    let place = Place::new(&[one.clone(), format!("{}\n\n{one}", two.trim_end())]);
    place
        .curate(&steps.replace("'bloom'", "'bloom'\nunit = 'paragraph'"), "out")
        .unwrap();
    assert_eq!(kept(&place, "out")[1].trim_end(), two.trim_end());
}

#[test]
fn passages_that_stand_earlier_are_taken_out_wherever_they_begin() {
    let (one, two) = (good(1, 4), good(2, 4));
    let passage = &one[20..160];
    let place = Place::new(&[one.clone(), format!("{two}{passage}{}", good(3, 1)), one.clone()]);
    let steps =
        recipe("[[steps]]\nkind = 'passages'\nleast = 100\nat_once = '2MiB'\n").replace("1MiB", "16MiB");
    let facts = place.curate(&steps, "out").unwrap().facts;
    assert_eq!(kept(&place, "out"), [one, format!("{two}{}", good(3, 1))]);
    assert_eq!(facts.steps[0].dropped["bytes_left"].documents, 1);
    assert_eq!(facts.steps[0].edited.documents, 1);
}

#[test]
fn a_document_of_which_too_few_words_are_left_goes() {
    let common = good(1, 3);
    let long = format!("{common}{}", good(2, 6));
    let place = Place::new(&[
        common.clone(),
        format!("{common}{}", good(3, 1)),
        long.clone(),
        "Few words.".to_owned(),
    ]);
    let steps = recipe("[[steps]]\nkind = 'exact'\nunit = 'sentence'\nspan = 3\nleast_words = 50\n");
    place.curate(&steps, "out").unwrap();
    // What nothing was taken out of may be short.
    assert_eq!(kept(&place, "out"), [common, good(2, 6), "Few words.".to_owned()]);
    let dropped = &place.dropped("out")[0];
    assert_eq!(
        (dropped.reason.as_ref(), dropped.bound),
        ("words_left", Bound::AtLeast(50.0))
    );
    assert!((10.0..50.0).contains(&dropped.value), "{}", dropped.value);
}

#[test]
fn copies_of_an_earlier_corpus_go() {
    let place = Place::new(&[good(1, 12), good(2, 12)]);
    let first = RECIPE.replace("preset = \"gopher\"", "");
    place.curate(&first, "earlier").unwrap();
    let new = [
        good(1, 12),
        good(3, 12),
        good(2, 12).replacen("have", "had", 1),
        good(3, 12),
        good(4, 12),
    ];
    let lines = new
        .iter()
        .map(|text| format!("{}\n", serde_json::json!({ "text": text })));
    std::fs::create_dir(place.path("new")).unwrap();
    std::fs::write(place.path("new/a.jsonl"), lines.collect::<String>()).unwrap();
    let second = first
        .replace("made/", "new/")
        .replace("memory", "against = [\"earlier\"]\nmemory");
    let facts = place.curate(&second, "out").unwrap().facts;
    assert_eq!(kept(&place, "out"), [good(3, 12), good(4, 12)]);
    assert_eq!(facts.steps[0].dropped["copies_of_another_corpus"].documents, 1);
    assert_eq!(facts.steps[0].dropped["earlier_copies"].documents, 1);
    assert_eq!(
        facts.steps[1].dropped["near_copies_of_another_corpus"].documents,
        1
    );
    assert!(
        place
            .dropped("out")
            .iter()
            .all(|dropped| dropped.copy_of.is_none())
    );
    assert!(place.curate(&second, "out").unwrap().was_there);
    // Another earlier corpus is another recipe's output.
    std::fs::remove_dir_all(place.path("earlier")).unwrap();
    place.curate(&first.replace("1MiB", "2MiB"), "earlier").unwrap();
    assert!(place.curate(&second, "out").is_err());
}

#[test]
fn how_often_near_copies_are_found_is_told() {
    let near: StepSpec = toml::from_str("kind = 'near'").unwrap();
    let told = near.told().unwrap();
    let expected = "finds of documents that are alike 5% by 0.5, 21% by 0.6, 56% by 0.7, 92% by 0.8, 100% by 0.9, \
                    and half of those by 0.68";
    assert_eq!(told, expected);
}

#[test]
fn columns_are_read_again_and_say_what_lines_say() {
    let place = Place::new(&texts(&planted(20, 12)));
    place.curate(RECIPE, "lines").unwrap();
    let columns = RECIPE.replace("memory", "output = \"parquet\"\nmemory");
    place.curate(&columns, "columns").unwrap();
    assert_eq!(place.kept("columns"), place.kept("lines"));
    assert_eq!(place.dropped("columns"), place.dropped("lines"));
    let asked = Asked {
        reason: None,
        count: 2,
        seed: 1,
    };
    let drawn = |out| samples(&place.path(out), &asked).unwrap().1;
    assert_eq!(drawn("columns"), drawn("lines"));
    // A damaged file is refused, whatever its reader does.
    let path = place.path("columns/kept/00000.parquet");
    let bytes = std::fs::read(&path).unwrap();
    for place_of_damage in (8..bytes.len() - 4).step_by(bytes.len() / 50) {
        let mut damaged = bytes.clone();
        damaged[place_of_damage..][..4].fill(0xff);
        std::fs::write(&path, damaged).unwrap();
        drop(samples(&place.path("columns"), &asked));
    }
    std::fs::write(&path, bytes).unwrap();
    let source: SourceSpec =
        toml::from_str("kind = 'parquet'\nname = 'again'\ninclude = ['columns/kept']").unwrap();
    let recipe: Recipe = toml::from_str(RECIPE).unwrap();
    let reading = Reading {
        strict: true,
        minimum_document: recipe.minimum_document,
        maximum_document: recipe.maximum_document,
        long_documents: recipe.long_documents,
    };
    let documents = Documents::list(&[source], reading, &place.path(""), &[]).unwrap();
    let mut read = Vec::new();
    for file in 0..documents.files() {
        let each = &mut |_, found: Found<'_>| {
            read.push(found.text.to_owned());
            ControlFlow::Continue(())
        };
        documents.read(file, &mut LeftOutBy::new(), each).unwrap();
    }
    assert_eq!(read, kept(&place, "lines"));
}
