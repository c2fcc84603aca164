//! Tasks of the active-sl benchmark (arXiv 2604.22753): laws of others checked on runs that were held out.

use std::sync::LazyLock;

use triaxis_laws::form::{LawForm, Scale};
use triaxis_laws::forms::{
    BatchSize, ChinchillaForm, CoupledForm, DataConstrained, Farseer, LearningRate, UniqueLogarithm,
    UniquePowerLaw,
};
use triaxis_laws::mixture::{MixtureForm, MixtureOptions, Mixtures, fit_mixture};
use triaxis_laws::{FitOptions, fit};

use crate::files::{Table, csv};
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Xu et al. 2026 (active-sl): Farseer's grid, Step Law's sweeps, mixtures and repeated data",
    files: "scalebench/*.csv",
    differs: "Nothing is fitted where constants are said to be printed. Chinchilla's law was said to miss Farseer's seven \
        large runs by 2.99%: so it does with the constants that were given for it, but these lie 1% above the least \
        objective, and the best law misses by 3.12%. The mixtures' exponents are held by a ridge, without which they run \
        away.",
    rows: LazyLock::new(|| Some([farseer()?, sweeps()?, mixtures()?, repeated()?].concat())),
};

#[test]
fn reproduces() {
    STUDY.check();
}

/// The value of a form at a row of natural inputs.
fn value(form: &dyn LawForm, parameters: &[f64], row: &[f64]) -> f64 {
    let inputs = form.inputs().iter().zip(row);
    let inputs: Vec<f64> = inputs
        .map(|(column, value)| column.scale.forward(*value))
        .collect();
    assert!(form.inputs().iter().all(|column| column.scale == Scale::Log));
    form.value(parameters, &inputs, &mut vec![0.0; parameters.len()])
}

/// Mean absolute relative error, and the share of the variance explained.
fn errors(predicted: &[f64], seen: &[f64]) -> (f64, f64) {
    let count = seen.len() as f64;
    let mean = seen.iter().sum::<f64>() / count;
    let pairs = || predicted.iter().zip(seen);
    let relative = pairs().map(|(one, other)| (one / other - 1.0).abs()).sum::<f64>() / count;
    let unexplained: f64 = pairs().map(|(one, other)| (one - other).powi(2)).sum();
    let all: f64 = seen.iter().map(|value| (value - mean).powi(2)).sum();
    (100.0 * relative, 1.0 - unexplained / all)
}

/// The rows of a part of a task, as rows of natural inputs, and what was measured.
fn rows_of(table: &Table, inputs: &[&str], response: &str) -> (Vec<Vec<f64>>, Vec<f64>) {
    let columns: Vec<Vec<f64>> = inputs.iter().map(|name| table.numbers(name)).collect();
    let seen = table.numbers(response);
    let row = |at: usize| columns.iter().map(|column| column[at]).collect();
    ((0..seen.len()).map(row).collect(), seen)
}

fn errors_of(form: &dyn LawForm, parameters: &[f64], part: &(Vec<Vec<f64>>, Vec<f64>)) -> (f64, f64) {
    let predicted: Vec<f64> = part.0.iter().map(|row| value(form, parameters, row)).collect();
    errors(&predicted, &part.1)
}

fn farseer() -> Option<Vec<Row>> {
    let table = csv("scalebench/farseer.csv")?;
    let train =
        table
            .only("split", "train")
            .observations(&[("params", "N"), ("tokens", "D"), ("loss", "loss")]);
    let test = rows_of(&table.only("split", "test"), &["N", "D"], "loss");
    let fitted = |form: &dyn LawForm| {
        let fit = fit(form, &train, &FitOptions::point_only()).unwrap();
        (errors_of(form, &fit.best, &test).0, fit)
    };
    let (additive, best) = fitted(&ChinchillaForm);
    // E, A, B, alpha, beta as they were given with the 2.99%, and the objective there.
    let given = [0.3687, 28.7, 138.3, 0.2805, 0.3117];
    let given = errors_of(&ChinchillaForm, &given, &test).0;
    let (coupled, fit) = fitted(&CoupledForm);
    let published = errors_of(&Farseer, &Farseer::from_paper(Farseer::PUBLISHED), &test);
    let error = |what: &str, ours, expected| {
        Row::near(
            format!("Farseer's grid, 7 runs held out: error of {what}, %"),
            ours,
            expected,
            0.03,
        )
    };
    Some(vec![
        error("Chinchilla's law, constants given", given, 2.99),
        Row::at_most(
            "Farseer's grid: objective of Chinchilla's law refitted",
            best.objective,
            0.00248976,
        ),
        error("Chinchilla's law refitted", additive, 3.12).published("2.99"),
        error("the coupled law refitted", coupled, 0.47),
        error("Farseer's law with its printed constants", published.0, 0.476),
        Row::near(
            "Farseer's grid: exponent of the coupled law's sum",
            fit.parameter("gamma").unwrap(),
            0.472,
            0.005,
        ),
        Row::near(
            "Farseer's grid: R squared of Farseer's law",
            published.1,
            0.917,
            0.001,
        ),
    ])
}

/// How far above the best of its size and length the run nearest to Step Law's formula lies.
fn sweeps() -> Option<Vec<Row>> {
    const SEQUENCE: f64 = 2048.0;
    const FEWEST: usize = 30;
    let table = csv("scalebench/lr_bsz.csv")?;
    let names = ["non_embedding_param_size", "data_size", "lr", "bsz"];
    let (rows, losses) = rows_of(&table, &names, "lm_loss");
    let mut groups: Vec<(f64, f64)> = rows.iter().map(|row| (row[0], row[1])).collect();
    groups.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    groups.dedup();
    let rate = LearningRate.example().parameters;
    let batch = BatchSize.example().parameters;
    let mut above = Vec::new();
    for (params, tokens) in groups {
        let of_group = |at: &usize| rows[*at][0] == params && rows[*at][1] == tokens;
        let group: Vec<usize> = (0..rows.len()).filter(of_group).collect();
        if group.len() < FEWEST {
            continue;
        }
        let asked = [
            value(&LearningRate, &rate, &[params, tokens]),
            value(&BatchSize, &batch, &[tokens]),
        ];
        let distance = |at: &usize| {
            let run = [rows[*at][2], SEQUENCE * rows[*at][3]];
            (run[0] / asked[0]).ln().hypot((run[1] / asked[1]).ln())
        };
        let nearest = group
            .iter()
            .min_by(|one, other| distance(one).total_cmp(&distance(other)));
        let best = group.iter().map(|at| losses[*at]).fold(f64::INFINITY, f64::min);
        above.push(100.0 * (losses[*nearest.unwrap()] / best - 1.0));
    }
    let mean = above.iter().sum::<f64>() / above.len() as f64;
    let most = above.iter().copied().fold(0.0, f64::max);
    Some(vec![
        Row::near(
            "Step Law: sizes and lengths of 30 runs and more",
            above.len() as f64,
            42.0,
            0.1,
        ),
        Row::near(
            "Step Law: loss above the best of its sweep, mean, %",
            mean,
            0.098,
            0.005,
        )
        .published("0.094"),
        Row::near("Step Law: the same, at most, %", most, 0.358, 0.005).published("–"),
    ])
}

fn mixtures() -> Option<Vec<Row>> {
    const DOMAINS: usize = 5;
    let table = csv("scalebench/domain_mixture.csv")?;
    let shares: Vec<String> = (1..=DOMAINS)
        .map(|domain| format!("proportion_domain_{domain}"))
        .collect();
    let shares: Vec<&str> = shares.iter().map(String::as_str).collect();
    let (mut predicted, mut seen) = (Vec::new(), Vec::new());
    for size in ["70M", "160M", "305M", "410M"] {
        let part = |split: &str| table.only("group", size).only("split", split);
        for domain in 1..=DOMAINS {
            let loss = format!("loss_domain_{domain}");
            let (rows, losses) = rows_of(&part("train"), &shares, &loss);
            let runs = Mixtures::new(&rows, &losses).unwrap();
            let options = MixtureOptions {
                replicates: 0,
                ..MixtureOptions::default()
            };
            let fit = fit_mixture(MixtureForm::Exponential, &runs, &options).unwrap();
            let (rows, losses) = rows_of(&part("test"), &shares, &loss);
            predicted.extend(rows.iter().map(|row| fit.predict(row).unwrap().value));
            seen.extend(losses);
        }
    }
    let (relative, explained) = errors(&predicted, &seen);
    Some(vec![
        Row::holds(
            "mixtures held out, 5 domains at 4 sizes: R squared above 0.99",
            explained > 0.99,
            format!("{explained:.3}"),
        ),
        Row::near("mixtures held out: mean error, %", relative, 1.14, 0.1).published("–"),
    ])
}

fn repeated() -> Option<Vec<Row>> {
    let table = csv("scalebench/data_constrained.csv")?.only("split", "test");
    let test = rows_of(&table, &["params", "tokens", "unique_tokens"], "loss");
    let logarithms = [0.6254804_f64, 6.255414, 7.3049974];
    let mut published = logarithms.map(f64::exp).to_vec();
    published.extend([0.3526596, 0.3526596, 15.387756, 5.309743]);
    type Case<'a> = (&'a str, &'a dyn LawForm, &'a [f64], f64, f64);
    let cases: [Case<'_>; 3] = [
        ("Muennighoff's", &DataConstrained, &published, 0.913, 6.2),
        (
            "the power law of unique tokens'",
            &UniquePowerLaw,
            &UniquePowerLaw::PUBLISHED,
            0.921,
            5.8,
        ),
        (
            "the logarithm of unique tokens'",
            &UniqueLogarithm,
            &UniqueLogarithm::PUBLISHED,
            0.936,
            5.0,
        ),
    ];
    let rows = cases
        .iter()
        .flat_map(|(name, form, parameters, explained, relative)| {
            let ours = errors_of(*form, parameters, &test);
            [
                Row::near(
                    format!("repeated data, {name} printed constants: R squared"),
                    ours.1,
                    *explained,
                    0.001,
                ),
                Row::near(
                    format!("repeated data, {name} printed constants: error, %"),
                    ours.0,
                    *relative,
                    0.1,
                ),
            ]
        });
    Some(rows.collect())
}
