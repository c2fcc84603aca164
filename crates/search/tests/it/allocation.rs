//! Samples shared out among problems.

use triaxis_random::Stream;
use triaxis_search::estimators::{
    Adaptive, Chance, Pool, Verdict, adaptive, allocated, covered, stopped, stopped_at_first, worth,
    worth_unknown,
};

/// Beta(½, 9/2), as chances u² of even u: their density in u is that of (1 − u²)^(7/2).
fn beta() -> Vec<Chance> {
    const COUNT: usize = 20_000;
    let chance = |at: usize| {
        let u = (at as f64 + 0.5) / COUNT as f64;
        Chance {
            p: u * u,
            weight: (1.0 - u * u).powf(3.5),
        }
    };
    (0..COUNT).map(chance).collect()
}

#[test]
fn the_table_of_a_beta_distribution() {
    let chances = beta();
    for (samples, solved) in [(1.0, 0.1), (10.0, 0.4535), (100.0, 0.7979), (1000.0, 0.9349)] {
        assert!((covered(&chances, samples) - solved).abs() < 5e-5, "{samples}");
    }
    for (mean, uniform, known, first) in [
        (4.0, 0.282, 0.358, (5, 0.310)),
        (10.0, 0.454, 0.515, (15, 0.533)),
        (100.0, 0.798, 0.861, (681, 0.921)),
    ] {
        assert!((covered(&chances, mean) - uniform).abs() < 6e-4, "{mean}");
        let allocated = allocated(&chances, mean).unwrap();
        assert!((allocated - known).abs() < 6e-4, "{mean}: {allocated}");
        let (cap, at_first) = stopped(&chances, mean).unwrap();
        assert!(
            cap.abs_diff(first.0) <= 1 && (at_first.solved - first.1).abs() < 6e-4,
            "{mean}: {cap} {at_first:?}"
        );
        let (below, at_cap) = (
            stopped_at_first(&chances, cap - 1),
            stopped_at_first(&chances, cap),
        );
        assert!(
            below.samples < mean && mean <= at_cap.samples,
            "{below:?} {at_cap:?}"
        );
    }
    // By the Beta function: k samples all fail with the probability of the product of (4.5 + j) ÷ (5 + j) for j below k.
    let failed = [1.0, 0.9, 0.825, 0.825 * 6.5 / 7.0, 0.825 * 6.5 / 7.0 * 7.5 / 8.0];
    let (samples, next) = (failed[..4].iter().sum::<f64>(), failed[4]);
    let exact = 1.0 - next + (4.0 - samples) * 0.5 / 9.0;
    let (_, at_first) = stopped(&chances, 4.0).unwrap();
    assert!((at_first.solved - exact).abs() < 1e-6, "{at_first:?} {exact}");
    assert!(stopped(&chances, 0.5).is_err() && stopped(&[Chance { p: 0.5, weight: 1.0 }], 2.5).is_err());
}

#[test]
fn what_a_problem_is_worth() {
    for p in [0.01, 0.2, 0.5, 0.9] {
        for ratio in [0.001, 0.05, 0.3] {
            let samples = worth(p, ratio);
            let gain = |samples: u64| p * (1.0 - p).powi(samples as i32 - 1);
            assert!(samples == 0 || gain(samples) >= ratio - 1e-12, "{p} {ratio}");
            assert!(gain(samples + 1) < ratio, "{p} {ratio}");
        }
    }
    assert_eq!((worth(1.0, 0.5), worth(0.0, 0.5)), (1, 0));
    // After k failures of Beta(½, 9/2) the next is right with probability ½ ÷ (5 + k).
    assert_eq!(worth_unknown(0.5, 4.5, 0.05), 6);
    assert_eq!(worth_unknown(0.5, 4.5, 0.2), 0);
    assert!(allocated(&[Chance { p: 0.0, weight: 1.0 }], 3.0).is_err());
    assert!(allocated(&[Chance { p: 0.5, weight: 1.0 }], f64::NAN).is_err());
}

/// Problems of these chances in turn, with a signal that is the chance and noise.
fn pools(chances: &[f64], count: usize, noise: f64, seed: u64) -> Vec<Pool> {
    let pool = |at: usize| {
        let mut stream = Stream::new(seed, "pool", at as u64);
        let p = chances[at % chances.len()];
        let mut sample = || (stream.uniform() < p, p + noise * stream.normal());
        let (right, signal) = (0..48).map(|_| sample()).unzip();
        Pool { right, signal }
    };
    (0..count).map(pool).collect()
}

fn shared(chances: &[f64], seed: u64) -> Adaptive {
    adaptive(&pools(chances, 150, 0.3, seed), 4, 10, seed).unwrap()
}

#[test]
fn samples_that_are_shared_out_solve_more_of_a_mix_and_are_not_called_better_where_it_is_flat() {
    for seed in 0..5 {
        let mixed = shared(&[0.95, 0.9, 0.1, 0.06, 0.0], seed);
        assert_eq!(mixed.comparison.verdict, Verdict::Better, "{mixed:?}");
        // Easy problems have little more than their pilot.
        assert!(mixed.samples[4] < 7.0 && mixed.samples[1] > 10.0, "{mixed:?}");
    }
    let called = (0..20).filter(|seed| shared(&[0.12], *seed).comparison.verdict == Verdict::Better);
    assert_eq!(called.count(), 0);
    for (pilot, mean) in [(0, 10), (10, 10), (4, 49)] {
        assert!(adaptive(&pools(&[0.5], 20, 0.1, 0), pilot, mean, 0).is_err());
    }
}
