//! Estimators against all orders in which samples may be drawn.

use proptest::prelude::*;
use triaxis_random::Stream;
use triaxis_search::estimators::{
    Counts, Scored, Vote, best_of_n, compare, majority, mean, pass_at_k, weighted_vote,
};
use triaxis_search::{Candidate, Pick};

/// The mean of a value over all orders of the first `n` of so many.
fn over_orders(all: usize, n: usize, value: &mut dyn FnMut(&[usize]) -> f64) -> f64 {
    fn go(
        all: usize,
        n: usize,
        drawn: &mut Vec<usize>,
        value: &mut dyn FnMut(&[usize]) -> f64,
    ) -> (f64, f64) {
        if drawn.len() == n {
            return (value(drawn), 1.0);
        }
        let mut sum = (0.0, 0.0);
        for place in (0..all)
            .filter(|place| !drawn.contains(place))
            .collect::<Vec<_>>()
        {
            drawn.push(place);
            let (one, count) = go(all, n, drawn, value);
            sum = (sum.0 + one, sum.1 + count);
            drawn.pop();
        }
        sum
    }
    let (sum, count) = go(all, n, &mut Vec::new(), value);
    sum / count
}

/// Samples: an answer of which 0 is none and 1 is right, and a score in quarters.
fn samples() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0..4_u8, 0..4_u8), 1..=6)
}

fn candidates(samples: &[(u8, u8)]) -> Vec<Candidate> {
    let candidate = |(answer, score): &(u8, u8)| Candidate {
        answer: (*answer > 0).then(|| answer.to_string()),
        score: Some(f64::from(*score) / 4.0),
        ..Candidate::default()
    };
    samples.iter().map(candidate).collect()
}

fn votes(samples: &[(u8, u8)]) -> Vec<Vote> {
    let vote = |candidate: Candidate| Vote {
        is_right: candidate.answer.as_deref() == Some("1"),
        weight: candidate.score.unwrap(),
        answer: candidate.answer,
    };
    candidates(samples).into_iter().map(vote).collect()
}

/// What a way of choosing does over all orders.
fn chosen(samples: &[(u8, u8)], n: usize, pick: Pick) -> f64 {
    let all = candidates(samples);
    over_orders(all.len(), n, &mut |drawn| {
        let drawn: Vec<Candidate> = drawn.iter().map(|place| all[*place].clone()).collect();
        let weights: Vec<f64> = drawn.iter().map(|candidate| candidate.score.unwrap()).collect();
        let place = pick.choose(&drawn, &weights).unwrap();
        f64::from(u8::from(drawn[place].answer.as_deref() == Some("1")))
    })
}

proptest! {
    #[test]
    fn estimates_are_means_over_all_orders(samples in samples(), n in 1..=6_usize) {
        let n = n.min(samples.len());
        let scored: Vec<Scored> = samples
            .iter()
            .map(|(answer, score)| Scored { score: Some(f64::from(*score)), is_right: *answer == 1 })
            .collect();
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        let best = best_of_n(&scored, n).unwrap();
        prop_assert!(close(best, chosen(&samples, n, Pick::Best)), "{best}");
        let most = majority(&votes(&samples), n).unwrap();
        prop_assert!(close(most, chosen(&samples, n, Pick::Majority)), "{most}");
        let weighed = weighted_vote(&votes(&samples), n, 0).unwrap();
        prop_assert_eq!(weighed.error, 0.0);
        prop_assert!(close(weighed.value, chosen(&samples, n, Pick::Weighted)), "{weighed:?}");
        // A perfect verifier finds what is there.
        let known = scored.iter().map(|sample| Scored { score: Some(f64::from(u8::from(sample.is_right))), ..*sample });
        let counts = Counts {
            samples: samples.len() as u64,
            correct: scored.iter().filter(|sample| sample.is_right).count() as u64,
        };
        let pass = pass_at_k(counts, n as u64).unwrap();
        prop_assert!(close(best_of_n(&known.collect::<Vec<_>>(), n).unwrap(), pass));
        let any = over_orders(samples.len(), n, &mut |drawn| {
            f64::from(u8::from(drawn.iter().any(|place| scored[*place].is_right)))
        });
        prop_assert!(close(pass, any));
    }
}

/// Votes of which some are right, and others for a few wrong answers.
fn many(count: usize, right: f64, seed: u64) -> Vec<Vote> {
    let mut stream = Stream::new(seed, "votes", 0);
    let vote = |_| {
        let answer = if stream.uniform() < right {
            0
        } else {
            1 + stream.below(4)
        };
        Vote {
            answer: (answer < 4).then(|| answer.to_string()),
            is_right: answer == 0,
            weight: 1.0,
        }
    };
    (0..count).map(vote).collect()
}

#[test]
fn votes_of_many_samples_are_counted_and_those_of_weights_drawn_with_an_error() {
    for (count, n, right) in [(24, 12, 0.3), (64, 16, 0.25), (400, 64, 0.27)] {
        let votes = many(count, right, n as u64);
        let exact = majority(&votes, n).unwrap();
        let drawn = weighted_vote(&votes, n, 3).unwrap();
        assert!(drawn.error > 0.0 && drawn.error < 0.005, "{drawn:?}");
        assert!(
            (drawn.value - exact).abs() < 4.0 * drawn.error,
            "{drawn:?} {exact}"
        );
    }
    // All samples, once.
    let votes = many(257, 0.4, 5);
    assert!((majority(&votes, 257).unwrap() - 1.0).abs() < 1e-9);
    let few = many(4000, 0.3, 6);
    let one = majority(&few, 1).unwrap();
    let right = few.iter().filter(|vote| vote.is_right).count() as f64 / 4000.0;
    assert!((one - right).abs() < 1e-9);
}

#[test]
fn more_samples_than_there_are_are_refused() {
    let one = [Scored {
        score: None,
        is_right: true,
    }];
    assert_eq!(best_of_n(&one, 1), Ok(1.0));
    for error in [
        best_of_n(&one, 2).unwrap_err(),
        majority(&many(3, 0.5, 0), 0).unwrap_err(),
        weighted_vote(&many(3, 0.5, 0), 4, 0).unwrap_err(),
    ] {
        assert!(
            error
                .to_string()
                .contains("must be from 1 to as many as there are"),
            "{error}"
        );
    }
}

#[test]
fn intervals_over_problems_hold_the_truth_as_often_as_they_say() {
    // Samples of a problem have its chance in common, so that it is problems that count.
    let truth = 0.4;
    let holds = (0..200).filter(|seed| {
        let mut stream = Stream::new(*seed, "problems", 0);
        let problem = |_| {
            let p = if stream.uniform() < 0.5 { 0.1 } else { 0.7 };
            (0..8).filter(|_| stream.uniform() < p).count() as f64 / 8.0
        };
        let values: Vec<f64> = (0..60).map(problem).collect();
        let interval = mean(&values, *seed).unwrap().interval.unwrap();
        (interval.low..=interval.high).contains(&truth)
    });
    let count = holds.count();
    assert!((180..=198).contains(&count), "{count} of 200");
    assert!(
        mean(&[1.0; 4], 0)
            .unwrap_err()
            .to_string()
            .starts_with("4 problems")
    );
    assert!(compare(&[1.0; 6], &[1.0; 5], 0).is_err());
    assert!(mean(&[f64::NAN; 6], 0).is_err());
}
