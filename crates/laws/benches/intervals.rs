//! How often 90% intervals hold the truth, for every form: parameters recovered from simulated runs.
//!
//! Run: `cargo bench -p triaxis-laws --bench intervals -- [FORM] [REPEATS]` (default: all forms, 400 times).
//! Noise is 0.5% of the response. For each parameter: coverage of the interval to be used, then by
//! method, then the share of fits that called it identified.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::collections::BTreeMap;

use triaxis_laws::form::{LawForm, Residual};
use triaxis_laws::forms::registry;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut, Objective, Observations, Resampling, Starts, fit, predict};

const NOISE: f64 = 0.005;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let repeats: u64 = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(400);
    let named = |form: &&&dyn LawForm| arguments.iter().any(|argument| argument == form.name());
    let any = registry().iter().filter(named).count() > 0;
    for form in registry().iter().filter(|form| !any || named(form)) {
        measure(*form, repeats);
    }
}

/// The example's rows with noisy responses; also the response of the last row measured once more.
fn simulated(form: &dyn LawForm, seed: u64) -> (Observations, f64) {
    let example = form.example();
    let mut gradient = vec![0.0; example.parameters.len()];
    let mut stream = Stream::new(seed, form.name(), 0);
    let mut respond = |row: &Vec<f64>| {
        let inputs: Vec<f64> = form
            .inputs()
            .iter()
            .zip(row)
            .map(|(column, value)| column.scale.forward(*value))
            .collect();
        let value = form.value(&example.parameters, &inputs, &mut gradient);
        match form.definition().residual {
            Residual::Log => value * (NOISE * stream.normal()).exp(),
            Residual::Linear => value + NOISE * stream.normal(),
        }
    };
    let response = example.rows.iter().map(&mut respond).collect();
    let again = respond(example.rows.last().unwrap());
    let mut table = Observations::new()
        .with(form.response().name.as_ref(), response)
        .unwrap();
    for (at, column) in form.inputs().iter().enumerate() {
        table = table
            .with(
                column.name.as_ref(),
                example.rows.iter().map(|row| row[at]).collect(),
            )
            .unwrap();
    }
    (table, again)
}

fn measure(form: &dyn LawForm, repeats: u64) {
    let example = form.example();
    let mut hits: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut new_runs = 0;
    for seed in 0..repeats {
        let (table, again) = simulated(form, seed);
        let options = FitOptions {
            objective: Some(Objective::squares(form.definition().residual)),
            starts: Starts::Projected,
            replicates: 300,
            resampling: Some(Resampling::Residual),
            holdout: HeldOut::None,
            ..FitOptions::default()
        };
        let fit = fit(form, &table, &options).unwrap();
        for (parameter, truth) in form.parameters().iter().zip(&example.parameters) {
            let estimate = &fit.parameters[parameter.name.as_ref()];
            let mut hit = |what: &str, hit: bool| {
                *hits.entry((parameter.name.to_string(), what.into())).or_default() += u64::from(hit);
            };
            hit("0 used", estimate.estimate.covers(*truth));
            hit("9 identified", estimate.estimate.identified);
            for (method, (low, high)) in &estimate.intervals {
                hit(method, (*low..=*high).contains(truth));
            }
        }
        let prediction = predict(form, &fit, example.rows.last().unwrap()).unwrap();
        new_runs += u64::from((prediction.low..=prediction.high).contains(&again));
    }
    println!(
        "{} ({} rows): new run {:.3}",
        form.name(),
        example.rows.len(),
        new_runs as f64 / repeats as f64
    );
    for parameter in form.parameters() {
        let of = hits.iter().filter(|((name, _), _)| *name == parameter.name);
        let shares = of.map(|((_, what), hits)| format!("{what} {:.3}", *hits as f64 / repeats as f64));
        println!("  {}: {}", parameter.name, shares.collect::<Vec<_>>().join(", "));
    }
}
