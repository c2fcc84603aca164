//! The real model, where `TRIAXIS_REAL_MODEL` names its file: `cargo xtask real-model` fetches it.

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_infer::{Engine, Kept, Options, Precision, Reading, Wanted, text};
use triaxis_model::{Published, weights};

/// Prompts, and tokens of each.
const PROMPTS: usize = 150;
const LENGTH: usize = 24;

/// What llama.cpp scores after each prompt, every so many of the vocabulary: `tests/golden/llama.py`.
#[derive(serde::Deserialize)]
struct Golden {
    every: usize,
    prompts: Vec<Vec<u32>>,
    scores: Vec<Vec<f32>>,
}

/// The root of the mean square of what scores are off by.
fn rms(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    let squares = pairs.map(|(found, expected)| f64::from(found - expected).powi(2));
    (squares.sum::<f64>() / found.len() as f64).sqrt()
}

fn scores(engine: &mut Engine, tokens: &[u32], wanted: Wanted) -> Vec<f32> {
    let mut sequence = engine.sequence();
    let mut reading = [Reading {
        sequence: &mut sequence,
        tokens,
        wanted,
    }];
    engine.read(&mut reading).unwrap()
}

/// The place of the largest score, and how far it is above the next one.
fn best(scores: &[f32]) -> (usize, f32) {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.select_nth_unstable_by(1, |&a, &b| scores[b].total_cmp(&scores[a]));
    (order[0], scores[order[0]] - scores[order[1]])
}

#[test]
fn a_real_model_scores_as_its_numbers_do() {
    let Some(path) = std::env::var_os("TRIAXIS_REAL_MODEL") else {
        println!(
            "left out: a_real_model_scores_as_its_numbers_do, as TRIAXIS_REAL_MODEL names no .gguf file"
        );
        return;
    };
    let published = Published::open(path.as_ref()).unwrap();
    let tokenizer = text::tokenizer(&published).unwrap();
    let tokens = tokenizer.encode(include_str!("../../../../README.md")).unwrap();
    let with = |precision, kept| {
        let options = Options {
            precision,
            kept,
            ..Options::default()
        };
        Engine::new(&published, options).unwrap()
    };
    let mut exact = with(Precision::Single, Kept::Single);
    let device = Device::flex();
    let model = published.stack().build(0, &device).unwrap();
    let model = weights::write(model, &published.weights().unwrap())
        .unwrap()
        .without_gradients();
    let mut farthest = 0.0f32;
    for prompt in tokens.chunks_exact(LENGTH).take(4) {
        let data: Vec<i64> = prompt.iter().map(|&token| i64::from(token)).collect();
        let input = Tensor::<2, Int>::from_data(TensorData::new(data, [1, LENGTH]), &device);
        let expected: Vec<f32> = model.logits(input).unwrap().into_data().iter::<f32>().collect();
        let found = scores(&mut exact, prompt, Wanted::All);
        let gaps = found
            .iter()
            .zip(&expected)
            .map(|(found, expected)| (found - expected).abs());
        farthest = gaps.fold(farthest, f32::max);
    }
    println!("in single precision at most {farthest:.1e} from training's forward of the dequantised file");
    assert!(farthest < 1e-3, "{farthest}");
    drop(model);
    let golden: Golden = serde_json::from_str(include_str!("../golden/llama.json")).unwrap();
    let mut usual = with(Precision::Eight, Kept::Half);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (prompt, of_llama) in golden.prompts.iter().zip(&golden.scores) {
        let (found, expected) = (
            scores(&mut usual, prompt, Wanted::Last),
            scores(&mut exact, prompt, Wanted::Last),
        );
        let some = |scores: &[f32]| -> Vec<f32> { scores.iter().step_by(golden.every).copied().collect() };
        ours.push(rms(&some(&found), &some(&expected)));
        theirs.push(rms(of_llama, &some(&expected)));
        let (place, gap) = best(&expected);
        assert!(
            gap <= 0.5 || best(&found).0 == place,
            "another token than the one that leads by {gap}"
        );
    }
    assert_eq!(ours.len(), PROMPTS);
    let mean = |errors: &[f64]| errors.iter().sum::<f64>() / PROMPTS as f64;
    let gaps: Vec<f64> = ours.iter().zip(&theirs).map(|(our, their)| our - their).collect();
    let squares: Vec<f64> = gaps.iter().map(|gap| (gap - mean(&gaps)).powi(2)).collect();
    let error = (mean(&squares) / PROMPTS as f64).sqrt();
    let (our, their, gap) = (mean(&ours), mean(&theirs), mean(&gaps));
    println!(
        "mean rms of the scores over {PROMPTS} prompts: {our:.3}, llama.cpp's {their:.3}, apart by {gap:.3} ± {error:.3}"
    );
    assert!(gap <= 2.0 * error, "farther off than llama.cpp by {gap}");
}
