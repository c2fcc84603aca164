//! The engine: weights as they are stored, and one step over columns, each of which is the next token of a sequence.
//!
//! Networks of attention are computed by blocks, others by the model's own steps.

mod attention;
mod blocks;
mod channel;
mod load;
mod norm;
mod projection;
mod stream;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use triaxis_blocks::{Format, Kept, Matrix, PAGE, Precision};
use triaxis_model::{ChannelSpec, Ends, MixerSpec, Stack};
use triaxis_units::Bytes;

use self::blocks::Blocks;
use crate::error::InferError;
use crate::filling::no_next_token;
use crate::sequence::{Remembered, Sequence};
use crate::source::WeightSource;
use crate::steps::{self, Steps};

/// How many engines there were.
static ENGINES: AtomicU64 = AtomicU64::new(0);

/// How an engine computes.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Threads.
    pub threads: usize,
    /// How columns are multiplied with rows in quantised blocks.
    pub precision: Precision,
    /// How keys and values are kept.
    pub kept: Kept,
    /// The format that matrices in floating point are quantised to, where its blocks divide their rows.
    pub format: Option<Format>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            precision: Precision::default(),
            kept: Kept::default(),
            format: None,
        }
    }
}

/// Which scores are wanted of the tokens that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    None,
    /// Those after the last one.
    Last,
    /// Those after each.
    All,
}

/// Tokens that are read into a sequence.
#[derive(Debug)]
pub struct Reading<'a> {
    /// What they follow.
    pub sequence: &'a mut Sequence,
    /// The tokens.
    pub tokens: &'a [u32],
    /// Which scores are wanted.
    pub wanted: Wanted,
}

impl Reading<'_> {
    /// Of how many tokens scores are wanted.
    fn scores(&self) -> usize {
        match self.wanted {
            Wanted::None => 0,
            Wanted::Last => self.tokens.len().min(1),
            Wanted::All => self.tokens.len(),
        }
    }
}

/// A model that reads and gives scores of what comes next.
#[derive(Debug)]
pub struct Engine {
    /// Which of the process it is.
    number: u64,
    stack: Stack,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Blocks(Box<Blocks>),
    Steps(Box<Steps>),
}

/// Whether blocks of attention and what they are between are all that a network is of.
fn is_of_blocks(stack: &Stack) -> bool {
    let is_read = |channel: &ChannelSpec| matches!(channel, ChannelSpec::SwiGlu(_) | ChannelSpec::Gelu(_));
    let mut blocks = stack.blocks.values();
    let attends = blocks
        .all(|block| matches!(block.mixer, MixerSpec::Attention(_)) && block.channel.iter().all(is_read));
    attends && stack.ends == Ends::default()
}

impl Engine {
    /// The engine of a model.
    ///
    /// # Errors
    /// When positions see those after them, a weight cannot be read, or the system gives no memory or threads.
    pub fn new(source: &dyn WeightSource, options: Options) -> Result<Self, InferError> {
        let stack = source.stack().clone();
        if stack.is_bidirectional() {
            return Err(no_next_token());
        }
        let kind = match is_of_blocks(&stack) {
            true => Kind::Blocks(Box::new(Blocks::new(source, options)?)),
            false => Kind::Steps(Box::new(Steps::new(source)?)),
        };
        Ok(Self {
            number: ENGINES.fetch_add(1, Ordering::Relaxed),
            stack,
            kind,
        })
    }

    /// Which of the process it is.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The network.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Bytes of weights that reading a token reads.
    pub fn bytes(&self) -> usize {
        match &self.kind {
            Kind::Blocks(blocks) => blocks.matrices().map(Matrix::bytes).sum(),
            Kind::Steps(steps) => steps.bytes(),
        }
    }

    /// Bytes of weights that reading a token reads, by the format that they are stored in.
    pub fn formats(&self) -> BTreeMap<String, Bytes> {
        let mut formats = BTreeMap::new();
        let mut add = |name: &str, bytes: usize| {
            formats.entry(name.to_owned()).or_insert(Bytes(0)).0 += bytes as u64;
        };
        match &self.kind {
            Kind::Steps(steps) => add(Format::F32.name(), steps.bytes()),
            Kind::Blocks(blocks) => blocks
                .matrices()
                .for_each(|matrix| add(matrix.format().name(), matrix.bytes())),
        }
        formats
    }

    /// How what passes through is rounded: `eight` bits, or `single` precision.
    pub fn activations(&self) -> &'static str {
        match &self.kind {
            Kind::Blocks(blocks) if blocks.precision() == Precision::Eight => "eight",
            _ => "single",
        }
    }

    /// A sequence of nothing yet.
    pub fn sequence(&self) -> Sequence {
        let remembered = match &self.kind {
            Kind::Blocks(_) => Remembered::Pages(Vec::new()),
            Kind::Steps(_) => Remembered::Memory(triaxis_model::Memory::default()),
        };
        Sequence::new(self.number, remembered)
    }

    /// Bytes that a sequence remembers. Pages that are shared are counted by each.
    pub fn remembered(&self, sequence: &Sequence) -> usize {
        match (&self.kind, &sequence.remembered) {
            (Kind::Blocks(blocks), Remembered::Pages(pages)) => pages.len() * blocks.page_bytes(),
            (_, Remembered::Memory(memory)) => memory.bytes().0 as usize,
            (Kind::Steps(_), Remembered::Pages(_)) => 0,
        }
    }

    /// Bytes that are remembered of so many tokens.
    pub fn remembers(&self, tokens: usize) -> usize {
        match &self.kind {
            Kind::Blocks(blocks) => tokens.div_ceil(PAGE) * blocks.page_bytes(),
            Kind::Steps(_) => 4 * self.stack.remembered(tokens) as usize,
        }
    }

    /// Bytes that sequences share which begin with the same so many tokens.
    pub(crate) fn shared(&self, tokens: usize) -> usize {
        match &self.kind {
            Kind::Blocks(blocks) => tokens / PAGE * blocks.page_bytes(),
            Kind::Steps(_) => 0,
        }
    }

    /// Of how many tokens each beginning that sequences can share is a multiple.
    pub(crate) fn piece(&self) -> usize {
        match &self.kind {
            Kind::Blocks(_) => PAGE,
            Kind::Steps(_) => steps::AT_ONCE,
        }
    }

    /// Bytes that a token reads of what is remembered of so many before it.
    pub fn remembered_after(&self, positions: usize) -> usize {
        match &self.kind {
            Kind::Blocks(blocks) => blocks.remembered_after(positions),
            Kind::Steps(_) => 4 * self.stack.remembered(positions) as usize,
        }
    }

    /// Reads tokens, each reading into a sequence of its own, and returns the scores that are wanted, `[wanted, vocabulary]`,
    /// in the order of readings and tokens.
    ///
    /// # Errors
    /// When a token is not in the vocabulary, a sequence becomes longer than the context or is of another engine.
    pub fn read(&mut self, readings: &mut [Reading<'_>]) -> Result<Vec<f32>, InferError> {
        let wanted = readings.iter().map(Reading::scores).sum::<usize>();
        let mut scores = Vec::with_capacity(wanted.saturating_mul(self.stack.vocabulary));
        self.read_each(readings, &mut |row| scores.extend_from_slice(row))?;
        Ok(scores)
    }

    /// The same, with the scores of one token at a time, so that those of a long text need not be held.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_each(
        &mut self,
        readings: &mut [Reading<'_>],
        each: &mut dyn FnMut(&[f32]),
    ) -> Result<(), InferError> {
        for reading in &*readings {
            self.check(reading)?;
        }
        match &mut self.kind {
            Kind::Steps(steps) => steps.read(readings, each)?,
            Kind::Blocks(blocks) => blocks.read(readings, each),
        }
        for reading in readings {
            reading.sequence.tokens.extend_from_slice(reading.tokens);
        }
        Ok(())
    }

    /// Lets a sequence forget all but its first tokens: by itself where it can, else by a mark before them, after which
    /// it reads them again.
    pub(crate) fn go_back(
        &mut self,
        sequence: &mut Sequence,
        position: usize,
        mark: Option<Sequence>,
    ) -> Result<(), InferError> {
        if sequence.truncate(position) {
            return Ok(());
        }
        let mark = mark.filter(|mark| mark.position() <= position);
        let mark = mark.unwrap_or_else(|| self.sequence());
        let tokens = sequence.tokens()[mark.position()..position].to_vec();
        *sequence = mark;
        self.read(&mut [Reading {
            sequence,
            tokens: &tokens,
            wanted: Wanted::None,
        }])?;
        Ok(())
    }

    /// The rule that a sequence is of this engine.
    pub(crate) fn owns(&self, engine: u64) -> Result<(), InferError> {
        match engine == self.number {
            true => Ok(()),
            false => Err(InferError::input(
                "a sequence of another engine; begin one by `Engine::sequence` of this one",
            )),
        }
    }

    /// The rule that tokens are of the vocabulary.
    pub(crate) fn knows(&self, tokens: &[u32]) -> Result<(), InferError> {
        let vocabulary = self.stack.vocabulary;
        match tokens.iter().find(|&&token| token as usize >= vocabulary) {
            Some(token) => Err(InferError::input(format!(
                "token {token} is not in the vocabulary of {vocabulary}; give tokens of this model's tokenizer"
            ))),
            None => Ok(()),
        }
    }

    fn check(&self, reading: &Reading<'_>) -> Result<(), InferError> {
        let context = self.stack.context;
        self.knows(reading.tokens)?;
        let length = reading.sequence.position() + reading.tokens.len();
        if length > context {
            return Err(InferError::input(format!(
                "a sequence of {length} tokens does not fit the model's context of {context}; shorten it"
            )));
        }
        self.owns(reading.sequence.engine)
    }
}
