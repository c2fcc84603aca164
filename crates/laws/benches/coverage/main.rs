//! Coverage at 10,000 samples from 100 samples a problem, on published counts and on simulated problems.
//!
//! Run: `cargo bench -p triaxis-laws --bench coverage -- [published | simulated] [REPEATS] [FORM]...`; by default
//! both, 20 draws of each model and 100 simulations of each truth, with the average of all laws. Published counts
//! are read from `../shared/published-runs/test-time-coverage` beside the repository (Brown et al. 2024,
//! Schaeffer et al. 2025: Pythia models on 128 problems of GSM8K).
//!
//! `scale only` is the error of the law of a Beta distribution whose exponent is that of all counts, so that the
//! scale alone is unknown: no law that learns its shape from the same 100 samples is expected below it.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::borrow::Cow;
use std::collections::BTreeMap;

use rayon::prelude::*;
use triaxis_laws::coverage::{Chance, Coverage, Difficulty, Problem, coverage, laws, thinned};
use triaxis_laws::form::{Definition, Example, LawForm};
use triaxis_laws::forms::{CoverageBeta, find};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{FitOptions, HeldOut};

const FEW: u64 = 100;
const MANY: u64 = 10_000;

type Forms = Vec<&'static dyn LawForm>;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .collect();
    let repeats = arguments.iter().find_map(|one| one.parse().ok());
    let only = |part: &str| arguments.iter().any(|one| one == part);
    let named: Forms = arguments.iter().filter_map(|one| find(one).ok()).collect();
    let forms = if named.is_empty() { laws() } else { named };
    if !only("simulated") {
        published(&forms, repeats.unwrap_or(20));
    }
    if !only("published") {
        simulated(&forms, repeats.unwrap_or(100));
    }
}

fn options(seed: u64) -> FitOptions {
    FitOptions {
        replicates: 400,
        seed,
        holdout: HeldOut::None,
        ..FitOptions::default()
    }
}

/// What one prediction came to.
#[derive(Clone, Copy)]
struct Told {
    error: f64,
    holds: bool,
    width: f64,
}

/// Fits and predicts; `None` where the fit is refused.
fn told(problems: &[Problem], forms: &Forms, truth: f64, seed: u64) -> Option<Told> {
    let fitted = Coverage::of_counts(problems, forms, &options(seed)).ok()?;
    let predicted = fitted.predict(MANY as f64).unwrap();
    let interval = predicted.interval.unwrap();
    Some(Told {
        error: predicted.value - truth,
        holds: interval.holds(truth),
        width: interval.width(),
    })
}

/// Mean error, mean absolute error, share of intervals that hold the truth, mean width.
fn mean(told: &[Told]) -> [f64; 4] {
    let mean = |of: &dyn Fn(&Told) -> f64| told.iter().map(of).sum::<f64>() / told.len() as f64;
    [
        mean(&|one| one.error),
        mean(&|one| one.error.abs()),
        mean(&|one| f64::from(u8::from(one.holds))),
        mean(&|one| one.width),
    ]
}

fn published(forms: &Forms, repeats: u64) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/published-runs/test-time-coverage/counts_gsm8k.csv"
    );
    let Ok(mut reader) = csv::Reader::from_path(path) else {
        println!("published counts are not there: {path}");
        return;
    };
    let mut models: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        models.entry(row[0].to_owned()).or_default().push(Problem {
            samples: row[2].parse().unwrap(),
            correct: row[3].parse::<f64>().unwrap() as u64,
        });
    }
    models.retain(|_, problems| problems.iter().all(|problem| problem.samples >= MANY));
    println!(
        "| model | seen at 100 | at 10,000 | error, all counts | mean error, 100 samples | off on average | holds | width | scale only | refused |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    let (mut all_models, mut of_all, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    for (model, problems) in &models {
        let truth = coverage(problems, MANY).unwrap();
        let all = told(problems, forms, truth, 0).map_or(f64::NAN, |told| told.error.abs());
        let floor = Exponent::of(problems);
        let (drawn, least): (Vec<Option<Told>>, Vec<Option<Told>>) = (0..repeats)
            .into_par_iter()
            .map(|seed| {
                let few = thinned(problems, FEW, seed);
                let least = floor.as_ref().and_then(|floor| told(&few, floor, truth, seed));
                (told(&few, forms, truth, seed), least)
            })
            .unzip();
        let drawn: Vec<Told> = drawn.into_iter().flatten().collect();
        let least: Vec<Told> = least.into_iter().flatten().collect();
        let [off, error, holds, width] = mean(&drawn);
        println!(
            "| {model} | {:.4} | {truth:.3} | {all:.4} | {error:.4} | {off:+.4} | {holds:.2} | {width:.3} | {:.4} | {} |",
            coverage(problems, FEW).unwrap(),
            mean(&least)[1],
            repeats as usize - drawn.len()
        );
        // A model that is refused in half of the draws says little in the others: they are chosen by luck.
        if 2 * drawn.len() as u64 > repeats {
            all_models.extend(drawn);
            floors.extend(least);
            of_all.push(all);
        }
    }
    let [off, error, holds, width] = mean(&all_models);
    let of_all = of_all.iter().sum::<f64>() / of_all.len() as f64;
    println!(
        "\n{} draws of models with fewer than half refused: mean error {error:.4} from 100 samples (off on average {off:+.4}), {of_all:.4} from all counts, {:.1} times; {:.4} where the scale only is unknown; 90% intervals hold {holds:.3}, width {width:.3}\n",
        all_models.len(),
        error / of_all,
        mean(&floors)[1],
    );
}

/// A truth: its name, and a draw of a problem's chance.
type Truth = (&'static str, fn(&mut Stream) -> f64);

/// A draw from Beta(alpha, beta), beta a whole number: the product of beta powers of uniform numbers.
fn beta(stream: &mut Stream, alpha: f64, beta: u32) -> f64 {
    (0..beta)
        .map(|at| stream.uniform().powf((alpha + f64::from(at)).recip()))
        .product()
}

fn logit_normal(stream: &mut Stream, mu: f64, sigma: f64) -> f64 {
    (1.0 + (-mu - sigma * stream.normal()).exp()).recip()
}

fn or_zero(stream: &mut Stream, share: f64, chance: fn(&mut Stream) -> f64) -> f64 {
    if stream.uniform() < share {
        0.0
    } else {
        chance(stream)
    }
}

/// Coverage at few samples and at many, and what is told from all counts and from few.
type Simulated = (f64, f64, Told, Told);

const TRUTHS: [Truth; 9] = [
    ("Beta(0.4, 20)", |stream| beta(stream, 0.4, 20)),
    ("Beta(0.25, 3)", |stream| beta(stream, 0.25, 3)),
    ("Beta(0.3, 300)", |stream| beta(stream, 0.3, 300)),
    ("logit-normal(-5, 2)", |stream| logit_normal(stream, -5.0, 2.0)),
    ("logit-normal(-8, 1.5)", |stream| logit_normal(stream, -8.0, 1.5)),
    ("logit-normal(-3, 2.5)", |stream| logit_normal(stream, -3.0, 2.5)),
    ("0.3 at zero, Beta(0.6, 10)", |stream| {
        or_zero(stream, 0.3, |stream| beta(stream, 0.6, 10))
    }),
    ("0.1 at zero, logit-normal(-4, 1.5)", |stream| {
        or_zero(stream, 0.1, |stream| logit_normal(stream, -4.0, 1.5))
    }),
    ("0.2 at zero, Beta(0.4, 100)", |stream| {
        or_zero(stream, 0.2, |stream| beta(stream, 0.4, 100))
    }),
];

fn simulated(forms: &Forms, repeats: u64) {
    const PROBLEMS: usize = 128;
    println!(
        "| truth of {PROBLEMS} problems | solved at 100 | at 10,000 | mean error, all 10,000 samples | mean error, 100 samples | off on average | holds | width |\n|---|---|---|---|---|---|---|---|"
    );
    let mut every = Vec::new();
    for (name, chance) in TRUTHS {
        let one = |seed: u64| {
            let mut stream = Stream::new(seed, name, 0);
            let draw = |chance: f64, stream: &mut Stream| Problem {
                samples: MANY,
                correct: (0..MANY).filter(|_| stream.uniform() < chance).count() as u64,
            };
            let problems: Vec<Problem> = (0..PROBLEMS)
                .map(|_| {
                    let chance = chance(&mut stream);
                    draw(chance, &mut stream)
                })
                .collect();
            let truth = coverage(&problems, MANY).unwrap();
            let few = thinned(&problems, FEW, seed);
            let all = told(&problems, forms, truth, seed)?;
            Some((
                coverage(&few, FEW).unwrap(),
                truth,
                all,
                told(&few, forms, truth, seed)?,
            ))
        };
        let told: Vec<Simulated> = (0..repeats).into_par_iter().filter_map(one).collect();
        let of = |of: &dyn Fn(&Simulated) -> f64| told.iter().map(of).sum::<f64>() / told.len() as f64;
        let few: Vec<Told> = told.iter().map(|one| one.3).collect();
        let [off, error, holds, width] = mean(&few);
        println!(
            "| {name} | {:.3} | {:.3} | {:.4} | {error:.4} | {off:+.4} | {holds:.3} | {width:.3} |",
            of(&|one| one.0),
            of(&|one| one.1),
            of(&|one| one.2.error.abs()),
        );
        every.extend(few);
    }
    let [off, error, holds, width] = mean(&every);
    println!(
        "| all {} | | | | {error:.4} | {off:+.4} | {holds:.3} | {width:.3} |",
        every.len()
    );
}

/// The Beta law with its exponent known.
struct Exponent {
    alpha: f64,
    definition: Definition,
}

impl Exponent {
    /// As all counts of the problems have it.
    fn of(problems: &[Problem]) -> Option<Forms> {
        let fitted = Coverage::of_counts(problems, &[&CoverageBeta], &options(0)).ok()?;
        let full = CoverageBeta.definition();
        let definition = Definition {
            name: Cow::Borrowed("coverage-beta-of-known-exponent"),
            parameters: Cow::Owned(full.parameters[1..].to_vec()),
            ..full.clone()
        };
        let alpha = fitted.likeliest().parameter("alpha")?;
        // A few for each model, for as long as the benchmark runs.
        Some(vec![Box::leak(Box::new(Self { alpha, definition }))])
    }

    fn full(&self, rest: &[f64]) -> Vec<f64> {
        [&[self.alpha], rest].concat()
    }
}

impl LawForm for Exponent {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let mut slopes = [0.0; 2];
        let value = CoverageBeta.value(&self.full(parameters), inputs, &mut slopes);
        gradient[0] = slopes[1];
        value
    }

    fn difficulty(&self) -> Option<&dyn Difficulty> {
        Some(self)
    }

    fn example(&self) -> Example {
        let Example { parameters, rows } = CoverageBeta.example();
        Example {
            parameters: parameters[1..].to_vec(),
            rows,
        }
    }
}

impl Difficulty for Exponent {
    fn ln_density(&self, parameters: &[f64], chance: &Chance) -> f64 {
        self.alpha * chance.ln_success + parameters[0] * chance.ln_failure
    }

    fn ln_prior(&self, coordinates: &[f64]) -> f64 {
        CoverageBeta.ln_prior(&self.full_coordinates(coordinates))
    }

    fn prior_spread(&self) -> Vec<f64> {
        CoverageBeta.prior_spread()[1..].to_vec()
    }
}

impl Exponent {
    fn full_coordinates(&self, rest: &[f64]) -> Vec<f64> {
        [&[self.alpha.ln()], rest].concat()
    }
}
