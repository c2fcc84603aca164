//! Samples over queries of different difficulty: evenly, by an oracle, one after another.

use statrs::function::gamma::ln_gamma;
use triaxis_laws::numeric::Stream;
use triaxis_plan::samples::{Difficulty, stop_after};

use crate::near;

fn queries() -> Difficulty {
    Difficulty::new(0.5, 4.5).unwrap()
}

#[test]
fn coverage_of_even_samples() {
    for (samples, solved) in [(1.0, 0.1), (10.0, 0.4535), (100.0, 0.7979), (1000.0, 0.9349)] {
        near(queries().uniform(samples).solved, solved, 0.00005);
    }
    // The tail is Gamma(a + b) / Gamma(b) k^-a.
    let many: f64 = 1e6;
    let tail = 24.0 / 11.631_728_396_567_446 * many.powf(-0.5);
    near((1.0 - queries().uniform(many).solved) / tail, 1.0, 1e-4);
}

#[test]
fn the_table_of_allocations() {
    for (mean, even, oracle, cap, verified) in [
        (4.0, 0.2818, 0.358, 5.0, 0.311),
        (10.0, 0.4535, 0.515, 15.0, 0.533),
        (100.0, 0.7979, 0.861, 681.0, 0.921),
    ] {
        near(queries().uniform(mean).solved, even, 0.00005);
        let best = queries().oracle(mean).unwrap();
        near(best.solved, oracle, 0.0005);
        near(best.samples, mean, 0.005 * mean);
        // The table's caps are no whole numbers: the cap c at which the mean of (1 - (1 - p)^c) / p is the budget.
        let whole = fractional_cap(mean);
        near(whole.round(), cap, 0.0);
        near(queries().uniform(whole).solved, verified, 0.0005);
        // What can be done draws the cap from the two whole ones around it, which gives a little less.
        let drawn = queries().verified_at(mean);
        near(drawn.samples, mean, 1e-9);
        let [below, above] = [whole.floor(), whole.ceil()].map(|cap| queries().verified(cap as u64));
        assert!(
            below.samples <= mean && mean <= above.samples && drawn.solved <= queries().uniform(whole).solved
        );
        near(drawn.solved, queries().uniform(whole).solved, 0.001);
    }
    let most = queries().verified_at(0.5);
    near(most.samples, 0.5, 1e-15);
    near(most.solved, 0.05, 1e-15);
}

/// The cap at which samples until the first success are so many on average, in closed form also between whole
/// numbers: `(a + b - 1) / (a - 1) (1 - B(a - 1, b + c) / B(a - 1, b))`.
fn fractional_cap(mean: f64) -> f64 {
    let ratio = |cap: f64| (ln_gamma(4.5 + cap) + ln_gamma(4.0) - ln_gamma(4.0 + cap) - ln_gamma(4.5)).exp();
    let samples = |cap: f64| 4.0 / -0.5 * (1.0 - ratio(cap));
    near(samples(5.0), queries().verified(5).samples, 1e-9);
    let (mut low, mut high) = (1.0, 1e4);
    for _ in 0..60 {
        let middle: f64 = 0.5 * (low + high);
        match samples(middle) < mean {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

#[test]
fn the_oracle_is_that_of_queries_drawn_one_by_one() {
    // Chances of Beta(1/2, 9/2): a squared normal against nine more (a half each).
    let mut stream = Stream::new(5, "queries", 0);
    let mut chances: Vec<f64> = (0..20_000)
        .map(|_| {
            let squares: Vec<f64> = (0..10).map(|_| stream.normal().powi(2)).collect();
            squares[0] / squares.iter().sum::<f64>()
        })
        .collect();
    chances.sort_by(f64::total_cmp);
    // Greedy: each sample goes to the query where it gains most, p (1 - p)^k.
    let gains = |p: &f64| {
        let p = *p;
        (0..400)
            .map(move |k| p * (1.0 - p).powi(k))
            .take_while(|gain| *gain > 1e-6)
    };
    let mut all: Vec<f64> = chances.iter().flat_map(gains).collect();
    all.sort_by(|one, other| other.total_cmp(one));
    let solved: f64 = all[..4 * chances.len()].iter().sum::<f64>() / chances.len() as f64;
    near(queries().oracle(4.0).unwrap().solved, solved, 0.005);
}

#[test]
fn stopping_where_the_next_sample_is_not_worth_it() {
    for (p, value, cost) in [
        (0.3, 1.0, 0.02),
        (0.02, 10.0, 0.1),
        (0.9, 1.0, 0.5),
        (0.5, 3.0, 0.1),
    ] {
        let stop = stop_after(p, value, cost);
        let gain = |drawn: f64| value * p * (1.0_f64 - p).powf(drawn);
        assert!(
            gain(stop - 1.0) >= cost && gain(stop) < cost,
            "{p} {value} {cost}: {stop}"
        );
    }
    assert_eq!(stop_after(0.01, 1.0, 0.02), 0.0);
    assert_eq!(stop_after(1.0, 1.0, 0.02), 1.0);
    assert_eq!(stop_after(f64::NAN, 1.0, 0.02), 0.0);
    // a / (a + b + k) >= c / V.
    assert_eq!(queries().gives_up_after(1.0, 0.02), Some(21));
    assert_eq!(queries().gives_up_after(1.0, 0.2), Some(0));
}
