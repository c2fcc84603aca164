//! What is done is told from a library alone: nothing is trained here.

use std::fs;

use triaxis_study::job::{Evaluate, Train, Work};
use triaxis_study::{
    Circumstances, Evaluated, Evaluator, FrozenText, Group, Library, Outcome, Prepared, RunRecord, StudySpec,
    Survey, Trial, trial,
};
use triaxis_train::Evaluation;
use triaxis_units::{BitsPerByte, Bytes, Nats, Tokens};

fn group() -> Group {
    let spec = StudySpec::parse(include_str!("../../../../examples/quickstart.toml")).unwrap();
    let prepared = Prepared {
        vocabulary: 512,
        ..Prepared::default()
    };
    let groups = trial::resolve(&spec.arms().unwrap()[0], &prepared).unwrap();
    groups.into_iter().find(|group| group.trials.len() == 3).unwrap()
}

fn evaluator(names: &[&str]) -> Evaluator {
    let text = |name: &&str| FrozenText {
        name: (*name).to_owned(),
        id: format!("{name}-id"),
        identity: format!("{name}-hash"),
        bytes: Bytes(3000),
    };
    Evaluator::new(names.iter().map(text).collect(), false)
}

fn loss(nats: f64) -> Evaluation {
    Evaluation {
        bound: None,
        nats: Nats(nats),
        bits_per_byte: BitsPerByte(nats / 2.0),
        tokens: Tokens(999),
        bytes: Bytes(3000),
    }
}

fn record(group: &Group, trial: &Trial, outcome: Outcome) -> RunRecord {
    let record = RunRecord::of_failure(trial, &group.inputs, String::new(), Circumstances::default());
    RunRecord { outcome, ..record }
}

fn done() -> Outcome {
    Outcome::Done {
        validation: loss(3.0),
        sources: Vec::new(),
        experts: None,
        curve: Vec::new(),
    }
}

fn diverged() -> Outcome {
    Outcome::Diverged {
        step: 3,
        reason: "the loss rose".to_owned(),
        curve: Vec::new(),
    }
}

#[test]
fn a_trial_is_trained_for_its_record_and_for_weights_that_a_text_needs() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::new(folder.path());
    let group = group();
    let plain = Train::of(&group, &evaluator(&[]), true);
    let missing = |train: &Train| train.missing(&library).unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(missing(&plain), [0, 1, 2]);
    for (trial, outcome) in group.trials.iter().zip([done(), diverged(), done()]) {
        library.write_record(&record(&group, trial, outcome)).unwrap();
    }
    assert!(plain.is_done(&library).unwrap());

    // A text comes, and the weights of one trial are there.
    let texts = evaluator(&["news"]);
    let (train, evaluate) = (
        Train::of(&group, &texts, true),
        Evaluate::of(&group, &texts, true),
    );
    let [first, _, last] = &group.trials[..] else {
        panic!("three trials");
    };
    fs::create_dir(folder.path().join("models")).unwrap();
    fs::write(library.model(&first.id), "").unwrap();
    assert_eq!(missing(&train), [2]);
    assert_eq!(train.again(&library).unwrap(), 1);
    let places = |evaluate: &Evaluate| -> Vec<usize> {
        let missing = evaluate.missing(&library).unwrap();
        missing.iter().map(|(place, _)| *place).collect()
    };
    assert_eq!(places(&evaluate), [0, 2]);
    assert_eq!(evaluate.needs(), [train.id()]);

    // A loss that is there needs no weights.
    for trial in [first, last] {
        let evaluated = Evaluated::Done(loss(2.0));
        let record = texts.record(
            &group,
            trial,
            &texts.texts[0],
            evaluated,
            Circumstances::default(),
        );
        library.write_record(&record).unwrap();
    }
    assert!(train.is_done(&library).unwrap() && evaluate.is_done(&library).unwrap());

    // Damage is no record; a look changes nothing.
    let path = library.record(&first.id);
    fs::write(&path, "{").unwrap();
    assert_eq!(missing(&train), [0]);
    assert!(!evaluate.is_done(&library).unwrap());
    assert!(path.exists());
}

#[test]
fn losses_are_told_by_the_names_and_in_the_order_of_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::new(folder.path());
    let group = group();
    let texts = evaluator(&["one", "two"]);
    let trial = &group.trials[0];
    library.write_record(&record(&group, trial, done())).unwrap();
    let write = |place: usize, nats: f64| {
        let evaluated = Evaluated::Done(loss(nats));
        let text = &texts.texts[place];
        let record = texts.record(&group, trial, text, evaluated, Circumstances::default());
        library.write_record(&record).unwrap();
    };
    let frozen = |texts: &[FrozenText]| triaxis_study::Frozen {
        texts: texts.to_vec(),
        groups: vec![group.clone()],
        ..Default::default()
    };
    let survey =
        |texts: &[FrozenText]| Survey::take(&library, frozen(texts), &mut |error| panic!("{error}")).unwrap();
    write(1, 2.5);
    let half = survey(&texts.texts);
    assert_eq!(half.texts(&trial.id).len(), 1);
    assert!(half.unmeasured().unwrap().contains("1 of 1 trials have no loss"));
    write(0, 1.5);
    let mut other = texts.texts.clone();
    other.reverse();
    other[0].name = "renamed".to_owned();
    let told = survey(&other).texts(&trial.id);
    let told: Vec<_> = told
        .iter()
        .map(|text| (text.name.as_str(), text.evaluation.nats.0))
        .collect();
    assert_eq!(told, [("renamed", 2.5), ("one", 1.5)]);
    assert_eq!(survey(&other).unmeasured(), None);
}
