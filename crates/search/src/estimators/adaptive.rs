use serde::{Deserialize, Serialize};
use triaxis_laws::coverage::{Problem, pass_at_k};
use triaxis_random::Stream;

use super::comparison::{Comparison, compare};
use super::difficulty::Quintiles;
use crate::choice::first_largest;
use crate::error::SearchError;

/// How often a pilot is drawn anew from a problem's samples.
const PILOTS: u64 = 20;
/// How many kinds of problems there are.
const BINS: usize = 5;

/// Samples of a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Whether each is right.
    pub right: Vec<bool>,
    /// What each tells of how easy the problem is, without knowing whether it is right: a verifier's score, a mean
    /// log-probability.
    pub signal: Vec<f64>,
}

/// What sharing samples out by a pilot does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adaptive {
    /// The share of problems that at least one sample solves, beside that of as many samples for each problem.
    pub comparison: Comparison,
    /// Samples that problems of each kind had in the mean, the hardest first, the pilot among them.
    pub samples: Vec<f64>,
}

/// What it does to share samples out by what a pilot tells: each problem has `pilot` samples, and the others, of `mean` a
/// problem, go to the kinds of problems that they solve most of. How many each kind solves is learnt on one half of the
/// problems and used on the other, both ways; all samples are paid for, and the pilot's count among those that may solve.
///
/// # Errors
/// When `pilot` is 0 or not below `mean`, a problem has fewer samples than `mean`, or there are fewer than ten problems.
pub fn adaptive(pools: &[Pool], pilot: usize, mean: usize, seed: u64) -> Result<Adaptive, SearchError> {
    let is_whole = |pool: &Pool| pool.right.len() == pool.signal.len() && pool.right.len() >= mean;
    if pools.len() < 2 * BINS || pilot == 0 || pilot >= mean || !pools.iter().all(is_whole) {
        return Err(SearchError::new(format!(
            "{} problems, a pilot of {pilot} and a mean of {mean} samples: there must be at least {} problems of at least `mean` samples, each with its signal, and a pilot from 1 to below `mean`; draw more",
            pools.len(),
            2 * BINS
        )));
    }
    let mut totals = Totals {
        adapted: vec![0.0; pools.len()],
        uniform: vec![0.0; pools.len()],
        samples: vec![(0.0, 0.0); BINS],
    };
    for round in 0..PILOTS {
        let piloted: Vec<Piloted> = pools
            .iter()
            .enumerate()
            .map(|(place, pool)| {
                Piloted::draw(
                    pool,
                    pilot,
                    Stream::new(seed, &format!("pilot {round}"), place as u64),
                )
            })
            .collect();
        let mut order: Vec<usize> = (0..pools.len()).collect();
        Stream::new(seed, "halves", round).shuffle(&mut order);
        let (first, second) = order.split_at(pools.len() / 2);
        totals.halve(&piloted, first, second, mean - pilot)?;
        totals.halve(&piloted, second, first, mean - pilot)?;
    }
    let mean_of = |values: &[f64]| {
        values
            .iter()
            .map(|value| value / PILOTS as f64)
            .collect::<Vec<f64>>()
    };
    let samples = totals.samples.iter();
    Ok(Adaptive {
        comparison: compare(&mean_of(&totals.adapted), &mean_of(&totals.uniform), seed)?,
        samples: samples
            .map(|(sum, count)| pilot as f64 + sum / count.max(1.0))
            .collect(),
    })
}

/// A problem after its pilot.
struct Piloted {
    ease: f64,
    is_solved: bool,
    /// The samples that were not drawn for it.
    rest: Problem,
}

impl Piloted {
    fn draw(pool: &Pool, pilot: usize, mut stream: Stream) -> Self {
        let mut places: Vec<usize> = (0..pool.right.len()).collect();
        stream.draw_first(&mut places, pilot);
        let (drawn, rest) = places.split_at(pilot);
        Self {
            ease: drawn.iter().map(|place| pool.signal[*place]).sum::<f64>() / pilot as f64,
            is_solved: drawn.iter().any(|place| pool.right[*place]),
            rest: Problem {
                samples: rest.len() as u64,
                correct: rest.iter().filter(|place| pool.right[**place]).count() as u64,
            },
        }
    }

    /// The probability that it is solved after so many more samples.
    fn solved(&self, more: usize) -> f64 {
        if self.is_solved {
            return 1.0;
        }
        pass_at_k(self.rest, (more as u64).min(self.rest.samples)).unwrap_or(0.0)
    }
}

/// Sums over pilots.
struct Totals {
    adapted: Vec<f64>,
    uniform: Vec<f64>,
    /// Samples beyond the pilot and problems, by kind.
    samples: Vec<(f64, f64)>,
}

impl Totals {
    /// Learns on one half how samples solve kinds of problems, and shares them out on the other, `more` in the mean.
    fn halve(
        &mut self,
        piloted: &[Piloted],
        learning: &[usize],
        measured: &[usize],
        more: usize,
    ) -> Result<(), SearchError> {
        let ease: Vec<f64> = learning.iter().map(|place| piloted[*place].ease).collect();
        let quintiles = Quintiles::of(&ease)?;
        let kind = |place: usize| quintiles.bin(piloted[place].ease);
        let most = piloted
            .iter()
            .map(|problem| problem.rest.samples)
            .min()
            .unwrap_or(0) as usize;
        let all = |bin: usize| {
            let members = learning
                .iter()
                .copied()
                .filter(|place| kind(*place) == bin)
                .collect::<Vec<_>>();
            if members.is_empty() {
                learning.to_vec()
            } else {
                members
            }
        };
        let solves = |bin: usize| -> Vec<f64> {
            let members = all(bin);
            let mean = |more| {
                members
                    .iter()
                    .map(|place| piloted[*place].solved(more))
                    .sum::<f64>()
            };
            (0..=most).map(|more| mean(more) / members.len() as f64).collect()
        };
        let solves: Vec<Vec<f64>> = (0..BINS).map(solves).collect();
        let mut given = vec![0; BINS];
        let mut members = vec![Vec::new(); BINS];
        measured
            .iter()
            .for_each(|place| members[kind(*place)].push(*place));
        let mut left = more * measured.len();
        let last = share_out(&solves, &members, &mut given, &mut left);
        for (bin, places) in members.iter().enumerate() {
            for (rank, place) in places.iter().enumerate() {
                let extra = given[bin] + usize::from(last == Some(bin) && rank < left);
                self.adapted[*place] += piloted[*place].solved(extra);
                self.uniform[*place] += piloted[*place].solved(more);
                self.samples[bin].0 += extra as f64;
                self.samples[bin].1 += 1.0;
            }
        }
        Ok(())
    }
}

/// Gives each kind one sample a problem more, again and again, where that solves most, while there are as many; and
/// returns the kind that is next, of which those that are `left` then go to some.
fn share_out(
    solves: &[Vec<f64>],
    members: &[Vec<usize>],
    given: &mut [usize],
    left: &mut usize,
) -> Option<usize> {
    loop {
        let open: Vec<usize> = (0..BINS)
            .filter(|bin| !members[*bin].is_empty() && given[*bin] + 1 < solves[*bin].len())
            .collect();
        let gain = |place: usize| {
            let (bin, now) = (open[place], given[open[place]]);
            solves[bin][now + 1] - solves[bin][now]
        };
        let bin = open[first_largest(open.len(), gain)?];
        if members[bin].len() > *left {
            return Some(bin);
        }
        *left -= members[bin].len();
        given[bin] += 1;
    }
}
