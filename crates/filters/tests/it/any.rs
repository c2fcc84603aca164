//! Any document: filters answer, within bounds, in time linear in it.

use std::time::Instant;

use proptest::prelude::*;
use triaxis_filters::{
    Bound, C4BadWords, C4Paragraphs, C4Quality, Chain, Check, CodeQuality, Decontamination, Desk, Dialect,
    Facts, FilterSpec, FineWebQuality, GopherQuality, GopherRepetition, Language, PersonalData, Room,
    Verdict,
};
use triaxis_words::{Simplify, Words};

use crate::models::classified;

/// A filter of every kind, in every dialect.
fn all() -> Vec<FilterSpec> {
    let mut specs = vec![
        FilterSpec::C4Quality(C4Quality::default()),
        FilterSpec::C4Paragraphs(C4Paragraphs::default()),
        FilterSpec::C4BadWords(C4BadWords {
            words: vec!["bad".to_owned(), "é".to_owned()],
            inside_words: false,
        }),
        FilterSpec::FineWebQuality(FineWebQuality::default()),
        FilterSpec::Language(Language::default()),
        FilterSpec::Quality(classified("softmax.bin")),
        FilterSpec::PersonalData(PersonalData::default()),
        FilterSpec::CodeQuality(CodeQuality::default()),
        FilterSpec::Decontamination(Decontamination {
            texts: vec!["the of the of".to_owned()],
            size: 4,
            simplify: Simplify::default(),
        }),
        FilterSpec::Perplexity(crate::perplexity::model()),
    ];
    for dialect in [
        Dialect::Datatrove,
        Dialect::Dolma,
        Dialect::DolmaV1,
        Dialect::Dclm,
    ] {
        specs.push(FilterSpec::GopherRepetition(GopherRepetition {
            dialect,
            ..GopherRepetition::default()
        }));
        specs.push(FilterSpec::GopherQuality(GopherQuality {
            dialect,
            ..GopherQuality::default()
        }));
    }
    specs
}

/// Filters that split otherwise, and otherwise again, behind one that leaves another text with its words.
fn after_an_edit() -> Vec<FilterSpec> {
    vec![
        FilterSpec::C4Quality(C4Quality::default()),
        FilterSpec::GopherQuality(GopherQuality {
            dialect: Dialect::Dclm,
            ..GopherQuality::default()
        }),
        FilterSpec::GopherRepetition(GopherRepetition {
            dialect: Dialect::Dolma,
            ..GopherRepetition::default()
        }),
    ]
}

/// Text with what filters look at, mixed with anything.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zé]{1,6}[ .,\n]",
        "(the|of|bad|the end\\.) ",
        "[•\\-#…{\\[\\]@.0-9\n\r \u{85}]{1,6}",
        "(lorem ipsum|javascript|use cookies|\\[edit\\]|a@b\\.cd|8\\.8\\.8\\.8)",
        any::<String>(),
    ];
    let texts = proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat());
    (texts, 1..4usize).prop_map(|(text, times)| text.repeat(times))
}

proptest! {
    #[test]
    fn what_is_measured_is_within_bounds(text in texts()) {
        let specs = all();
        let chain = Chain::new(&specs).unwrap();
        let mut desk = Desk::new();
        let mut broken = Vec::new();
        chain.measure(&text, &Facts::default(), &mut desk, |place, verdict, room| {
            let kind = chain.filters()[place].kind();
            for check in room.checks() {
                // A run of words that overlaps itself counts more characters than there are, and dolma holds the
                // characters of lines against those of words, without the spaces.
                let is_dolmas = matches!(&specs[place], FilterSpec::GopherRepetition(settings)
                    if matches!(settings.dialect, Dialect::Dolma | Dialect::DolmaV1)) && check.name == "duplicate_line_characters";
                let is_share = matches!(kind, "gopher-repetition" | "fineweb-quality")
                    && !is_dolmas && !check.name.starts_with("top") && !matches!(check.name, "lines" | "line_feeds");
                let is_within = check.value >= 0.0 && check.value.is_finite() && (!is_share || check.value <= 1.0);
                if !is_within {
                    broken.push((kind, *check));
                }
            }
            let first = room.checks().iter().find(|check| check.is_broken()).copied();
            if matches!(verdict, Verdict::Drop(_)) != first.is_some() {
                broken.push((kind, first.unwrap_or(Check { name: "none", value: 0.0, bound: Bound::AtLeast(0.0) })));
            }
        });
        prop_assert!(broken.is_empty(), "{broken:?}");
    }

    #[test]
    fn a_chain_says_what_its_filters_say_one_by_one(text in texts()) {
        for specs in [all(), after_an_edit()] {
        let chain = Chain::new(&specs).unwrap();
        let mut desk = Desk::new();
        let mut together = Vec::new();
        let last = chain.measure(&text, &Facts::default(), &mut desk, |_, verdict, room| {
            together.push((verdict, room.checks().to_vec()));
        });
        let (mut words, mut room) = (Words::new(), Room::new());
        let mut current = text.clone();
        for (spec, together) in specs.iter().zip(together) {
            let filter = spec.prepare().unwrap();
            let verdict = filter.judge(&words.split(filter.splitter(), &current), &Facts::default(), &mut room);
            prop_assert_eq!((verdict, room.checks().to_vec()), together);
            if verdict == Verdict::Edit {
                current = room.edited().to_owned();
            }
        }
        prop_assert_eq!(last.text, current);
        }
    }

    #[test]
    fn a_desk_that_was_used_judges_as_a_new_one(texts in proptest::collection::vec(texts(), 1..4)) {
        let chain = Chain::new(&all()).unwrap();
        let mut desk = Desk::new();
        for text in &texts {
            let mut new = Desk::new();
            let used = chain.judge(text, &Facts::default(), &mut desk);
            let fresh = chain.judge(text, &Facts::default(), &mut new);
            prop_assert_eq!(used, fresh);
        }
    }
}

#[test]
fn hostile_documents_take_linear_time() {
    let start = Instant::now();
    let chain = Chain::new(&all()).unwrap();
    let mut desk = Desk::new();
    let one_word = format!("a {} b", "x".repeat(1 << 20));
    let mut texts = vec![String::new(), "a".repeat(10 << 20), one_word];
    for piece in [
        "\n",
        "a ",
        "a@",
        "@",
        "1.",
        "[",
        "[1]",
        "{",
        "…",
        "lorem ipsum",
        "-\n",
        "a.b@c-",
        ". . .",
        "é ",
    ] {
        texts.push(piece.repeat((1 << 19) / piece.len()));
    }
    for text in &texts {
        let mut count = 0;
        chain.measure(text, &Facts::default(), &mut desk, |_, _, _| count += 1);
        assert_eq!(count, chain.filters().len());
    }
    // A pass over these 18 MB that is not linear takes hours.
    assert!(start.elapsed().as_secs() < 120);
}
