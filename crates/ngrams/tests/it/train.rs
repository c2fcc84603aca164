//! Training: the same whatever the memory, and a probability in every context.

use proptest::prelude::*;
use triaxis_ngrams::{Model, Normalization, Splitter, Trainer, Units};
use triaxis_units::Bytes;

use crate::{golden, grams, settings, train};

/// Lines of few words, so that n-grams repeat.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let line = prop::collection::vec("[a-d]", 0..8).prop_map(|words| words.join(" "));
    let text = prop::collection::vec(line, 1..8).prop_map(|lines| lines.join("\n"));
    prop::collection::vec(text, 1..5).prop_filter("some words", |texts| {
        texts.iter().any(|text| text.contains(['a', 'b', 'c', 'd']))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn after_every_history_probabilities_add_up_to_one(
        texts in texts(),
        order in 2..=6usize,
        prune in prop_oneof![Just(vec![]), Just(vec![0, 1]), Just(vec![0, 0, 2])],
        history in prop::collection::vec("[a-e]", 0..6),
    ) {
        let prune = if prune.len() > order { vec![] } else { prune };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.arpa.gz");
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        train(settings(order, &prune), &texts, &path);
        let model = Model::open(&path).unwrap();
        let grams = grams(&path);
        // What ends there, and every word that may come; the end comes with a score of its own.
        let whole = model.sentence(history.iter().map(String::as_str)).log10;
        let before = probability_before_end(&model, &grams, &history);
        let mut sum = 10f64.powf(whole - before);
        for word in grams.keys().filter(|words| !words.contains(' ') && !["<s>", "</s>"].contains(&words.as_str())) {
            let word = if word == "<unk>" { "e" } else { word };
            let mut longer = history.clone();
            longer.push(word.to_owned());
            let longer = probability_before_end(&model, &grams, &longer);
            sum += 10f64.powf(longer - before);
        }
        prop_assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}

/// The logarithm of the probability of words after a begin by the definition, from the file.
fn probability_before_end(_: &Model, grams: &crate::Grams, words: &[String]) -> f64 {
    let known = |word: &String| {
        if grams.contains_key(word) {
            word.clone()
        } else {
            "<unk>".to_owned()
        }
    };
    let mut history = vec!["<s>".to_owned()];
    let mut sum = 0.0;
    for word in words.iter().map(known) {
        sum += reference(grams, &history, &word);
        history.push(word);
    }
    sum
}

/// The longest n-gram that is there, or what the history leaves and the same without its first word.
fn reference(grams: &crate::Grams, history: &[String], word: &str) -> f64 {
    let gram = [history, &[word.to_owned()]].concat().join(" ");
    if let Some([probability, _]) = grams.get(&gram) {
        return f64::from(*probability);
    }
    let left = grams
        .get(&history.join(" "))
        .map_or(0.0, |known| f64::from(known[1]));
    left + reference(grams, &history[1..], word)
}

#[test]
fn a_sentence_has_the_score_of_the_definition() {
    let path = golden("pruned.arpa.gz");
    let (model, grams) = (Model::open(&path).unwrap(), grams(&path));
    let text = std::fs::read_to_string(golden("text.txt")).unwrap();
    for line in text.lines().take(100) {
        let mut words: Vec<String> = line.split(' ').rev().map(str::to_owned).collect();
        words.retain(|word| !word.is_empty());
        let mut history = vec!["<s>".to_owned()];
        let mut expected = 0.0;
        for word in words.iter().map(String::as_str).chain(["</s>"]) {
            expected += reference(&grams, &history, word);
            history.push(word.to_owned());
        }
        let score = model.sentence(words.iter().map(String::as_str));
        assert!((score.log10 - expected).abs() < 1e-9, "{line}");
        assert_eq!(score.tokens, words.len() as u64 + 1);
        assert_eq!(score.unknown, 0);
    }
}

#[test]
fn memory_batches_and_threads_change_no_byte() {
    let lines: Vec<String> = (0..40_000u64)
        .map(|number| {
            let word = |place: u64| (number * number + place * number) % 997;
            (0..number % 7)
                .map(|place| format!("w{} ", word(place)))
                .collect()
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let made = |memory: u64, batch: usize, threads: usize| {
        let path = folder.path().join("model.arpa");
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let settings = triaxis_ngrams::Settings {
                memory: Bytes(memory),
                ..settings(4, &[0, 0, 1])
            };
            let mut trainer = Trainer::new(settings, &path).unwrap();
            lines.chunks(batch).for_each(|batch| trainer.add(batch).unwrap());
            trainer.finish(&mut |_, _, _| ()).unwrap();
        });
        // Nothing that was sorted is left.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::read(&path).unwrap()
    };
    let whole = made(1 << 30, 40_000, 2);
    assert!(whole.len() > 1 << 19, "{}", whole.len());
    assert!(whole == made(1 << 20, 333, 1));
}

#[test]
fn what_no_file_can_hold_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.arpa");
    let long = "x".repeat(5000);
    let text = format!("a <s> b </s> <unk> {long}");
    let trained = train(settings(2, &[]), &[&text], &path);
    assert_eq!((trained.words, trained.unknown, trained.sentences), (6, 4, 1));
    let grams = grams(&path);
    let words: Vec<&String> = grams.keys().filter(|words| !words.contains(' ')).collect();
    assert_eq!(words, ["</s>", "<s>", "<unk>", "a", "b"]);
    let model = Model::open(&path).unwrap();
    // In a text these are words like any other.
    assert_eq!(model.sentence(["</s>", "<s>", "zz"].into_iter()).unknown, 3);
}

#[test]
fn a_file_says_how_text_is_split() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.arpa");
    let units = Units {
        normalize: Normalization::CcNet,
        words: Splitter::English,
        tokens: None,
    };
    let settings = triaxis_ngrams::Settings {
        units: units.clone(),
        ..settings(2, &[])
    };
    train(settings, &["It can't, said Zoë."], &path);
    let model = Model::open(&path).unwrap();
    assert_eq!(Units::said(model.comments()).unwrap(), Some(units));
    assert_eq!(model.sentence(["ca", "n't", "zoe", "."].into_iter()).unknown, 0);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.arpa");
    let refused =
        |settings: triaxis_ngrams::Settings| Trainer::new(settings, &path).err().unwrap().to_string();
    assert_eq!(
        refused(settings(7, &[])),
        "`order = 7`: the longest n-grams have from 2 to 6 words; 5 are usual"
    );
    assert!(refused(settings(3, &[1])).contains("single words stay"));
    assert!(refused(settings(3, &[0, 2, 1])).contains("no smaller than the one before"));
    let small = triaxis_ngrams::Settings {
        memory: Bytes(10),
        ..settings(3, &[])
    };
    assert!(refused(small).contains("at least 1MiB"));
    let mut trainer = Trainer::new(settings(2, &[]), &path).unwrap();
    trainer.add(&["\n\n"]).unwrap();
    let error = trainer.finish(&mut |_, _, _| ()).unwrap_err();
    assert!(error.to_string().contains("no words"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
