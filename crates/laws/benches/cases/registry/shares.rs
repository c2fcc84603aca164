//! Shares, as errors and accuracies are: what is told of them stays between 0 and 1.

use triaxis_laws::form::LawForm;
use triaxis_laws::forms::{ErrorFromLoss, TaskSigmoid};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut, Observations, Starts, fit, predict};

use crate::case::{Case, Told};

pub const ERROR: Case = Case {
    name: "share-error",
    tell: |noise, seed| {
        told(
            &ErrorFromLoss,
            &[0.85, 2.1, 0.75],
            (2.0, 4.0),
            &[1.8, 1.4, 1.25],
            noise,
            seed,
        )
    },
};
pub const SCORE: Case = Case {
    name: "share-score",
    tell: |noise, seed| {
        told(
            &TaskSigmoid,
            &[0.25, 0.72, 1.0, 6.0],
            (0.7, 1.5),
            &[0.6, 0.4],
            noise,
            seed,
        )
    },
};

/// Twelve tasks' scores over losses between two ends, of as many items as have `noise` where half are right;
/// then the score at each of `asked`, which lies beyond.
fn told(
    form: &dyn LawForm,
    truth: &[f64],
    (low, high): (f64, f64),
    asked: &[f64],
    noise: f64,
    seed: u64,
) -> Vec<Told> {
    let items = 0.25 / (noise * noise);
    let mut stream = Stream::new(seed, "shares", 0);
    let mut score = |loss: f64| {
        let share = form.value(truth, &[loss], &mut [0.0; 4][..truth.len()]);
        let spread = (share * (1.0 - share) / items).sqrt();
        let measured = ((share + spread * stream.normal()) * items).round() / items;
        (share, measured.clamp(0.0, 1.0))
    };
    let losses: Vec<f64> = (0..12)
        .map(|step| low + (high - low) * f64::from(step) / 11.0)
        .collect();
    let scores = losses.iter().map(|loss| score(*loss).1).collect();
    let table = Observations::new()
        .with(form.inputs()[0].name.as_ref(), losses)
        .unwrap();
    let table = table.with(form.response().name.as_ref(), scores).unwrap();
    let options = FitOptions {
        starts: Starts::Projected,
        replicates: 300,
        holdout: HeldOut::None,
        profile: false,
        seed,
        ..FitOptions::default()
    };
    let fit = fit(form, &table, &options).unwrap();
    let of = |loss: &f64| {
        let (share, measured) = score(*loss);
        let said = predict(form, &fit, &[*loss]).ok();
        let of_run = said.as_ref().and_then(|said| said.interval);
        [
            Told::interval(&format!("run at {loss}, truth {share:.3}"), measured, of_run),
            Told::interval(&format!("law at {loss}"), share, said.and_then(|said| said.law)),
        ]
    };
    asked.iter().flat_map(of).collect()
}
