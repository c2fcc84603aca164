//! A sequence has the same bits whatever is computed beside it.

use triaxis_blocks::{Format, Rows};
use triaxis_infer::{Engine, InferError, Options, Reading, Sequence, Wanted, WeightSource, Weights};
use triaxis_model::Stack;

use crate::{bits_after, engine_of, random, source, tokens};

fn network() -> Stack {
    serde_json::from_str(
        r#"{"pattern": "aw", "vocabulary": 90, "width": 96, "layers": 4, "context": 700,
            "blocks": {"a": {"mixer": {"kind": "attention", "head_dim": 24, "key_value_heads": 2},
                             "channel": {"kind": "swiglu", "inner": 160}},
                       "w": {"mixer": {"kind": "attention", "head_dim": 16, "heads": 6, "window": 300, "qk_norm": true},
                             "channel": {"kind": "gelu", "inner": 128}}}}"#,
    )
    .unwrap()
}

fn engine(threads: usize) -> Engine {
    engine_of(&network(), threads, Some(Format::Q4_1))
}

/// The scores after each token, read in pieces of so many.
fn read(engine: &mut Engine, sequence: &mut Sequence, tokens: &[u32], piece: usize) -> Vec<u32> {
    let mut bits = Vec::new();
    for tokens in tokens.chunks(piece) {
        bits.extend(bits_after(engine, sequence, tokens, Wanted::All));
    }
    bits
}

/// The same of a sequence of its own.
fn read_alone(engine: &mut Engine, tokens: &[u32]) -> Vec<u32> {
    let mut sequence = engine.sequence();
    read(engine, &mut sequence, tokens, 512)
}

#[test]
fn threads_and_pieces_change_nothing() {
    let tokens = tokens(400, 90);
    let mut one = engine(1);
    let expected = read_alone(&mut one, &tokens);
    for threads in 1..=3 {
        let mut engine = engine(threads);
        for piece in [3, 64, 333] {
            let mut sequence = engine.sequence();
            assert!(
                read(&mut engine, &mut sequence, &tokens, piece) == expected,
                "{threads} threads, pieces of {piece}"
            );
            assert_eq!(sequence.tokens(), tokens);
        }
    }
}

#[test]
fn others_in_the_batch_change_nothing() {
    let all = tokens(400, 90);
    let mut engine = engine(2);
    let texts: Vec<&[u32]> = (0..9).map(|text| &all[7 * text..300 + 9 * text]).collect();
    let alone: Vec<Vec<u32>> = texts.iter().map(|text| read_alone(&mut engine, text)).collect();
    // Read to different places, then a token each, all at once.
    let mut sequences: Vec<Sequence> = texts.iter().map(|_| engine.sequence()).collect();
    for (text, sequence) in texts.iter().zip(&mut sequences) {
        read(&mut engine, sequence, &text[..text.len() - 20], 50);
    }
    for step in (1..=20).rev() {
        let mut readings: Vec<Reading<'_>> = texts
            .iter()
            .zip(&mut sequences)
            .map(|(text, sequence)| Reading {
                sequence,
                tokens: &text[text.len() - step..][..1],
                wanted: Wanted::Last,
            })
            .collect();
        let scores = engine.read(&mut readings).unwrap();
        for ((alone, scores), text) in alone.iter().zip(scores.chunks_exact(90)).zip(&texts) {
            let expected = &alone[(text.len() - step) * 90..][..90];
            assert!(
                scores
                    .iter()
                    .map(|score| score.to_bits())
                    .eq(expected.iter().copied())
            );
        }
    }
}

#[test]
fn forks_share_and_do_not_disturb_one_another() {
    let all = tokens(300, 90);
    let mut engine = engine(2);
    let expected = read_alone(&mut engine, &all);
    let mut stem = engine.sequence();
    read(&mut engine, &mut stem, &all[..250], 100);
    let mut forks = [stem.clone(), stem.clone(), stem.clone()];
    for (index, fork) in forks.iter_mut().enumerate() {
        read(&mut engine, fork, &[index as u32; 11], 4);
    }
    let mut back = forks[1].clone();
    assert!(back.truncate(250));
    for sequence in [&mut stem, &mut back] {
        let bits = read(&mut engine, sequence, &all[250..], 7);
        assert!(bits == expected[250 * 90..]);
    }
}

/// A source whose gates and ups are stored in formats of their own, as files of mixed formats have them.
struct Mixed(Weights);

impl WeightSource for Mixed {
    fn stack(&self) -> &Stack {
        self.0.stack()
    }

    fn rows(&self, weight: &str) -> Result<Vec<Rows>, InferError> {
        let rows = self.0.rows(weight)?;
        if !weight.ends_with("gate_and_up") {
            return Ok(rows);
        }
        let all: Vec<f32> = rows.iter().flat_map(Rows::values).collect();
        let (gate, up) = all.split_at(all.len() / 2);
        let piece = |values, format| Rows::quantised(values, rows[0].columns, format);
        Ok(vec![piece(gate, Format::Q4_0), piece(up, Format::Q8_0)])
    }
}

#[test]
fn gates_and_ups_of_different_formats_go_together() {
    let network: Stack = serde_json::from_str(
        r#"{"pattern": "a", "vocabulary": 40, "width": 128, "layers": 1, "context": 64,
            "blocks": {"a": {"mixer": {"kind": "attention", "head_dim": 32},
                             "channel": {"kind": "swiglu", "inner": 256}}}}"#,
    )
    .unwrap();
    let (_, all) = random(&network);
    let mixed = Mixed(source(&network, &all));
    let tokens = tokens(12, 40);
    let read = |threads: usize, piece: usize| {
        let options = Options {
            threads,
            ..Options::default()
        };
        let mut engine = Engine::new(&mixed, options).unwrap();
        let mut sequence = engine.sequence();
        read(&mut engine, &mut sequence, &tokens, piece)
    };
    let expected = read(1, 12);
    for (threads, piece) in [(2, 1), (2, 2), (2, 12), (3, 5)] {
        assert!(
            read(threads, piece) == expected,
            "{threads} threads, pieces of {piece}"
        );
    }
}
