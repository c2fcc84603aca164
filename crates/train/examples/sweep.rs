//! Trains one small decoder on real text (the sources of this workspace's dependencies) at several
//! learning rates, to check the rule in `rules.rs`, and tells the speed.
//!
//! ```text
//! cargo run --release -p triaxis-train --example sweep -- \
//!     VOCABULARY WIDTH LAYERS CONTEXT BATCH_SEQUENCES TOKENS LEARNING_RATE[,…]
//! ```
//!
//! Prints a line for each rate: the rate as a factor on the rule's, the validation loss, the time.
//! The corpus is kept in the temporary folder for the next call.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use triaxis_corpus::{CorpusSpec, TokenizerSpec, prepare};
use triaxis_model::{ArchitectureSpec, Decoder};
use triaxis_train::{
    Branch, BranchOutcome, Dtype, EpochOrder, ObjectiveSpec, Observer, OptimizerConfig, Schedule, StepEvent,
    TrainConfig, ValidationText, estimate, rules, run,
};
use triaxis_units::Tokens;

/// When each step ended.
#[derive(Default)]
struct Watch(Vec<Instant>);

impl Observer for Watch {
    fn step(&mut self, _: &StepEvent) {
        self.0.push(Instant::now());
    }
    fn branch_finished(&mut self, _: &BranchOutcome) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vocabulary, width, layers, context, batch_sequences, tokens, rates] = arguments.as_slice() else {
        return Err(
            "usage: sweep VOCABULARY WIDTH LAYERS CONTEXT BATCH_SEQUENCES TOKENS LEARNING_RATE[,…]".into(),
        );
    };
    let [vocabulary, width, layers, context, batch_sequences] =
        [vocabulary, width, layers, context, batch_sequences].map(|text| text.parse::<usize>());
    let (vocabulary, context, batch_sequences, tokens) =
        (vocabulary?, context?, batch_sequences?, tokens.parse::<Tokens>()?);

    let spec: CorpusSpec = serde_json::from_str(
        r#"{"sources": [{"kind": "cargo-sources", "name": "dependencies"}], "sample": "40MB", "validation": "300KB"}"#,
    )?;
    let tokenizer: TokenizerSpec = serde_json::from_str(&format!(r#"{{"vocabulary": {vocabulary}}}"#))?;
    let folder = std::env::temp_dir().join(format!("triaxis-sweep-{vocabulary}"));
    let corpus = prepare(&spec, &tokenizer, Path::new("."), &folder, &())?;

    let width = width?;
    let decoder = Decoder::new(corpus.vocabulary(), width, layers?, (width / 16).max(1), context);
    let end = tokens.0 / (batch_sequences * context) as u64;
    let mut config = TrainConfig {
        architecture: ArchitectureSpec::Decoder(decoder),
        context,
        batch_sequences,
        dtype: Dtype::F32,
        schedule: Schedule::Wsd,
        warmup_steps: rules::warmup_steps(end),
        peak_learning_rate: 0.0,
        optimizer: OptimizerConfig::default(),
        seed: 0,
        unique: None,
        order: EpochOrder::default(),
        decay_on: Vec::new(),
        shares: Vec::new(),
        objective: ObjectiveSpec::default(),
        branches: vec![Branch { end, decay: end / 5 }],
    };
    let facts = estimate(&config);
    let rule = rules::learning_rate(facts.non_embedding, tokens);
    println!(
        "{} parameters, {} outside the embedding, {} tokens in {end} steps, {}, memory {}; rules: rate {rule:.4}, batch {}",
        facts.parameters,
        facts.non_embedding,
        facts.tokens,
        facts.flops,
        facts.memory,
        rules::batch(facts.non_embedding, tokens),
    );
    for rate in rates.split(',') {
        config.peak_learning_rate = rate.parse()?;
        let checkpoints = tempfile::tempdir()?;
        let (train, validation) = (corpus.train(), ValidationText::of_corpus(&corpus));
        let mut watch = Watch::default();
        let outcomes = run(
            &config,
            &train,
            &validation,
            checkpoints.path(),
            &BTreeSet::new(),
            &mut watch,
        )?;
        let mut gaps: Vec<f64> = watch
            .0
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_secs_f64())
            .collect();
        gaps.sort_by(f64::total_cmp);
        let median = gaps.get(gaps.len() / 2).copied().unwrap_or(f64::NAN);
        for outcome in outcomes {
            println!(
                "rate {rate} ({:.2} × rule): {}, {:?}, {:.1} s, {:.0} tokens/s in the median step",
                config.peak_learning_rate / rule,
                outcome.validation.map_or("none".to_owned(), |found| format!(
                    "{:.4} nats, {:.4} bits per byte",
                    found.nats, found.bits_per_byte
                )),
                outcome.status,
                outcome.seconds.0,
                config.batch_tokens().as_f64() / median,
            );
        }
    }
    Ok(())
}
