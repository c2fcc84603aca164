//! What has the same bits of mixers that step as in training.

use triaxis_infer::{Engine, Reading, Sequence, Wanted};
use triaxis_model::Stack;

use crate::{bits_after, engine_of, tokens};

/// Tokens after whose multiples readings are cut.
const CUT: usize = 256;

fn engine(pattern: &str, threads: usize) -> Engine {
    let stack: Stack = serde_json::from_str(&format!(
        r#"{{"pattern": "{pattern}", "vocabulary": 50, "width": 32, "layers": 2, "context": 700}}"#
    ))
    .unwrap();
    engine_of(&stack, threads, None)
}

fn read(engine: &mut Engine, sequence: &mut Sequence, tokens: &[u32]) -> Vec<u32> {
    bits_after(engine, sequence, tokens, Wanted::All)
}

const PATTERNS: [&str; 4] = ["m", "d", "da", "ma"];

#[test]
fn others_in_the_batch_and_threads_change_nothing() {
    let all = tokens(600, 50);
    for pattern in PATTERNS {
        let mut alone = engine(pattern, 1);
        let texts = [&all[..300], &all[40..90], &all[7..8]];
        let expected: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| {
                let mut sequence = alone.sequence();
                read(&mut alone, &mut sequence, text)
            })
            .collect();
        let mut engine = engine(pattern, 3);
        let mut sequences = texts.map(|_| engine.sequence());
        let mut readings: Vec<Reading<'_>> = sequences
            .iter_mut()
            .zip(texts)
            .map(|(sequence, tokens)| Reading {
                sequence,
                tokens,
                wanted: Wanted::All,
            })
            .collect();
        let scores = engine.read(&mut readings).unwrap();
        let bits: Vec<u32> = scores.into_iter().map(f32::to_bits).collect();
        assert!(bits == expected.concat(), "{pattern}");
    }
}

#[test]
fn pieces_that_end_where_readings_are_cut_and_forks_change_nothing() {
    let all = tokens(600, 50);
    for pattern in PATTERNS {
        let mut engine = engine(pattern, 2);
        let mut sequence = engine.sequence();
        let expected = read(&mut engine, &mut sequence, &all);
        let mut sequence = engine.sequence();
        read(&mut engine, &mut sequence, &all[..CUT]);
        let mut forks = [sequence.clone(), sequence.clone()];
        read(&mut engine, &mut forks[0], &[3; 40]);
        for mut sequence in [sequence, forks[1].clone()] {
            let middle = read(&mut engine, &mut sequence, &all[CUT..2 * CUT]);
            let mut fork = sequence.clone();
            read(&mut engine, &mut fork, &[5]);
            let end = read(&mut engine, &mut sequence, &all[2 * CUT..]);
            assert!([middle, end].concat() == expected[CUT * 50..], "{pattern}");
        }
    }
}

#[test]
fn pieces_that_end_elsewhere_are_as_near_as_training_s_own_sums() {
    let all = tokens(600, 50);
    for pattern in PATTERNS {
        let mut engine = engine(pattern, 2);
        let mut sequence = engine.sequence();
        let expected = read(&mut engine, &mut sequence, &all);
        for piece in [1, 7, 100] {
            let mut sequence = engine.sequence();
            let pieces = all.chunks(piece);
            let found: Vec<u32> = pieces
                .flat_map(|tokens| read(&mut engine, &mut sequence, tokens))
                .collect();
            let gaps = found
                .iter()
                .zip(&expected)
                .map(|(a, b)| (f32::from_bits(*a) - f32::from_bits(*b)).abs());
            let gap = gaps.fold(0.0, f32::max);
            // Training's sums, cut elsewhere: the farthest that was found is 1.4e-5.
            assert!(gap < 1e-4, "{pattern} in pieces of {piece}: {gap}");
        }
    }
}
