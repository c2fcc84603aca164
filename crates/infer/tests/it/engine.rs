//! Scores against those of training.

use triaxis_blocks::{Format, Rows};
use triaxis_infer::{Engine, InferError, Kept, Options, Precision, Reading, Wanted, WeightSource};
use triaxis_model::{ArchitectureSpec, Stack};

use crate::{expected, random, source, tokens};

const EXACT: Options = Options {
    threads: 2,
    precision: Precision::Single,
    kept: Kept::Single,
    format: None,
};

fn read(engine: &mut Engine, tokens: &[u32]) -> Vec<f32> {
    let mut sequence = engine.sequence();
    let mut reading = [Reading {
        sequence: &mut sequence,
        tokens,
        wanted: Wanted::All,
    }];
    engine.read(&mut reading).unwrap()
}

fn farthest(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let gaps = found
        .iter()
        .zip(expected)
        .map(|(found, expected)| (found - expected).abs());
    gaps.fold(0.0, f32::max)
}

#[test]
fn every_architecture_scores_as_in_training() {
    for spec in ArchitectureSpec::examples() {
        let stack = spec.stack();
        let (model, all) = random(&stack);
        let tokens = tokens(stack.context, stack.vocabulary);
        let expected = expected(&model, &tokens);
        let mut engine = Engine::new(&source(&stack, &all), EXACT).unwrap();
        let gap = farthest(&read(&mut engine, &tokens), &expected);
        assert!(gap < 1e-4, "{stack:?}: {gap}");
    }
}

/// A network wide enough for every format, longer than a span.
fn wide() -> Stack {
    serde_json::from_str(
        r#"{"pattern": "a", "vocabulary": 96, "width": 256, "layers": 2, "context": 600,
            "blocks": {"a": {"mixer": {"kind": "attention", "head_dim": 32, "key_value_heads": 2},
                             "channel": {"kind": "swiglu", "inner": 512}}}}"#,
    )
    .unwrap()
}

/// Weights whose matrices are what blocks of a format make of them.
struct Rounded<'a>(&'a dyn WeightSource, Format);

impl WeightSource for Rounded<'_> {
    fn stack(&self) -> &Stack {
        self.0.stack()
    }

    fn rows(&self, weight: &str) -> Result<Vec<Rows>, InferError> {
        let mut pieces = self.0.rows(weight)?;
        for piece in pieces.iter_mut().filter(|piece| piece.rows > 1) {
            let values = Rows::quantised(&piece.values(), piece.columns, self.1).values();
            piece.bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        }
        Ok(pieces)
    }
}

#[test]
fn quantised_weights_score_as_the_numbers_that_they_are() {
    let stack = wide();
    let (_, all) = random(&stack);
    let (source, tokens) = (source(&stack, &all), tokens(40, stack.vocabulary));
    for &format in Format::ALL {
        let exact = read(
            &mut Engine::new(&Rounded(&source, format), EXACT).unwrap(),
            &tokens,
        );
        let options = Options {
            format: Some(format),
            ..EXACT
        };
        let found = read(&mut Engine::new(&source, options).unwrap(), &tokens);
        let gap = farthest(&found, &exact);
        assert!(gap < 1e-4, "{format:?}: {gap}");
        // Activations in eight bits are as far from it in every format, a cache in half precision alone is nearer.
        let usual = Options {
            format: Some(format),
            threads: 2,
            ..Options::default()
        };
        let found = read(&mut Engine::new(&source, usual).unwrap(), &tokens);
        let square =
            |values: &mut dyn Iterator<Item = f32>| values.map(|value| f64::from(value).powi(2)).sum::<f64>();
        let error = square(&mut found.iter().zip(&exact).map(|(found, exact)| found - exact));
        let share = (error / square(&mut exact.iter().copied())).sqrt();
        let most = if format.values() == 1 { 0.002 } else { 0.05 };
        assert!(share < most, "{format:?}: {share}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let stack = wide();
    let (_, all) = random(&stack);
    let source = source(&stack, &all);
    let mut engine = Engine::new(&source, EXACT).unwrap();
    let mut sequence = engine.sequence();
    for (tokens, word) in [(vec![96], "vocabulary of 96"), (vec![0; 601], "context of 600")] {
        let mut reading = [Reading {
            sequence: &mut sequence,
            tokens: &tokens,
            wanted: Wanted::Last,
        }];
        let error = engine.read(&mut reading).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
