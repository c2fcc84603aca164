//! Attention over pages against its definition.

use triaxis_blocks::{Heads, Kept, PAGE, Page, PageLayout, SPAN, Scores, Span, join, span_numbers};
use triaxis_kernels::simd::Level;

use crate::numbers;

/// Some positions of a layer with such heads, in pages.
struct Remembered {
    layout: PageLayout,
    pages: Vec<Page>,
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
}

fn remembered(heads: Heads, positions: usize, kept: Kept) -> Remembered {
    let layout = PageLayout::new(
        vec![
            Heads {
                count: 1,
                dimension: 8,
            },
            heads,
        ],
        kept,
    );
    let mut pages: Vec<Page> = (0..positions.div_ceil(PAGE)).map(|_| layout.page()).collect();
    let some = |seed| numbers(heads.count * heads.dimension, seed);
    let keys: Vec<Vec<f32>> = (0..positions).map(|position| some(position as u64)).collect();
    let values: Vec<Vec<f32>> = (0..positions)
        .map(|position| some(9000 + position as u64))
        .collect();
    for position in 0..positions {
        pages[position / PAGE].write(&layout, 1, position % PAGE, &keys[position], &values[position]);
    }
    Remembered {
        layout,
        pages,
        keys,
        values,
    }
}

impl Remembered {
    fn attend(
        &self,
        level: Level,
        head: usize,
        seen: (usize, usize),
        scores: Scores,
        queries: &[f32],
    ) -> Vec<f32> {
        let dimension = self.layout.heads(1).dimension;
        let pages: Vec<&Page> = self.pages.iter().collect();
        let spans = seen.0 / SPAN..seen.1.div_ceil(SPAN);
        let left: Vec<Vec<f32>> = spans
            .map(|index| {
                let mut out = vec![0.0; span_numbers(queries.len() / dimension, dimension)];
                let span = Span {
                    layout: &self.layout,
                    layer: 1,
                    head,
                    seen,
                    pages: &pages,
                    index,
                    scores,
                };
                span.attend(level, queries, &mut out);
                out
            })
            .collect();
        let mut out = vec![0.0; queries.len()];
        let left: Vec<&[f32]> = left.iter().map(Vec::as_slice).collect();
        join(&left, dimension, &mut out);
        out
    }

    fn expected(&self, head: usize, seen: (usize, usize), how: Scores, query: &[f32]) -> Vec<f64> {
        let own = |all: &'_ Vec<f32>| all[head * query.len()..][..query.len()].to_vec();
        let score = |position: usize| {
            let products = own(&self.keys[position]).into_iter().zip(query);
            let score =
                products.map(|(k, q)| f64::from(k) * f64::from(*q)).sum::<f64>() * f64::from(how.scale);
            how.soft_cap
                .map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh())
        };
        let weights: Vec<f64> = (seen.0..seen.1).map(|position| score(position).exp()).collect();
        let sum: f64 = weights.iter().sum();
        (0..query.len())
            .map(|coordinate| {
                let values =
                    (seen.0..seen.1).map(|position| f64::from(own(&self.values[position])[coordinate]));
                values
                    .zip(&weights)
                    .map(|(value, weight)| value * weight)
                    .sum::<f64>()
                    / sum
            })
            .collect()
    }
}

#[test]
fn a_position_attends_to_what_it_sees() {
    let plain = Scores {
        scale: 0.35,
        soft_cap: None,
    };
    let capped = Scores {
        scale: 2.0,
        soft_cap: Some(1.5),
    };
    for (heads, group, positions) in [(64, 3, 700), (16, 1, 40), (24, 4, 300), (6, 7, 33), (80, 2, 257)] {
        let heads = Heads {
            count: 2,
            dimension: heads,
        };
        for (kept, tolerance) in [(Kept::Single, 2e-6), (Kept::Half, 2e-3)] {
            let remembered = remembered(heads, positions, kept);
            let queries = numbers(group * heads.dimension, 77);
            for seen in [
                (0, positions),
                (0, 1),
                (positions / 3, positions),
                (positions - 1, positions),
            ] {
                for (scores, head) in [(plain, 0), (capped, 1)] {
                    for level in Level::available() {
                        let out = remembered.attend(level, head, seen, scores, &queries);
                        for (query, out) in queries
                            .chunks_exact(heads.dimension)
                            .zip(out.chunks_exact(heads.dimension))
                        {
                            let expected = remembered.expected(head, seen, scores, query);
                            for (found, expected) in out.iter().zip(expected) {
                                assert!(
                                    (f64::from(*found) - expected).abs() < tolerance,
                                    "{heads:?} {seen:?} {kept:?} {level:?}: {found} is not {expected}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_head_of_queries_has_the_same_bits_beside_others() {
    let heads = Heads {
        count: 1,
        dimension: 32,
    };
    let remembered = remembered(heads, 300, Kept::Half);
    let queries = numbers(5 * 32, 5);
    let scores = Scores {
        scale: 0.2,
        soft_cap: None,
    };
    for level in Level::available() {
        let together = remembered.attend(level, 0, (0, 300), scores, &queries);
        for (query, together) in queries.chunks_exact(32).zip(together.chunks_exact(32)) {
            assert_eq!(remembered.attend(level, 0, (0, 300), scores, query), together);
        }
    }
}
