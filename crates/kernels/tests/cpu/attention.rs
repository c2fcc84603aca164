//! Attention, forward and backward, in both precisions.

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::attention::{self, Heads, HeadsOut, Limits, Saved, Shape};
use triaxis_kernels::cpu::rotary::Angles;

use super::reference::{self, config, random, random_tokens, wide};
use super::{on_every_level, tolerance};

struct Case {
    shape: Shape,
    angles: Option<Vec<f64>>,
}

/// Queries, keys, values and the gradient of the output; or the output, and the gradients of the first three.
type Four<T> = [Vec<T>; 4];

impl Case {
    /// A case whose queries are all its positions, or the last ones.
    fn new(batch: usize, [queries, keys]: [usize; 2], heads: [usize; 2], dimension: usize) -> Self {
        let shape = Shape {
            batch,
            queries,
            keys,
            query_heads: heads[0],
            key_heads: heads[1],
            dimension,
            precision: Precision::Float32,
            limits: Limits::default(),
        };
        Self { shape, angles: None }
    }

    /// The same with rotary positions.
    fn turned(self) -> Self {
        let half = self.shape.dimension / 2;
        self.turned_in(half)
    }

    /// The same with rotary positions that turn so many pairs of a head.
    fn turned_in(self, half: usize) -> Self {
        let angles = Some(angles(self.shape.keys, half));
        Self { angles, ..self }
    }

    /// The same with a window.
    fn within(mut self, window: usize) -> Self {
        self.shape.limits.window = Some(window);
        self
    }

    /// The same with bounded scores.
    fn capped(mut self, cap: f32) -> Self {
        self.shape.limits.soft_cap = Some(cap);
        self
    }

    /// The same where a query sees the positions after its own.
    fn both_ways(mut self) -> Self {
        self.shape.limits.bidirectional = true;
        self
    }

    /// Pairs that turn.
    fn half(&self) -> usize {
        self.angles
            .as_ref()
            .map_or(0, |angles| angles.len() / self.shape.keys)
    }

    /// Values of a position, of queries and of keys.
    fn columns(&self) -> [usize; 2] {
        [self.shape.query_heads, self.shape.key_heads].map(|heads| heads * self.shape.dimension)
    }

    fn inputs(&self) -> Four<f32> {
        let ([of_query, of_key], shape) = (self.columns(), self.shape);
        let (queries, keys) = (
            shape.batch * shape.queries * of_query,
            shape.batch * shape.keys * of_key,
        );
        [
            random(3, queries),
            random(4, keys),
            random(5, keys),
            random(6, queries),
        ]
    }

    /// By the definition.
    fn expected(&self, inputs: &Four<f32>) -> Four<f64> {
        let Shape {
            batch,
            queries,
            keys,
            query_heads,
            key_heads,
            dimension,
            limits,
            ..
        } = self.shape;
        let plain = reference::Attention {
            batch,
            queries,
            keys,
            query_heads,
            key_heads,
            dimension,
            window: limits.window.unwrap_or(keys),
            soft_cap: limits.soft_cap.map(f64::from),
            bidirectional: limits.bidirectional,
        };
        let [q, k, v, dy] = inputs.each_ref().map(|values| wide(values));
        let Some(angles) = &self.angles else {
            let (y, [dq, dk, dv]) = plain.run(&q, &k, &v, &dy);
            return [y, dq, dk, dv];
        };
        let late = &angles[(keys - queries) * self.half()..];
        let turn_queries =
            |x: &[f64], angles: &[f64]| reference::rotate(x, queries, query_heads, dimension, angles);
        let turn_keys = |x: &[f64], angles: &[f64]| reference::rotate(x, keys, key_heads, dimension, angles);
        let back = |angles: &[f64]| angles.iter().map(|angle| -angle).collect::<Vec<_>>();
        let (y, [dq, dk, dv]) = plain.run(&turn_queries(&q, late), &turn_keys(&k, angles), &v, &dy);
        [
            y,
            turn_queries(&dq, &back(late)),
            turn_keys(&dk, &back(angles)),
            dv,
        ]
    }

    /// By the kernel, the tensors apart.
    fn actual(&self, precision: Precision, inputs: &Four<f32>) -> Four<f32> {
        let [of_query, of_key] = self.columns();
        let widths = [of_query, of_key, of_key];
        let from = [0, 1, 2].map(|index| heads(&inputs[index], 0, widths[index]));
        let [mut dq, mut dk, mut dv] = [0, 1, 2].map(|index| unset(&inputs[index]));
        let to = [(&mut dq, of_query), (&mut dk, of_key), (&mut dv, of_key)];
        let to = to.map(|(values, columns)| HeadsOut::new(values, columns));
        let y = self.both_passes(precision, from, &inputs[3], to);
        [y, dq, dk, dv]
    }

    /// By the kernel, with queries, keys and values in one tensor as the model packs them.
    fn packed(&self, precision: Precision, inputs: &Four<f32>) -> Four<f32> {
        let [of_query, of_key] = self.columns();
        let widths = [of_query, of_key, of_key];
        let stride = widths.iter().sum();
        let starts = [0, of_query, of_query + of_key];
        let mut projected = vec![f32::NAN; self.shape.batch * self.shape.keys * stride];
        for (x, (start, width)) in inputs.iter().zip(starts.into_iter().zip(widths)) {
            for (row, x) in projected.chunks_exact_mut(stride).zip(x.chunks_exact(width)) {
                row[start..start + width].copy_from_slice(x);
            }
        }
        let from = starts.map(|start| heads(&projected, start, stride));
        let mut gradient = unset(&projected);
        let to = HeadsOut::split(&mut gradient, widths);
        let y = self.both_passes(precision, from, &inputs[3], to);
        let columns = |index: usize| {
            let range = starts[index]..starts[index] + widths[index];
            let rows = gradient.chunks_exact(stride);
            rows.flat_map(|row| row[range.clone()].to_vec()).collect()
        };
        let [dq, dk, dv] = [0, 1, 2].map(columns);
        [y, dq, dk, dv]
    }

    /// The output; the gradients of queries, keys and values go where they are to.
    fn both_passes(
        &self,
        precision: Precision,
        [q, k, v]: [Heads; 3],
        dy: &[f32],
        [dq, dk, dv]: [HeadsOut; 3],
    ) -> Vec<f32> {
        let [of_query, _] = self.columns();
        let tables = self.tables();
        let angles = tables.as_ref().map(|[cosines, sines]| Angles {
            cosines,
            sines,
            half: self.half(),
        });
        let shape = Shape {
            precision,
            ..self.shape
        };
        let (mut y, mut log_sums) = (unset(dy), self.log_sums());
        let output = HeadsOut::new(&mut y, of_query);
        attention::forward(shape, q, k, v, angles, output, &mut log_sums);
        let saved = Saved {
            q,
            k,
            v,
            angles,
            output: heads(&y, 0, of_query),
            log_sums: &log_sums,
            doutput: heads(dy, 0, of_query),
        };
        attention::backward(shape, saved, dq, dk, dv);
        y
    }

    fn tables(&self) -> Option<[Vec<f32>; 2]> {
        let angles = self.angles.as_ref()?;
        let table = |function: fn(f64) -> f64| angles.iter().map(|angle| function(*angle) as f32).collect();
        Some([table(f64::cos), table(f64::sin)])
    }

    fn log_sums(&self) -> Vec<f32> {
        vec![f32::NAN; self.shape.batch * self.shape.query_heads * self.shape.queries]
    }

    /// Outputs and gradients against the definition, in both precisions and arrangements.
    fn check(&self) {
        let inputs = self.inputs();
        let expected = self.expected(&inputs);
        for precision in PRECISIONS {
            on_every_level(|| {
                let tolerance = tolerance(precision);
                let actual = self.actual(precision, &inputs);
                for (index, terms) in [0.0, 0.1, 0.1, 0.1].into_iter().enumerate() {
                    assert_close!(actual[index], expected[index], terms, tolerance);
                }
                if self.shape.queries == self.shape.keys {
                    assert_eq!(self.packed(precision, &inputs), actual, "{:?}", self.shape);
                }
            });
        }
    }
}

const PRECISIONS: [Precision; 2] = [Precision::Float32, Precision::BFloat16];

fn unset(like: &[f32]) -> Vec<f32> {
    vec![f32::NAN; like.len()]
}

fn heads(values: &[f32], start: usize, stride: usize) -> Heads<'_> {
    Heads {
        values,
        start,
        stride,
    }
}

pub(super) fn angles(positions: usize, half: usize) -> Vec<f64> {
    (0..positions * half)
        .map(|i| (i / half) as f64 * 10_000f64.powf(-((i % half) as f64) / half as f64))
        .collect()
}

#[test]
fn attention_over_lengths_and_tiles() {
    for length in [1, 15, 16, 17, 56, 57, 257, 530] {
        Case::new(1, [length; 2], [2, 1], 16).turned().check();
    }
}

#[test]
fn attention_of_heads_that_turn_in_part() {
    for (dimension, half) in [(7, 1), (16, 2), (40, 19)] {
        Case::new(2, [17, 40], [2, 1], dimension).turned_in(half).check();
    }
}

#[test]
fn attention_of_late_queries_sees_all_earlier_keys() {
    for lengths in [[1, 300], [17, 40], [60, 260]] {
        Case::new(2, lengths, [2, 2], 6).turned().check();
    }
}

/// As stepping has them: keys that were turned when they were remembered, more than a task has.
#[test]
fn attention_of_few_queries_after_many_keys() {
    for (lengths, heads) in [([1, 4_500], [3, 1]), ([3, 2_050], [4, 2]), ([8, 33], [1, 1])] {
        let case = || Case::new(2, lengths, heads, 18);
        case().check();
        case().within(30).check();
        case().within(2_049).capped(2.0).check();
    }
}

#[test]
fn attention_within_a_window() {
    for (lengths, window) in [
        ([1, 1], 1),
        ([40, 40], 1),
        ([300, 300], 17),
        ([70, 330], 16),
        ([530, 530], 256),
        ([530, 790], 300),
        ([40, 40], 40),
        ([40, 40], 99),
    ] {
        Case::new(2, lengths, [2, 1], 6).turned().within(window).check();
    }
}

#[test]
fn attention_with_bounded_scores() {
    for (lengths, window) in [([1, 1], 1), ([17, 40], 40), ([70, 330], 100)] {
        for cap in [0.3, 2.0, 50.0] {
            Case::new(2, lengths, [2, 1], 6)
                .turned()
                .within(window)
                .capped(cap)
                .check();
        }
    }
}

#[test]
fn attention_both_ways() {
    for length in [1, 15, 16, 17, 56, 57, 257, 530] {
        Case::new(2, [length; 2], [2, 1], 16).turned().both_ways().check();
    }
    Case::new(2, [17, 300], [2, 2], 6).turned().both_ways().check();
    Case::new(2, [3, 40], [2, 1], 7).both_ways().check();
    Case::new(2, [70, 70], [4, 2], 6)
        .turned()
        .capped(2.0)
        .both_ways()
        .check();
}

/// Infinity and not-a-number reach what the definition lets them reach, and nothing else: no position before.
#[test]
fn what_is_not_finite_passes_as_by_the_definition() {
    let long = || Case::new(2, [70, 330], [4, 2], 6).turned();
    what_is_not_finite_passes(&long());
    what_is_not_finite_passes(&long().within(40));
    what_is_not_finite_passes(&long().both_ways());
    let few = || Case::new(2, [3, 90], [4, 2], 6);
    what_is_not_finite_passes(&few());
    what_is_not_finite_passes(&few().within(40));
}

fn what_is_not_finite_passes(case: &Case) {
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for index in 0..4 {
            for seed in 0..4 {
                let mut inputs = case.inputs();
                let count = inputs[index].len();
                inputs[index][random_tokens(seed + 9, 1, count)[0] as usize] = poison;
                let expected = case.expected(&inputs);
                for precision in PRECISIONS {
                    on_every_level(|| {
                        let actual = case.actual(precision, &inputs);
                        for (actual, expected) in actual.iter().zip(&expected) {
                            assert_eq!(
                                kinds(&wide(actual)),
                                kinds(expected),
                                "{poison} in {index}, {precision:?}"
                            );
                        }
                    });
                }
            }
        }
    }
}

/// Which values are not finite, and what they are.
fn kinds(values: &[f64]) -> Vec<(usize, String)> {
    let broken = values.iter().enumerate().filter(|(_, value)| !value.is_finite());
    broken.map(|(place, value)| (place, value.to_string())).collect()
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn attention_of_any_shape(
        batch in 1usize..3, length in prop_oneof![Just(1), Just(15), Just(16), Just(17), 2usize..130],
        key_heads in 1usize..3, group in 1usize..4, dimension in 1usize..40, rotary: bool, late in 0usize..20,
    ) {
        let lengths = [length, length + late];
        if rotary {
            Case::new(batch, lengths, [key_heads * group, key_heads], dimension.next_multiple_of(2)).turned().check();
        } else {
            Case::new(batch, lengths, [key_heads * group, key_heads], dimension).check();
        }
    }
}
