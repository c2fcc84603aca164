//! The engine: weights as they are stored, and one step over columns, each of which is the next token of a sequence.
//!
//! A step goes layer by layer over all columns at once. What is between products is done column by column, so that a
//! column's numbers never depend on the others.

mod attention;
mod channel;
mod load;
mod norm;
mod projection;
mod stream;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use triaxis_blocks::{Format, Heads, Kept, Matrix, PAGE, Page, PageLayout, Precision, STRIP, Team};
use triaxis_kernels::simd::Level;
use triaxis_model::{ChannelSpec, Ends, MixerSpec, Stack};
use triaxis_units::Bytes;

use self::attention::Attention;
use self::channel::Channel;
use self::load::Load;
use self::norm::Normalised;
use self::projection::{Inputs, Projection, Run};
use self::stream::Stream;
use crate::error::InferError;
use crate::sequence::{Remembered, Sequence, reserve};
use crate::source::WeightSource;
use crate::steps::{self, Steps};

/// Columns of a step at most: what is longer is read in as many steps as it takes.
const COLUMNS: usize = 512;

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
    /// When a weight cannot be read, or the system gives no memory or threads.
    pub fn new(source: &dyn WeightSource, options: Options) -> Result<Self, InferError> {
        let stack = source.stack().clone();
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
            Kind::Blocks(blocks) if blocks.precision == Precision::Eight => "eight",
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
            (Kind::Blocks(blocks), Remembered::Pages(pages)) => pages.len() * blocks.layout.bytes(),
            (_, Remembered::Memory(memory)) => memory.bytes().0 as usize,
            (Kind::Steps(_), Remembered::Pages(_)) => 0,
        }
    }

    /// Bytes that are remembered of so many tokens.
    pub fn remembers(&self, tokens: usize) -> usize {
        match &self.kind {
            Kind::Blocks(blocks) => tokens.div_ceil(PAGE) * blocks.layout.bytes(),
            Kind::Steps(_) => 4 * self.stack.remembered(tokens) as usize,
        }
    }

    /// Bytes that sequences share which begin with the same so many tokens.
    pub(crate) fn shared(&self, tokens: usize) -> usize {
        match &self.kind {
            Kind::Blocks(blocks) => tokens / PAGE * blocks.layout.bytes(),
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
        let mut scores = Vec::new();
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

/// A column of a step.
#[derive(Debug, Clone, Copy)]
struct Column {
    sequence: usize,
    position: usize,
    token: u32,
    wanted: bool,
}

/// Columns that are computed together, and the pages of their sequences.
struct Step<'a, 'p> {
    columns: &'a [Column],
    layout: &'a PageLayout,
    pages: &'a mut [&'p mut Vec<Arc<Page>>],
}

/// The engine of networks of attention.
#[derive(Debug)]
struct Blocks {
    layers: Vec<(Attention, Option<Channel>)>,
    embedding: Projection,
    positions: Option<Projection>,
    norm: Normalised,
    /// That of a head of its own.
    head: Option<Projection>,
    layout: PageLayout,
    team: Team,
    level: Level,
    precision: Precision,
    room: Room,
}

/// What is written in a step.
#[derive(Debug, Default)]
struct Room {
    stream: Stream,
    attention: attention::Room,
    channel: channel::Room,
    x: Inputs,
    scores: Stream,
}

impl Blocks {
    fn new(source: &dyn WeightSource, options: Options) -> Result<Self, InferError> {
        let stack = source.stack();
        let of = |prefix: String| Load {
            source,
            prefix,
            format: options.format,
        };
        let outer = of(String::new());
        let mut layers = Vec::with_capacity(stack.layers);
        for (layer, letter) in stack.pattern.chars().cycle().take(stack.layers).enumerate() {
            let block = &stack.blocks[&letter];
            let MixerSpec::Attention(settings) = &block.mixer else {
                unreachable!("an engine of blocks is of attention alone");
            };
            let load = of(format!("blocks.{layer}"));
            let channel = block.channel.as_ref().map(|spec| Channel::load(&load, spec));
            layers.push((Attention::load(&load, settings)?, channel.transpose()?));
        }
        let heads: Vec<Heads> = layers.iter().map(|(attention, _)| attention.heads()).collect();
        let team =
            Team::new(options.threads).map_err(|error| InferError::machine("starting threads", &error))?;
        Ok(Self {
            embedding: outer.projection("embedding")?,
            positions: stack
                .learned_positions
                .map(|_| outer.projection("positions"))
                .transpose()?,
            norm: Normalised::load(&outer, "norm")?,
            head: (!stack.tied).then(|| outer.projection("head")).transpose()?,
            layout: PageLayout::new(heads, options.kept),
            layers,
            team,
            level: Level::current(),
            precision: options.precision,
            room: Room::default(),
        })
    }

    fn head(&self) -> &Projection {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// The matrices that reading a token reads.
    fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let layers = self.layers.iter().flat_map(|(attention, channel)| {
            let channel = channel.iter().flat_map(Channel::projections);
            attention.projections().chain(channel)
        });
        layers.chain([self.head()]).flat_map(Projection::matrices)
    }

    fn remembered_after(&self, positions: usize) -> usize {
        let of_layer = |(layer, (attention, _)): (usize, &(Attention, Option<Channel>))| {
            self.layout.layer_bytes(layer) * attention.sees(positions) / PAGE
        };
        self.layers.iter().enumerate().map(of_layer).sum()
    }

    /// Reads all tokens in steps of at most [`COLUMNS`] columns. Readings that do not fit one follow in the next.
    fn read(&mut self, readings: &mut [Reading<'_>], each: &mut dyn FnMut(&[f32])) {
        let mut columns = Vec::new();
        for (sequence, reading) in readings.iter().enumerate() {
            let last = reading.tokens.len().saturating_sub(1);
            let all = reading.tokens.iter().enumerate().map(|(index, &token)| Column {
                sequence,
                position: reading.sequence.position() + index,
                token,
                wanted: match reading.wanted {
                    Wanted::None => false,
                    Wanted::Last => index == last,
                    Wanted::All => true,
                },
            });
            columns.extend(all);
        }
        let mut pages: Vec<&mut Vec<Arc<Page>>> = readings
            .iter_mut()
            .filter_map(|reading| {
                let end = reading.sequence.position() + reading.tokens.len();
                match &mut reading.sequence.remembered {
                    Remembered::Pages(pages) => {
                        reserve(pages, &self.layout, end);
                        Some(pages)
                    }
                    Remembered::Memory(_) => None,
                }
            })
            .collect();
        for columns in columns.chunks(COLUMNS) {
            self.step(columns, &mut pages, each);
        }
    }

    fn step(&mut self, columns: &[Column], pages: &mut [&mut Vec<Arc<Page>>], each: &mut dyn FnMut(&[f32])) {
        let width = self.embedding.columns();
        let Room {
            stream,
            attention: room,
            channel: channel_room,
            ..
        } = &mut self.room;
        stream.resize(width.div_ceil(STRIP), columns.len());
        let (mut row, mut position) = (vec![0.0; width], vec![0.0; width]);
        for (index, column) in columns.iter().enumerate() {
            self.embedding.row(column.token as usize, &mut row);
            if let Some(positions) = &self.positions {
                positions.row(column.position, &mut position);
                row.iter_mut()
                    .zip(&position)
                    .for_each(|(row, position)| *row += position);
            }
            stream.scatter(index, &row);
        }
        let mut run = Run {
            team: &mut self.team,
            level: self.level,
            precision: self.precision,
        };
        let mut step = Step {
            columns,
            layout: &self.layout,
            pages,
        };
        for (layer, (attention, channel)) in self.layers.iter().enumerate() {
            attention.run(&mut run, room, stream, &mut step, layer);
            if let Some(channel) = channel {
                channel.run(&mut run, channel_room, stream);
            }
        }
        self.score(columns, each);
    }

    /// Tells the scores of the columns that want them.
    fn score(&mut self, columns: &[Column], each: &mut dyn FnMut(&[f32])) {
        /// Columns whose scores are computed at a time: those of a large vocabulary take some room.
        const AT_ONCE: usize = 64;
        let wanted = columns.iter().enumerate().filter(|(_, column)| column.wanted);
        let wanted: Vec<usize> = wanted.map(|(index, _)| index).collect();
        let head = self.head.as_ref().unwrap_or(&self.embedding);
        let (room, norm) = (&mut self.room, &self.norm);
        let mut run = Run {
            team: &mut self.team,
            level: self.level,
            precision: self.precision,
        };
        let width = head.columns();
        for wanted in wanted.chunks(AT_ONCE) {
            let stream = &room.stream;
            room.scores.resize(head.strips(), wanted.len());
            let make = |columns: Range<usize>, out: &mut [f32]| {
                for (&column, out) in wanted[columns].iter().zip(out.chunks_exact_mut(width)) {
                    norm.gather(stream, column..column + 1, out);
                }
            };
            head.multiply(&mut run, &mut room.x, &make, false, &mut room.scores);
            let mut row = vec![0.0; head.rows()];
            for index in 0..wanted.len() {
                room.scores.gather(index, 0, &mut row);
                each(&row);
            }
        }
    }
}
