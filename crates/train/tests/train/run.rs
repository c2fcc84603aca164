//! Whole runs of a tiny model: same bits, resumed or not; damage, divergence and misuse.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use triaxis_host::Kind;
use triaxis_model::{ArchitectureSpec, Decoder, Stack};
use triaxis_train::optimizers::Muon;
use triaxis_train::{
    Branch, BranchOutcome, Cadence, Divergence, Dtype, EpochOrder, ObjectiveSpec, Observer, Optimizer,
    OptimizerConfig, Schedule, Status, StepEvent, TrainConfig, TrainError, ValidationText, check_model,
    estimate, evaluate, evaluate_model, load_model, order_memory, run,
};
use triaxis_units::{Bytes, Seconds, Tokens};

pub(crate) fn config() -> TrainConfig {
    let architecture = Decoder {
        key_value_heads: 1,
        ..Decoder::new(13, 16, 2, 2, 8)
    };
    TrainConfig {
        architecture: ArchitectureSpec::Decoder(architecture),
        context: 8,
        batch_sequences: 4,
        dtype: Dtype::F32,
        schedule: Schedule::Wsd,
        warmup_steps: 3,
        peak_learning_rate: 0.01,
        optimizer: OptimizerConfig::default(),
        seed: 11,
        unique: None,
        order: EpochOrder::default(),
        decay_on: Vec::new(),
        shares: Vec::new(),
        objective: ObjectiveSpec::default(),
        branches: vec![
            Branch { end: 12, decay: 4 },
            Branch { end: 30, decay: 6 },
            Branch { end: 20, decay: 0 },
        ],
    }
}

/// A network of experts, some balanced by a loss and some by a bias that moves after each step.
fn experts(vocabulary: usize, width: usize, context: usize) -> ArchitectureSpec {
    let text = format!(
        r#"{{"pattern": "xy", "vocabulary": {vocabulary}, "width": {width}, "layers": 2, "context": {context},
            "blocks": {{
                "x": {{"mixer": {{"kind": "attention"}}, "channel": {{"kind": "experts", "experts": 4}}}},
                "y": {{"mixer": {{"kind": "attention"}}, "channel": {{"kind": "experts", "experts": 3, "granularity": 2,
                    "chosen": 1, "shared": 1, "router": "sigmoid", "auxiliary": 0.0, "bias_rate": 0.01}}}}}}}}"#
    );
    let stack: Stack = serde_json::from_str(&text).unwrap();
    ArchitectureSpec::Stack(stack)
}

/// A text with structure to learn: each token follows from the one before, with exceptions.
pub(crate) fn text(length: u32) -> Vec<u32> {
    (0..length)
        .map(|index| (index * index / 7 + index % 3) % 13)
        .collect()
}

/// Stops after some number of steps, and keeps what it saw.
pub(crate) struct Watcher {
    steps_left: u64,
    every: u64,
    steps: Vec<StepEvent>,
    damaged: Vec<PathBuf>,
}

impl Watcher {
    pub(crate) fn new(steps_left: u64, every: u64) -> Self {
        Self {
            steps_left,
            every,
            steps: Vec::new(),
            damaged: Vec::new(),
        }
    }
}

impl Observer for Watcher {
    fn step(&mut self, event: &StepEvent) {
        self.steps.push(*event);
        self.steps_left -= 1;
    }
    fn branch_finished(&mut self, _: &BranchOutcome) {}
    fn damaged(&mut self, path: &Path, _: &str) {
        self.damaged.push(path.to_owned());
    }
    fn should_stop(&self) -> bool {
        self.steps_left == 0
    }
    fn cadence(&self) -> Cadence {
        Cadence::Steps(self.every)
    }
}

pub(crate) fn train(
    config: &TrainConfig,
    folder: &Path,
    finished: &BTreeSet<usize>,
    watcher: &mut Watcher,
) -> Result<Vec<BranchOutcome>, TrainError> {
    run(
        config,
        &text(300),
        &ValidationText::new("validation", text(100), Bytes(250)),
        folder,
        finished,
        watcher,
    )
}

/// The outcomes without their times, and a hash of the final weights' files.
fn bits(mut outcomes: Vec<BranchOutcome>, folder: &Path) -> (Vec<BranchOutcome>, String) {
    for outcome in &mut outcomes {
        outcome.seconds = Seconds(0.0);
    }
    outcomes.sort_by_key(|outcome| outcome.branch);
    let mut hasher = blake3::Hasher::new();
    for branch in config().branches {
        let file = folder.join(format!("model-{}-{}.safetensors", branch.end, branch.decay));
        hasher.update(&fs::read(file).unwrap());
    }
    (outcomes, hasher.finalize().to_string())
}

fn undisturbed(config: &TrainConfig) -> (Vec<BranchOutcome>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut watcher = Watcher::new(u64::MAX, u64::MAX);
    let outcomes = train(config, folder.path(), &BTreeSet::new(), &mut watcher).unwrap();
    bits(outcomes, folder.path())
}

#[test]
fn branches_learn_and_report_what_they_did() {
    let folder = tempfile::tempdir().unwrap();
    let mut watcher = Watcher::new(u64::MAX, u64::MAX);
    let outcomes = train(&config(), folder.path(), &BTreeSet::new(), &mut watcher).unwrap();
    assert_eq!(
        outcomes.iter().map(|outcome| outcome.branch).collect::<Vec<_>>(),
        [0, 2, 1]
    );
    for outcome in &outcomes {
        let end = config().branches[outcome.branch].end;
        assert_eq!(
            (outcome.status.clone(), outcome.steps, outcome.tokens.0),
            (Status::Completed, end, end * 32)
        );
        assert_eq!(outcome.epochs, (end * 4) as f64 / 37.0);
        assert_eq!(outcome.curve.len() as u64, end);
        let validation = outcome.validation.unwrap();
        assert_eq!((validation.tokens.0, validation.bytes.0), (99, 250));
        let expected = validation.nats.0 * 100.0 / (250.0 * std::f64::consts::LN_2);
        assert!((validation.bits_per_byte.0 - expected).abs() < 1e-12);
    }
    assert!(outcomes[2].validation.unwrap().nats.0 < outcomes[0].validation.unwrap().nats.0);
    assert!(
        outcomes[2].validation.unwrap().nats.0 < 2.4,
        "below ln 13 = 2.565: {outcomes:?}"
    );
    // All share the trunk; each step of the run is reported once.
    assert_eq!(outcomes[0].curve[..8], outcomes[2].curve[..8]);
    let estimate = estimate(&config());
    assert_eq!(estimate.steps, 24 + 4 + 6);
    let done: Vec<u64> = watcher.steps.iter().map(|event| event.steps_done).collect();
    assert_eq!(done, (1..=estimate.steps).collect::<Vec<_>>());
    assert!(
        watcher
            .steps
            .iter()
            .all(|event| event.steps_total == estimate.steps)
    );
}

#[test]
fn a_branch_has_the_same_bits_alone_as_among_others() {
    let folder = tempfile::tempdir().unwrap();
    let all = train(
        &config(),
        folder.path(),
        &BTreeSet::new(),
        &mut Watcher::new(u64::MAX, 5),
    )
    .unwrap();
    for among in all {
        let alone = TrainConfig {
            branches: vec![config().branches[among.branch]],
            ..config()
        };
        let folder = tempfile::tempdir().unwrap();
        let outcome = train(
            &alone,
            folder.path(),
            &BTreeSet::new(),
            &mut Watcher::new(u64::MAX, 5),
        )
        .unwrap()
        .remove(0);
        assert_eq!(outcome.curve, among.curve);
        assert_eq!(outcome.validation, among.validation);
    }
}

#[test]
pub(crate) fn interrupted_anywhere_and_resumed_it_has_the_same_bits() {
    for dtype in Dtype::ALL {
        for optimizer in [OptimizerConfig::default(), muon()] {
            for architecture in [config().architecture, experts(13, 16, 8)] {
                interrupted_anywhere(&TrainConfig {
                    architecture,
                    dtype,
                    optimizer: optimizer.clone(),
                    ..config()
                });
            }
        }
    }
}

fn muon() -> OptimizerConfig {
    OptimizerConfig {
        method: Optimizer::Muon(Muon::default()),
        ..OptimizerConfig::default()
    }
}

pub(crate) fn interrupted_anywhere(config: &TrainConfig) {
    let expected = undisturbed(config);
    for (stop_after, every) in [(1, 1), (2, 3), (3, 2), (5, 4), (7, 1), (9, 5), (13, 1000)] {
        let folder = tempfile::tempdir().unwrap();
        let mut finished = BTreeSet::new();
        let mut outcomes = Vec::new();
        let mut interruptions = 0;
        // A branch recorded in one process is passed as finished to the next, as a study does.
        loop {
            let mut recorder = Recorder {
                watcher: Watcher::new(stop_after, every),
                outcomes: Vec::new(),
            };
            let result = run(
                config,
                &text(300),
                &ValidationText::new("validation", text(100), Bytes(250)),
                folder.path(),
                &finished,
                &mut recorder,
            );
            finished.extend(recorder.outcomes.iter().map(|outcome| outcome.branch));
            outcomes.extend(recorder.outcomes);
            match result {
                Ok(_) => break,
                Err(error) => {
                    assert!(error.to_string().starts_with("stopped at step"), "{error}");
                    interruptions += 1;
                }
            }
        }
        assert!(interruptions >= 2);
        assert_eq!(
            bits(outcomes, folder.path()),
            expected,
            "stopped after every {stop_after} steps"
        );
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert!(
            left.iter()
                .all(|name| name.to_string_lossy().starts_with("model-")),
            "{left:?}"
        );
    }
}

struct Recorder {
    watcher: Watcher,
    outcomes: Vec<BranchOutcome>,
}

impl Observer for Recorder {
    fn step(&mut self, event: &StepEvent) {
        self.watcher.step(event);
    }
    fn branch_finished(&mut self, outcome: &BranchOutcome) {
        self.outcomes.push(outcome.clone());
    }
    fn should_stop(&self) -> bool {
        self.watcher.should_stop()
    }
    fn cadence(&self) -> Cadence {
        self.watcher.cadence()
    }
}

/// Stops a run in the middle of its trunk and returns its checkpoints, newest first.
fn interrupted(folder: &Path) -> Vec<PathBuf> {
    let stopped = train(&config(), folder, &BTreeSet::new(), &mut Watcher::new(7, 2));
    let stopped = stopped.unwrap_err().to_string();
    assert!(stopped.starts_with("stopped at step 7 as asked"), "{stopped}");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.reverse();
    assert_eq!(files.len(), 2, "{files:?}");
    files
}

#[test]
fn damaged_checkpoints_are_set_aside_and_cost_no_bit() {
    let expected = undisturbed(&config());
    type Harm = fn(&mut Vec<u8>);
    let damage: [(&str, Harm); 5] = [
        ("truncated", |bytes| bytes.truncate(bytes.len() - 10)),
        ("emptied", Vec::clear),
        ("a bit of the header", |bytes| bytes[40] ^= 4),
        ("a bit of a weight", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("the last bit", |bytes| *bytes.last_mut().unwrap() ^= 128),
    ];
    for (what, harm) in damage {
        for both in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let files = interrupted(folder.path());
            for file in &files[..if both { 2 } else { 1 }] {
                let mut bytes = fs::read(file).unwrap();
                harm(&mut bytes);
                fs::write(file, bytes).unwrap();
            }
            let mut watcher = Watcher::new(u64::MAX, u64::MAX);
            let outcomes = train(&config(), folder.path(), &BTreeSet::new(), &mut watcher).unwrap();
            assert_eq!(bits(outcomes, folder.path()), expected, "{what}");
            assert_eq!(watcher.damaged.len(), if both { 2 } else { 1 }, "{what}");
            assert!(
                watcher
                    .damaged
                    .iter()
                    .all(|path| path.exists() && path.extension().unwrap() == "damaged")
            );
            // The sound one before it was used, if there was one.
            assert_eq!(watcher.steps[0].step, if both { 1 } else { 7 }, "{what}");
        }
    }
}

#[test]
fn checkpoints_of_another_run_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let files = interrupted(folder.path());
    let before = fs::read(&files[0]).unwrap();
    let other = TrainConfig { seed: 12, ..config() };
    let error = train(
        &other,
        folder.path(),
        &BTreeSet::new(),
        &mut Watcher::new(u64::MAX, 1),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("another run: its configuration differs"),
        "{error}"
    );
    let (train, validation) = (text(400), text(100));
    let error = run(
        &config(),
        &train,
        &ValidationText::new("validation", validation.clone(), Bytes(1)),
        folder.path(),
        &BTreeSet::new(),
        &mut Watcher::new(9, 1),
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("another run: its training text differs"),
        "{error}"
    );
    assert_eq!(fs::read(&files[0]).unwrap(), before);
}

#[test]
fn divergence_is_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let wild = TrainConfig {
        peak_learning_rate: 1.0,
        warmup_steps: 0,
        optimizer: OptimizerConfig {
            weight_decay: 0.0,
            ..OptimizerConfig::default()
        },
        ..config()
    };
    let outcomes = train(
        &wild,
        folder.path(),
        &BTreeSet::new(),
        &mut Watcher::new(u64::MAX, u64::MAX),
    )
    .unwrap();
    assert_eq!(outcomes.len(), 3);
    for outcome in outcomes {
        if outcome.branch == 0 {
            // Too short for the rise to show.
            continue;
        }
        let Status::Diverged { step, reason } = outcome.status else {
            panic!("{:?}", outcome.status)
        };
        assert_eq!((step, outcome.steps), (20, 20));
        assert!(
            matches!(reason, Divergence::LossRose { mean, initial } if mean.0 > 1.5 * initial.0),
            "{reason}"
        );
        assert_eq!(outcome.validation, None);
        assert_eq!(outcome.curve.len(), 20);
    }
    let infinite = TrainConfig {
        peak_learning_rate: 1e38,
        ..wild
    };
    let folder = tempfile::tempdir().unwrap();
    let outcomes = train(
        &infinite,
        folder.path(),
        &BTreeSet::new(),
        &mut Watcher::new(u64::MAX, u64::MAX),
    )
    .unwrap();
    for outcome in outcomes {
        let Status::Diverged { step, reason } = outcome.status else {
            panic!("{:?}", outcome.status)
        };
        assert_eq!(step, 1);
        assert!(
            matches!(reason, Divergence::LossNotFinite | Divergence::GradientNotFinite),
            "{reason}"
        );
    }
}

#[test]
fn saved_models_load_and_damaged_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = train(
        &config(),
        folder.path(),
        &BTreeSet::new(),
        &mut Watcher::new(u64::MAX, u64::MAX),
    )
    .unwrap();
    let file = folder.path().join("model-30-6.safetensors");
    let device = burn::tensor::Device::default();
    let (spec, model) = load_model(&file, &device).unwrap();
    assert_eq!(spec, config().architecture);
    let validation = ValidationText::new("validation", text(100), Bytes(250));
    let (found, _) = evaluate(&model, &validation, 8, 13, &device).unwrap();
    assert_eq!(Some(found), outcomes[2].validation);

    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    let error = load_model(&file, &device).unwrap_err().to_string();
    assert!(
        error.contains("model-30-6") && error.contains("checksum"),
        "{error}"
    );
}

#[test]
fn a_saved_model_has_the_loss_that_its_training_ended_with_on_any_text() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [("one", 40), ("two", 90)]
        .map(|(name, length)| ValidationText::new(name, text(length), Bytes(u64::from(length))));
    for measured_on in &texts {
        let outcomes = run(
            &config(),
            &text(300),
            measured_on,
            folder.path(),
            &BTreeSet::new(),
            &mut Watcher::new(u64::MAX, u64::MAX),
        );
        for outcome in outcomes.unwrap() {
            let Branch { end, decay } = config().branches[outcome.branch];
            let saved = folder.path().join(format!("model-{end}-{decay}.safetensors"));
            let mut losses = Vec::new();
            evaluate_model(&saved, config().context, &texts.each_ref(), &mut |place, loss| {
                losses.push((place, *loss));
            })
            .unwrap();
            let place = usize::from(measured_on.name == "two");
            assert_eq!(losses[place], (place, outcome.validation.unwrap()));
            assert_ne!(losses[0].1, losses[1].1);
            assert!(outcome.sources.is_empty());
        }
    }
    // What cannot be read is not damaged.
    let error = check_model(folder.path()).unwrap_err();
    assert_ne!(error.kind(), Kind::Damaged, "{error}");
}

#[test]
fn a_finished_run_has_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut watcher = Watcher::new(u64::MAX, 1);
    assert_eq!(
        train(&config(), folder.path(), &BTreeSet::from([0, 1, 2]), &mut watcher).unwrap(),
        []
    );
    assert!(watcher.steps.is_empty());
    let outcomes = train(&config(), folder.path(), &BTreeSet::from([0, 1]), &mut watcher).unwrap();
    assert_eq!(
        outcomes.iter().map(|outcome| outcome.branch).collect::<Vec<_>>(),
        [2]
    );
}

#[test]
fn unique_tokens_are_all_that_a_training_sees_epoch_after_epoch() {
    let unique = |unique: u64| TrainConfig {
        unique: Some(Tokens(unique)),
        ..config()
    };
    // All 300 tokens of the text are 299 to predict.
    assert_eq!(undisturbed(&unique(300)), undisturbed(&config()));
    let folder = tempfile::tempdir().unwrap();
    let mut text = text(300);
    // What follows the 16 tokens and the one after them is never read: it would be refused.
    text[17..].fill(u32::MAX);
    let mut watcher = Watcher::new(u64::MAX, u64::MAX);
    let validation = text[..17].to_vec();
    let mut losses = |order| {
        let config = TrainConfig { order, ..unique(16) };
        let run = |watcher: &mut Watcher| {
            let folder = folder.path().join(format!("{order:?}"));
            run(
                &config,
                &text,
                &ValidationText::new("validation", validation.clone(), Bytes(1)),
                &folder,
                &BTreeSet::new(),
                watcher,
            )
        };
        let outcomes = run(&mut watcher).unwrap();
        // Two blocks of eight; four sequences a step.
        assert_eq!(outcomes[0].epochs, 24.0);
        outcomes[0].validation.unwrap().nats
    };
    assert_ne!(losses(EpochOrder::Reshuffled), losses(EpochOrder::Same));
}

#[test]
fn a_configuration_without_repetition_is_written_as_before_it_was_there() {
    let text = serde_json::to_string(&config()).unwrap();
    for key in ["unique", "order", "method"] {
        assert!(!text.contains(key), "{text}");
    }
    for order in EpochOrder::ALL {
        let config = TrainConfig {
            unique: Some(Tokens(64)),
            order,
            ..config()
        };
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(text.contains("\"order\":"), order != EpochOrder::Reshuffled);
        assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), config);
    }
}

#[test]
fn configurations_round_trip_and_bad_ones_are_explained() {
    for optimizer in [OptimizerConfig::default(), muon()] {
        let config = TrainConfig {
            optimizer,
            ..config()
        };
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), config);
    }
    type Spoil = fn(&mut TrainConfig);
    let cases: [(&str, Spoil); 10] = [
        ("unique = 7", |config| config.unique = Some(Tokens(7))),
        ("unique = 301", |config| config.unique = Some(Tokens(301))),
        ("context = 9", |config| config.context = 9),
        ("batch_sequences = 0", |config| config.batch_sequences = 0),
        ("peak_learning_rate = NaN", |config| {
            config.peak_learning_rate = f64::NAN
        }),
        ("beta2 = 1", |config| config.optimizer.beta2 = 1.0),
        ("clip_norm = 0", |config| config.optimizer.clip_norm = 0.0),
        ("momentum = 1", |config| {
            config.optimizer.method = Optimizer::Muon(Muon { momentum: 1.0 });
        }),
        ("branches = []", |config| config.branches.clear()),
        ("end: 5, decay: 4", |config| config.branches[0].end = 5),
    ];
    for (expected, spoil) in cases {
        let mut config = config();
        spoil(&mut config);
        let folder = tempfile::tempdir().unwrap();
        let error = train(&config, folder.path(), &BTreeSet::new(), &mut Watcher::new(1, 1))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected) && error.contains("; "), "{error}");
    }
}

#[test]
fn texts_that_do_not_fit_are_explained() {
    let attempt = |train: &[u32], validation: &[u32]| {
        let folder = tempfile::tempdir().unwrap();
        let mut watcher = Watcher::new(u64::MAX, u64::MAX);
        run(
            &config(),
            &train.to_vec(),
            &ValidationText::new("validation", validation.to_vec(), Bytes(1)),
            folder.path(),
            &BTreeSet::new(),
            &mut watcher,
        )
        .unwrap_err()
        .to_string()
    };
    let good = text(300);
    assert!(attempt(&good[..8], &good).contains("training split has 8 tokens and one sequence needs 9"));
    assert!(attempt(&good, &good[..1]).contains("validation split has 1 tokens"));
    let mut foreign = good.clone();
    foreign.fill(13);
    assert!(attempt(&foreign, &good).contains("token 13 at position"));
    assert!(
        attempt(&good, &foreign).contains("of the validation split is outside the model's vocabulary of 13")
    );
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for dtype in Dtype::ALL {
        // Large enough for the products to be shared out among threads.
        let decoder = ArchitectureSpec::Decoder(Decoder::new(256, 64, 2, 4, 64));
        for architecture in [decoder, experts(256, 64, 64)] {
            on_any_number_of_threads(dtype, architecture.clone(), OptimizerConfig::default());
            on_any_number_of_threads(dtype, architecture, muon());
        }
    }
}

fn on_any_number_of_threads(dtype: Dtype, architecture: ArchitectureSpec, optimizer: OptimizerConfig) {
    let branches = vec![Branch { end: 4, decay: 1 }];
    let config = TrainConfig {
        architecture,
        context: 64,
        batch_sequences: 16,
        dtype,
        optimizer,
        branches,
        ..config()
    };
    let train: Vec<u32> = (0..5000u32).map(|index| index * index / 7 % 256).collect();
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let folder = tempfile::tempdir().unwrap();
            let mut watcher = Watcher::new(u64::MAX, u64::MAX);
            run(
                &config,
                &train,
                &ValidationText::new("validation", train.clone(), Bytes(5000)),
                folder.path(),
                &BTreeSet::new(),
                &mut watcher,
            )
            .unwrap();
            blake3::hash(&fs::read(folder.path().join("model-4-1.safetensors")).unwrap())
        })
    };
    let one = bits(1);
    assert_eq!(one, bits(2));
    assert_eq!(one, bits(3));
}

#[test]
fn estimates_count_what_is_run() {
    let estimate = estimate(&config());
    let step = 3.0 * 4.0 * config().architecture.forward_flops(8).total().0;
    assert_eq!(estimate.flops.0, 34.0 * step);
    assert_eq!(estimate.tokens.0, 34 * 32);
    assert_eq!(
        estimate.six_nd.0,
        6.0 * (34 * 32) as f64 * estimate.parameters.as_f64()
    );
    let alone: Vec<f64> = estimate
        .branches
        .iter()
        .map(|branch| branch.flops.0 / step)
        .collect();
    let own: Vec<f64> = estimate
        .branches
        .iter()
        .map(|branch| branch.own_flops.0 / step)
        .collect();
    assert_eq!((alone, own), (vec![12.0, 30.0, 20.0], vec![4.0, 6.0, 0.0]));
}

#[test]
fn text_that_is_ordered_by_how_likely_it_is_takes_memory_for_its_n_grams() {
    let memory = |order, unique, tokens| {
        let config = TrainConfig {
            order,
            unique,
            ..config()
        };
        order_memory(&config, Tokens(tokens)).0
    };
    assert_eq!(memory(EpochOrder::Reshuffled, None, 1_000_000), 0);
    assert_eq!(memory(EpochOrder::ShortFirst, None, 1_000_000), 0);
    let likely = memory(EpochOrder::LikelyFirst, None, 1_000_000);
    // More than the n-grams of a text without one repeated, two lengths with a key, a count and a history each.
    assert!((104_000_000..200_000_000).contains(&likely), "{likely}");
    assert_eq!(memory(EpochOrder::UnlikelyFirst, None, 1_000_000), likely);
    assert_eq!(
        memory(EpochOrder::LikelyFirst, Some(Tokens(1000)), 1_000_000),
        likely / 1000
    );
    // No more than so many tokens of each half are counted.
    let most = memory(EpochOrder::LikelyFirst, None, 1 << 40);
    assert_eq!(most, memory(EpochOrder::LikelyFirst, None, 1 << 26));
}
