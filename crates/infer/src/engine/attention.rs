//! Attention of an engine: what a column sees is in the pages of its sequence.

use std::ops::Range;
use std::sync::Arc;

use triaxis_blocks::{Heads, PAGE, Page, SPAN, Scores, Span, join, span_numbers};
use triaxis_kernels::AttentionHeads;
use triaxis_kernels::cpu::rms_norm;
use triaxis_kernels::cpu::rotary::{Angles, Turn, rotate};
use triaxis_model::mixers::Attention as Settings;

use super::blocks::{Column, Step};
use super::load::Load;
use super::norm::{Normalised, gain};
use super::projection::{Inputs, Projection, Run, multiply};
use super::stream::Stream;
use crate::error::InferError;

/// Attention with its weights.
#[derive(Debug)]
pub(super) struct Attention {
    norm: Normalised,
    query_key_value: Projection,
    query_key_value_bias: Option<Vec<f32>>,
    /// Of queries, and of keys, with what is added to their mean squares.
    query_key_norm: Option<([Vec<f32>; 2], f32)>,
    gate: Option<Projection>,
    output: Projection,
    output_bias: Option<Vec<f32>>,
    heads: AttentionHeads,
    /// What pairs of coordinates turn by from a position to the next, and what they are multiplied by then.
    turns: (Vec<f64>, f64),
    window: Option<usize>,
    scores: Scores,
}

/// What is written between products.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What the columns of a step turn by, and the angles that they were made of: layers mostly share them.
    angles: ([Vec<f32>; 2], (Vec<f64>, f64)),
    x: Inputs,
    projected: Stream,
    gate: Stream,
    spans: Vec<f32>,
}

/// The columns that are of one page.
struct Remembering<'a> {
    page: &'a mut Page,
    columns: Range<usize>,
}

/// A span of a column, and what it leaves.
struct Seeing<'a> {
    column: usize,
    span: Span<'a>,
    out: &'a mut [f32],
}

impl Attention {
    pub(super) fn load(load: &Load<'_>, settings: &Settings) -> Result<Self, InferError> {
        let stack = load.source.stack();
        let heads = settings.heads(stack.width);
        let bias = |name, has: bool| has.then(|| load.vector(name)).transpose();
        let query_key_norm = settings.qk_norm.then(|| {
            let mut gains = gain(load, load.norm(), "query_key_norm")?;
            let keys = gains.split_off(heads.dimension);
            Ok::<_, InferError>(([gains, keys], stack.norm_epsilon as f32))
        });
        Ok(Self {
            norm: Normalised::load(load, "attention_norm")?,
            query_key_value: load.projection("query_key_value")?,
            query_key_value_bias: bias("query_key_value_bias", settings.bias.is_of_inputs())?,
            query_key_norm: query_key_norm.transpose()?,
            gate: settings
                .output_gate
                .then(|| load.projection("attention_gate"))
                .transpose()?,
            output: load.projection("attention_output")?,
            output_bias: bias("attention_output_bias", settings.bias.is_of_output())?,
            heads,
            turns: settings.turns(stack.width, stack.context),
            window: settings.window,
            scores: Scores {
                scale: 1.0 / (heads.dimension as f32).sqrt(),
                soft_cap: settings.soft_cap.map(|cap| cap as f32),
            },
        })
    }

    /// The heads that are remembered.
    pub(super) fn heads(&self) -> Heads {
        Heads {
            count: self.heads.key_value,
            dimension: self.heads.dimension,
        }
    }

    /// How many of so many positions are seen from the next one.
    pub(super) fn sees(&self, positions: usize) -> usize {
        positions.min(self.window.unwrap_or(usize::MAX))
    }

    /// Its matrices.
    pub(super) fn projections(&self) -> impl Iterator<Item = &Projection> {
        [&self.query_key_value, &self.output]
            .into_iter()
            .chain(&self.gate)
    }

    /// The matrices that its products begin with, in turn.
    pub(super) fn in_turn(&self) -> [&Projection; 2] {
        [&self.query_key_value, &self.output]
    }

    /// Adds what it makes of the stream's columns to them. `pages` are those of each sequence, of which the columns follow
    /// one another.
    pub(super) fn run(
        &self,
        run: &mut Run<'_>,
        room: &mut Room,
        stream: &mut Stream,
        step: &mut Step<'_, '_>,
        layer: usize,
    ) {
        let count = step.columns.len();
        if layer == 0 || room.angles.1 != self.turns {
            room.angles = (self.angles(step.columns), self.turns.clone());
        }
        room.projected.resize(self.query_key_value.strips(), count);
        let mut products = vec![(&self.query_key_value, &mut room.projected)];
        if let Some(gate) = &self.gate {
            room.gate.resize(gate.strips(), count);
            products.push((gate, &mut room.gate));
        }
        let normalised = |columns: Range<usize>, out: &mut [f32]| self.norm.gather(stream, columns, out);
        multiply(run, &mut room.x, &normalised, false, &mut products);
        self.remember(run, room, step, layer);
        let firsts = self.attend(run, room, step, layer);
        let each = self.span_numbers();
        let (spans, gates) = (&room.spans, &room.gate);
        let joined = |columns: Range<usize>, out: &mut [f32]| {
            for (column, out) in columns.zip(out.chunks_exact_mut(self.heads.mixed())) {
                let own = &spans[firsts[column] * each..firsts[column + 1] * each];
                self.join(own, out);
                if self.gate.is_some() {
                    let mut gate = vec![0.0; out.len()];
                    gates.gather(column, 0, &mut gate);
                    out.iter_mut()
                        .zip(gate)
                        .for_each(|(out, gate)| *out *= 1.0 / (1.0 + (-gate).exp()));
                }
            }
        };
        self.output.multiply(run, &mut room.x, &joined, true, stream);
        if let Some(bias) = &self.output_bias {
            stream.add(bias);
        }
    }

    /// Queries of a head of keys and values, and numbers that a span of them leaves.
    fn group(&self) -> usize {
        self.heads.query / self.heads.key_value
    }

    fn span_numbers(&self) -> usize {
        span_numbers(self.group(), self.heads.dimension)
    }

    /// The positions that a column sees: the first, and the one after the last.
    fn seen(&self, column: Column) -> (usize, usize) {
        let end = column.position + 1;
        (end.saturating_sub(self.window.unwrap_or(usize::MAX)), end)
    }

    /// Writes keys and values to the pages, each of which one thread has.
    fn remember(&self, run: &mut Run<'_>, room: &Room, step: &mut Step<'_, '_>, layer: usize) {
        let (columns, layout) = (step.columns, step.layout);
        let mut all = Vec::new();
        let mut next = 0;
        for (sequence, pages) in step.pages.iter_mut().enumerate() {
            let own = columns[next..]
                .iter()
                .take_while(|column| column.sequence == sequence);
            let last = next + own.count();
            let Some(first) = columns.get(next).filter(|_| next < last) else {
                continue;
            };
            for page in pages[first.position / PAGE..].iter_mut() {
                let within = |column: &Column| column.position / PAGE == columns[next].position / PAGE;
                let count = columns[next..last]
                    .iter()
                    .take_while(|column| within(column))
                    .count();
                // Copied where a fork holds it, too; only the last page of what forks share is written to.
                let page = Arc::make_mut(page);
                all.push(Remembering {
                    page,
                    columns: next..next + count,
                });
                next += count;
                if next == last {
                    break;
                }
            }
        }
        let [_, keys, values] = self.heads.parts();
        run.team.each(&mut all, |item| {
            let (mut key, mut value) = (vec![0.0; keys.len()], vec![0.0; keys.len()]);
            for column in item.columns.clone() {
                self.part(&room.projected, column, keys.start, &mut key);
                self.part(&room.projected, column, values.start, &mut value);
                let position = columns[column].position;
                self.turned(&mut key, 1, &room.angles.0, column);
                item.page.write(layout, layer, position % PAGE, &key, &value);
            }
        });
    }

    /// Attends from every column, and returns which span is the first of each, and how many there are.
    fn attend(&self, run: &mut Run<'_>, room: &mut Room, step: &Step<'_, '_>, layer: usize) -> Vec<usize> {
        let (columns, layout) = (step.columns, step.layout);
        let mut firsts = vec![0];
        for &column in columns {
            let (first, end) = self.seen(column);
            let spans = end.div_ceil(SPAN) - first / SPAN;
            firsts.push(firsts[firsts.len() - 1] + spans * self.heads.key_value);
        }
        let each = self.span_numbers();
        room.spans.resize(firsts[columns.len()] * each, 0.0);
        let pages: Vec<Vec<&Page>> = step
            .pages
            .iter()
            .map(|pages| pages.iter().map(|page| &**page).collect())
            .collect();
        let Room {
            spans,
            projected,
            angles: (angles, _),
            ..
        } = room;
        let mut outs = spans.chunks_exact_mut(each);
        let mut all = Vec::with_capacity(firsts[columns.len()]);
        for (index, &column) in columns.iter().enumerate() {
            let seen = self.seen(column);
            for head in 0..self.heads.key_value {
                for span in seen.0 / SPAN..seen.1.div_ceil(SPAN) {
                    all.extend(outs.next().map(|out| Seeing {
                        column: index,
                        span: Span {
                            layout,
                            layer,
                            head,
                            seen,
                            pages: &pages[column.sequence],
                            index: span,
                            scores: self.scores,
                        },
                        out,
                    }));
                }
            }
        }
        let (group, dimension) = (self.group(), self.heads.dimension);
        let (projected, angles, level) = (&*projected, &*angles, run.level);
        run.team.each(&mut all, |item| {
            let mut queries = vec![0.0; group * dimension];
            self.part(
                projected,
                item.column,
                item.span.head * group * dimension,
                &mut queries,
            );
            self.turned(&mut queries, 0, angles, item.column);
            item.span.attend(level, &queries, item.out);
        });
        firsts
    }

    /// Numbers of a projected column, with their bias.
    fn part(&self, projected: &Stream, column: usize, first: usize, out: &mut [f32]) {
        projected.gather(column, first, out);
        if let Some(bias) = &self.query_key_value_bias {
            out.iter_mut()
                .zip(&bias[first..])
                .for_each(|(out, bias)| *out += bias);
        }
    }

    /// Cosines and sines of the columns' positions, `[columns, half]` each.
    fn angles(&self, columns: &[Column]) -> [Vec<f32>; 2] {
        let (frequencies, magnitude) = &self.turns;
        [f64::cos, f64::sin].map(|function| {
            let of = |column: &Column| {
                let position = column.position as f64;
                frequencies
                    .iter()
                    .map(move |frequency| (magnitude * function(position * frequency)) as f32)
            };
            columns.iter().flat_map(of).collect()
        })
    }

    /// Normalises the heads of a column, as queries (0) or keys (1) are, and turns them.
    fn turned(&self, heads: &mut [f32], part: usize, [cosines, sines]: &[Vec<f32>; 2], column: usize) {
        let dimension = self.heads.dimension;
        let mut before = vec![0.0; heads.len()];
        if let Some((gains, epsilon)) = &self.query_key_norm {
            before.copy_from_slice(heads);
            let scales = &mut vec![0.0; heads.len() / dimension];
            rms_norm::forward(&before, &gains[part], *epsilon, heads, scales);
        }
        let half = self.turns.0.len();
        if half > 0 {
            before.copy_from_slice(heads);
            let angles = Angles { cosines, sines, half }.at(column);
            let count = heads.len() / dimension;
            rotate(&before, 1, count, dimension, angles, Turn::Forward, heads);
        }
    }

    /// What a column attends to, of all that its spans left.
    fn join(&self, spans: &[f32], out: &mut [f32]) {
        let (each, dimension) = (self.span_numbers(), self.heads.dimension);
        let of_head = spans.len() / self.heads.key_value;
        let groups = out.chunks_exact_mut(self.group() * dimension);
        for (spans, out) in spans.chunks_exact(of_head).zip(groups) {
            let spans: Vec<&[f32]> = spans.chunks_exact(each).collect();
            join(&spans, dimension, out);
        }
    }
}
