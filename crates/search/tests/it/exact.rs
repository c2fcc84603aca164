//! Strategies against closed forms and enumeration.

use triaxis_search::simulated::{Chances, Judge, World};
use triaxis_search::strategies::AdaptiveConsistency;
use triaxis_search::{Frame, StrategySpec};

use crate::worlds::{agrees, enumerated, measured, spec};

pub fn world(steps: &[f64]) -> World {
    World::new(vec![Chances::of_steps(steps)])
}

/// What may come of a sample: how likely it is, its score, and whether it is right.
type Class = (f64, f64, bool);

/// The probability that the first of the best of n draws is right.
pub fn best_of(classes: &[Class], n: u64) -> f64 {
    let mut classes = classes.to_vec();
    classes.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut below = 0.0_f64;
    let mut sum = 0.0;
    for group in classes.chunk_by(|one, other| (one.1 - other.1).abs() < 1e-12) {
        let all: f64 = group.iter().map(|class| class.0).sum();
        let right: f64 = group.iter().filter(|class| class.2).map(|class| class.0).sum();
        sum += ((below + all).powi(n as i32) - below.powi(n as i32)) * right / all;
        below += all;
    }
    sum
}

/// What a verifier that errs says of a sample that is right with probability `p`.
pub fn judged(p: f64, right: f64, wrong: f64) -> Vec<Class> {
    vec![
        (p * right, 1.0, true),
        (p * (1.0 - right), 0.0, true),
        ((1.0 - p) * wrong, 1.0, false),
        ((1.0 - p) * (1.0 - wrong), 0.0, false),
    ]
}

/// The probability that answer 0 wins a vote of n samples, ties to each as likely.
fn majority(shares: &[f64], n: u64) -> f64 {
    fn go(shares: &[f64], counts: &mut Vec<u64>, left: u64, chance: f64) -> f64 {
        if counts.len() + 1 == shares.len() {
            counts.push(left);
            let most = *counts.iter().max().unwrap();
            let winners = counts.iter().filter(|count| **count == most).count();
            let last = shares[counts.len() - 1].powi(left as i32);
            let wins = if counts[0] == most {
                1.0 / winners as f64
            } else {
                0.0
            };
            counts.pop();
            return chance * last * wins;
        }
        let share = shares[counts.len()];
        let mut ways = 1.0;
        let mut sum = 0.0;
        for count in 0..=left {
            counts.push(count);
            sum += go(
                shares,
                counts,
                left - count,
                chance * ways * share.powi(count as i32),
            );
            counts.pop();
            ways *= (left - count) as f64 / (count + 1) as f64;
        }
        sum
    }
    go(shares, &mut Vec::new(), n, 1.0)
}

/// The probability that an adaptive vote is right, and its expected samples.
fn adaptive(shares: &[f64], settings: &AdaptiveConsistency) -> (f64, f64) {
    fn go(shares: &[f64], settings: &AdaptiveConsistency, drawn: &mut Vec<usize>) -> (f64, f64) {
        let count = |answer: usize| drawn.iter().filter(|other| **other == answer).count() as u64;
        let mut counts: Vec<u64> = (0..shares.len()).map(count).collect();
        let first = |answer: usize| {
            drawn
                .iter()
                .position(|other| *other == answer)
                .unwrap_or(usize::MAX)
        };
        let winner = (0..shares.len()).min_by_key(|answer| (u64::MAX - counts[*answer], first(*answer)));
        counts.sort_unstable();
        let [.., second, most] = counts[..] else {
            panic!("two answers")
        };
        let is_sure = AdaptiveConsistency::ahead(most, second) >= settings.confidence;
        if is_sure || drawn.len() as u64 == settings.samples {
            return (f64::from(u8::from(winner == Some(0))), drawn.len() as f64);
        }
        let mut sum = (0.0, 0.0);
        for (answer, share) in shares.iter().enumerate() {
            drawn.push(answer);
            let (right, samples) = go(shares, settings, drawn);
            drawn.pop();
            sum = (sum.0 + share * right, sum.1 + share * samples);
        }
        sum
    }
    go(shares, settings, &mut Vec::new())
}

/// Holds a strategy to its exact accuracy: over many seeds, and where that is feasible over all that may happen.
pub fn holds(world: &World, judge: &Judge, text: &str, exact: f64, enumerate: bool) {
    const SEEDS: u64 = 2000;
    let (strategy, frame) = (spec(text), Frame::default());
    let (accuracy, tokens) = measured(world, judge, &strategy, &frame, SEEDS);
    agrees(text, accuracy, exact, SEEDS);
    if enumerate {
        let (right, expected) = enumerated(world, judge, &strategy, &frame);
        assert!(
            (right - exact).abs() < 1e-9,
            "{text}: {right} by enumeration, exactly {exact}"
        );
        assert!(
            (tokens / expected - 1.0).abs() < 0.05,
            "{text}: {tokens} tokens of {expected}"
        );
    }
}

#[test]
fn single_samples() {
    let world = world(&[0.9, 0.8, 0.6]);
    let judge = Judge::perfect(&world);
    holds(&world, &judge, "sample", 0.9 * 0.8 * 0.6, true);
    holds(&world, &judge, "greedy", 1.0, false);
    let hard = self::world(&[0.9, 0.3]);
    // The likeliest second step is the wrong one of probability .7 × ⅔.
    holds(&hard, &Judge::perfect(&hard), "greedy", 0.0, false);
}

#[test]
fn the_best_of_samples_by_any_verifier() {
    let world = world(&[0.6]);
    for (right, wrong) in [(1.0, 0.0), (0.8, 0.3), (0.5, 0.5)] {
        let judge = Judge::new(&world, right, wrong);
        let exact = best_of(&judged(0.6, right, wrong), 3);
        holds(&world, &judge, "best-of-n:samples=3", exact, true);
        // Stopping at the first that is accepted has the accuracy of all, at fewer tokens.
        holds(&world, &judge, "first-verified:samples=3,accept=1", exact, true);
    }
    let judge = Judge::perfect(&world);
    for n in [1, 2, 8] {
        let pass = 1.0 - 0.4_f64.powi(n);
        holds(&world, &judge, &format!("best-of-n:samples={n}"), pass, n < 8);
    }
}

#[test]
fn the_best_of_samples_by_the_models_own_measures() {
    let world = world(&[0.5, 0.7]);
    let judge = Judge::perfect(&world);
    let (a, b) = (2.0 / 3.0, 1.0 / 3.0);
    // Wrong at the first step, of two ways, or at the second, or right.
    let own = [
        (0.5 * a, false),
        (0.5 * b, false),
        (0.5 * 0.3 * a, false),
        (0.5 * 0.3 * b, false),
        (0.35, true),
    ];
    let classes = own.map(|(chance, is_right)| (chance, f64::ln(chance), is_right));
    let exact = best_of(&classes, 3);
    holds(
        &world,
        &judge,
        "best-of-n:samples=3,by=log-probability",
        exact,
        true,
    );
    holds(
        &world,
        &judge,
        "best-of-n:samples=3,by=mean-log-probability",
        exact,
        true,
    );
    // A text that went wrong goes on surely: the divergence of the uniform distribution is that of the draws alone.
    let certainty =
        |p: f64| -((3.0 * p).ln() + (3.0 * (1.0 - p) * a).ln() + (3.0 * (1.0 - p) * b).ln()) / 3.0;
    let (first, second) = (certainty(0.5), certainty(0.7));
    let classes = [
        (0.5, first, false),
        (0.15, first + second, false),
        (0.35, first + second, true),
    ];
    holds(
        &world,
        &judge,
        "best-of-n:samples=3,by=self-certainty",
        best_of(&classes, 3),
        true,
    );
    // All have as many words, so that the first one is taken.
    holds(&world, &judge, "best-of-n:samples=3,by=likelihood", 0.35, true);
}

#[test]
fn votes() {
    let world = world(&[0.45]);
    let judge = Judge::perfect(&world);
    let shares = [0.45, 0.55 * 2.0 / 3.0, 0.55 / 3.0];
    for n in [1, 2, 5] {
        holds(
            &world,
            &judge,
            &format!("majority:samples={n}"),
            majority(&shares, n),
            true,
        );
    }
    holds(
        &world,
        &judge,
        "majority:samples=25",
        majority(&shares, 25),
        false,
    );
    let text = "adaptive-consistency:samples=7,confidence=0.9";
    let StrategySpec::AdaptiveConsistency(settings) = spec(text) else {
        panic!("{text}")
    };
    let (exact, samples) = adaptive(&shares, &settings);
    holds(&world, &judge, text, exact, true);
    // Three words a sample.
    let (_, tokens) = enumerated(&world, &judge, &spec(text), &Frame::default());
    assert!((tokens - 3.0 * samples).abs() < 1e-9);
    // A vote weighed by a perfect verifier is the best of all; by log-probability each vote weighs its probability.
    holds(
        &world,
        &judge,
        "weighted-vote:samples=4",
        1.0 - 0.55_f64.powi(4),
        true,
    );
    let mut exact = 0.0;
    for draws in 0..3_usize.pow(4) {
        let drawn: Vec<usize> = (0..4).map(|at| draws / 3_usize.pow(at) % 3).collect();
        let weight =
            |answer: usize| drawn.iter().filter(|other| **other == answer).count() as f64 * shares[answer];
        if drawn.contains(&0) && (1..3).all(|answer| weight(answer) < weight(0)) {
            exact += drawn.iter().map(|answer| shares[*answer]).product::<f64>();
        }
    }
    holds(
        &world,
        &judge,
        "weighted-vote:samples=4,by=log-probability",
        exact,
        true,
    );
}

#[test]
fn the_stopping_rule_of_adaptive_consistency() {
    let ahead = AdaptiveConsistency::ahead;
    for ((first, second), chance) in [((4, 0), 0.96875), ((5, 1), 0.9375), ((0, 0), 0.5), ((3, 3), 0.5)] {
        assert!(
            (ahead(first, second) - chance).abs() < 1e-12,
            "({first}, {second})"
        );
    }
    assert!(ahead(4, 0) >= 0.95 && ahead(5, 1) < 0.95);
    assert!((ahead(100_000, 0) - 1.0).abs() < 1e-9);
}

fn asked_again(mend: f64, spoil: f64) -> World {
    World::new(vec![Chances {
        mend,
        spoil,
        ..Chances::of_steps(&[0.6])
    }])
}

#[test]
fn revisions() {
    let (p, mend, spoil) = (0.6, 0.2, 0.1);
    let world = asked_again(mend, spoil);
    let judge = Judge::perfect(&world);
    // A chain misses where all its attempts are wrong.
    let missed = (1.0 - p) * (1.0 - mend);
    holds(&world, &judge, "revision:chains=1,length=2", 1.0 - missed, true);
    holds(
        &world,
        &judge,
        "revision:chains=2,length=2",
        1.0 - missed * missed,
        false,
    );
    let last = p * (1.0 - spoil) + (1.0 - p) * mend;
    holds(&world, &judge, "revision:chains=1,length=2,pick=last", last, true);
    holds(&world, &judge, "self-correction:rounds=1", last, true);
    let again = last * (1.0 - spoil) + (1.0 - last) * mend;
    holds(&world, &judge, "self-correction:rounds=2", again, true);
    // With a perfect checker nothing right is spoilt.
    let checked = 1.0 - (1.0 - p) * (1.0 - mend).powi(2);
    holds(
        &world,
        &judge,
        "self-correction:rounds=2,checker=true",
        checked,
        true,
    );
}

#[test]
fn forced_thoughts() {
    let (steps, mend, spoil, guess) = ([0.8, 0.7], 0.3, 0.1, 0.4);
    let world = World::new(vec![Chances {
        mend,
        spoil,
        guess,
        thinks: true,
        ..Chances::of_steps(&steps)
    }]);
    let judge = Judge::perfect(&world);
    let mut right = 0.8 * 0.7;
    for waits in 0..3 {
        holds(
            &world,
            &judge,
            &format!("budget-forcing:waits={waits}"),
            right,
            true,
        );
        right = right * (1.0 - spoil) + (1.0 - right) * mend;
    }
    // After one step thoughts are closed, and the answer is a guess.
    holds(&world, &judge, "budget-forcing:thoughts=2", 0.8 * guess, true);
}
