//! Trains one decoder in `f32` and in bf16 from several seeds, to hold the difference that rounding makes
//! against the difference that seeds make.
//!
//! ```text
//! cargo run --release -p triaxis-train --example precision -- \
//!     CORPUS WIDTH LAYERS HEADS CONTEXT BATCH_SEQUENCES TOKENS LEARNING_RATE SEEDS
//! ```
//!
//! `CORPUS` is the corpus folder of a study. Prints the validation losses, and how far apart the training
//! curves of one seed lie.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use triaxis_corpus::Corpus;
use triaxis_model::{ArchitectureSpec, Decoder};
use triaxis_train::{
    Branch, BranchOutcome, Dtype, EpochOrder, ObjectiveSpec, Observer, OptimizerConfig, Schedule, StepEvent,
    TrainConfig, ValidationText, rules, run,
};
use triaxis_units::Tokens;

struct Nobody;

impl Observer for Nobody {
    fn step(&mut self, _: &StepEvent) {}
    fn branch_finished(&mut self, _: &BranchOutcome) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    const USAGE: &str =
        "usage: precision CORPUS WIDTH LAYERS HEADS CONTEXT BATCH_SEQUENCES TOKENS LEARNING_RATE SEEDS";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, width, layers, heads, context, batch, tokens, rate, seeds] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let corpus = Corpus::open(Path::new(corpus))?;
    let [width, layers, heads, context, batch_sequences] =
        [width, layers, heads, context, batch].map(|text| text.parse::<usize>());
    let (context, batch_sequences) = (context?, batch_sequences?);
    let end = tokens.parse::<Tokens>()?.0 / (batch_sequences * context) as u64;
    let decoder = Decoder::new(corpus.vocabulary(), width?, layers?, heads?, context);
    let config = TrainConfig {
        architecture: ArchitectureSpec::Decoder(decoder),
        context,
        batch_sequences,
        dtype: Dtype::F32,
        schedule: Schedule::Wsd,
        warmup_steps: rules::warmup_steps(end),
        peak_learning_rate: rate.parse()?,
        optimizer: OptimizerConfig::default(),
        seed: 0,
        unique: None,
        order: EpochOrder::default(),
        decay_on: Vec::new(),
        shares: Vec::new(),
        objective: ObjectiveSpec::default(),
        branches: vec![Branch { end, decay: end / 5 }],
    };
    let units = Dtype::ALL.map(|dtype| format!("{dtype} on {}", dtype.unit()));
    println!(
        "{} parameters, {end} steps, {}",
        config.architecture.parameters().total,
        units.join(", ")
    );

    let mut losses: [Vec<f64>; 2] = Default::default();
    for seed in 1..=seeds.parse()? {
        let train = |dtype| {
            train(
                &corpus,
                &TrainConfig {
                    seed,
                    dtype,
                    ..config.clone()
                },
            )
        };
        let outcomes = [train(Dtype::F32)?, train(Dtype::Bf16)?];
        let curve = |outcome: &BranchOutcome| -> Vec<f64> {
            outcome.curve.iter().map(|point| point.loss.0).collect()
        };
        let apart: Vec<f64> = std::iter::zip(curve(&outcomes[0]), curve(&outcomes[1]))
            .map(|(one, other)| (one - other).abs())
            .collect();
        let validation = outcomes
            .each_ref()
            .map(|outcome| outcome.validation.map(|found| found.nats.0));
        let [Some(single), Some(half)] = validation else {
            return Err(format!("a training from seed {seed} diverged").into());
        };
        println!(
            "seed {seed}: {single:.4} nats in f32 ({:.1} s), {half:.4} in bf16 ({:.1} s), {:+.4}; \
             curves apart {:.4} in the mean, {:.4} at most",
            outcomes[0].seconds.0,
            outcomes[1].seconds.0,
            half - single,
            mean(&apart),
            apart.iter().copied().fold(0.0, f64::max),
        );
        losses[0].push(single);
        losses[1].push(half);
    }
    let differences: Vec<f64> = std::iter::zip(&losses[0], &losses[1])
        .map(|(one, other)| other - one)
        .collect();
    println!(
        "f32: {:.4} with deviation {:.4} between seeds; bf16: {:.4} with {:.4}; bf16 - f32: {:+.4} with {:.4}",
        mean(&losses[0]),
        deviation(&losses[0]),
        mean(&losses[1]),
        deviation(&losses[1]),
        mean(&differences),
        deviation(&differences),
    );
    Ok(())
}

fn train(corpus: &Corpus, config: &TrainConfig) -> Result<BranchOutcome, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (train, validation) = (corpus.train(), ValidationText::of_corpus(corpus));
    let outcomes = run(
        config,
        &train,
        &validation,
        folder.path(),
        &BTreeSet::new(),
        &mut Nobody,
    )?;
    outcomes
        .into_iter()
        .next()
        .ok_or_else(|| "no training was asked for".into())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample's standard deviation.
fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}
