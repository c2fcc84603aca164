use triaxis_random::Stream;

use super::draws;
use super::majority::Vote;
use crate::error::SearchError;

/// Ways to draw samples that are gone through one by one at most; of more so many are drawn.
const WAYS: u64 = 20_000;

/// An expectation over ways to draw samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampled {
    /// Its value.
    pub value: f64,
    /// Its standard error: 0 where all ways were gone through.
    pub error: f64,
}

/// The expected accuracy of a weighted vote of `n` samples, over ways to draw them from these without replacement: all of
/// them where they are not many, else so many drawn ones, with the error that this leaves. Among answers of equal weight
/// one is the first that was sampled as often as it has votes among theirs.
///
/// # Errors
/// When there are fewer samples than `n`, or `n` is 0.
pub fn weighted_vote(samples: &[Vote], n: usize, seed: u64) -> Result<Resampled, SearchError> {
    draws(n, samples.len())?;
    // Answers as numbers, so that a vote counts without looking at texts.
    let mut names: Vec<&str> = samples
        .iter()
        .filter_map(|sample| sample.answer.as_deref())
        .collect();
    names.sort_unstable();
    names.dedup();
    let answer = |sample: &Vote| names.binary_search(&sample.answer.as_deref()?).ok();
    let votes: Vec<(Option<usize>, &Vote)> = samples.iter().map(|sample| (answer(sample), sample)).collect();
    let mut tally = Tally::new(names.len());
    match ways(samples.len(), n).filter(|ways| *ways <= WAYS) {
        Some(ways) => {
            let mut drawn: Vec<usize> = (0..n).collect();
            let mut sum = 0.0;
            loop {
                sum += tally.accuracy(&votes, &drawn);
                if !next(&mut drawn, samples.len()) {
                    break;
                }
            }
            Ok(Resampled {
                value: sum / ways as f64,
                error: 0.0,
            })
        }
        None => {
            let mut stream = Stream::new(seed, "weighted vote", n as u64);
            let mut places: Vec<usize> = (0..samples.len()).collect();
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..WAYS {
                stream.draw_first(&mut places, n);
                let accuracy = tally.accuracy(&votes, &places[..n]);
                sum += accuracy;
                squares += accuracy * accuracy;
            }
            let count = WAYS as f64;
            let value = sum / count;
            let error = ((squares / count - value * value).max(0.0) / count).sqrt();
            Ok(Resampled { value, error })
        }
    }
}

/// Votes by answer, used again from vote to vote.
struct Tally {
    /// The weight and the count of each answer.
    votes: Vec<(f64, u64, bool)>,
    met: Vec<usize>,
}

impl Tally {
    fn new(answers: usize) -> Self {
        Self {
            votes: vec![(0.0, 0, false); answers],
            met: Vec::new(),
        }
    }

    /// The probability that the vote of the drawn samples is right.
    fn accuracy(&mut self, votes: &[(Option<usize>, &Vote)], drawn: &[usize]) -> f64 {
        for (answer, vote) in drawn.iter().map(|place| votes[*place]) {
            let Some(answer) = answer else { continue };
            let (weight, count, is_right) = &mut self.votes[answer];
            if *count == 0 {
                self.met.push(answer);
            }
            (*weight, *count, *is_right) = (*weight + vote.weight, *count + 1, vote.is_right);
        }
        let largest = self.met.iter().map(|answer| self.votes[*answer].0);
        let largest = largest.fold(f64::NEG_INFINITY, f64::max);
        let (mut right, mut all) = (0, 0);
        for answer in self.met.drain(..) {
            let (weight, count, is_right) = std::mem::take(&mut self.votes[answer]);
            // Sums of the same weights in another order differ by rounding.
            if weight >= largest - 1e-12 * largest.abs() {
                all += count;
                right += if is_right { count } else { 0 };
            }
        }
        if all == 0 { 0.0 } else { right as f64 / all as f64 }
    }
}

/// C(all, n), if a number holds it.
fn ways(all: usize, n: usize) -> Option<u64> {
    let n = n.min(all - n) as u64;
    (0..n).try_fold(1_u64, |ways, drawn| {
        Some(ways.checked_mul(all as u64 - drawn)? / (drawn + 1))
    })
}

/// Goes to the next of the ascending choices below `all`; whether there is one.
fn next(drawn: &mut [usize], all: usize) -> bool {
    let n = drawn.len();
    let Some(place) = (0..n).rev().find(|place| drawn[*place] < all - n + place) else {
        return false;
    };
    drawn[place] += 1;
    for after in place + 1..n {
        drawn[after] = drawn[after - 1] + 1;
    }
    true
}
