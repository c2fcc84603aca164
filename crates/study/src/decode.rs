//! How fast a model decodes, measured: a record of its own, which no study asks for yet.

use serde::{Deserialize, Serialize};
use triaxis_infer::{Engine, speed};
use triaxis_model::{ArchitectureSpec, Stack};
use triaxis_records::{DecodeRate, Decoding, PromptRate};
use triaxis_units::{Bytes, Seconds};

use crate::error::StudyError;
use crate::experts;
use crate::identity;
use crate::record::{Circumstances, Recorded};

/// Version of the record's layout.
const SCHEMA: u32 = 1;

/// Speeds of one model on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecodeRecord {
    /// Version of the layout.
    pub schema: u32,
    /// Identity of this measurement: another one of the same model is another record.
    pub id: String,
    /// The network.
    pub model: Stack,
    /// What was measured.
    pub decoding: Decoding,
    /// Where and when.
    pub circumstances: Circumstances,
}

impl Recorded for DecodeRecord {
    fn id(&self) -> &str {
        &self.id
    }

    fn layout(&self) -> [u32; 2] {
        [self.schema, SCHEMA]
    }

    fn agrees(&self, other: &Self) -> bool {
        self.decoding == other.decoding
    }
}

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct DecodePlan {
    /// Threads that the engine has.
    pub threads: usize,
    /// Sequences of a step.
    pub batches: Vec<usize>,
    /// Tokens before it.
    pub contexts: Vec<usize>,
    /// Lengths of prompts.
    pub prompts: Vec<usize>,
    /// Time for each number.
    pub seconds: Seconds,
}

/// Measures an engine by a plan; `heard` is told what is being done.
///
/// # Errors
/// When something does not fit the model's context.
pub fn measure(
    name: &str,
    engine: &mut Engine,
    plan: &DecodePlan,
    heard: &mut dyn FnMut(&str),
) -> Result<DecodeRecord, StudyError> {
    let started = std::time::Instant::now();
    let stack = engine.stack().clone();
    speed::fits(engine, &plan.contexts, &plan.prompts)?;
    let has_experts = experts::experts(&ArchitectureSpec::Stack(stack.clone())).is_some();
    let weights = Bytes(engine.bytes() as u64);
    let bandwidth = speed::bandwidth(plan.threads)?;
    let mut decoding = Decoding {
        name: name.to_owned(),
        parameters: stack.parameters().total,
        activations: engine.activations().to_owned(),
        formats: engine.formats(),
        threads: plan.threads,
        weights,
        bandwidth,
        steps: Vec::new(),
        prompts: Vec::new(),
    };
    for &context in &plan.contexts {
        for &batch in &plan.batches {
            heard(&format!("a token of each of {batch} after {context}"));
            let time = speed::step(engine, batch, context, plan.seconds)?;
            let remembered = engine.remembered_after(context) * batch;
            let read = Bytes(weights.0 + remembered as u64);
            decoding.steps.push(DecodeRate {
                batch,
                context,
                tokens_per_second: batch as f64 / time.0,
                read,
                share: read.0 as f64 / time.0 / bandwidth.0 as f64,
                is_least: batch > 1 && has_experts,
            });
        }
    }
    for &length in &plan.prompts {
        heard(&format!("a prompt of {length}"));
        let time = speed::prompt(engine, length, plan.seconds)?;
        let matrices = stack.parameters().active_non_embedding().0 as f64;
        decoding.prompts.push(PromptRate {
            length,
            tokens_per_second: length as f64 / time.0,
            operations_per_second: 2.0 * matrices * length as f64 / time.0,
        });
    }
    let seconds = Seconds(started.elapsed().as_secs_f64());
    let mut record = DecodeRecord {
        schema: SCHEMA,
        id: String::new(),
        model: stack,
        decoding,
        circumstances: Circumstances::of(plan.threads, seconds),
    };
    record.id = identity::of(&record);
    Ok(record)
}
