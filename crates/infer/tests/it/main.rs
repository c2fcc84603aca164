//! What an engine holds to.
#![allow(clippy::unwrap_used, reason = "tests may")]

mod batch;
mod bits;
mod chat;
mod constraints;
mod engine;
mod evaluate;
mod filling;
mod generate;
mod prefixes;
mod real;
mod steps;
mod written;

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_blocks::Format;
use triaxis_infer::{Engine, Options, Reading, Sequence, Wanted, Weights};
use triaxis_model::weights::{self, Weight};
use triaxis_model::{Model, Stack};
use triaxis_random::Stream;

/// A network all of whose weights are chance, gains and biases too.
fn random(stack: &Stack) -> (Model, BTreeMap<String, Weight>) {
    let model = stack.build(3, &Device::flex()).unwrap();
    let mut all = weights::read(&model);
    for (name, weight) in &mut all {
        let mut stream = Stream::new(5, name, 0);
        for value in &mut weight.values {
            *value += 0.1 * stream.normal() as f32;
        }
    }
    let model = weights::write(model, &all).unwrap().without_gradients();
    (model, all)
}

fn source(stack: &Stack, all: &BTreeMap<String, Weight>) -> Weights {
    Weights::new(stack.clone(), all.clone()).unwrap()
}

/// An engine, of chance weights.
fn engine_of(stack: &Stack, threads: usize, format: Option<Format>) -> Engine {
    let (_, all) = random(stack);
    let options = Options {
        threads,
        format,
        ..Options::default()
    };
    Engine::new(&source(stack, &all), options).unwrap()
}

/// The bits of the scores that are wanted of tokens which follow a sequence.
fn bits_after(engine: &mut Engine, sequence: &mut Sequence, tokens: &[u32], wanted: Wanted) -> Vec<u32> {
    let mut reading = [Reading {
        sequence,
        tokens,
        wanted,
    }];
    let scores = engine.read(&mut reading).unwrap();
    scores.into_iter().map(f32::to_bits).collect()
}

fn tokens(count: usize, vocabulary: usize) -> Vec<u32> {
    (0..count)
        .map(|index| ((index * 7 + index / 3) % vocabulary) as u32)
        .collect()
}

/// The scores after each token of a sequence, as training computes them.
fn expected(model: &Model, tokens: &[u32]) -> Vec<f32> {
    let data: Vec<i64> = tokens.iter().map(|&token| i64::from(token)).collect();
    let input = Tensor::<2, Int>::from_data(TensorData::new(data, [1, tokens.len()]), &Device::flex());
    model.logits(input).unwrap().into_data().iter::<f32>().collect()
}
