//! What counts and curves tell, against simulated truths.

use super::*;
use crate::coverage::coverage;
use crate::forms::{CoverageBeta, CoverageLogitNormal, CoveragePower, CoverageUnsolvable};

fn options(replicates: usize, seed: u64) -> FitOptions {
    FitOptions {
        replicates,
        seed,
        holdout: HeldOut::None,
        ..FitOptions::default()
    }
}

/// Problems of chances that a quantile function gives.
fn problems(count: u64, samples: u64, seed: u64, chance: impl Fn(&mut Stream) -> f64) -> Vec<Problem> {
    let mut stream = Stream::new(seed, "problems", samples);
    let mut draw = |_| {
        let chance = chance(&mut stream);
        Problem {
            samples,
            correct: (0..samples).filter(|_| stream.uniform() < chance).count() as u64,
        }
    };
    (0..count).map(&mut draw).collect()
}

/// A draw from Beta(0.4, 1).
fn beta(stream: &mut Stream) -> f64 {
    stream.uniform().powf(2.5)
}

#[test]
fn the_likelihood_of_counts_is_that_of_the_beta_binomial_distribution() {
    use statrs::function::gamma::ln_gamma;
    let counts: Vec<Problem> = [(10, 0), (10, 3), (50, 7), (200, 1), (9, 9)]
        .map(|(samples, correct)| Problem { samples, correct })
        .to_vec();
    let evidence = Counts::new(&counts);
    let told =
        |alpha: f64, beta: f64| evidence.ln_likelihood(&shares(&CoverageBeta, &[alpha, beta]).unwrap());
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let closed = |alpha: f64, beta: f64| -> f64 {
        let one = |problem: &Problem| {
            let (correct, wrong) = (problem.correct as f64, (problem.samples - problem.correct) as f64);
            ln_beta(alpha + correct, beta + wrong) - ln_beta(alpha, beta)
        };
        counts.iter().map(one).sum()
    };
    for (alpha, beta) in [(0.1, 0.5), (0.4, 3.0), (2.0, 1.0), (0.3, 200.0)] {
        assert!(
            (told(alpha, beta) - closed(alpha, beta)).abs() < 1e-6,
            "{alpha} {beta}"
        );
    }
}

#[test]
fn few_samples_foretell_many_of_the_same_problems() {
    // Chances at the quantiles of the distribution.
    let place = std::cell::Cell::new(0.0);
    let many = problems(150, 2000, 9, |_| {
        place.set(place.get() + 1.0);
        ((place.get() - 0.5) / 150.0_f64).powf(2.5)
    });
    let truth = coverage(&many, 1000).unwrap();
    let few = thinned(&many, 100, 3);
    let fitted = Coverage::of_counts(
        &few,
        &[&CoverageBeta],
        &FitOptions {
            replicates: 300,
            ..FitOptions::default()
        },
    );
    let fitted = fitted.unwrap();
    let far = fitted.predict(1000.0).unwrap();
    let interval = far.interval.unwrap();
    assert!(
        interval.holds(truth) && interval.width() < 0.12,
        "{truth} {far:?}"
    );
    let fit = fitted.likeliest();
    assert!(
        fit.parameters["alpha"].estimate.covers(0.4),
        "{:?}",
        fit.parameters
    );
    assert!(
        fit.parameters
            .values()
            .all(|parameter| parameter.estimate.identified)
    );
    assert!(fitted.holdout.unwrap().mean_absolute < 0.1);
    // Problems with fewer samples do not hide those of the others.
    let mut unequal = many.clone();
    unequal
        .iter_mut()
        .zip(&few)
        .step_by(5)
        .for_each(|(many, few)| *many = *few);
    let by = |problems: &[Problem]| {
        let fitted = Coverage::of_counts(problems, &laws(), &options(300, 0)).unwrap();
        fitted.predict(1000.0).unwrap().interval.unwrap().width()
    };
    assert!(by(&unequal) < 0.7 * by(&few), "{} {}", by(&unequal), by(&few));
}

#[test]
fn an_average_holds_what_single_laws_miss() {
    let truths: [fn(&mut Stream) -> f64; 3] = [
        beta,
        |stream| (1.0 + (5.0 - 2.0 * stream.normal()).exp()).recip(),
        |stream| if stream.uniform() < 0.2 { 0.0 } else { beta(stream) },
    ];
    let (mut all, mut one, mut told) = (0, 0, 0);
    for chance in truths {
        for seed in 0..6 {
            let many = problems(100, 5000, seed, chance);
            let truth = coverage(&many, 5000).unwrap();
            let few = thinned(&many, 60, seed);
            let holds = |forms: &[&'static dyn LawForm]| {
                let fitted = Coverage::of_counts(&few, forms, &options(200, seed)).unwrap();
                u32::from(fitted.predict(5000.0).unwrap().interval.unwrap().holds(truth))
            };
            told += 1;
            all += holds(&laws());
            one += holds(&[&CoverageBeta]);
        }
    }
    assert!(all * 100 >= 80 * told && all > one, "{all} and {one} of {told}");
}

#[test]
fn shares_stay_shares_at_any_number_of_samples() {
    let few = problems(40, 20, 1, beta);
    for form in laws() {
        let fitted = Coverage::of_counts(&few, &[form], &options(100, 0)).unwrap();
        let mut before = 0.0;
        for samples in [1.0, 30.0, 1e4, 1e9] {
            let told = fitted.predict(samples).unwrap();
            let interval = told.interval.unwrap();
            let inside = 0.0 <= interval.low && interval.low <= told.value && interval.high <= 1.0;
            assert!(inside && told.value >= before, "{} {told:?}", form.name());
            before = told.value;
        }
        assert!(fitted.predict(0.5).is_err() && fitted.predict(f64::NAN).is_err());
    }
}

#[test]
fn a_curve_has_intervals_only_by_its_number_of_problems() {
    let many = problems(130, 3000, 4, beta);
    let truth = coverage(&many, 3000).unwrap();
    let table = Curve::new(&thinned(&many, 100, 0)).unwrap().table();
    let by = |problems, forms: &[&'static dyn LawForm]| {
        Coverage::of_curve(&table, problems, forms, &options(200, 0))
            .unwrap()
            .predict(3000.0)
            .unwrap()
    };
    let unknown = by(None, &laws());
    assert!(unknown.interval.is_none() && unknown.law.is_none(), "{unknown:?}");
    let known = by(Some(130), &laws());
    let width = |told: &Prediction| told.interval.unwrap().width();
    assert!(known.interval.unwrap().holds(truth), "{truth} {known:?}");
    assert!(width(&by(Some(13_000), &[&CoverageBeta])) < 0.5 * width(&by(Some(130), &[&CoverageBeta])));
    let points = fit_curve(&CoveragePower, &table, &FitOptions::default()).unwrap();
    assert!(
        points
            .parameters
            .values()
            .all(|parameter| parameter.estimate.interval.is_none())
    );
    assert!(points.warnings.contains(&Warning::OneCurve));
    assert!(
        crate::predict(&CoveragePower, &points, &[1e4])
            .unwrap()
            .interval
            .is_none()
    );
}

/// Pass@k of two models on 128 problems of MATH, of 100 samples of each, and what 10,000 samples of each showed
/// (Pythia 410M and 2.8B; counts of Brown et al. 2024 as published by Schaeffer et al. 2025).
#[test]
fn published_curves_of_few_samples_foretell_many() {
    const FEW: [f64; 13] = [
        1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 70.0, 100.0,
    ];
    const MANY: [f64; 7] = [200.0, 500.0, 1000.0, 2000.0, 5000.0, 7500.0, 10_000.0];
    let models: [([f64; 13], [f64; 7]); 2] = [
        (
            [
                0.005469, 0.010734, 0.015805, 0.025404, 0.034333, 0.046612, 0.064549, 0.079937, 0.105177,
                0.125423, 0.142469, 0.170565, 0.203125,
            ],
            [0.3048, 0.4084, 0.4818, 0.5460, 0.6100, 0.6356, 0.6562],
        ),
        (
            [
                0.019609, 0.0367, 0.051813, 0.077622, 0.099215, 0.126335, 0.162586, 0.19178, 0.237634,
                0.273333, 0.30262, 0.348644, 0.398438,
            ],
            [0.5148, 0.6154, 0.6778, 0.7307, 0.78533, 0.8027, 0.8125],
        ),
    ];
    for (seen, truths) in models {
        let table = Observations::new().with("samples", FEW.to_vec()).unwrap();
        let table = table.with("coverage", seen.to_vec()).unwrap();
        let fitted = Coverage::of_curve(&table, Some(128), &laws(), &options(400, 0)).unwrap();
        for (samples, truth) in MANY.into_iter().zip(truths) {
            let told = fitted.predict(samples).unwrap();
            assert!(told.interval.unwrap().holds(truth), "{samples}: {truth} {told:?}");
            assert!((told.value - truth).abs() < 0.15, "{samples}: {truth} {told:?}");
        }
    }
}

#[test]
fn what_tells_nothing_is_refused() {
    let alike =
        |correct| Coverage::of_counts(&[Problem { samples: 10, correct }; 5], &laws(), &options(0, 0)).err();
    assert!(matches!(
        alike(0),
        Some(FitError::Refused(Refusal::SameOutcome { .. }))
    ));
    assert!(matches!(
        alike(10),
        Some(FitError::Refused(Refusal::SameOutcome { .. }))
    ));
    assert!(matches!(alike(11), Some(FitError::Input(_))));
    let few = problems(40, 20, 1, beta);
    let power = Coverage::of_counts(&few, &[&CoveragePower], &options(0, 0)).err();
    assert!(matches!(
        power,
        Some(FitError::Refused(Refusal::NoDifficulty { .. }))
    ));
    let point = Coverage::of_counts(
        &few,
        &[&CoverageLogitNormal, &CoverageUnsolvable::BETA],
        &options(0, 0),
    )
    .unwrap();
    assert!(point.predict(100.0).unwrap().interval.is_none());
    assert!((point.laws.iter().map(|law| law.weight).sum::<f64>() - 1.0).abs() < 1e-12);
}
