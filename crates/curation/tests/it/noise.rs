//! Noise is planted where it is said, and a placebo drops what it is told to, by the text alone.

use std::collections::BTreeMap;

use triaxis_curation::Harm;

use crate::support::{Place, good};

const SOURCES: &str = r#"
[[sources]]
kind = "jsonl"
name = "made"
include = ["made/*.jsonl"]
"#;

fn recipe(steps: &str) -> String {
    format!("memory = \"1MiB\"\n{SOURCES}\n{steps}")
}

fn place() -> (Place, Vec<String>) {
    let texts: Vec<String> = (0..600).map(|number| good(number, 20)).collect();
    (Place::new(&texts), texts)
}

/// The texts of an output by their ids.
fn by_id(place: &Place, out: &str) -> BTreeMap<String, String> {
    let kept = place.kept(out).into_iter();
    kept.map(|kept| (kept.id.into_owned(), kept.text.into_owned()))
        .collect()
}

#[test]
fn a_share_of_the_documents_is_harmed_each_way_as_often() {
    let (place, texts) = place();
    let facts = place
        .curate(&recipe("[[steps]]\nkind = \"noise\"\nshare = 0.3"), "out")
        .unwrap()
        .facts;
    let edited = facts.steps[0].edited.documents;
    // Three standard deviations of 600 draws are 34.
    assert!((146..=214).contains(&edited), "{edited}");
    let kept = by_id(&place, "out");
    assert_eq!(kept.len(), texts.len());
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for text in kept.values().filter(|text| !texts.contains(text)) {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let words = sorted(text);
        let changed = |other: &String| {
            other
                .split(' ')
                .zip(text.split(' '))
                .filter(|(one, other)| one != other)
                .count()
        };
        let harm = if texts.iter().any(|other| sorted(other) == words) {
            "shuffled-words"
        } else if texts
            .iter()
            .any(|other| other.len().abs_diff(text.len()) < 100 && changed(other) <= 4)
        {
            "near-copy"
        } else {
            assert!(text.contains("cookies") || text.contains("newsletter"), "{text}");
            "boilerplate"
        };
        *found.entry(harm).or_default() += 1;
    }
    let names: Vec<&str> = Harm::ALL.iter().map(|harm| harm.name()).collect();
    assert!(
        names.iter().all(|name| (30..=90).contains(&found[name])),
        "{found:?}"
    );
    // Another seed harms others; the harms that are named are done.
    let steps = "[[steps]]\nkind = \"noise\"\nshare = 0.3\nseed = 1\nharms = [\"boilerplate\"]";
    place.curate(&recipe(steps), "other").unwrap();
    let other = by_id(&place, "other");
    let harmed = |kept: &BTreeMap<String, String>| -> Vec<String> {
        let harmed = kept.iter().filter(|(_, text)| !texts.contains(text));
        harmed.map(|(id, _)| id.clone()).collect()
    };
    assert_ne!(harmed(&other), harmed(&kept));
    assert!(
        other
            .values()
            .filter(|text| !texts.contains(text))
            .all(|text| text.contains('\n'))
    );
}

#[test]
fn near_copies_that_are_planted_are_found_again() {
    let (place, _) = place();
    let steps =
        "[[steps]]\nkind = \"noise\"\nshare = 0.2\nharms = [\"near-copy\"]\n[[steps]]\nkind = \"near\"";
    let facts = place.curate(&recipe(steps), "out").unwrap().facts;
    let (planted, found) = (
        facts.steps[0].edited.documents,
        facts.steps[1].all_dropped().documents,
    );
    // All but one of each model's copies, its model among them where it stands first.
    assert!(found <= planted && found + 8 >= planted, "{found} of {planted}");
}

#[test]
fn a_placebo_keeps_its_share_of_the_text_by_draws_that_others_do_not_change() {
    let (place, texts) = place();
    let curated = |place: &Place, keep: f64, out: &str| -> Vec<String> {
        let steps = format!("[[steps]]\nkind = \"random\"\nkeep = {keep}");
        let facts = place.curate(&recipe(&steps), out).unwrap().facts;
        let (kept, read) = (facts.kept().bytes.as_f64(), facts.steps[0].read.bytes.as_f64());
        // To within a document.
        assert!((kept / read - keep).abs() < 0.002, "{kept} of {read}");
        let bound = place
            .dropped(out)
            .iter()
            .map(|dropped| dropped.value)
            .fold(1.0, f64::min);
        assert!(place.dropped(out).iter().all(|dropped| dropped.reason == "draw") && bound > 0.0);
        by_id(place, out).into_values().collect()
    };
    let (some, more) = (curated(&place, 0.3, "some"), curated(&place, 0.6, "more"));
    assert!(some.iter().all(|text| more.contains(text)));
    // So many bytes are a share of those there are.
    let steps = "[[steps]]\nkind = \"random\"\ntext = \"20KB\"";
    let facts = place.curate(&recipe(steps), "bytes").unwrap().facts;
    assert!(
        facts.kept().bytes.0.abs_diff(20_000) < 1000,
        "{}",
        facts.kept().bytes
    );
    // Which of two documents goes first is their own texts' to say.
    let half = curated(&Place::new(&texts[..300]), 0.4, "out");
    assert!(half.iter().filter(|text| some.contains(text)).count() > 60);
}

#[test]
fn settings_that_none_can_have_are_refused() {
    let (place, _) = place();
    for (steps, said) in [
        (
            "kind = \"random\"",
            "either `keep`, a share of the text, or `text`, an amount of it",
        ),
        (
            "kind = \"random\"\nkeep = 0.5\ntext = \"1MB\"",
            "either `keep`, a share of the text, or `text`, an amount of it",
        ),
        ("kind = \"random\"\ntext = 0", "`text` is 0: it must be above 0"),
        (
            "kind = \"random\"\nkeep = 0.0",
            "`keep` is 0: it must be above 0 and at most 1",
        ),
        ("kind = \"noise\"\nshare = 1.5", "`share` is 1.5"),
        (
            "kind = \"noise\"\nshare = 0.5\nharms = []",
            "shuffled-words, boilerplate, near-copy",
        ),
    ] {
        let refused = place
            .curate(&recipe(&format!("[[steps]]\n{steps}")), "out")
            .unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
}
