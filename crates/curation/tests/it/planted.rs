//! What is planted is found, by its reason, and the tables add up.

use std::collections::BTreeMap;

use triaxis_corpus::Reason;
use triaxis_curation::{Asked, Bound, Facts, samples};

use crate::support::{Expected, Place, RECIPE, good, planted, texts};

fn place() -> (Place, Vec<(String, Expected)>) {
    let planted = planted(40, 12);
    (Place::new(&texts(&planted)), planted)
}

fn add_up(facts: &Facts) {
    let mut last = None;
    for step in &facts.steps {
        let dropped = step.all_dropped();
        assert_eq!(
            step.read.documents,
            step.kept.documents + dropped.documents,
            "{step:?}"
        );
        assert_eq!(
            step.read.bytes + step.edited.after,
            step.kept.bytes + dropped.bytes + step.edited.before,
            "{step:?}"
        );
        assert!(last.is_none_or(|last| last == step.read), "{step:?}");
        last = Some(step.kept);
    }
    assert_eq!(facts.kept(), last.unwrap());
    let read = facts
        .sources
        .iter()
        .map(|source| source.read.documents)
        .sum::<u64>();
    assert_eq!(read, facts.steps[0].read.documents);
}

#[test]
fn every_document_is_kept_or_dropped_for_what_was_planted() {
    let (place, planted) = place();
    let facts = place.curate(RECIPE, "out").unwrap().facts;
    add_up(&facts);
    let expected = |reason: Expected| {
        planted
            .iter()
            .filter(move |(_, of)| *of == reason)
            .map(|(text, _)| text)
    };
    let kept: Vec<String> = place
        .kept("out")
        .iter()
        .map(|kept| kept.text.clone().into_owned())
        .collect();
    assert_eq!(
        kept.iter().collect::<Vec<_>>(),
        expected(None).collect::<Vec<_>>()
    );
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for dropped in place.dropped("out") {
        assert!(match dropped.bound {
            Bound::AtLeast(bound) => dropped.value < bound,
            Bound::AtMost(bound) => dropped.value > bound,
        });
        assert_eq!(facts.steps[dropped.step - 1].step, dropped.by);
        found
            .entry(dropped.reason.into_owned())
            .or_default()
            .push(dropped.text.into_owned());
    }
    for (reason, texts) in &found {
        let planted: Vec<String> = planted
            .iter()
            .filter(|(_, of)| *of == Some(reason.as_str()))
            .map(|(text, _)| text.clone())
            .collect();
        assert_eq!(texts, &planted, "{reason}");
    }
    assert_eq!(found.len(), 5);
    for step in &facts.steps {
        for (reason, count) in &step.dropped {
            assert_eq!(count.documents, found[reason].len() as u64);
            assert_eq!(
                count.bytes.0,
                found[reason].iter().map(|text| text.len() as u64).sum::<u64>()
            );
        }
    }
    let kept = place.kept("out");
    for dropped in place
        .dropped("out")
        .iter()
        .filter(|dropped| dropped.reason == "earlier_near_copies")
    {
        let first = kept
            .iter()
            .find(|kept| Some(&kept.id) == dropped.copy_of.as_ref())
            .unwrap();
        assert_eq!(first.text.replacen("have", "had", 1), dropped.text);
    }
}

#[test]
fn repeated_parts_are_taken_out_and_a_document_of_nothing_else_goes() {
    let notice = "All of this page is here for you.\n";
    let pages: Vec<String> = (0..3)
        .map(|number| format!("{notice}{}", good(number, 2)))
        .collect();
    let place = Place::new(&[pages.clone(), vec![notice.to_owned()]].concat());
    let recipe = RECIPE
        .replace("preset = \"gopher\"", "")
        .replace("kind = \"exact\"", "kind = \"exact\"\nunit = \"line\"");
    let facts = place.curate(&recipe, "out").unwrap().facts;
    add_up(&facts);
    let kept = place.kept("out");
    let expected = [pages[0].clone(), good(1, 2), good(2, 2)];
    assert_eq!(
        kept.iter().map(|kept| kept.text.as_ref()).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(facts.steps[0].edited.documents, 2);
    let dropped = place.dropped("out");
    let [notice] = dropped.as_slice() else {
        panic!("{dropped:?}")
    };
    assert_eq!(
        (notice.reason.as_ref(), notice.value, notice.bound),
        ("bytes_left", 0.0, Bound::AtLeast(1.0))
    );
}

#[test]
fn a_filter_that_edits_is_counted_before_and_after() {
    let text = format!("{}Write to somebody@mail.example.net today.\n", good(1, 3));
    let place = Place::new(&[good(2, 3), text.clone()]);
    let recipe = RECIPE
        .split("[[steps]]")
        .next()
        .unwrap()
        .replace("preset = \"gopher\"", "")
        + "[[steps]]\nkind = 'filter'\nfilter = 'personal-data'\n[[steps]]\nkind = 'near'";
    let facts = place.curate(&recipe, "out").unwrap().facts;
    add_up(&facts);
    let edited = text.replace("somebody@mail.example.net", "email@example.com");
    assert_eq!(place.kept("out")[1].text, edited);
    let step = &facts.steps[0];
    assert_eq!(step.edited.documents, 1);
    assert_eq!(
        (step.edited.before.0, step.edited.after.0),
        (text.len() as u64, edited.len() as u64)
    );
}

#[test]
fn what_cannot_be_read_is_counted_by_reason() {
    let (place, planted) = place();
    let path = place.path("made/c.jsonl");
    std::fs::write(&path, "{\"text\": 3}\nno json\n{\"text\": \"\"}\n").unwrap();
    let facts = place.curate(RECIPE, "out").unwrap().facts;
    let source = &facts.sources[0];
    assert_eq!(source.read.documents, planted.len() as u64);
    for reason in [Reason::NoText, Reason::Damaged, Reason::Empty] {
        assert_eq!(source.left_out[&reason].documents, 1, "{reason:?}");
    }
    let refused = place
        .curate(&format!("strict = true\n{RECIPE}"), "strict")
        .unwrap_err();
    assert!(refused.to_string().contains("strict = false"), "{refused}");
    assert!(!place.path("strict").exists());
}

#[test]
fn samples_are_of_what_was_dropped_for_a_reason() {
    let (place, planted) = place();
    place.curate(RECIPE, "out").unwrap();
    let ask = |reason: Option<&str>, seed| {
        let reason = reason.map(str::to_owned);
        samples(
            &place.path("out"),
            &Asked {
                reason,
                count: 3,
                seed,
            },
        )
        .map(|(_, samples)| samples)
    };
    let all = ask(None, 1).unwrap();
    assert_eq!((all.dropped.len(), all.kept.len()), (15, 3));
    assert_eq!(all, ask(None, 1).unwrap());
    assert_ne!(all, ask(None, 2).unwrap());
    let some = ask(Some("earlier_copies"), 1).unwrap();
    assert!(some.kept.is_empty() && some.dropped.len() == 3);
    for dropped in &some.dropped {
        assert!(planted.contains(&(dropped.text.clone().into_owned(), Some("earlier_copies"))));
    }
    // What a filter measures is told of those that were kept, too, and never breaks its bound.
    let filtered = ask(Some("least_words"), 1).unwrap();
    assert_eq!(filtered.kept.len(), 3);
    for kept in &filtered.kept {
        let [measured] = kept.measured.as_slice() else {
            panic!("{:?}", kept.measured)
        };
        assert_eq!(
            (measured.by.as_str(), measured.name.as_str()),
            ("gopher-quality", "least_words")
        );
        assert_eq!(measured.bound, Bound::AtLeast(50.0));
        assert!(measured.value >= 50.0 && measured.value <= kept.kept.text.split_whitespace().count() as f64);
    }
    for kept in &all.kept {
        assert!(
            kept.measured
                .iter()
                .any(|measured| measured.name == "least_words")
        );
    }
    let refused = ask(Some("earlier_copy"), 1).unwrap_err().to_string();
    assert!(refused.contains("did you mean `earlier_copies`?"), "{refused}");
}
