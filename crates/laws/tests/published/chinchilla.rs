//! Besiroglu et al. 2024: the third Chinchilla approach on 245 runs read off the paper's figure.

use std::sync::LazyLock;

use triaxis_laws::forms::ChinchillaForm;
use triaxis_laws::{Fit, FitOptions, Objective, Observations, Robust, fit};

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Besiroglu et al. 2024: Chinchilla's approach 3",
    files: "chinchilla-epoch/svg_extracted_data.csv",
    differs: "The published headline is not the log-Huber fit that the paper describes: its objective leaves the scale \
        of the Huber loss free, so that delta goes to 0 and the fit is by least absolute deviations. Both are given. The \
        log-Huber fit with delta 1e-3, summed, is held to the digits of SciPy from all 4,500 starts. The headline drops \
        the five runs of highest loss; with them beta is a quarter higher, which the published text does not show. Its \
        intervals, by 4,000 bootstraps, are reproduced by ours of rows.",
    rows: LazyLock::new(|| {
        let all = runs()?;
        let kept = all.drop_largest("loss", 5).unwrap();
        Some(
            [
                huber(&kept),
                absolute(&kept),
                with_the_highest(&all),
                intervals(&kept),
            ]
            .concat(),
        )
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}

pub(crate) fn runs() -> Option<Observations> {
    let table = csv("chinchilla-epoch/svg_extracted_data.csv")?;
    let flops = table.numbers("Training FLOP");
    let observations = table.observations(&[("params", "Model Size"), ("loss", "loss")]);
    let tokens = flops
        .iter()
        .zip(observations.column("params").unwrap())
        .map(|(flops, params)| flops / (6.0 * params));
    let tokens = tokens.collect();
    Some(observations.with("tokens", tokens).unwrap())
}

fn parameter(fit: &Fit, name: &str) -> f64 {
    fit.parameter(name).unwrap()
}

fn huber(runs: &Observations) -> Vec<Row> {
    let fit = fit(&ChinchillaForm, runs, &FitOptions::point_only()).unwrap();
    let row = |name: &str, expected, tolerance, published: &str| {
        let what = format!("log-Huber, 240 runs: {name}");
        Row::near(what, parameter(&fit, name), expected, tolerance).published(published)
    };
    vec![
        Row::holds("rows fitted", fit.rows == 240, fit.rows.to_string()).published("240"),
        Row::holds("starts", fit.starts == 4500, fit.starts.to_string()).published("4500"),
        Row::near("log-Huber, 240 runs: objective", fit.objective, 1.018274e-3, 1e-8).published("–"),
        row("A", 477.83, 0.5, "482.01"),
        row("B", 2143.4, 3.0, "2085.43"),
        row("E", 1.81722, 1e-4, "1.8172"),
        row("alpha", 0.34731, 1e-4, "0.3478"),
        row("beta", 0.36717, 1e-4, "0.3658"),
    ]
}

fn absolute(runs: &Observations) -> Vec<Row> {
    let options = FitOptions {
        objective: Some(Objective {
            robust: Robust::Absolute,
            ..Objective::log_huber()
        }),
        ..FitOptions::point_only()
    };
    let fit = fit(&ChinchillaForm, runs, &options).unwrap();
    let row = |name: &str, expected, tolerance, published: &str| {
        let what = format!("absolute deviations, 240 runs: {name}");
        Row::near(what, parameter(&fit, name), expected, tolerance).published(published)
    };
    vec![
        row("A", 482.0, 0.5, "482.01"),
        row("B", 2085.0, 5.0, "2085.43"),
        row("E", 1.8168, 2e-4, "1.8172"),
        row("alpha", 0.3478, 1e-4, "0.3478"),
        row("beta", 0.3659, 1e-4, "0.3658"),
    ]
}

fn with_the_highest(runs: &Observations) -> Vec<Row> {
    let fit = fit(&ChinchillaForm, runs, &FitOptions::point_only()).unwrap();
    let row = |name: &str, expected| {
        let what = format!("log-Huber, all 245 runs: {name}");
        Row::near(what, parameter(&fit, name), expected, 1e-3).published("–")
    };
    vec![row("beta", 0.4530), row("E", 1.8913)]
}

fn intervals(runs: &Observations) -> Vec<Row> {
    let options = FitOptions {
        replicates: 4000,
        level: 0.95,
        ..FitOptions::default()
    };
    let fit = fit(&ChinchillaForm, runs, &options).unwrap();
    let ends = |name: &str, published: (f64, f64)| {
        let found = &fit.parameters[name];
        let (low, high) = found.intervals["percentile"];
        let what = |end: &str| format!("95% interval of {name}, {end}");
        [
            Row::near(what("low"), low, published.0, 0.01),
            Row::near(what("high"), high, published.1, 0.01),
            Row::holds(format!("{name} is identified"), found.estimate.identified, "yes"),
        ]
    };
    let error = fit.holdout.as_ref().unwrap().mean_absolute;
    let mut rows = [ends("alpha", (0.317, 0.373)), ends("beta", (0.331, 0.415))].concat();
    let what = "error on the largest fifth, from the others: below 1.5%";
    rows.push(Row::holds(what, error < 0.015, format!("{:.2}%", 100.0 * error)));
    rows
}
