//! What a model costs by length, measured: a record of its own, which no study asks for yet.

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use triaxis_host::machine;
use triaxis_model::{ArchitectureSpec, Stack};
use triaxis_records::{LeftOut, Lengths, StepCost, TrainingCost};
use triaxis_train::length::Reader;
use triaxis_train::{Dtype, TrainConfig, TrainError, speed, step_memory};
use triaxis_units::{Bytes, Seconds};

use crate::error::StudyError;
use crate::identity;
use crate::record::{Circumstances, Recorded};

/// Version of the record's layout.
const SCHEMA: u32 = 1;

/// Tokens that a step is the median of, at most; one more warms up.
const STEPS: usize = 31;

/// Training steps that one is the median of, at most.
const TRAINING_STEPS: u64 = 15;

/// Costs by length of one model on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LengthRecord {
    /// Version of the layout.
    pub schema: u32,
    /// Identity of this measurement: another one of the same model is another record.
    pub id: String,
    /// The model, with room for the longest context asked for.
    pub model: ArchitectureSpec,
    /// What was measured.
    pub lengths: Lengths,
    /// Where and when.
    pub circumstances: Circumstances,
}

impl Recorded for LengthRecord {
    fn id(&self) -> &str {
        &self.id
    }

    fn layout(&self) -> [u32; 2] {
        [self.schema, SCHEMA]
    }

    fn agrees(&self, other: &Self) -> bool {
        self.lengths == other.lengths
    }
}

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct LengthPlan {
    /// Contexts and lengths of sequences, from the least to the largest.
    pub lengths: Vec<usize>,
    /// How many threads are to compute, one after the other.
    pub threads: Vec<usize>,
    /// Tokens of a training step, in as many sequences as they fill.
    pub batch: usize,
    /// Time for each number.
    pub seconds: Seconds,
    /// Time for the way from one context to the next, where all of it is read.
    pub reading: Seconds,
    /// Tokens that are read at a time on the way.
    pub piece: usize,
}

/// Measures a model by a plan; `heard` is told what is being done.
///
/// # Errors
/// When the model cannot be built, or no threads can be started.
pub fn measure(
    name: &str,
    model: &ArchitectureSpec,
    plan: &LengthPlan,
    heard: &mut dyn FnMut(&str),
) -> Result<LengthRecord, StudyError> {
    let stack = model.stack();
    let pools = plan.threads.iter().map(|&threads| pool(threads));
    let pools = pools.collect::<Result<Vec<_>, _>>()?;
    let mut measured = Measured {
        plan,
        pools,
        lengths: Lengths {
            name: name.to_owned(),
            parameters: stack.parameters().total,
            grows: plan
                .lengths
                .iter()
                .any(|&length| stack.remembered(length) != stack.remembered(1)),
            steps: Vec::new(),
            trainings: Vec::new(),
            left_out: Vec::new(),
        },
        stack,
    };
    let started = std::time::Instant::now();
    measured.step(heard)?;
    measured.train(heard)?;
    let threads = plan.threads.iter().copied().max().unwrap_or(1);
    let seconds = Seconds(started.elapsed().as_secs_f64());
    let mut record = LengthRecord {
        schema: SCHEMA,
        id: String::new(),
        model: model.clone(),
        lengths: measured.lengths,
        circumstances: Circumstances::of(threads, seconds),
    };
    record.id = identity::of(&record);
    Ok(record)
}

/// Threads of their own.
///
/// # Errors
/// When the system refuses.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool, StudyError> {
    let built = ThreadPoolBuilder::new().num_threads(threads).build();
    built.map_err(|error| StudyError::Threads {
        threads,
        reason: error.to_string(),
    })
}

/// What has been measured.
struct Measured<'a> {
    plan: &'a LengthPlan,
    pools: Vec<ThreadPool>,
    stack: Stack,
    lengths: Lengths,
}

impl Measured<'_> {
    /// The same model for sequences of that length.
    fn stack(&self, context: usize) -> Stack {
        Stack {
            context,
            ..self.stack.clone()
        }
    }

    fn leave_out(&mut self, what: &str, from: usize, threads: Option<usize>, reason: String) {
        self.lengths.left_out.push(LeftOut {
            what: what.to_owned(),
            from,
            threads,
            reason,
        });
    }

    fn step(&mut self, heard: &mut dyn FnMut(&str)) -> Result<(), TrainError> {
        let fitting = self
            .plan
            .lengths
            .iter()
            .filter(|&&length| self.fits(length).is_ok());
        let longest = fitting.max().copied().unwrap_or(1);
        // Steps are timed after the longest context, too.
        let mut reader = Reader::new(&self.stack(2 * longest))?;
        for &context in &self.plan.lengths {
            heard(&format!("stepping after {context}"));
            if let Err(reason) = self.bring(&mut reader, context)? {
                self.leave_out("stepping", context, None, reason);
                return Ok(());
            }
            let remembered = reader.remembered();
            for pool in &self.pools {
                let (time, tokens) = pool.install(|| self.time(&mut reader, context))?;
                self.lengths.steps.push(StepCost {
                    context,
                    threads: pool.current_num_threads(),
                    time,
                    tokens,
                    remembered,
                    is_read: !self.lengths.grows || context == self.plan.lengths[0],
                });
            }
        }
        Ok(())
    }

    /// Whether there is memory for what is remembered, or why not.
    fn fits(&self, context: usize) -> Result<(), String> {
        // A cache that grows has its new room beside the old one.
        let needed = Bytes(4 * self.stack.remembered(context)) * 3;
        match machine::available_memory() {
            Some(available) if available < needed => Err(format!(
                "what is remembered takes about {needed} while it grows, and {available} are available"
            )),
            _ => Ok(()),
        }
    }

    /// Brings what is remembered to a context, or tells why it stays behind it.
    fn bring(&self, reader: &mut Reader, context: usize) -> Result<Result<(), String>, TrainError> {
        if let Err(reason) = self.fits(context) {
            return Ok(Err(reason));
        }
        if self.lengths.grows && reader.position() > 0 {
            reader.repeat(context);
            return Ok(Ok(()));
        }
        let (start, mut spent) = (reader.position(), 0.0);
        while reader.position() < context {
            if spent > self.plan.reading.0 {
                let (read, way) = (reader.position() - start, context - start);
                return Ok(Err(format!(
                    "of the {way} tokens on the way there, {read} were read in {}",
                    Seconds(spent)
                )));
            }
            let count = self.plan.piece.min(context - reader.position());
            let mut read = || reader.read(count);
            spent += match self.pools.last() {
                Some(pool) => pool.install(read)?.0,
                None => read()?.0,
            };
        }
        Ok(Ok(()))
    }

    /// The median time of some steps, and how many they were.
    fn time(&self, reader: &mut Reader, context: usize) -> Result<(Seconds, usize), TrainError> {
        // So few that they do not come to the next context.
        let most = (context / (4 * self.pools.len())).clamp(1, STEPS);
        reader.read(1)?;
        let (mut times, mut spent) = (Vec::new(), 0.0);
        while times.len() < most && (spent < self.plan.seconds.0 || times.len() < 3.min(most)) {
            let time = reader.read(1)?;
            spent += time.0;
            times.push(time);
        }
        Ok((Seconds::median(&times), times.len()))
    }

    fn train(&mut self, heard: &mut dyn FnMut(&str)) -> Result<(), TrainError> {
        for pool in std::mem::take(&mut self.pools) {
            let threads = pool.current_num_threads();
            for &length in &self.plan.lengths {
                heard(&format!("training on sequences of {length}, threads: {threads}"));
                let config = self.config(length);
                let memory = step_memory(&config);
                if let Some(available) = machine::available_memory().filter(|&available| available < memory) {
                    let reason =
                        format!("a step takes about {memory} of memory, and {available} are available");
                    self.leave_out("training", length, Some(threads), reason);
                    break;
                }
                let (time, steps) = pool.install(|| self.training(&config))?;
                self.lengths.trainings.push(TrainingCost {
                    length,
                    sequences: config.batch_sequences,
                    threads,
                    time,
                    steps,
                    memory,
                });
                let longer = self.plan.lengths.iter().find(|&&other| other > length);
                if let Some(&from) = longer.filter(|_| time.0 > self.plan.seconds.0) {
                    let given = self.plan.seconds;
                    let reason = format!(
                        "a step on sequences of {length} took {time}, and {given} were given to each number"
                    );
                    self.leave_out("training", from, Some(threads), reason);
                    break;
                }
            }
        }
        Ok(())
    }

    /// The median time of some training steps, and how many they were.
    fn training(&self, config: &TrainConfig) -> Result<(Seconds, usize), TrainError> {
        let mut speed = speed::measure(config, 1, 1)?;
        let steps = (self.plan.seconds.0 / speed.step().0) as u64;
        if steps > 1 {
            speed = speed::measure(config, 1, steps.min(TRAINING_STEPS))?;
        }
        Ok((speed.step(), speed.steps.len()))
    }

    fn config(&self, length: usize) -> TrainConfig {
        let model = ArchitectureSpec::Stack(self.stack(length));
        speed::config(model, (self.plan.batch / length).max(1), Dtype::F32)
    }
}
