//! The reasons, the values and the texts of datatrove, by its words (`tests/golden/make.py`).

use serde_json::Value;
use triaxis_filters::{
    C4Quality, Dialect, Facts, FilterSpec, FineWebQuality, GopherQuality, GopherRepetition, Room, Verdict,
};
use triaxis_words::{Document, Splitter, Words};

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../golden/golden.json")).unwrap()
}

/// Filters by their names in the golden file.
fn filters() -> [(&'static str, FilterSpec); 5] {
    let fineweb = C4Quality {
        terminal_punctuation: false,
        ..C4Quality::default()
    };
    [
        (
            "gopher-repetition",
            FilterSpec::GopherRepetition(GopherRepetition::default()),
        ),
        (
            "gopher-quality",
            FilterSpec::GopherQuality(GopherQuality::default()),
        ),
        ("c4", FilterSpec::C4Quality(C4Quality::default())),
        ("c4-fineweb", FilterSpec::C4Quality(fineweb)),
        (
            "fineweb-quality",
            FilterSpec::FineWebQuality(FineWebQuality::default()),
        ),
    ]
}

/// Holds what is said of a document to a golden case.
fn compare(case: &Value, document: &Document<'_>, room: &mut Room) {
    let text = document.text();
    for (name, spec) in filters() {
        let verdict = spec.prepare().unwrap().judge(document, &Facts::default(), room);
        let reason = match verdict {
            Verdict::Drop(broken) => Value::from(broken.name),
            Verdict::Keep | Verdict::Edit => Value::Null,
        };
        assert_eq!(
            reason,
            case["reasons"][name],
            "{name}: {:?}\n{text}",
            room.checks()
        );
        let edited = (verdict == Verdict::Edit).then(|| room.edited());
        let expected = case["edited"].get(name).and_then(Value::as_str);
        assert_eq!(edited, expected, "{name}: {text}");
        let Some(values) = case["measured"].get(name) else {
            continue;
        };
        for (what, value) in values.as_object().unwrap() {
            let check = room.checks().iter().find(|check| check.name == what).unwrap();
            let value = value.as_f64().unwrap();
            assert!(
                (check.value - value).abs() <= 1e-12 * value.abs().max(1.0),
                "{name}: {what} is {}, not {value}: {text}",
                check.value
            );
        }
    }
}

#[test]
fn given_its_words_verdicts_reasons_and_values_are_those_of_datatrove() {
    let (mut words, mut room) = (Words::new(), Room::new());
    let cases = cases();
    assert!(cases.len() > 60);
    for case in &cases {
        let text = case["text"].as_str().unwrap();
        let given = case["words"]
            .as_str()
            .unwrap()
            .split('\n')
            .filter(|word| !word.is_empty());
        compare(case, &words.found(text, given).unwrap(), &mut room);
    }
}

#[test]
fn by_words_split_here_they_are_the_same() {
    let (mut words, mut room) = (Words::new(), Room::new());
    for case in &cases() {
        let text = case["text"].as_str().unwrap();
        compare(case, &words.split(Splitter::English, text), &mut room);
    }
}

/// Gopher's filters in a dialect, by their names.
fn gophers(dialect: Dialect) -> [(&'static str, FilterSpec); 2] {
    let repetition = GopherRepetition {
        dialect,
        ..GopherRepetition::default()
    };
    let quality = GopherQuality {
        dialect,
        ..GopherQuality::default()
    };
    [
        ("gopher-repetition", FilterSpec::GopherRepetition(repetition)),
        ("gopher-quality", FilterSpec::GopherQuality(quality)),
    ]
}

#[test]
fn values_are_those_of_dolma() {
    let (mut words, mut room) = (Words::new(), Room::new());
    let mut count = 0;
    for (key, dialect) in [("dolma", Dialect::Dolma), ("dolma-v1", Dialect::DolmaV1)] {
        for case in &cases() {
            let text = case["text"].as_str().unwrap();
            for (name, spec) in gophers(dialect) {
                let Some(values) = case[key].get(name) else {
                    continue;
                };
                let filter = spec.prepare().unwrap();
                filter.judge(
                    &words.split(filter.splitter(), text),
                    &Facts::default(),
                    &mut room,
                );
                for (what, value) in values.as_object().unwrap() {
                    let found = room
                        .checks()
                        .iter()
                        .find(|check| check.name == what)
                        .unwrap()
                        .value;
                    let value = value.as_f64().unwrap();
                    assert!(
                        (found - value).abs() <= 1e-12 * value.abs().max(1.0),
                        "{key} {name}: {what} is {found}, not {value}: {text:?}"
                    );
                    count += 1;
                }
            }
        }
    }
    assert!(count > 2000, "{count}");
}

#[test]
fn reasons_are_those_of_dclm() {
    let (mut words, mut room) = (Words::new(), Room::new());
    let mut count = 0;
    for case in &cases() {
        let text = case["text"].as_str().unwrap();
        for (name, spec) in gophers(Dialect::Dclm) {
            let filter = spec.prepare().unwrap();
            let verdict = filter.judge(
                &words.split(filter.splitter(), text),
                &Facts::default(),
                &mut room,
            );
            let reason = match verdict {
                Verdict::Drop(broken) => Some(broken.name),
                Verdict::Keep | Verdict::Edit => None,
            };
            assert_eq!(
                reason,
                case["dclm"][name].as_str(),
                "{name}: {text:?} {:?}",
                room.checks()
            );
            count += usize::from(reason.is_some());
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn the_sample_has_most_reasons() {
    let mut reasons: Vec<String> = Vec::new();
    for case in cases() {
        let found = case["reasons"].as_object().unwrap().values();
        reasons.extend(found.filter_map(|reason| reason.as_str().map(str::to_owned)));
    }
    reasons.sort();
    reasons.dedup();
    assert!(reasons.len() >= 18, "{reasons:?}");
}
