//! Training on answers at some positions.

use triaxis_model::{ArchitectureSpec, Decoder};
use triaxis_train::speed;
use triaxis_train::{Branch, Dtype, Learner, ScoredBatch, TrainConfig};

const VOCABULARY: usize = 11;

fn config(tied: bool) -> TrainConfig {
    let decoder = Decoder {
        tied,
        ..Decoder::new(VOCABULARY, 16, 1, 2, 12)
    };
    TrainConfig {
        peak_learning_rate: 0.01,
        warmup_steps: 2,
        branches: vec![Branch { end: 40, decay: 8 }],
        ..speed::config(ArchitectureSpec::Decoder(decoder), 4, Dtype::F32)
    }
}

/// Sequences whose answers are the token before, at positions that `scored` takes.
fn batch(step: u32, scored: impl Fn(usize) -> bool) -> ScoredBatch {
    let sequences: Vec<(Vec<u32>, Vec<Option<u32>>)> = (0..4u32)
        .map(|sequence| {
            let tokens: Vec<u32> = (0..12)
                .map(|at| (step * 7 + sequence * 3 + at * at + at * sequence) % VOCABULARY as u32)
                .collect();
            let before = |at: usize| (at > 0 && scored(at)).then(|| tokens[at - 1]);
            let targets = (0..12).map(before).collect();
            (tokens, targets)
        })
        .collect();
    let sequences = sequences.iter();
    ScoredBatch::new(sequences.map(|(tokens, targets)| (&tokens[..], &targets[..]))).unwrap()
}

#[test]
fn the_token_before_is_learnt_where_it_is_asked_for() {
    for tied in [true, false] {
        let odd = |step| batch(step, |at| at % 2 == 1);
        let mut learner = Learner::new(config(tied)).unwrap();
        let before = odd(99).right(&learner.answers(&odd(99)).unwrap());
        let mut losses = Vec::new();
        for step in 0..40 {
            let (next, divergence) = learner.learn(&odd(step)).unwrap();
            assert_eq!(divergence, None);
            learner = next;
            losses.push(learner.last_loss().unwrap());
        }
        let after = odd(99).right(&learner.answers(&odd(99)).unwrap());
        assert!(losses[39] < 0.7 * losses[0], "{losses:?}");
        assert!(after > before && after > 8, "{before} then {after} of 24 right");
    }
}

/// The loss of a batch is the mean of what it is of its positions one by one, each weighted by how many it has.
#[test]
fn a_loss_is_the_mean_over_what_is_scored() {
    let first_loss = |scored: &dyn Fn(usize) -> bool| {
        let learner = Learner::new(config(true)).unwrap();
        let (learner, _) = learner.learn(&batch(0, scored)).unwrap();
        f64::from(learner.last_loss().unwrap())
    };
    let single: f64 = (1..12).map(|one| first_loss(&|at| at == one)).sum::<f64>() / 11.0;
    let all = first_loss(&|_| true);
    assert!((single - all).abs() < 1e-6, "{single} and {all}");
}

#[test]
fn what_cannot_be_trained_on_is_refused() {
    let of = |tokens: &[&[u32]], targets: &[&[Option<u32>]]| {
        ScoredBatch::new(tokens.iter().copied().zip(targets.iter().copied()))
    };
    let error = |batch: Result<ScoredBatch, triaxis_train::TrainError>| batch.unwrap_err().to_string();
    let told = error(of(&[&[1, 2]], &[&[None, None]]));
    assert!(told.contains("at least one answer is scored"), "{told}");
    let told = error(of(&[&[1, 2], &[1]], &[&[None, Some(1)], &[None]]));
    assert!(told.contains("all have one length"), "{told}");
    let told = error(of(&[&[u32::MAX]], &[&[Some(1)]]));
    assert!(told.contains("at most 2147483647"), "{told}");
    assert!(of(&[], &[]).is_err());

    let learner = Learner::new(config(true)).unwrap();
    let foreign = of(&[&[1, 11]], &[&[None, Some(1)]]).unwrap();
    let told = learner.answers(&foreign).unwrap_err().to_string();
    assert!(
        told.contains("token 11 of a scored sequence is outside the model's vocabulary of 11"),
        "{told}"
    );
    let long = of(&[&[1; 13]], &[&[Some(1); 13]]).unwrap();
    let told = learner.answers(&long).unwrap_err().to_string();
    assert!(
        told.contains("a sequence of 13 tokens does not fit the model's context of 12"),
        "{told}"
    );
    assert!(learner.learn(&long).is_err());
}

#[test]
fn who_sees_the_answers_is_not_asked() {
    let stack =
        r#"{"preset": "diffusion-transformer", "vocabulary": 11, "width": 16, "layers": 1, "context": 12}"#;
    let architecture = ArchitectureSpec::Stack(serde_json::from_str(stack).unwrap());
    let error = Learner::new(speed::config(architecture, 4, Dtype::F32)).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("without `bidirectional`"), "{error}");
}
