//! What is told of a mixture's experts over a training.

use std::collections::BTreeSet;
use std::path::Path;

use triaxis_corpus::{Document, TokenClasses};
use triaxis_model::ArchitectureSpec;
use triaxis_random::Stream;
use triaxis_routing::{ExpertsOutcome, Specialisation};
use triaxis_train::{
    Branch, BranchOutcome, Cadence, Dtype, EpochOrder, ObjectiveSpec, Observer, OptimizerConfig, Schedule,
    StepEvent, TrainConfig, ValidationText, run,
};
use triaxis_units::{Bytes, Finding};

/// Tokens of each of two languages.
const WORDS: usize = 12;

fn config(channel: &str) -> TrainConfig {
    let architecture = format!(
        r#"{{"architecture": "stack", "pattern": "a", "vocabulary": {}, "width": 16, "layers": 2, "context": 16,
            "blocks": {{"a": {{"mixer": {{"kind": "attention", "head_dim": 8}}, "channel": {channel}}}}}}}"#,
        2 * WORDS
    );
    let architecture: ArchitectureSpec = serde_json::from_str(&architecture).unwrap();
    TrainConfig {
        architecture,
        context: 16,
        batch_sequences: 4,
        dtype: Dtype::F32,
        schedule: Schedule::Wsd,
        warmup_steps: 4,
        peak_learning_rate: 0.01,
        optimizer: OptimizerConfig::default(),
        seed: 3,
        unique: None,
        order: EpochOrder::default(),
        decay_on: Vec::new(),
        shares: Vec::new(),
        objective: ObjectiveSpec::default(),
        branches: vec![Branch { end: 40, decay: 8 }, Branch { end: 70, decay: 10 }],
    }
}

const EXPERTS: &str = r#"{"kind": "experts", "experts": 4, "chosen": 1}"#;

/// Documents of 48 tokens by turns of two languages; each has words of its own, unless they are `shuffled`.
fn text(documents: u32, seed: u64, shuffled: bool) -> (Vec<u32>, Vec<Document>) {
    let mut stream = Stream::new(seed, "languages", 0);
    let mut tokens = Vec::new();
    let mut starts = Vec::new();
    for document in 0..documents {
        let source = document % 2;
        starts.push(Document {
            start: tokens.len() as u64,
            bytes: 48,
            source,
        });
        for _ in 0..48 {
            let word = (stream.uniform() * WORDS as f64) as u32;
            let language = if shuffled {
                u32::from(stream.uniform() < 0.5)
            } else {
                source
            };
            tokens.push(word + language * WORDS as u32);
        }
    }
    (tokens, starts)
}

fn validation(shuffled: bool) -> ValidationText {
    let (tokens, documents) = text(40, 8, shuffled);
    ValidationText {
        documents,
        sources: ["one", "other"].map(str::to_owned).to_vec(),
        classes: Some(TokenClasses {
            names: ["low", "high"].map(str::to_owned).to_vec(),
            of: (0..2 * WORDS as u32)
                .map(|word| u32::from(word % WORDS as u32 > 5))
                .collect(),
        }),
        ..ValidationText::new("validation", tokens, Bytes(1920))
    }
}

/// Stops once after some steps.
struct Once(u64);

impl Observer for Once {
    fn step(&mut self, _: &StepEvent) {
        self.0 = self.0.saturating_sub(1);
    }
    fn branch_finished(&mut self, _: &BranchOutcome) {}
    fn should_stop(&self) -> bool {
        self.0 == 0
    }
    fn cadence(&self) -> Cadence {
        Cadence::Steps(7)
    }
}

fn train(config: &TrainConfig, folder: &Path, shuffled: bool, steps: u64) -> Option<Vec<BranchOutcome>> {
    let (tokens, _) = text(200, 7, shuffled);
    let validation = validation(shuffled);
    run(
        config,
        &tokens,
        &validation,
        folder,
        &BTreeSet::new(),
        &mut Once(steps),
    )
    .ok()
}

fn experts(outcomes: &[BranchOutcome]) -> Vec<ExpertsOutcome> {
    outcomes
        .iter()
        .map(|outcome| outcome.experts.clone().unwrap())
        .collect()
}

fn by<'a>(experts: &'a ExpertsOutcome, label: &str) -> &'a Specialisation {
    let found = experts.specialisation.iter().filter_map(Finding::found);
    found.into_iter().find(|found| found.by == label).unwrap()
}

#[test]
fn a_mixture_is_looked_at_at_powers_of_two_and_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = train(&config(EXPERTS), folder.path(), false, u64::MAX).unwrap();
    let [short, long] = &experts(&outcomes)[..] else {
        panic!("{outcomes:?}")
    };
    let steps = |experts: &ExpertsOutcome| experts.looks.iter().map(|look| look.step).collect::<Vec<_>>();
    assert_eq!(
        (steps(short), steps(long)),
        (vec![8, 16, 32, 40], vec![8, 16, 32, 64, 70])
    );
    // What is shared is the same in both.
    assert_eq!(short.looks[..3], long.looks[..3]);
    for look in &long.looks {
        assert_eq!(
            look.layers.iter().map(|layer| layer.layer).collect::<Vec<_>>(),
            [0, 1]
        );
        for layer in &look.layers {
            assert!((layer.load.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert_eq!(layer.stability.is_some(), look.step > 8);
        }
    }
    // Experts that learnt something are missed.
    let learned = outcomes[1].validation.unwrap().nats.0;
    assert!(
        long.random.0 > learned && long.permuted.0 > learned,
        "{long:?} {learned}"
    );
    let kinds: Vec<&str> = ["source", "kind of token", "position"].to_vec();
    let found: Vec<&str> = long
        .specialisation
        .iter()
        .filter_map(Finding::found)
        .map(|of| of.by.as_str())
        .collect();
    assert_eq!(found, kinds);
}

#[test]
fn experts_of_two_languages_are_told_apart_and_of_shuffled_text_not() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = train(&config(EXPERTS), folder.path(), false, u64::MAX).unwrap();
    let apart = &experts(&outcomes)[1];
    let together = &by(apart, "source").together;
    assert!(together.is_found() && together.told() > 0.05, "{together:?}");
    let folder = tempfile::tempdir().unwrap();
    let outcomes = train(&config(EXPERTS), folder.path(), true, u64::MAX).unwrap();
    let shuffled = &experts(&outcomes)[1];
    let together = &by(shuffled, "source").together;
    assert!(!together.is_found(), "{together:?}");
}

#[test]
fn interrupted_anywhere_the_same_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train(&config(EXPERTS), folder.path(), false, u64::MAX).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stopped = [9, 17, 25, 30]
        .into_iter()
        .find_map(|steps| train(&config(EXPERTS), folder.path(), false, steps));
    let ended = stopped.or_else(|| train(&config(EXPERTS), folder.path(), false, u64::MAX));
    assert_eq!(experts(&ended.unwrap()), experts(&whole));
}

#[test]
fn a_dense_network_is_told_nothing_of_and_its_parts_have_no_routing() {
    let dense = config(r#"{"kind": "swiglu"}"#);
    let folder = tempfile::tempdir().unwrap();
    let outcomes = train(&dense, folder.path(), false, u64::MAX).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.experts.is_none()));
    let unit = Dtype::F32.unit();
    assert!(!dense.numerics(&unit).contains_key("routing"));
    assert!(config(EXPERTS).numerics(&unit).contains_key("routing"));
}
