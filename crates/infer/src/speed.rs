//! How fast an engine is.

use std::hint::black_box;
use std::time::Instant;

use triaxis_blocks::Team;
use triaxis_units::{Bytes, Seconds};

use crate::engine::{Engine, Reading, Wanted};
use crate::error::InferError;
use crate::sequence::Sequence;

/// Steps that one is the median of, at most and at least.
const STEPS: [usize; 2] = [128, 9];

/// Prompts that one is the median of, at most and at least.
const PROMPTS: [usize; 2] = [9, 3];

/// Bytes that are read to measure the bandwidth of memory: more than any cache holds.
const READ: usize = 1 << 28;

/// The rule that there is room for a token after each of `contexts`, and for each of `prompts`.
///
/// # Errors
/// For the first that does not fit.
pub fn fits(engine: &Engine, contexts: &[usize], prompts: &[usize]) -> Result<(), InferError> {
    let room = engine.stack().context;
    if let Some(context) = contexts.iter().find(|&&context| context >= room) {
        return Err(InferError::input(format!(
            "a token after {context} others: the model's context is {room}, so that there can be from 0 to {} before; \
             measure after fewer",
            room - 1
        )));
    }
    match prompts.iter().find(|&&length| length > room) {
        Some(length) => Err(InferError::input(format!(
            "a prompt of {length} tokens: the model's context is {room}; measure a shorter one"
        ))),
        None => Ok(()),
    }
}

/// The median time of a step of a token of each of `batch` sequences after `context` tokens, as measured for `seconds`.
///
/// # Errors
/// When that does not fit the model's context.
pub fn step(
    engine: &mut Engine,
    batch: usize,
    context: usize,
    seconds: Seconds,
) -> Result<Seconds, InferError> {
    fits(engine, &[context], &[])?;
    let room = engine.stack().context;
    let mut stem = engine.sequence();
    read(
        engine,
        std::slice::from_mut(&mut stem),
        &tokens(engine, context),
        Wanted::None,
    )?;
    let mut sequences = vec![stem.clone(); batch];
    let (mut times, started) = (Vec::new(), Instant::now());
    while times.len() < STEPS[0] && (times.len() < STEPS[1] || started.elapsed().as_secs_f64() < seconds.0) {
        if sequences[0].position() == room {
            sequences = vec![stem.clone(); batch];
        }
        let token = tokens(engine, times.len() + 1)[times.len()];
        times.push(read(engine, &mut sequences, &[token], Wanted::Last)?);
    }
    Ok(Seconds::median(&times))
}

/// The median time of reading a prompt of so many tokens, whose last one's scores are wanted.
///
/// # Errors
/// When it does not fit the model's context.
pub fn prompt(engine: &mut Engine, length: usize, seconds: Seconds) -> Result<Seconds, InferError> {
    let tokens = tokens(engine, length);
    let (mut times, started) = (Vec::new(), Instant::now());
    while times.len() < PROMPTS[0]
        && (times.len() < PROMPTS[1] || started.elapsed().as_secs_f64() < seconds.0)
    {
        let mut sequence = [engine.sequence()];
        times.push(read(engine, &mut sequence, &tokens, Wanted::Last)?);
    }
    Ok(Seconds::median(&times))
}

/// What memory gives a second where so many threads only read it: the most of a few times.
///
/// # Errors
/// When the system gives no thread.
pub fn bandwidth(threads: usize) -> Result<Bytes, InferError> {
    let mut team = Team::new(threads).map_err(|error| InferError::machine("starting threads", &error))?;
    let numbers = vec![1u64; READ / 8];
    let mut parts: Vec<(&[u64], u64)> = numbers
        .chunks(numbers.len().div_ceil(8 * threads.max(1)))
        .map(|part| (part, 0))
        .collect();
    let mut fastest = f64::INFINITY;
    for _ in 0..5 {
        let started = Instant::now();
        team.each(&mut parts, |(part, sum)| {
            *sum = part.iter().fold(0, |sum: u64, number| sum.wrapping_add(*number));
        });
        fastest = fastest.min(started.elapsed().as_secs_f64());
        black_box(&parts);
    }
    Ok(Bytes((READ as f64 / fastest) as u64))
}

fn read(
    engine: &mut Engine,
    sequences: &mut [Sequence],
    tokens: &[u32],
    wanted: Wanted,
) -> Result<Seconds, InferError> {
    let mut readings: Vec<Reading<'_>> = sequences
        .iter_mut()
        .map(|sequence| Reading {
            sequence,
            tokens,
            wanted,
        })
        .collect();
    let started = Instant::now();
    engine.read(&mut readings)?;
    Ok(Seconds(started.elapsed().as_secs_f64()))
}

/// Some tokens of the vocabulary.
fn tokens(engine: &Engine, count: usize) -> Vec<u32> {
    let vocabulary = engine.stack().vocabulary;
    (0..count)
        .map(|index| (index * 7919 % vocabulary) as u32)
        .collect()
}
