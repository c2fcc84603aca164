//! Exact copies, against a set of all that was seen.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;
use triaxis_duplicates::exact::{Facts, Finder, Found, Settings, Unit};
use triaxis_duplicates::{Document, Position, without};

use crate::common::{documents, left_over, on, texts, workspace};

/// The units of a text, trimmed, and where each begins; by the plainest means.
fn units(unit: Unit, text: &str) -> Vec<(usize, String)> {
    let parts: Vec<(usize, &str)> = match unit {
        Unit::Document => vec![(0, text)],
        Unit::Line => {
            let mut start = 0;
            let lines = text.split('\n').map(|line| {
                start += line.len() + 1;
                (start - line.len() - 1, line)
            });
            lines.collect()
        }
        Unit::Paragraph => {
            let mut parts = Vec::new();
            let mut open: Option<Range<usize>> = None;
            for (start, line) in units(Unit::Line, text) {
                let rest = &text[start..];
                let end = start + rest.find('\n').unwrap_or(rest.len());
                let is_next = open
                    .as_ref()
                    .is_some_and(|open| text[open.end..start].matches('\n').count() < 2);
                match &mut open {
                    Some(open) if is_next => open.end = end,
                    _ => {
                        parts.extend(open.replace(start..end));
                    }
                }
                assert!(!line.is_empty());
            }
            parts.extend(open);
            parts.into_iter().map(|part| (part.start, &text[part])).collect()
        }
        Unit::Sentence => unreachable!("the rule is a library's"),
    };
    let trimmed = parts
        .into_iter()
        .map(|(start, part)| (start, part.trim().to_owned()));
    trimmed.filter(|(_, part)| !part.is_empty()).collect()
}

/// Each text without what was seen before.
fn plainly(settings: Settings, texts: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    let rest = texts.iter().map(|text| {
        let units = units(settings.unit(), text);
        let mut removed = vec![false; units.len()];
        for (number, run) in units.windows(settings.span()).enumerate() {
            let run: Vec<String> = run.iter().map(|(_, unit)| unit.clone()).collect();
            if !seen.insert(run) {
                removed[number..number + settings.span()].fill(true);
            }
        }
        let start = |number: usize| match number {
            0 => 0,
            _ => units.get(number).map_or(text.len(), |(start, _)| *start),
        };
        let kept = (0..units.len()).filter(|number| !removed[*number]);
        match units.is_empty() {
            true => text.clone(),
            false => kept
                .map(|number| &text[start(number)..start(number + 1)])
                .collect(),
        }
    });
    rest.collect()
}

fn found(
    settings: Settings,
    folder: &Path,
    documents: &[Document<'_>],
    memory: u64,
    batch: usize,
) -> (Facts, Vec<u8>) {
    let mut finder = Finder::new(settings, &workspace(folder, memory));
    for batch in documents.chunks(batch) {
        finder.add(batch).unwrap();
    }
    let path = folder.join("found");
    let facts = finder.finish(&path, None).unwrap();
    assert!(left_over(folder, &[&path]).is_empty());
    (facts, std::fs::read(&path).unwrap())
}

fn rest(settings: Settings, path: &Path, documents: &[Document<'_>]) -> Vec<String> {
    let mut found = Found::open(path, settings).unwrap();
    let rest = documents
        .iter()
        .map(|document| without(document.text, &found.removed(document).unwrap()));
    rest.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_left_is_what_a_set_leaves(
        texts in prop::collection::vec("([ab][\u{e9}c]?\n?\n? ?){0,8}", 0..12),
        unit in prop::sample::select(&[Unit::Document, Unit::Line, Unit::Paragraph][..]),
        span in 1_usize..4,
    ) {
        let span = if unit == Unit::Document { 1 } else { span };
        let settings = Settings::new(unit, span).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let documents = documents(&texts);
        found(settings, folder.path(), &documents, 64 << 10, 3);
        let rest = rest(settings, &folder.path().join("found"), &documents);
        prop_assert_eq!(rest, plainly(settings, &texts));
    }
}

#[test]
fn sentences_go_in_runs_of_three() {
    let settings = Settings::new(Unit::Sentence, 3).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        "One is here. Two is here. Three is here. Four is here.".to_owned(),
        "Zero is new. One is here. Two is here. Three is here. Five is new.".to_owned(),
        "One is here. Two is here. Six is new.".to_owned(),
    ];
    let documents = documents(&texts);
    let (facts, _) = found(settings, folder.path(), &documents, 1 << 20, 2);
    assert_eq!((facts.compared, facts.copies), (6, 1));
    let rest = rest(settings, &folder.path().join("found"), &documents);
    assert_eq!(rest[1], "Zero is new. Five is new.");
    assert_eq!((&rest[0], &rest[2]), (&texts[0], &texts[2]));
}

#[test]
fn bytes_are_the_same_on_any_threads_in_any_shards_and_memory() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts: Vec<String> = texts(3000).iter().map(|text| text.replace("b ", "b\n")).collect();
    let documents = documents(&texts);
    for unit in [Unit::Document, Unit::Line] {
        let settings = Settings::new(unit, 1).unwrap();
        let (facts, expected) = on(1, || found(settings, folder, &documents, 64 << 20, 100));
        assert!(facts.copies > 100, "{facts:?}");
        for threads in [2, 8] {
            assert!(on(threads, || found(settings, folder, &documents, 64 << 10, 333)).1 == expected);
        }
        let shards: Vec<_> = (0..4)
            .map(|shard| folder.join(format!("shard {shard}")))
            .collect();
        for (number, shard) in (0..).zip(&shards) {
            let own = documents
                .iter()
                .filter(|document| document.position.file % 4 == number);
            let own: Vec<Document<'_>> = own.copied().collect();
            let mut finder = Finder::new(settings, &workspace(folder, 64 << 10));
            finder.add(&own).unwrap();
            finder.save(shard).unwrap();
        }
        let mut finder = Finder::new(settings, &workspace(folder, 64 << 10));
        for shard in &shards {
            finder.join(shard).unwrap();
        }
        let path = folder.join("found");
        assert_eq!(finder.finish(&path, None).unwrap(), facts);
        assert!(std::fs::read(&path).unwrap() == expected);
        shards
            .iter()
            .for_each(|shard| std::fs::remove_file(shard).unwrap());
    }
}

#[test]
fn what_an_earlier_corpus_says_is_a_copy_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let settings = Settings::new(Unit::Line, 1).unwrap();
    let workspace = workspace(folder, 1 << 20);
    let [index, path] = ["index", "found"].map(|name| folder.join(name));
    let earlier = ["menu\nold story\n".to_owned()];
    let mut finder = Finder::new(settings, &workspace);
    finder.add(&documents(&earlier)).unwrap();
    finder.finish(&path, Some(&index)).unwrap();

    let later = ["menu\nnew story\n\n".to_owned(), "new story\nend".to_owned()];
    let mut finder = Finder::new(settings, &workspace);
    finder.know(&index).unwrap();
    finder.add(&documents(&later)).unwrap();
    let facts = finder.finish(&path, None).unwrap();
    assert_eq!((facts.compared, facts.copies, facts.known), (4, 2, 1));
    assert_eq!(
        rest(settings, &path, &documents(&later)),
        ["new story\n\n", "end"]
    );
    // Of the first the menu, of the second what the first has.
    let mut found = Found::open(&path, settings).unwrap();
    let is_known = |document: &Document<'_>| found.is_known(document.position).unwrap();
    assert_eq!(
        documents(&later).iter().map(is_known).collect::<Vec<_>>(),
        [true, false]
    );
    assert!(!found.is_known(Position::new(9, 9)).unwrap());
}

#[test]
fn a_document_that_has_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(Unit::Line, 1).unwrap();
    let texts = ["a\nb\na".to_owned()];
    found(settings, folder.path(), &documents(&texts), 1 << 20, 1);
    let mut found = Found::open(&folder.path().join("found"), settings).unwrap();
    let changed = ["a\nb".to_owned()];
    let error = found.removed(&documents(&changed)[0]).unwrap_err().to_string();
    assert!(
        error.contains("document 0 of file 0 has 2 lines, and 3 of them were compared"),
        "{error}"
    );
}

#[test]
fn settings_have_rules() {
    let none = Settings::new(Unit::Line, 0).unwrap_err().to_string();
    assert_eq!(none, "`span = 0`: a run has at least one line; give 1 or more");
    let two = Settings::new(Unit::Document, 2).unwrap_err().to_string();
    assert!(two.contains("documents are compared one by one"), "{two}");
    let memory = triaxis_duplicates::Workspace::new(".", triaxis_units::Bytes(1000))
        .unwrap_err()
        .to_string();
    assert!(memory.contains("at least 64KiB; give that much"), "{memory}");
}
