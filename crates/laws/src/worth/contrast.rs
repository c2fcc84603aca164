//! An arm against the baseline at equal sizes and budgets: what a law misses there, it misses in both.

use std::collections::BTreeSet;

use super::base::Surface;
use super::ladder::{Ladder, Pair};
use super::{Multiplied, OneLaw, Place};
use crate::numeric::{Cholesky, chance_of_f, quantile_sorted, sorted};

/// Chance below which one factor is said not to do.
const SIGNIFICANT: f64 = 0.05;
/// Pairs from which on outliers are told from noise.
const ROBUST: usize = 16;
/// Where the quadratic part of Huber's loss ends, in standard deviations: 95% of the efficiency of least squares under
/// normal noise (Huber 1964).
const EFFICIENT: f64 = 1.345;
/// Degrees of freedom from which on repeated seeds tell the noise of pairs.
const ENOUGH: usize = 3;
/// Steps to the best factor, and the largest one of its logarithm.
const STEPS: (usize, f64) = (50, 1.0);

/// The noise of a pair's difference.
#[derive(Debug, Clone, Copy)]
pub(super) struct PairNoise {
    pub(super) variance: f64,
    /// Degrees of freedom it is known by.
    pub(super) freedom: usize,
}

impl PairNoise {
    fn of(squares: f64, freedom: usize) -> Self {
        let variance = squares / freedom.max(1) as f64;
        Self { variance, freedom }
    }
}

/// The logarithm of an arm's factor, and how it changes with that of compute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factor {
    pub(super) value: f64,
    pub(super) slope: f64,
}

pub(super) struct Contrast {
    pub(super) multiplied: Multiplied,
    /// Whether one factor does for all pairs; `None` where too few tell.
    pub(super) one_law: Option<OneLaw>,
    pub(super) noise: PairNoise,
    /// The noise with all outliers, which a mean of pairs has.
    pub(super) of_means: PairNoise,
    /// The logarithm of compute at which the factor has its value.
    pub(super) centre: f64,
    /// Standard errors by the noise of pairs.
    pub(super) errors: Factor,
    /// All pairs, and of each what the factor changes with beside its value and beside its slope.
    pairs: Vec<Pair>,
    beside: [Vec<Vec<f64>>; 2],
}

/// Least squares of factors on pairs.
struct Solution {
    coefficients: Vec<f64>,
    /// Observed less predicted.
    residuals: Vec<f64>,
    squares: f64,
    /// The variance of each coefficient over that of a pair.
    variances: Vec<f64>,
    /// What a pair of each knows of the factor.
    weights: Vec<f64>,
}

/// Gauss and Newton's steps to the factor, and to its changes with `coordinates`.
fn solved(
    surface: Surface<'_>,
    of: Multiplied,
    pairs: &[Pair],
    coordinates: &[Vec<f64>],
) -> Option<Solution> {
    let width = 1 + coordinates.len();
    let design = |row: usize, at: usize| if at == 0 { 1.0 } else { coordinates[at - 1][row] };
    // The terms of each pair's arm, and the logarithm of its baseline's loss.
    let floor = surface.floor();
    let of_pair = |pair: &Pair| {
        let (base, _) = surface.reducible(surface.terms(&pair.at), of, 0.0);
        (surface.terms(&pair.own), (floor + base).ln())
    };
    let terms: Vec<_> = pairs.iter().map(of_pair).collect();
    let mut coefficients = vec![0.0; width];
    for _ in 0..STEPS.0 {
        let (mut normal, mut right) = (vec![0.0; width * width], vec![0.0; width]);
        let (mut residuals, mut weights) = (Vec::new(), Vec::new());
        for (row, (pair, (terms, base))) in pairs.iter().zip(&terms).enumerate() {
            let factor = (0..width).map(|at| coefficients[at] * design(row, at)).sum();
            let (reducible, slope) = surface.reducible(*terms, of, factor);
            let slope = slope / (floor + reducible);
            let residual = pair.difference - ((floor + reducible).ln() - base);
            for first in 0..width {
                right[first] += pair.weight * slope * design(row, first) * residual;
                for second in 0..width {
                    normal[first * width + second] +=
                        pair.weight * slope.powi(2) * design(row, first) * design(row, second);
                }
            }
            residuals.push(residual);
            weights.push(pair.weight * slope.powi(2));
        }
        let factor = Cholesky::of(&normal, width)?;
        let step = factor.solve(&right);
        let largest = step.iter().fold(0.0_f64, |largest, step| largest.max(step.abs()));
        if !largest.is_finite() {
            return None;
        }
        if largest < 1e-9 {
            let unit = |at: usize| {
                (0..width)
                    .map(|of| f64::from(u8::from(of == at)))
                    .collect::<Vec<_>>()
            };
            let variances = (0..width).map(|at| factor.solve(&unit(at))[at]).collect();
            let weighed = pairs.iter().zip(&residuals);
            let squares = weighed
                .map(|(pair, residual)| pair.weight * residual.powi(2))
                .sum();
            return Some(Solution {
                coefficients,
                residuals,
                squares,
                variances,
                weights,
            });
        }
        let shorter = (STEPS.1 / largest).min(1.0);
        coefficients
            .iter_mut()
            .zip(&step)
            .for_each(|(of, step)| *of += shorter * step);
    }
    None
}

/// Pairs as least squares must see them to find what Huber's loss does, with the variance that it has: what is left of
/// each clipped, over the share that is not (the covariance H1 of Huber 1981, Robust Statistics).
fn freed_of_outliers(surface: Surface<'_>, of: Multiplied, pairs: &[Pair]) -> Option<Vec<Pair>> {
    let mut freed = pairs.to_vec();
    for _ in 0..STEPS.0 {
        let now = solved(surface, of, &freed, &[])?;
        let predicted = freed
            .iter()
            .zip(&now.residuals)
            .map(|(pair, residual)| pair.difference - residual);
        let left = pairs
            .iter()
            .zip(predicted)
            .map(|(pair, predicted)| (predicted, pair.difference - predicted));
        let left: Vec<(f64, f64)> = left.collect();
        let sizes = sorted(left.iter().map(|(_, left)| left.abs()));
        let bend = EFFICIENT * 1.4826 * quantile_sorted(&sizes, 0.5);
        let inside = sizes.iter().filter(|size| **size <= bend).count() as f64 / sizes.len() as f64;
        let mut change = 0.0_f64;
        for (freed, (predicted, left)) in freed.iter_mut().zip(left) {
            let seen = predicted + left.clamp(-bend, bend) / inside;
            change = change.max((seen - freed.difference).abs());
            freed.difference = seen;
        }
        if change < 1e-9 {
            break;
        }
    }
    Some(freed)
}

/// What pairs of one size and budget differ by between seeds.
fn pure_error(pairs: &[Pair]) -> PairNoise {
    let (mut squares, mut freedom) = (0.0, 0);
    for point in 0..pairs.iter().map(|pair| pair.point + 1).max().unwrap_or(0) {
        let own = || pairs.iter().filter(|pair| pair.point == point);
        let weight: f64 = own().map(|pair| pair.weight).sum();
        let mean = own().map(|pair| pair.weight * pair.difference).sum::<f64>() / weight;
        squares += own()
            .map(|pair| pair.weight * (pair.difference - mean).powi(2))
            .sum::<f64>();
        freedom += own().count().saturating_sub(1);
    }
    PairNoise::of(squares, freedom)
}

/// What a factor changes with from the ladder's end on, where it does as it likes: each other budget, and the place among
/// the sizes of a budget by a parabola, which is nought at the end.
fn from_the_end(pairs: &[Pair], ladder: &Ladder<'_>) -> Vec<Vec<f64>> {
    let ratio = |place: &Place| (place.tokens / place.params).ln();
    let middle = |budget: f64| {
        let own = pairs.iter().filter(|pair| pair.budget == budget);
        own.clone().map(|pair| ratio(&pair.at)).sum::<f64>() / own.count() as f64
    };
    let of_end = ratio(&ladder.end) - middle(ladder.last_budget);
    let among: Vec<f64> = pairs
        .iter()
        .map(|pair| ratio(&pair.at) - middle(pair.budget) - of_end)
        .collect();
    let budgets: BTreeSet<u64> = pairs.iter().map(|pair| pair.budget.to_bits()).collect();
    let others = budgets
        .into_iter()
        .map(f64::from_bits)
        .filter(|budget| *budget != ladder.last_budget);
    let marks = others.map(|budget| {
        pairs
            .iter()
            .map(|pair| f64::from(u8::from(pair.budget == budget)))
            .collect()
    });
    let square = among.iter().map(|among| among * among).collect();
    marks.chain([among, square]).collect()
}

/// With as many of the coordinates, the last ones left out first, as the pairs tell apart.
fn most_solved(
    surface: Surface<'_>,
    of: Multiplied,
    pairs: &[Pair],
    coordinates: &mut Vec<Vec<f64>>,
) -> Option<Solution> {
    loop {
        match solved(surface, of, pairs, coordinates) {
            None if !coordinates.is_empty() => drop(coordinates.pop()),
            found => return found,
        }
    }
}

impl Contrast {
    /// Of the part of the loss whose factor is nearest to the pairs; of `compared` arms in all, among which the doubt
    /// of one factor is shared. `None` where no factor is found.
    pub(super) fn of(surface: Surface<'_>, ladder: &Ladder<'_>, arm: usize, compared: usize) -> Option<Self> {
        let pairs = ladder.pairs(arm);
        // The data term is taken where that is nearer by what one parameter more would have to be (Akaike 1974): a
        // choice by noise alone would take the factor that noise makes large.
        let fitted = |of: &Multiplied| Some((*of, solved(surface, *of, &pairs, &[])?));
        let criterion = |(of, one): &(Multiplied, Solution)| {
            let more = if *of == Multiplied::Data { 2.0 } else { 0.0 };
            pairs.len() as f64 * one.squares.ln() + more
        };
        let of_parts = surface.base.multiplied().iter().filter_map(fitted);
        let (multiplied, one) = of_parts.min_by(|one, other| criterion(one).total_cmp(&criterion(other)))?;
        let centred = |of: fn(&Pair) -> f64| -> (f64, Vec<f64>) {
            let weighed = pairs
                .iter()
                .zip(&one.weights)
                .map(|(pair, weight)| weight * of(pair));
            let centre = weighed.sum::<f64>() / one.weights.iter().sum::<f64>();
            (centre, pairs.iter().map(|pair| of(pair) - centre).collect())
        };
        let (centre, compute) = centred(|pair| pair.at.flops.ln());
        let (_, ratio) = centred(|pair| (pair.at.tokens / pair.at.params).ln());
        let mut changes = vec![compute];
        if surface.base.multiplied().len() > 1 {
            changes.push(ratio);
        }
        let changing = most_solved(surface, multiplied, &pairs, &mut changes)?;
        let freedom = pairs.len().saturating_sub(1 + changes.len());
        let one_law = tested(&one, &changing, changes.len(), freedom, compared);
        let around = PairNoise::of(changing.squares, freedom);
        let raw = PairNoise::of(one.squares, pairs.len() - 1);
        let slope = changing
            .variances
            .get(1)
            .map_or(0.0, |of| (of * around.variance).sqrt());
        let found =
            |pairs: Vec<Pair>, level: Vec<Vec<f64>>, variance: f64, noises: [PairNoise; 2], centre| Self {
                multiplied,
                one_law,
                noise: noises[0],
                of_means: noises[1],
                centre,
                errors: Factor {
                    value: (variance * noises[0].variance).sqrt(),
                    slope,
                },
                pairs,
                beside: [level, changes],
            };
        if one_law.as_ref().is_none_or(|test| test.holds) {
            let freed = match pairs.len() < ROBUST {
                true => pairs,
                false => freed_of_outliers(surface, multiplied, &pairs)?,
            };
            let told = solved(surface, multiplied, &freed, &[])?;
            let noise = PairNoise::of(told.squares, raw.freedom);
            return Some(found(freed, Vec::new(), told.variances[0], [noise, raw], centre));
        }
        let noise = match pairs.iter().any(|pair| pair.budget == ladder.last_budget) {
            true => Some(pure_error(&pairs))
                .filter(|of| of.freedom >= ENOUGH)
                .unwrap_or(around),
            false => PairNoise::of(0.0, 0),
        };
        let mut level = from_the_end(&pairs, ladder);
        let told = most_solved(surface, multiplied, &pairs, &mut level)?;
        Some(found(
            pairs,
            level,
            told.variances[0],
            [noise, noise],
            ladder.end.flops.ln(),
        ))
    }

    /// Whether one factor does, as far as is known.
    pub(super) fn holds(&self) -> bool {
        self.one_law.as_ref().is_none_or(|test| test.holds)
    }

    /// The factor by another surface.
    pub(super) fn factor(&self, surface: Surface<'_>) -> Option<Factor> {
        let [level, changes] = &self.beside;
        let solved = |beside| solved(surface, self.multiplied, &self.pairs, beside);
        Some(Factor {
            value: solved(level)?.coefficients[0],
            slope: solved(changes)?.coefficients.get(1).copied().unwrap_or(0.0),
        })
    }
}

/// The F test of a factor that changes against one that does not.
fn tested(
    one: &Solution,
    changing: &Solution,
    more: usize,
    freedom: usize,
    compared: usize,
) -> Option<OneLaw> {
    let statistic = (one.squares - changing.squares) / more as f64 / (changing.squares / freedom as f64);
    let chance = (chance_of_f(statistic, more, freedom)? * compared as f64).min(1.0);
    Some(OneLaw {
        statistic,
        freedom: (more, freedom),
        chance,
        holds: chance >= SIGNIFICANT,
    })
}
