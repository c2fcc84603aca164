//! The engine of networks of attention.
//!
//! A step goes layer by layer over all columns at once. What is between products is done column by column, so that a
//! column's numbers never depend on the others.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use triaxis_blocks::{Heads, Matrix, PAGE, Page, PageLayout, Precision, STRIP, Team};
use triaxis_kernels::simd::Level;
use triaxis_model::MixerSpec;

use super::attention::{self, Attention};
use super::channel::{self, Channel};
use super::load::Load;
use super::norm::Normalised;
use super::projection::{Inputs, Projection, Run};
use super::stream::Stream;
use super::{Options, Reading, Wanted};
use crate::error::InferError;
use crate::sequence::{Remembered, reserve};
use crate::source::WeightSource;

/// Columns of a step at most: what is longer is read in as many steps as it takes.
const COLUMNS: usize = 512;

/// A column of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) sequence: usize,
    pub(super) position: usize,
    token: u32,
    wanted: bool,
}

/// Columns that are computed together, and the pages of their sequences.
pub(super) struct Step<'a, 'p> {
    pub(super) columns: &'a [Column],
    pub(super) layout: &'a PageLayout,
    pub(super) pages: &'a mut [&'p mut Vec<Arc<Page>>],
}

/// A network's weights, and the threads that compute with them.
#[derive(Debug)]
pub(super) struct Blocks {
    layers: Vec<Layer>,
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

/// A layer's mixer, and its channel if it has one.
type Layer = (Attention, Option<Channel>);

/// What is written in a step.
#[derive(Debug, Default)]
struct Room {
    stream: Stream,
    attention: attention::Room,
    channel: channel::Room,
    x: Inputs,
    scores: Stream,
}

/// What a thread loads at a time.
enum Part {
    /// A table, or the head.
    Table(&'static str),
    Layer(usize),
}

/// What it is then.
enum Loaded {
    Table(&'static str, Projection),
    Layer(Box<Layer>),
}

impl Part {
    fn load<'a>(&self, of: impl Fn(String) -> Load<'a>) -> Result<Loaded, InferError> {
        match *self {
            Self::Table(name) => Ok(Loaded::Table(name, of(String::new()).projection(name)?)),
            Self::Layer(layer) => {
                let load = of(format!("blocks.{layer}"));
                let stack = load.source.stack();
                let letter = stack.pattern.chars().cycle().nth(layer).unwrap_or_default();
                let block = &stack.blocks[&letter];
                let MixerSpec::Attention(settings) = &block.mixer else {
                    unreachable!("an engine of blocks is of attention alone");
                };
                let channel = block.channel.as_ref().map(|spec| Channel::load(&load, spec));
                let attention = Attention::load(&load, settings)?;
                Ok(Loaded::Layer(Box::new((attention, channel.transpose()?))))
            }
        }
    }
}

impl Blocks {
    pub(super) fn new(source: &dyn WeightSource, options: Options) -> Result<Self, InferError> {
        let stack = source.stack();
        let of = |prefix: String| Load {
            source,
            prefix,
            format: options.format,
        };
        let mut team =
            Team::new(options.threads).map_err(|error| InferError::machine("starting threads", &error))?;
        let positions = stack.learned_positions.map(|_| "positions");
        let head = (!stack.tied).then_some("head");
        let tables = [Some("embedding"), positions, head].into_iter().flatten();
        let parts = tables.map(Part::Table).chain((0..stack.layers).map(Part::Layer));
        let mut parts: Vec<_> = parts.map(|part| (part, None)).collect();
        team.each(&mut parts, |(part, loaded)| *loaded = Some(part.load(of)));
        let (mut tables, mut layers) = (BTreeMap::new(), Vec::with_capacity(stack.layers));
        for loaded in parts.into_iter().filter_map(|(_, loaded)| loaded) {
            match loaded? {
                Loaded::Table(name, table) => drop(tables.insert(name, table)),
                Loaded::Layer(layer) => layers.push(*layer),
            }
        }
        let heads: Vec<Heads> = layers.iter().map(|(attention, _)| attention.heads()).collect();
        Ok(Self {
            embedding: tables.remove("embedding").expect("every network has one"),
            positions: tables.remove("positions"),
            norm: Normalised::load(&of(String::new()), "norm")?,
            head: tables.remove("head"),
            layout: PageLayout::new(heads, options.kept),
            layers,
            team,
            level: Level::current(),
            precision: options.precision,
            room: Room::default(),
        })
    }

    /// Bytes of a page of what is remembered.
    pub(super) fn page_bytes(&self) -> usize {
        self.layout.bytes()
    }

    /// How columns are multiplied with rows in quantised blocks.
    pub(super) fn precision(&self) -> Precision {
        self.precision
    }

    /// The matrices that reading a token reads.
    pub(super) fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let layers = self.layers.iter().flat_map(|(attention, channel)| {
            let channel = channel.iter().flat_map(Channel::projections);
            attention.projections().chain(channel)
        });
        let head = self.head.as_ref().unwrap_or(&self.embedding);
        layers.chain([head]).flat_map(Projection::matrices)
    }

    pub(super) fn remembered_after(&self, positions: usize) -> usize {
        let of_layer = |(layer, (attention, _)): (usize, &Layer)| {
            self.layout.layer_bytes(layer) * attention.sees(positions) / PAGE
        };
        self.layers.iter().enumerate().map(of_layer).sum()
    }

    /// Reads all tokens in steps of at most [`COLUMNS`] columns. Readings that do not fit one follow in the next.
    pub(super) fn read(&mut self, readings: &mut [Reading<'_>], each: &mut dyn FnMut(&[f32])) {
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
        self.embed(columns);
        let head = self.head.as_ref().unwrap_or(&self.embedding);
        let in_turn = self.layers.iter().flat_map(|(attention, channel)| {
            let channel = channel.iter().flat_map(Channel::in_turn);
            attention.in_turn().into_iter().chain(channel)
        });
        let in_turn: Vec<&Projection> = in_turn.chain([head]).collect();
        let mut run = Run {
            team: &mut self.team,
            level: self.level,
            precision: self.precision,
            upcoming: in_turn.iter().cycle().skip(1),
        };
        let mut step = Step {
            columns,
            layout: &self.layout,
            pages,
        };
        let room = &mut self.room;
        for (layer, (attention, channel)) in self.layers.iter().enumerate() {
            attention.run(&mut run, &mut room.attention, &mut room.stream, &mut step, layer);
            if let Some(channel) = channel {
                channel.run(&mut run, &mut room.channel, &mut room.stream);
            }
        }
        score(&mut run, head, &self.norm, room, columns, each);
    }

    /// Writes the columns' tokens to the stream.
    fn embed(&mut self, columns: &[Column]) {
        let width = self.embedding.columns();
        let stream = &mut self.room.stream;
        stream.resize(width.div_ceil(STRIP), columns.len());
        let (mut row, mut position) = (vec![0.0; width], vec![0.0; width]);
        for (index, column) in columns.iter().enumerate() {
            self.embedding.row(self.level, column.token as usize, &mut row);
            if let Some(positions) = &self.positions {
                positions.row(self.level, column.position, &mut position);
                row.iter_mut()
                    .zip(&position)
                    .for_each(|(row, position)| *row += position);
            }
            stream.scatter(index, &row);
        }
    }
}

/// Tells the scores of the columns that want them.
fn score(
    run: &mut Run<'_>,
    head: &Projection,
    norm: &Normalised,
    room: &mut Room,
    columns: &[Column],
    each: &mut dyn FnMut(&[f32]),
) {
    /// Columns whose scores are computed at a time: those of a large vocabulary take some room.
    const AT_ONCE: usize = 64;
    let wanted = columns.iter().enumerate().filter(|(_, column)| column.wanted);
    let wanted: Vec<usize> = wanted.map(|(index, _)| index).collect();
    let width = head.columns();
    for wanted in wanted.chunks(AT_ONCE) {
        let stream = &room.stream;
        room.scores.resize(head.strips(), wanted.len());
        let make = |columns: Range<usize>, out: &mut [f32]| {
            for (&column, out) in wanted[columns].iter().zip(out.chunks_exact_mut(width)) {
                norm.gather(stream, column..column + 1, out);
            }
        };
        head.multiply(run, &mut room.x, &make, false, &mut room.scores);
        let mut row = vec![0.0; head.rows()];
        for index in 0..wanted.len() {
            room.scores.gather(index, 0, &mut row);
            each(&row);
        }
    }
}
