//! The ways to compute a training, against one another.

use std::collections::BTreeSet;

use triaxis_kernels::Precision;
use triaxis_model::ops::NORM_EPSILON;
use triaxis_model::{ArchitectureSpec, Block, Decoder, Ends, NormKind, Stack};
use triaxis_train::speed::{measure, product_peak};
use triaxis_train::{
    Branch, BranchOutcome, Dtype, EpochOrder, Implementation, ObjectiveSpec, Observer, OptimizerConfig, Pass,
    Schedule, StepEvent, TrainConfig, ValidationText, evaluate, load_model, run,
};
use triaxis_units::Bytes;

const STEPS: u64 = 150;
/// Steps in which rounding does not grow.
const EARLY: usize = 32;
/// Higher rates make of rounding what they make of any other change: it grows tenfold in a dozen steps.
const RATE: f64 = 0.002;

fn config(dtype: Dtype) -> TrainConfig {
    let architecture = Decoder {
        key_value_heads: 2,
        ..Decoder::new(61, 48, 2, 4, 32)
    };
    TrainConfig {
        architecture: ArchitectureSpec::Decoder(architecture),
        context: 32,
        batch_sequences: 6,
        dtype,
        schedule: Schedule::Wsd,
        warmup_steps: 5,
        peak_learning_rate: 0.005,
        optimizer: OptimizerConfig::default(),
        seed: 3,
        unique: None,
        order: EpochOrder::default(),
        decay_on: Vec::new(),
        shares: Vec::new(),
        objective: ObjectiveSpec::default(),
        branches: vec![Branch {
            end: STEPS,
            decay: STEPS / 5,
        }],
    }
}

/// A text with structure to learn: each token follows from the two before, with exceptions.
fn text() -> Vec<u32> {
    let mut text = vec![1u32, 2];
    for index in 2..4000 {
        let next = text[index - 1] * 3 + text[index - 2] + u32::from(index % 7 == 0) * (index as u32 / 11);
        text.push(next % 61);
    }
    text
}

#[derive(Default)]
struct Losses(Vec<f64>);

impl Observer for Losses {
    fn step(&mut self, event: &StepEvent) {
        self.0.push(event.loss.0);
    }
    fn branch_finished(&mut self, outcome: &BranchOutcome) {
        self.0.push(outcome.validation.unwrap().nats.0);
    }
}

/// The loss of every step, and the validation loss after them.
fn losses(config: &TrainConfig) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let (train, mut losses) = (text(), Losses::default());
    let validation = train[..700].to_vec();
    run(
        config,
        &train,
        &ValidationText::new("validation", validation.clone(), Bytes(700)),
        folder.path(),
        &BTreeSet::new(),
        &mut losses,
    )
    .unwrap();
    assert_eq!(losses.0.len() as u64, STEPS + 1);
    losses.0
}

/// The largest relative difference between losses of the same step.
fn difference(one: &[f64], other: &[f64]) -> f64 {
    one.iter()
        .zip(other)
        .map(|(one, other)| (one / other - 1.0).abs())
        .fold(0.0, f64::max)
}

#[test]
fn a_whole_training_with_the_compositions_has_the_same_losses() {
    let config = config(Dtype::F32);
    let fused = losses(&config);
    assert!(fused[STEPS as usize] < 0.6 * fused[0], "it learns: {fused:?}");
    let composed = Implementation::Composed.run(|| losses(&config));
    assert_ne!(fused, composed, "the same bits come from the same code");
    let found = difference(&fused, &composed);
    assert!(found <= 1e-4, "{found}");
}

/// A stack of one block.
fn stack(block: Block) -> Stack {
    Stack {
        vocabulary: 61,
        width: 32,
        layers: 1,
        context: 16,
        pattern: "x".to_owned(),
        blocks: [('x', block)].into(),
        tied: true,
        norm: NormKind::Rms,
        norm_epsilon: NORM_EPSILON,
        learned_positions: None,
        ends: Ends::default(),
    }
}

/// The usual block of every mixer, and every kernel that a setting chooses.
fn stacks() -> Vec<Stack> {
    let block = |mixer: &str, channel: &str| -> Block {
        serde_json::from_str(&format!(
            r#"{{"mixer": {{"kind": "attention", {mixer}}}, "channel": {channel}}}"#
        ))
        .unwrap()
    };
    let swiglu = r#"{"kind": "swiglu"}"#;
    let qwen =
        r#""head_dim": 16, "qk_norm": true, "output_gate": true, "bias": "all", "rotary_fraction": 0.5"#;
    let gelu = [true, false].map(|tanh| format!(r#"{{"kind": "gelu", "approximate": {tanh}}}"#));
    let layer_norm = gelu.map(|gelu| Stack {
        norm: NormKind::Layer,
        learned_positions: Some(16),
        ..stack(block(r#""rotary_fraction": 0.0"#, &gelu))
    });
    let usual = Block::standard().map(|(_, block)| stack(block));
    let settings = [qwen, r#""window": 5, "soft_cap": 2.0"#].map(|mixer| stack(block(mixer, swiglu)));
    let experts = r#"{"kind": "experts", "experts": 4, "inner": 16, "shared": 1}"#;
    let experts = stack(block(r#""window": 16"#, experts));
    usual.chain(settings).chain(layer_norm).chain([experts]).collect()
}

#[test]
fn a_whole_training_of_every_kernel_has_the_losses_of_its_compositions() {
    for stack in stacks() {
        let kind = format!("{:?}", stack.blocks[&'x']);
        let config = TrainConfig {
            architecture: ArchitectureSpec::Stack(stack),
            context: 16,
            peak_learning_rate: RATE,
            ..config(Dtype::F32)
        };
        let fused = losses(&config);
        assert!(fused[STEPS as usize] < 0.9 * fused[0], "{kind} learns: {fused:?}");
        let composed = Implementation::Composed.run(|| losses(&config));
        let found = difference(&fused, &composed);
        let early = difference(&fused[..EARLY], &composed[..EARLY]);
        assert!(early <= 1e-5, "{kind}: {early} in the first {EARLY} steps");
        // Heads of a few numbers that are normalised make of rounding, in a hundred steps, what they make of a rate that is
        // a millionth higher.
        let nudged = TrainConfig {
            peak_learning_rate: RATE * (1.0 + 1e-6),
            ..config
        };
        let grown = difference(&fused, &losses(&nudged));
        assert!(
            found <= f64::max(1e-4, 10.0 * grown),
            "{kind}: {found}, and {grown} of rounding"
        );
    }
}

#[test]
fn bf16_rounds_where_the_processor_has_it_and_learns_as_much() {
    let [single, half] = Dtype::ALL.map(|dtype| losses(&config(dtype)));
    assert_eq!(single != half, Dtype::F32.unit() != Dtype::Bf16.unit());
    let found = difference(&single[..20], &half[..20]);
    assert!(found <= 2e-2, "{found}");
    let (single, half) = (single[STEPS as usize], half[STEPS as usize]);
    assert!((half / single - 1.0).abs() <= 5e-2, "{half} against {single}");
}

#[test]
fn evaluation_is_in_single_precision() {
    let folder = tempfile::tempdir().unwrap();
    let (text, mut losses) = (text(), Losses::default());
    let config = TrainConfig {
        branches: vec![Branch { end: 8, decay: 1 }],
        ..config(Dtype::Bf16)
    };
    let validation = ValidationText::new("validation", text.clone(), Bytes(4000));
    run(
        &config,
        &text,
        &validation,
        folder.path(),
        &BTreeSet::new(),
        &mut losses,
    )
    .unwrap();
    let device = burn::tensor::Device::default();
    let (_, model) = load_model(&folder.path().join("model-8-1.safetensors"), &device).unwrap();
    for precision in [Precision::Float32, Precision::BFloat16] {
        let found = precision
            .run(|| evaluate(&model, &validation, 32, 61, &device))
            .unwrap()
            .0;
        assert_eq!(Some(&found.nats.0), losses.0.last());
    }
}

#[test]
fn timed_steps_tell_where_the_time_went() {
    for dtype in Dtype::ALL {
        let speed = measure(&config(dtype), 2, 5).unwrap();
        assert_eq!(speed.steps.len(), 5);
        assert!(
            (speed.loss.0 - 61f64.ln()).abs() < 1.0,
            "an untrained model on noise: {}",
            speed.loss
        );
        let spent: f64 = speed
            .operations
            .iter()
            .map(|operation| operation.time.as_secs_f64())
            .sum();
        let whole: f64 = speed.steps.iter().map(|step| step.0).sum();
        assert!(
            speed.step().0 > 0.0 && spent > 0.0 && spent < whole,
            "{spent} of {whole}"
        );
        // Two layers, five steps.
        for pass in [Pass::Forward, Pass::Backward] {
            let found = speed
                .operations
                .iter()
                .find(|found| found.operation == "feed_forward" && found.pass == pass);
            assert_eq!(found.unwrap().calls, 5 * 2);
        }
    }
    let composed = Implementation::Composed
        .run(|| measure(&config(Dtype::F32), 0, 1))
        .unwrap();
    assert_eq!((composed.steps.len(), composed.operations), (1, Vec::new()));
    assert!(product_peak(Dtype::F32) > 0.0);
}
