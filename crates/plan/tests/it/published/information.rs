//! The value of information where it has a closed form.

use std::sync::LazyLock;

use triaxis_laws::numeric::{Stream, normal_quantile};
use triaxis_plan::information::{Groups, Shown, largest, most, of_experiment, regret};

use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "The value of information, in closed form",
    files: "no file: formulas with worked numbers",
    differs: "Two choices whose scores differ by N(delta, s^2): perfect information is worth s (phi(z) - z Phi(-z)) at z = \
        |delta| / s (Raiffa and Schlaifer 1961), a measurement of variance v the same with s^2 / sqrt(s^2 + v) for s. Then \
        three costs, N(0, 1), N(.5, 1) and N(1, 1). By the functions that a plan's regret and its next experiment are told \
        by, on worlds of evenly spaced quantiles, or drawn.",
    rows: LazyLock::new(|| Some(rows())),
};

#[test]
fn reproduces() {
    STUDY.check();
}

/// Quantiles of the normal distribution, evenly spaced, so that every other one is as good a sample.
fn quantiles(count: usize) -> Vec<f64> {
    let middle = |at: usize| (at as f64 + 0.5) / count as f64;
    (0..count).map(|at| normal_quantile(middle(at))).collect()
}

/// The scores of two choices, the second better by N(delta, s^2).
fn two(delta: f64, s: f64, deviates: &[f64]) -> Vec<Vec<f64>> {
    let better = deviates.iter().map(|deviate| delta + s * deviate);
    vec![vec![0.0; deviates.len()], better.collect()]
}

/// The value of measuring the difference with this variance, on average over several drawings of the noise.
fn measured(variance: f64) -> f64 {
    const DRAWINGS: u64 = 12;
    let deviates = quantiles(3000);
    let scores = two(1.0, 2.0, &deviates);
    let halves: Vec<bool> = (0..deviates.len()).map(|world| world % 2 == 0).collect();
    let replicates: Vec<usize> = (0..deviates.len()).collect();
    let groups = Groups {
        halves: &halves,
        replicates: &replicates,
    };
    let value = |drawing: u64| {
        let noise: Vec<f64> = (0..deviates.len() as u64)
            .map(|world| Stream::new(drawing, "noise", world).normal())
            .collect();
        let shown = Shown {
            results: &scores[1],
            noise: variance.sqrt(),
            deviates: &noise,
        };
        of_experiment(&scores, shown, groups).value
    };
    (0..DRAWINGS).map(value).sum::<f64>() / DRAWINGS as f64
}

fn rows() -> Vec<Row> {
    let deviates = quantiles(100_000);
    let perfect = |delta: f64| regret(&two(delta, 2.0, &deviates), usize::from(delta > 0.0));
    let mut rows = vec![
        Row::near("perfect, delta = 1, s = 2", perfect(1.0), 0.39559, 2e-4),
        Row::near("perfect, delta = 0", perfect(0.0), 0.79788, 2e-4),
        Row::near("perfect, delta = 2", perfect(2.0), 0.16663, 2e-4),
    ];
    for (variance, expected) in [(1.0, 0.32234), (4.0, 0.19964), (16.0, 0.05922)] {
        let name = format!("a measurement of variance {variance}, delta = 1, s = 2");
        rows.push(Row::near(name, measured(variance), expected, 0.01));
    }
    const WORLDS: u64 = 200_000;
    let costs = |choice: u64| -> Vec<f64> {
        let mean = 0.5 * choice as f64;
        let drawn = (0..WORLDS).map(|world| Stream::new(choice, "cost", world).normal());
        drawn.map(|deviate| -(mean + deviate)).collect()
    };
    let scores: Vec<Vec<f64>> = (0..3).map(costs).collect();
    for (choice, chance) in [(0, 0.549), (1, 0.301), (2, 0.151)] {
        let best = (0..WORLDS as usize)
            .filter(|world| largest(scores.iter().map(|scores| scores[*world])) == choice)
            .count();
        let name = format!(
            "three costs: chance that the one of mean {} is least",
            0.5 * choice as f64
        );
        rows.push(Row::near(name, best as f64 / WORLDS as f64, chance, 0.003));
    }
    // The least expected cost with all known, less that of the best.
    let known = (0..WORLDS as usize)
        .map(|world| most(&scores, world))
        .sum::<f64>()
        / WORLDS as f64;
    let chosen = scores[0].iter().sum::<f64>() / WORLDS as f64;
    rows.push(Row::near(
        "three costs: perfect information",
        known - chosen,
        0.449,
        0.004,
    ));
    rows.into_iter().map(|row| row.published("–")).collect()
}
