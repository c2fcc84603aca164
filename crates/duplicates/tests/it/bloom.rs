//! The filter of n-grams, against a set of all runs.

use std::collections::HashSet;

use triaxis_duplicates::bloom::{Filter, Judged, Settings};
use triaxis_duplicates::exact::Unit;
use triaxis_duplicates::{Document, Position};
use triaxis_host::Kind;

use crate::common::{documents, on, texts, workspace};

fn settings(unit: Unit) -> Settings {
    Settings {
        words: 5,
        false_positives: 1e-6,
        ..Settings::dclm(unit, 400_000)
    }
}

fn judged(settings: Settings, documents: &[Document<'_>], batch: usize) -> Vec<Judged> {
    let mut filter = Filter::new(settings, &workspace(&std::env::temp_dir(), 16 << 20)).unwrap();
    let batches = documents.chunks(batch);
    batches.flat_map(|batch| filter.add(batch)).collect()
}

#[test]
fn documents_go_whose_runs_a_set_has_seen() {
    let texts = texts(1500);
    let documents = documents(&texts);
    let mut seen: HashSet<Vec<&str>> = HashSet::new();
    let judged = judged(settings(Unit::Document), &documents, 64);
    let mut gone = 0;
    for (text, judged) in texts.iter().zip(judged) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let runs: Vec<Vec<&str>> = words.windows(5).map(<[&str]>::to_vec).collect();
        let known = runs.iter().filter(|run| seen.contains(*run)).count();
        let is_copy = !runs.is_empty() && known as f64 >= 0.8 * runs.len() as f64;
        assert_eq!((judged.runs, judged.known), (runs.len() as u64, known as u64));
        let whole = is_copy.then_some(0..text.len());
        assert_eq!(judged.removed, whole.into_iter().collect::<Vec<_>>());
        match is_copy {
            true => gone += 1,
            false => seen.extend(runs),
        }
    }
    assert!(gone > 400, "{gone}");
}

/// The fault that removed nine tenths of a corpus elsewhere: what was added of a document stood against itself.
#[test]
fn nothing_is_a_copy_of_itself() {
    let texts: Vec<String> = (0..400)
        .map(|text| {
            let words = |part: u32| (0..30).map(move |word| format!("w{text}x{part}x{word} "));
            (0..3)
                .map(|part| words(part).collect::<String>() + "\n\n")
                .collect()
        })
        .collect();
    let documents = documents(&texts);
    for unit in [Unit::Document, Unit::Paragraph, Unit::Line] {
        let judged = judged(settings(unit), &documents, 10);
        assert!(
            judged
                .iter()
                .all(|judged| judged.removed.is_empty() && judged.known == 0)
        );
    }
    // Paragraphs and documents in turn, each by its own filter.
    let workspace = workspace(&std::env::temp_dir(), 16 << 20);
    let mut filters =
        [Unit::Paragraph, Unit::Document].map(|unit| Filter::new(settings(unit), &workspace).unwrap());
    for filter in &mut filters {
        assert!(
            filter
                .add(&documents)
                .iter()
                .all(|judged| judged.removed.is_empty())
        );
    }
}

#[test]
fn paragraphs_go_by_themselves() {
    let repeated = "this notice stands below every page of the site\n\n";
    let document = |record| {
        let own = (0..12)
            .map(|word| format!("w{record}x{word} "))
            .collect::<String>();
        format!("{own}\n\n{repeated}few words\n")
    };
    let texts: Vec<String> = (0..3).map(document).collect();
    let judged = judged(settings(Unit::Paragraph), &documents(&texts), 3);
    assert!(judged[0].removed.is_empty());
    for (text, judged) in texts.iter().zip(&judged).skip(1) {
        let [removed] = &judged.removed[..] else {
            panic!("{judged:?}")
        };
        assert_eq!(&text[removed.clone()], repeated);
    }
}

#[test]
fn threads_and_batches_and_a_stop_between_change_nothing() {
    let texts = texts(900);
    let all = documents(&texts);
    let settings = Settings {
        words: 4,
        ..Settings::dclm(Unit::Document, 100_000)
    };
    let expected = on(1, || judged(settings, &all, 900));
    for threads in [2, 8] {
        assert!(on(threads, || judged(settings, &all, 17)) == expected);
    }
    let folder = tempfile::tempdir().unwrap();
    let (workspace, path) = (workspace(folder.path(), 16 << 20), folder.path().join("filter"));
    let mut filter = Filter::new(settings, &workspace).unwrap();
    let mut verdicts = filter.add(&all[..450]);
    filter.save(&path).unwrap();
    let mut filter = Filter::load(&path, settings, &workspace).unwrap();
    verdicts.extend(filter.add(&all[450..]));
    assert!(verdicts == expected);

    let other = Filter::load(&path, Settings { words: 5, ..settings }, &workspace)
        .err()
        .unwrap();
    assert_eq!(other.kind(), Kind::Input);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 8;
    std::fs::write(&path, bytes).unwrap();
    let damaged = Filter::load(&path, settings, &workspace).err().unwrap();
    assert_eq!(damaged.kind(), Kind::Damaged);
}

#[test]
fn false_positives_are_those_asked_for_when_it_is_full() {
    let settings = Settings {
        words: 1,
        ..Settings::dclm(Unit::Document, 50_000)
    };
    let mut filter = Filter::new(settings, &workspace(&std::env::temp_dir(), 1 << 20)).unwrap();
    let text = |from: u32| {
        (from..from + 50_000)
            .map(|word| format!("w{word} "))
            .collect::<String>()
    };
    let mut known = |file, from| {
        let text = text(from);
        let document = Document {
            position: Position::new(file, 0),
            text: &text,
        };
        let judged = filter.add(&[document]).remove(0);
        assert_eq!(judged.runs, 50_000);
        judged.known
    };
    assert_eq!(known(0, 0), 0);
    let mistaken = known(1, 50_000) as f64 / 50_000.0;
    assert!((0.008..=0.0115).contains(&mistaken), "{mistaken}");
}

#[test]
fn settings_have_rules_and_memory_a_bound() {
    let workspace = workspace(&std::env::temp_dir(), 1 << 20);
    let dclm = Settings::dclm(Unit::Document, 1000);
    for (settings, said) in [
        (
            Settings { words: 0, ..dclm },
            "`words = 0`: a run has one word at least",
        ),
        (Settings { share: 0.0, ..dclm }, "`share = 0`: a share is above 0"),
        (
            Settings {
                share: f64::NAN,
                ..dclm
            },
            "`share = NaN`",
        ),
        (
            Settings {
                false_positives: 1.0,
                ..dclm
            },
            "`false_positives = 1`: a filter is mistaken",
        ),
        (
            Settings { runs: 0, ..dclm },
            "`runs = 0`: a filter is made for the runs it will hold",
        ),
        (
            Settings {
                runs: 1_000_000_000,
                ..dclm
            },
            "and 1MiB of memory hold 8",
        ),
        (
            Settings {
                runs: u64::MAX,
                ..dclm
            },
            "give more memory, more false positives, or less text",
        ),
    ] {
        let error = Filter::new(settings, &workspace).err().unwrap().to_string();
        assert!(error.contains(said), "{error}");
    }
}
