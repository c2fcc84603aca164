//! Classifiers trained on texts of which it is known what tells them apart.

use std::fs;

use triaxis_classifiers::fasttext::{Buffers, Model};
use triaxis_classifiers::quality::{Class, Examples, GOOD, Settings, Trained, train};
use triaxis_host::Kind;
use triaxis_random::Stream;

/// So many texts of forty words, of which a share is of the words of a class.
fn texts(class: &str, count: u64, share: f64) -> Vec<String> {
    let text = |number: u64| {
        let mut stream = Stream::new(number, class, 0);
        let mut word = || {
            let (is_own, word) = (stream.uniform() < share, stream.bits() % 500);
            if is_own {
                format!("{class}{}", word % 40)
            } else {
                format!("word{word}")
            }
        };
        (0..40).map(|_| word()).collect::<Vec<_>>().join(" ")
    };
    (0..count).map(text).collect()
}

fn examples(good: &[String], bad: &[String]) -> Examples {
    let mut examples = Examples::default();
    good.iter().for_each(|text| examples.add(text, Class::Good));
    bad.iter().for_each(|text| examples.add(text, Class::Bad));
    examples
}

fn small() -> Settings {
    Settings {
        buckets: 1 << 12,
        ..Settings::default()
    }
}

fn trained(share: f64) -> Trained {
    train(
        examples(&texts("good", 1500, share), &texts("bad", 3000, share)),
        &small(),
    )
    .unwrap()
}

#[test]
fn what_tells_texts_apart_is_found_and_told_with_its_certainty() {
    let trained = trained(0.05);
    let measured = &trained.measured;
    let area = measured.area.interval.unwrap();
    assert!(area.low > 0.8 && area.high < 1.0, "{:?}", measured.area);
    assert_eq!(
        trained
            .counts
            .train
            .iter()
            .chain(&trained.counts.calibrate)
            .chain(&trained.counts.test)
            .sum::<usize>(),
        4500
    );
    // What it says is so: of texts that it never saw within what their number lets one tell.
    assert!(measured.calibration_error < 0.05, "{measured:?}");
    let told = measured.reliability.iter().filter(|bin| bin.examples >= 30);
    let off = told.filter(|bin| {
        bin.good
            .interval
            .is_some_and(|at| bin.said < at.low || bin.said > at.high)
    });
    assert!(off.count() <= 1, "{:?}", measured.reliability);
    for cuts in measured.cuts.windows(2) {
        assert!(cuts[0].threshold > cuts[1].threshold && cuts[0].recall.value <= cuts[1].recall.value);
    }
}

#[test]
fn the_file_is_a_model_that_says_the_same_and_knows_its_shares() {
    let trained = trained(0.2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quality.model");
    fs::write(&path, &trained.file).unwrap();
    let (model, _) = Model::open(&path).unwrap();
    assert_eq!(model.labels().collect::<Vec<_>>(), ["cc", "hq"]);
    let good = model.label(GOOD).unwrap();
    let mut buffers = Buffers::default();
    let mut said = |text: &str| model.classify(text, &mut buffers).probability(good);
    let (high, low) = (
        said(&texts("good", 1600, 0.2)[1599]),
        said(&texts("bad", 3100, 0.2)[3099]),
    );
    assert!(high > 0.9 && low < 0.1, "{high} {low}");
    let shares = model.shares().unwrap();
    let threshold = shares.threshold(0.1, &path).unwrap();
    let others = texts("bad", 5000, 0.2).split_off(3000);
    let kept = others
        .iter()
        .filter(|text| f64::from(said(text)) >= threshold)
        .count();
    // Of 2,000 others a tenth, as far as 600 tell it.
    assert!((120..280).contains(&kept), "{kept}");
    let error = shares.threshold(0.001, &path).unwrap_err().to_string();
    assert!(error.contains("which tell shares from 0.02 to 0.98"), "{error}");
}

#[test]
fn any_number_of_threads_writes_the_same_file() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| trained(0.1).file)
    };
    assert!(on(1) == on(4));
}

#[test]
fn copies_are_on_one_side_and_what_is_good_and_bad_counts_for_nothing() {
    let (mut good, mut bad) = (texts("good", 400, 0.1), texts("bad", 400, 0.1));
    // Copies but for spaces, within a class and across both.
    good.extend(
        good[..50]
            .iter()
            .map(|text| text.replace(' ', "\n  "))
            .collect::<Vec<_>>(),
    );
    bad.extend_from_slice(&good[100..130]);
    let counts = train(examples(&good, &bad), &small()).unwrap().counts;
    assert_eq!(
        (counts.good, counts.bad, counts.copies, counts.in_both),
        (450, 430, 50, 30)
    );
    let used = |class: usize| counts.train[class] + counts.calibrate[class] + counts.test[class];
    assert_eq!((used(0), used(1)), (370, 400));
}

#[test]
fn copies_do_not_make_chance_look_like_knowledge() {
    // Nothing tells these apart but having been seen: copies on both sides would be known again.
    let all = texts("word", 1200, 0.0);
    let (good, bad) = all.split_at(600);
    let many = |texts: &[String]| [texts; 5].concat();
    let error = train(examples(&many(good), &many(bad)), &small()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unanswered);
    let said = error.to_string();
    assert!(
        said.contains("no better than chance") && said.contains("50% is chance"),
        "{said}"
    );
}

#[test]
fn too_few_examples_are_refused() {
    let error = train(
        examples(&texts("good", 199, 0.5), &texts("bad", 500, 0.5)),
        &small(),
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::Unanswered);
    assert!(
        error.to_string().starts_with("199 different good texts"),
        "{error}"
    );
}
