use proptest::prelude::*;

use super::*;
use crate::error::{FitError, Refusal};
use crate::numeric::Stream;

/// Mixtures drawn evenly from all there are.
fn mixtures(rows: usize, domains: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(seed, "mixtures", 0);
    let mixture = |_| {
        let parts: Vec<f64> = (0..domains).map(|_| -stream.uniform().ln()).collect();
        let sum: f64 = parts.iter().sum();
        parts.iter().map(|part| part / sum).collect()
    };
    (0..rows).map(mixture).collect()
}

fn truth(shares: &[f64]) -> f64 {
    1.4 + (0.8 - 2.0 * shares[0] - 0.9 * shares[1] + 0.4 * shares[2]).exp()
}

fn simulated(rows: usize, noise: f64, seed: u64) -> Mixtures {
    let mut stream = Stream::new(seed, "noise", 0);
    let shares = mixtures(rows, 3, seed);
    let losses: Vec<f64> = shares
        .iter()
        .map(|shares| truth(shares) + noise * stream.normal())
        .collect();
    Mixtures::new(&shares, &losses).unwrap()
}

#[test]
fn every_form_finds_its_own_truth() {
    let shares = mixtures(60, 4, 1);
    let parameters = [
        vec![2.0, 3.0, 2.5, 4.0],
        vec![2.0, 3.0, 2.5, 4.0, -0.3, -0.1, -0.2, 0.1],
        vec![1.5, 0.3, -2.0, -0.5, 0.4, 0.1],
    ];
    for (form, parameters) in MixtureForm::ALL.into_iter().zip(parameters) {
        let losses: Vec<f64> = shares
            .iter()
            .map(|shares| form.loss(&parameters, shares))
            .collect();
        let fit = fit_mixture(
            form,
            &Mixtures::new(&shares, &losses).unwrap(),
            &MixtureOptions::default(),
        )
        .unwrap();
        // The ridge moves exponents a little, and what is predicted less.
        assert!(fit.r_squared > 0.9999, "{form:?} {}", fit.r_squared);
        let even = fit.predict(&[0.25; 4]).unwrap();
        let expected = form.loss(&parameters, &[0.25; 4]);
        assert!(
            (even.value / expected - 1.0).abs() < 2e-3,
            "{form:?} {even:?} {expected}"
        );
    }
}

#[test]
fn slopes_are_those_of_differences() {
    let shares = [0.2, 0.3, 0.5];
    for form in MixtureForm::ALL {
        let parameters: Vec<f64> = (0..form.parameters(3)).map(|at| 0.7 - 0.2 * at as f64).collect();
        let by_share = form.slopes(&parameters, &shares);
        let mut by_parameter = vec![0.0; parameters.len()];
        let value = form.value(&parameters, &shares, &mut by_parameter);
        assert!((value - form.loss(&parameters, &shares)).abs() < 1e-12);
        let near = |found: f64, difference: f64| (found - difference).abs() < 1e-6;
        let step = 1e-6;
        for (at, slope) in by_share.iter().enumerate() {
            let shifted = |by: f64| {
                let mut shifted = shares;
                shifted[at] += by;
                form.loss(&parameters, &shifted)
            };
            assert!(
                near(*slope, (shifted(step) - shifted(-step)) / (2.0 * step)),
                "{form:?}"
            );
        }
        for (at, slope) in by_parameter.iter().enumerate() {
            let shifted = |by: f64| {
                let mut shifted = parameters.clone();
                shifted[at] += by;
                form.loss(&shifted, &shares)
            };
            assert!(
                near(*slope, (shifted(step) - shifted(-step)) / (2.0 * step)),
                "{form:?}"
            );
        }
    }
}

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let probe = [0.5, 0.3, 0.2];
    let worlds = 100;
    let covered = (0..worlds).filter(|world| {
        let runs = simulated(40, 0.02, 100 + world);
        let fit = fit_mixture(MixtureForm::Exponential, &runs, &MixtureOptions::default()).unwrap();
        fit.predict(&probe).unwrap().covers(truth(&probe))
    });
    let covered = covered.count();
    assert!((80..=97).contains(&covered), "{covered} of {worlds} at 90%");
}

#[test]
fn the_optimum_is_that_of_a_grid_and_heeds_its_caps() {
    let fit = fit_mixture(
        MixtureForm::Logarithmic,
        &simulated(80, 0.0, 3),
        &MixtureOptions::default(),
    )
    .unwrap();
    let caps = [0.6, 0.5, 0.7];
    let found = fit.optimum(&caps).unwrap();
    let mut least = f64::INFINITY;
    for first in 0..=600 {
        for second in 0..=500 {
            let shares = [f64::from(first) / 1000.0, f64::from(second) / 1000.0];
            let third = 1.0 - shares[0] - shares[1];
            if (0.0..=caps[2]).contains(&third) {
                least = least.min(fit.predict(&[shares[0], shares[1], third]).unwrap().value);
            }
        }
    }
    assert!(found.loss.value <= least + 1e-9, "{} {least}", found.loss.value);
    assert!(found.loss.value > least - 1e-5, "{} {least}", found.loss.value);
    assert!(
        found
            .shares
            .iter()
            .zip(&caps)
            .all(|(share, cap)| share <= &(cap + 1e-9))
    );
    // Without caps an exponential law takes the best domain alone, which no run did: that is said.
    let fit = fit_mixture(
        MixtureForm::Exponential,
        &simulated(80, 0.01, 3),
        &MixtureOptions::default(),
    )
    .unwrap();
    let alone = fit.optimum(&[1.0; 3]).unwrap();
    assert!((alone.shares[0] - 1.0).abs() < 1e-9, "{alone:?}");
    assert_eq!(alone.beyond, [0]);
}

/// What the law promises of its best mixture is too good by about the optimism that is told.
#[test]
fn optimism_tells_by_how_much_the_best_disappoints() {
    let (mut told, mut met) = (0.0, 0.0);
    let worlds = 120;
    for world in 0..worlds {
        let runs = simulated(14, 0.15, 500 + world);
        let fit = fit_mixture(MixtureForm::Linear, &runs, &MixtureOptions::default()).unwrap();
        let best = fit.optimum(&[0.5; 3]).unwrap();
        // Against the linear law nearest to the truth, which a fit without noise has.
        let plain = fit_mixture(
            MixtureForm::Linear,
            &simulated(4000, 0.0, 1),
            &MixtureOptions {
                replicates: 0,
                ..MixtureOptions::default()
            },
        );
        let expected = plain.unwrap().predict(&best.shares).unwrap().value;
        told += best.optimism.unwrap() / worlds as f64;
        met += (expected - best.loss.value) / worlds as f64;
        assert!(best.spread.unwrap().iter().all(|ends| ends.low <= ends.high));
    }
    assert!(met > 0.0, "{met}");
    assert!((0.4..2.5).contains(&(told / met)), "told {told}, met {met}");
}

#[test]
fn what_is_no_mixture_says_why() {
    let good = mixtures(30, 3, 1);
    let losses = vec![2.0; 30];
    let said = |shares: &[Vec<f64>], losses: &[f64]| Mixtures::new(shares, losses).unwrap_err().to_string();
    assert!(said(&good, &losses[..29]).contains("`loss` has 29 rows"));
    assert!(said(&[vec![1.0]], &[2.0]).contains("the number of domains is 1"));
    assert!(said(&[vec![0.5, 0.4]], &[2.0]).contains("1, as the sum of all shares"));
    assert!(said(&[vec![1.5, -0.5]], &[2.0]).contains("a share, 0 to 1"));
    assert!(said(&[vec![f64::NAN, 1.0]], &[2.0]).contains("a share, 0 to 1"));
    assert!(said(&[vec![0.5, 0.5], vec![1.0]], &[2.0, 2.0]).contains("`shares` has 1 rows"));
    assert!(said(&[vec![0.5, 0.5]], &[f64::NAN]).contains("must be finite"));
    assert!(said(&[vec![1.0, 0.0]], &[2.0]).contains("is in no mixture"));
    assert!(said(&[], &[]).contains("the number of domains is 0"));
    let fitted = |runs: &Mixtures, options| fit_mixture(MixtureForm::Exponential, runs, &options);
    let constant = Mixtures::new(&good, &losses).unwrap();
    let refused = fitted(&constant, MixtureOptions::default()).unwrap_err();
    assert!(
        matches!(refused, FitError::Refused(Refusal::Constant { .. })),
        "{refused}"
    );
    let few = fitted(&simulated(5, 0.0, 1), MixtureOptions::default()).unwrap_err();
    assert!(
        matches!(few, FitError::Refused(Refusal::TooFewRows { needed: 6, .. })),
        "{few}"
    );
    let level = MixtureOptions {
        level: 1.0,
        ..MixtureOptions::default()
    };
    assert!(
        fitted(&simulated(20, 0.0, 1), level)
            .unwrap_err()
            .to_string()
            .contains("level is 1")
    );
    // Two domains always mixed half and half are one.
    let tied: Vec<Vec<f64>> = good
        .iter()
        .map(|shares| vec![shares[0], 0.5 * (1.0 - shares[0]), 0.5 * (1.0 - shares[0])])
        .collect();
    let varied: Vec<f64> = tied.iter().map(|shares| truth(shares)).collect();
    let refused = fit_mixture(
        MixtureForm::Linear,
        &Mixtures::new(&tied, &varied).unwrap(),
        &MixtureOptions::default(),
    );
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("do not tell all domains apart")
    );
    let fit = fitted(&simulated(20, 0.01, 1), MixtureOptions::default()).unwrap();
    let caps = |caps: &[f64]| fit.optimum(caps).unwrap_err().to_string();
    assert!(caps(&[0.3, 0.3, 0.3]).contains("no mixture is left; raise some"));
    assert!(caps(&[0.3, 0.3]).contains("`caps` has 2 rows"));
    assert!(caps(&[2.0, 0.3, 0.3]).contains("a share, 0 to 1"));
    assert!(
        fit.predict(&[0.5, 0.5])
            .unwrap_err()
            .to_string()
            .contains("has 2 rows")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_best_is_a_mixture_within_its_caps_and_no_worse_than_any(
        parameters in prop::collection::vec(-3.0..3.0_f64, 8),
        raw in prop::collection::vec(0.3..1.0_f64, 4),
        other in prop::collection::vec(0.01..1.0_f64, 4),
        which in 0..3_usize,
    ) {
        let form = MixtureForm::ALL[which];
        let mut parameters = parameters[..form.parameters(4)].to_vec();
        if form == MixtureForm::Logarithmic {
            // What is convex has one minimum.
            parameters[4..].iter_mut().for_each(|weight| *weight = -weight.abs());
        }
        let fit = MixtureFit {
            form, domains: 4, best: parameters, draws: Vec::new(), noise: 0.1, r_squared: 0.9,
            left_out: 0,
            largest: vec![1.0; 4], level: 0.9,
        };
        let found = fit.optimum(&raw).unwrap();
        prop_assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        prop_assert!(found.shares.iter().zip(&raw).all(|(share, cap)| *share >= 0.0 && *share <= cap + 1e-9));
        let sum: f64 = other.iter().sum();
        let other: Vec<f64> = other.iter().map(|share| share / sum).collect();
        if other.iter().zip(&raw).all(|(share, cap)| share <= cap) {
            prop_assert!(found.loss.value <= fit.predict(&other).unwrap().value + 1e-6);
        }
        prop_assert_eq!((found.optimism, found.spread), (None, None));
    }
}

#[test]
fn samples_that_tell_no_domains_apart_are_counted_and_too_many_are_refused() {
    // The third domain is in `some` of 40 runs: a sample without any of them is singular.
    let with = |some: usize| {
        let mut shares = mixtures(40, 3, 5);
        for row in shares.iter_mut().skip(some) {
            let sum = row[0] + row[1];
            *row = vec![row[0] / sum, row[1] / sum, 0.0];
        }
        let losses: Vec<f64> = shares.iter().map(|row| truth(row)).collect();
        let options = MixtureOptions {
            replicates: 1000,
            ..MixtureOptions::default()
        };
        fit_mixture(
            MixtureForm::Linear,
            &Mixtures::new(&shares, &losses).unwrap(),
            &options,
        )
    };
    // (1 - some / 40)^40 of the samples have none: 36% of one, 4% of three.
    match with(1) {
        Err(FitError::Refused(Refusal::Collinear { reason, .. })) => {
            assert!(reason.contains("of 1000"), "{reason}")
        }
        other => panic!("{other:?}"),
    }
    let fit = with(3).unwrap();
    assert!(
        (20..80).contains(&fit.left_out) && fit.draws.len() + fit.left_out == 1000,
        "{}",
        fit.left_out
    );
}

#[test]
fn no_vertex_is_better_than_the_best_mixture() {
    // Every vertex is a basin of its own; the first is where slopes lead, and the second is lower.
    let parameters = vec![0.0, 0.9, 2.0, 2.0, 0.3, 0.1, 0.1, 0.1];
    let caps = [1.0; 4];
    let fit = MixtureFit {
        form: MixtureForm::Logarithmic,
        domains: 4,
        best: parameters.clone(),
        draws: Vec::new(),
        left_out: 0,
        noise: 0.0,
        r_squared: 1.0,
        largest: vec![1.0; 4],
        level: 0.9,
    };
    let best = fit.optimum(&caps).unwrap();
    for domain in 0..4 {
        let vertex: Vec<f64> = (0..4).map(|at| f64::from(u8::from(at == domain))).collect();
        assert!(
            best.loss.value <= fit.predict(&vertex).unwrap().value + 1e-12,
            "{domain} {:?}",
            best.shares
        );
    }
}

/// Draws around equal shares, whose losses a truth with a step in it has: below a fifth of the first domain, more.
fn stepped(rows: u64) -> (Prior, Mixtures) {
    let prior = Prior::new(&[1.0 / 3.0; 3], 1.0, [0.5, 5.0], &[1.0; 3]).unwrap();
    let draw = |at: u64| prior.draw(&mut Stream::new(5, "runs", at)).unwrap();
    let shares: Vec<Vec<f64>> = (0..rows).map(draw).collect();
    let loss = |shares: &Vec<f64>| 3.0 + f64::from(u8::from(shares[0] < 0.2)) - 0.5 * shares[1];
    let losses: Vec<f64> = shares.iter().map(loss).collect();
    let runs = Mixtures::new(&shares, &losses).unwrap();
    (prior, runs)
}

#[test]
fn trees_find_what_no_equation_has() {
    let (prior, runs) = stepped(300);
    let options = SearchOptions {
        candidates: 2000,
        top: 20,
        refits: 10,
        ..SearchOptions::default()
    };
    let best = best_mixture(&runs, &prior, &prior.shares, &options).unwrap();
    assert_eq!(best.regressor, Regressor::Trees);
    assert_eq!(best.checked.len(), Regressor::ALL.len());
    assert!(best.checked[0].error < best.checked[1].error && best.checked[0].rank > Some(0.98));
    // The best has all of the second domain that leaves a fifth of the first.
    assert!((best.shares[0].value - 0.25).abs() < 0.06, "{:?}", best.shares);
    assert!((best.shares[1].value - 0.72).abs() < 0.08, "{:?}", best.shares);
    let told = Regressor::Trees
        .predicted(&runs, &[vec![0.3, 0.7, 0.0], vec![0.1, 0.7, 0.2]])
        .unwrap();
    assert!((told[1] - told[0] - 1.0).abs() < 0.15, "{told:?}");
    assert!(Regressor::Trees.predicted(&runs, &[vec![1.0]]).is_err());
}

#[test]
fn the_best_mixture_of_few_runs_has_a_spread_that_holds_the_true_one() {
    // The truth is least where all is of the first domain, as far as its cap allows.
    let caps = [0.6, 1.0, 1.0];
    let prior = Prior::new(&[0.3, 0.4, 0.3], 1.0, [0.5, 5.0], &caps).unwrap();
    let draw = |at: u64| prior.draw(&mut Stream::new(2, "runs", at)).unwrap();
    let shares: Vec<Vec<f64>> = (0..24).map(draw).collect();
    let mut stream = Stream::new(2, "noise", 0);
    let losses: Vec<f64> = shares
        .iter()
        .map(|shares| truth(shares) + 0.01 * stream.normal())
        .collect();
    let runs = Mixtures::new(&shares, &losses).unwrap();
    let options = SearchOptions {
        candidates: 4000,
        ..SearchOptions::default()
    };
    let best = best_mixture(&runs, &prior, &prior.shares, &options).unwrap();
    assert_eq!(best.regressor, Regressor::Form(MixtureForm::Exponential));
    let ends = |estimate: &triaxis_units::Estimate| {
        let ends = estimate.interval.unwrap();
        assert!(ends.low <= ends.high);
        ends
    };
    assert!(
        best.shares[0].value > 0.5 && ends(&best.shares[0]).high <= 0.6,
        "{:?}",
        best.shares
    );
    assert!((best.shares.iter().map(|share| share.value).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(ends(&best.gain).low > 0.0, "{:?}", best.gain);
    let at: Vec<f64> = best.shares.iter().map(|share| share.value).collect();
    let told = ends(&best.loss);
    assert!(
        (told.low - 0.02..=told.high + 0.02).contains(&truth(&at)),
        "{told:?} {}",
        truth(&at)
    );
    assert!(best.optimism.abs() < 0.02, "{}", best.optimism);
    // The same whatever threads did.
    assert_eq!(
        best_mixture(&runs, &prior, &prior.shares, &options).unwrap(),
        best
    );
}

#[test]
fn what_noise_makes_of_the_best_mixture_is_no_gain() {
    let prior = Prior::new(&[0.25; 4], 1.0, [0.5, 5.0], &[1.0; 4]).unwrap();
    let options = SearchOptions {
        candidates: 1000,
        top: 5,
        refits: 60,
        ..SearchOptions::default()
    };
    let is_held = |world: &u64| {
        let mut stream = Stream::new(*world, "noise alone", 0);
        let draw = |at: u64| prior.draw(&mut Stream::new(*world, "runs", at)).unwrap();
        let shares: Vec<Vec<f64>> = (0..30).map(draw).collect();
        let losses: Vec<f64> = shares.iter().map(|_| 2.0 + 0.02 * stream.normal()).collect();
        let runs = Mixtures::new(&shares, &losses).unwrap();
        let best = best_mixture(&runs, &prior, &prior.shares, &options).unwrap();
        let ends = best.gain.interval.unwrap();
        assert!(best.gain.value > 0.0, "{best:?}");
        (ends.low..=ends.high).contains(&0.0)
    };
    let worlds = 40;
    let held = (0..worlds).filter(is_held).count();
    assert!(held >= 32, "0 is in {held} of {worlds} intervals of 90%");
}

#[test]
fn what_few_runs_say_nothing_of_is_refused() {
    let (prior, runs) = stepped(39);
    let searched = |runs: &Mixtures| {
        let options = SearchOptions {
            regressor: Some(Regressor::Trees),
            candidates: 200,
            top: 5,
            refits: 5,
            ..SearchOptions::default()
        };
        best_mixture(runs, &prior, &prior.shares, &options)
    };
    assert!(
        matches!(
            searched(&runs),
            Err(FitError::Refused(Refusal::TooFewRows { needed: 40, .. }))
        ),
        "{:?}",
        searched(&runs)
    );
    assert!(searched(&stepped(40).1).is_ok());
    // One run differs, and no leaf is of one alone.
    let shares: Vec<Vec<f64>> = (0..41)
        .map(|row| match row {
            0 => vec![0.4, 0.3, 0.3],
            _ => vec![0.3, 0.4, 0.3],
        })
        .collect();
    let losses: Vec<f64> = (0..41).map(|row| 2.0 + f64::from(row % 3)).collect();
    let said = searched(&Mixtures::new(&shares, &losses).unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("the law of trees predicts one loss of all"),
        "{said}"
    );
    // A domain of one run is in none once that one is left out.
    let mut shares = mixtures(30, 3, 5);
    for row in shares.iter_mut().skip(1) {
        *row = vec![row[0] / (row[0] + row[1]), row[1] / (row[0] + row[1]), 0.0];
    }
    let losses: Vec<f64> = shares.iter().map(|row| truth(row)).collect();
    let said = Regressor::Form(MixtureForm::Linear)
        .checked(&Mixtures::new(&shares, &losses).unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("domain 2, counted from 0, is in too few runs") && said.contains("higher strengths"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_searched_says_why() {
    let (prior, runs) = stepped(40);
    let said = |prior: &Prior, options: SearchOptions| {
        best_mixture(&runs, prior, &prior.shares, &options)
            .unwrap_err()
            .to_string()
    };
    let plain = SearchOptions::default();
    assert!(
        said(
            &prior,
            SearchOptions {
                top: 0,
                ..plain.clone()
            }
        )
        .contains("from 1 to the number of candidates")
    );
    assert!(
        said(
            &prior,
            SearchOptions {
                refits: 0,
                ..plain.clone()
            }
        )
        .contains("the spread is that of refits")
    );
    assert!(
        said(
            &prior,
            SearchOptions {
                level: 1.0,
                ..plain.clone()
            }
        )
        .contains("between 0 and 1")
    );
    let of_two = Prior::new(&[0.5; 2], 1.0, [1.0; 2], &[1.0; 2]).unwrap();
    assert!(said(&of_two, plain.clone()).contains("`prior` has 2 rows"));
    let narrow = Prior {
        caps: vec![0.34; 3],
        strengths: [0.1; 2],
        ..prior.clone()
    };
    assert!(said(&narrow, plain.clone()).contains("no mixture that is drawn is within them"));
    let few = stepped(4).1;
    let refused = best_mixture(
        &few,
        &prior,
        &prior.shares,
        &SearchOptions {
            regressor: Some(Regressor::Form(MixtureForm::Exponential)),
            ..plain
        },
    );
    assert!(
        matches!(refused, Err(FitError::Refused(Refusal::TooFewRows { .. }))),
        "{refused:?}"
    );
}

#[test]
fn a_regressor_is_a_word_in_data() {
    for regressor in Regressor::ALL {
        let word = serde_json::to_string(&regressor).unwrap();
        assert_eq!(word, format!("{:?}", regressor.name()));
        assert_eq!(serde_json::from_str::<Regressor>(&word).unwrap(), regressor);
    }
}

#[test]
fn a_source_of_nothing_has_no_share_in_the_best_mixture() {
    let (prior, runs) = stepped(60);
    let with = |shares: &[f64]| vec![shares[0], 0.0, shares[1], shares[2]];
    let run = |(shares, loss): (&[f64], &f64)| SweepRun {
        trial: String::new(),
        shares: with(shares),
        losses: vec![*loss, 1.0],
    };
    let mut sweep = Sweep {
        arm: None,
        sources: ["a", "none", "b", "c"].map(str::to_owned).to_vec(),
        natural: with(&prior.shares),
        caps: with(&prior.caps),
        max_epochs: 4.0,
        of_tokens: 1e6,
        tokens: 1e6,
        params: 1e4,
        runs: runs.mixtures().zip(&runs.losses).map(run).collect(),
        asked: 60,
        best: Vec::new(),
    };
    let prior = Prior {
        shares: with(&prior.shares),
        caps: with(&prior.caps),
        ..prior
    };
    let options = SearchOptions {
        candidates: 500,
        top: 5,
        refits: 5,
        ..SearchOptions::default()
    };
    sweep.search(&["all".to_owned(), "constant".to_owned()], &prior, &options);
    let best = sweep.best[0].found.found().unwrap();
    assert_eq!(best.shares.len(), 4);
    assert_eq!(best.shares[1], triaxis_units::Estimate::point(0.0));
    assert!((best.shares.iter().map(|share| share.value).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(sweep.best[1].found.found().is_none(), "all losses are one");
    let least = runs.losses().iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(sweep.lowest().unwrap().losses[0], least);
}
