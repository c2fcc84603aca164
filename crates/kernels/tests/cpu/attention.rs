//! Attention, forward and backward, in both precisions.

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::attention::{self, Heads, HeadsOut, Saved, Shape};
use triaxis_kernels::cpu::rotary::Angles;
use triaxis_kernels::parallel::Shared;

use super::reference::{self, config, random, wide};
use super::{ROUNDED_TOLERANCE, TOLERANCE, on_every_level};

struct Case {
    shape: Shape,
    angles: Option<Vec<f64>>,
}

impl Case {
    /// Outputs and gradients against the reference in both precisions.
    fn check(&self) {
        for (precision, tolerance) in [
            (Precision::Float32, TOLERANCE),
            (Precision::BFloat16, ROUNDED_TOLERANCE),
        ] {
            self.check_in(precision, tolerance);
        }
    }

    /// With q, k and v in one tensor as the model packs them.
    fn check_in(&self, precision: Precision, tolerance: f64) {
        let shape = Shape {
            precision,
            ..self.shape
        };
        let Shape {
            batch,
            queries,
            keys,
            query_heads,
            key_heads,
            dimension,
            ..
        } = self.shape;
        let (q, k, v) = (
            random(3, batch * queries * query_heads * dimension),
            random(4, batch * keys * key_heads * dimension),
            random(5, batch * keys * key_heads * dimension),
        );
        let dy = random(6, q.len());
        let plain = reference::Attention {
            batch,
            queries,
            keys,
            query_heads,
            key_heads,
            dimension,
        };
        let half = dimension / 2;
        let late = |angles: &Vec<f64>| angles[(keys - queries) * half..].to_vec();
        let back = |angles: &Vec<f64>| angles.iter().map(|a| -a).collect::<Vec<_>>();
        let turn = |x: &[f64], heads, angles: Option<Vec<f64>>, length| match angles {
            Some(angles) => reference::rotate(x, length, heads, dimension, &angles),
            None => x.to_vec(),
        };
        let turned_q = turn(&wide(&q), query_heads, self.angles.as_ref().map(late), queries);
        let turned_k = turn(&wide(&k), key_heads, self.angles.clone(), keys);
        let (y, [dq, dk, dv]) = plain.run(&turned_q, &turned_k, &wide(&v), &wide(&dy));
        let dq = turn(
            &dq,
            query_heads,
            self.angles.as_ref().map(|a| back(&late(a))),
            queries,
        );
        let dk = turn(&dk, key_heads, self.angles.as_ref().map(back), keys);
        let tables: Option<(Vec<f32>, Vec<f32>)> = self.angles.as_ref().map(|angles| {
            (
                angles.iter().map(|a| a.cos() as f32).collect(),
                angles.iter().map(|a| a.sin() as f32).collect(),
            )
        });
        let angles = tables.as_ref().map(|(cosines, sines)| Angles { cosines, sines });
        fn heads(values: &[f32], stride: usize) -> Heads<'_> {
            Heads {
                values,
                start: 0,
                stride,
            }
        }
        let (nq, nk) = (query_heads * dimension, key_heads * dimension);
        let stride = nq;
        on_every_level(|| {
            let (mut actual, mut log_sums) = (
                vec![f32::NAN; q.len()],
                vec![f32::NAN; batch * query_heads * queries],
            );
            let output = HeadsOut {
                values: Shared::new(&mut actual),
                start: 0,
                stride,
            };
            let (hq, hk, hv) = (heads(&q, stride), heads(&k, nk), heads(&v, nk));
            attention::forward(shape, hq, hk, hv, angles, output, &mut log_sums);
            assert_close!(actual, y, 0.0, tolerance);
            let (output, doutput) = (heads(&actual, stride), heads(&dy, stride));
            let saved = Saved {
                q: hq,
                k: hk,
                v: hv,
                angles,
                output,
                log_sums: &log_sums,
                doutput,
            };
            // One tensor for the three gradients, the way q, k and v come out of one product.
            if queries == keys {
                let mut gradient = vec![f32::NAN; batch * keys * (nq + 2 * nk)];
                let values = Shared::new(&mut gradient);
                let part = |start| HeadsOut {
                    values,
                    start,
                    stride: nq + 2 * nk,
                };
                attention::backward(shape, saved, part(0), part(nq), part(nq + nk));
                let column = |start: usize, width: usize| {
                    let rows = gradient.chunks(nq + 2 * nk);
                    rows.flat_map(|row| row[start..start + width].to_vec())
                        .collect::<Vec<_>>()
                };
                let (query_gradient, key_gradient, value_gradient) =
                    (column(0, nq), column(nq, nk), column(nq + nk, nk));
                assert_close!(query_gradient, dq, 0.1, tolerance);
                assert_close!(key_gradient, dk, 0.1, tolerance);
                assert_close!(value_gradient, dv, 0.1, tolerance);
            }
        });
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
        let shape = Shape {
            batch: 1,
            queries: length,
            keys: length,
            query_heads: 2,
            key_heads: 1,
            dimension: 16,
            precision: Precision::Float32,
        };
        Case {
            shape,
            angles: Some(angles(length, 8)),
        }
        .check();
    }
}

#[test]
fn attention_of_late_queries_sees_all_earlier_keys() {
    for (queries, keys) in [(1, 300), (17, 40), (60, 260)] {
        let shape = Shape {
            batch: 2,
            queries,
            keys,
            query_heads: 2,
            key_heads: 2,
            dimension: 6,
            precision: Precision::Float32,
        };
        Case {
            shape,
            angles: Some(angles(keys, 3)),
        }
        .check();
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn attention_of_any_shape(
        batch in 1usize..3, length in prop_oneof![Just(1), Just(15), Just(16), Just(17), 2usize..130],
        key_heads in 1usize..3, group in 1usize..4, half in 1usize..20, rotary: bool,
    ) {
        let shape = Shape {
            batch, queries: length, keys: length, query_heads: key_heads * group, key_heads, dimension: 2 * half,
            precision: Precision::Float32,
        };
        Case { shape, angles: rotary.then(|| angles(length, half)) }.check();
    }
}
