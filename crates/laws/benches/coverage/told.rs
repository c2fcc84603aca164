//! What laws tell of counts, and how far off it is.

use triaxis_laws::coverage::{Coverage, Problem, laws};
use triaxis_laws::form::LawForm;
use triaxis_laws::{FitOptions, HeldOut, predict};

use crate::MANY;

/// What one prediction came to.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    /// Less the truth.
    pub(crate) error: f64,
    /// How far the curve of the law is off, whatever these problems showed.
    pub(crate) curve: f64,
    pub(crate) holds: bool,
    pub(crate) width: f64,
}

/// The names of what [`told`] tells.
pub(crate) fn names() -> Vec<&'static str> {
    let laws = laws().into_iter().map(LawForm::name);
    laws.chain(["average of all"]).collect()
}

pub(crate) fn options(seed: u64) -> FitOptions {
    FitOptions {
        replicates: 400,
        seed,
        holdout: HeldOut::None,
        ..FitOptions::default()
    }
}

/// Predictions by each law alone, and by the average of all; `None` where the fit is refused.
pub(crate) fn told(problems: &[Problem], truth: f64, seed: u64) -> Option<Vec<Told>> {
    let laws = laws();
    let mut fitted = Coverage::of_counts(problems, &laws, &options(seed)).ok()?;
    let shares: Vec<f64> = fitted.laws.iter().map(|law| law.weight).collect();
    let alone = laws.iter().map(|form| {
        let own = |name: &str| f64::from(u8::from(name == form.name()));
        fitted.laws.iter().map(|law| own(law.form.name())).collect()
    });
    let weights: Vec<Vec<f64>> = alone.chain([shares.clone()]).collect();
    let by = |weights: &Vec<f64>| {
        fitted
            .laws
            .iter_mut()
            .zip(weights)
            .for_each(|(law, weight)| law.weight = *weight);
        judged(&fitted, truth)
    };
    Some(weights.iter().map(by).collect())
}

/// The prediction of fitted laws at their present weights.
pub(crate) fn judged(fitted: &Coverage, truth: f64) -> Told {
    let predicted = fitted.predict(MANY as f64).unwrap();
    let interval = predicted.interval.unwrap();
    let heard = fitted.laws.iter().filter(|law| law.weight > 0.0);
    let curve = heard.map(|law| law.weight * predict(law.form, &law.fit, &[MANY as f64]).unwrap().value);
    Told {
        error: predicted.value - truth,
        curve: (curve.sum::<f64>() - truth).abs(),
        holds: interval.holds(truth),
        width: interval.width(),
    }
}

/// Means over predictions.
pub(crate) struct Mean {
    /// Of the absolute error.
    pub(crate) error: f64,
    /// Of the error, with its sign.
    pub(crate) off: f64,
    pub(crate) curve: f64,
    pub(crate) holds: f64,
    pub(crate) width: f64,
}

impl Mean {
    pub(crate) fn of(told: &[Told]) -> Self {
        let mean = |of: &dyn Fn(&Told) -> f64| told.iter().map(of).sum::<f64>() / told.len() as f64;
        Self {
            error: mean(&|one| one.error.abs()),
            off: mean(&|one| one.error),
            curve: mean(&|one| one.curve),
            holds: mean(&|one| f64::from(u8::from(one.holds))),
            width: mean(&|one| one.width),
        }
    }
}

/// A table of all laws: from all samples, from few, and the one over the other.
pub(crate) fn compare(all: &[Vec<Told>], few: &[Vec<Told>]) {
    println!(
        "\n| law | all samples: curve | all samples: these problems | few samples | over the curve's | over these problems' | off | holds | width |\n|---|---|---|---|---|---|---|---|---|"
    );
    for (at, name) in names().iter().enumerate() {
        let of = |told: &[Vec<Told>]| Mean::of(&told.iter().map(|laws| laws[at]).collect::<Vec<Told>>());
        let (all, few) = (of(all), of(few));
        println!(
            "| {name} | {:.4} | {:.4} | {:.4} | {:.1} | {:.1} | {:+.4} | {:.3} | {:.3} |",
            all.curve,
            all.error,
            few.error,
            few.error / all.curve,
            few.error / all.error,
            few.off,
            few.holds,
            few.width,
        );
    }
}
