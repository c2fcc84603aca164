//! What evidence leaves of a law's parameters: their likeliest values, draws, and how well the law does.

use super::difficulty::{Difficulty, Shares, shares};
use crate::form::LawForm;
use crate::numeric::{Cholesky, Limits, Stream, minimise};

/// Coverage by a given distribution of difficulty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    /// Its mean.
    pub(super) mean: f64,
    /// Variance of the mean over any samples, as the chances of the problems are not known.
    pub(super) law: f64,
    /// Variance of what one set of samples shows.
    pub(super) run: f64,
}

/// What was seen of some problems.
pub(super) trait Evidence: Sync {
    /// Logarithm of its likelihood, up to a constant that is the same for all distributions.
    fn ln_likelihood(&self, shares: &[f64]) -> f64;

    /// How many problems there are: one set of samples solves a whole number of them.
    fn problems(&self) -> f64;

    /// Coverage of these problems, by the chances of missing with k and with 2k samples.
    fn expected(&self, shares: &[f64], missed: [&[f64]; 2]) -> Expected;
}

/// What is known of one law.
pub(super) struct Posterior {
    /// The likeliest parameters, in natural units.
    pub(super) mode: Vec<f64>,
    /// Logarithm of their density.
    pub(super) height: f64,
    /// Logarithm of the probability of the evidence under this law.
    pub(super) evidence: f64,
    /// Draws of the parameters, in natural units, all as likely.
    pub(super) draws: Vec<Vec<f64>>,
    /// Standard deviation of each search coordinate.
    pub(super) spread: Vec<f64>,
}

/// Starts that are followed to their minimum.
const FOLLOWED: usize = 3;
/// Draws of each round of importance sampling; the last one is kept.
const ROUNDS: [usize; 3] = [300, 400, 1500];
/// Degrees of freedom of Student's distribution that is drawn from: its tails are wider than the target's.
const FREEDOM: f64 = 5.0;
/// How much wider than the target's the variance is, for the same reason.
const WIDER: f64 = 1.3;

/// A law, its distribution of difficulty, and the evidence.
pub(super) struct Target<'a> {
    pub(super) form: &'a dyn LawForm,
    pub(super) difficulty: &'a dyn Difficulty,
    pub(super) evidence: &'a dyn Evidence,
}

impl Target<'_> {
    /// The shares of problems at natural parameters.
    pub(super) fn shares(&self, parameters: &[f64]) -> Option<Shares> {
        shares(self.difficulty, parameters)
    }

    fn natural(&self, point: &[f64]) -> Vec<f64> {
        let scales = self.form.parameters().iter().map(|parameter| parameter.scale);
        point
            .iter()
            .zip(scales)
            .map(|(at, scale)| scale.inverse(*at))
            .collect()
    }

    /// Logarithm of the density at search coordinates; minus infinity outside the ranges of the parameters.
    fn density(&self, point: &[f64]) -> f64 {
        let natural = self.natural(point);
        let ranges = self.form.parameters().iter().map(|parameter| parameter.range);
        if natural
            .iter()
            .zip(ranges)
            .any(|(value, (low, high))| !(low..=high).contains(value))
        {
            return f64::NEG_INFINITY;
        }
        let likelihood = self
            .shares(&natural)
            .map(|shares| self.evidence.ln_likelihood(&shares));
        let density = likelihood.unwrap_or(f64::NEG_INFINITY) + self.difficulty.ln_prior(point);
        if density.is_nan() {
            f64::NEG_INFINITY
        } else {
            density
        }
    }

    /// The likeliest point of the best starts.
    fn mode(&self) -> Option<(Vec<f64>, f64)> {
        let grid = self
            .form
            .parameters()
            .iter()
            .fold(vec![Vec::new()], |points, parameter| {
                let longer = |point: &Vec<f64>| {
                    let starts = parameter.starts.iter();
                    starts
                        .map(|start| point.iter().copied().chain([*start]).collect())
                        .collect::<Vec<Vec<f64>>>()
                };
                points.iter().flat_map(longer).collect()
            });
        let mut starts: Vec<(f64, Vec<f64>)> = grid
            .into_iter()
            .map(|point| (self.density(&point), point))
            .collect();
        starts.sort_by(|one, other| other.0.total_cmp(&one.0));
        const STEP: f64 = 1e-4;
        let mut objective = |point: &[f64], gradient: &mut [f64]| {
            let mut moved = point.to_vec();
            for at in 0..point.len() {
                let [above, below] = [STEP, -STEP].map(|step| {
                    moved[at] = point[at] + step;
                    self.density(&moved)
                });
                moved[at] = point[at];
                gradient[at] = (below - above) / (2.0 * STEP);
            }
            -self.density(point)
        };
        // Differences of densities have no more digits than this.
        let limits = Limits {
            iterations: 60,
            tolerance: 1e-9,
        };
        let followed = starts.iter().take(FOLLOWED);
        let minima = followed.map(|(_, start)| minimise(&mut objective, start, None, limits));
        minima
            .filter(|minimum| minimum.value.is_finite())
            .min_by(|one, other| one.value.total_cmp(&other.value))
            .map(|minimum| (minimum.point, -minimum.value))
    }

    /// The inverse of the curvature at the mode, where the density curves down; else what the prior leaves open.
    fn covariance(&self, mode: &[f64], height: f64) -> Vec<f64> {
        const STEP: f64 = 0.05;
        let order = mode.len();
        let at = |moves: &[(usize, f64)]| {
            let mut point = mode.to_vec();
            moves.iter().for_each(|(at, step)| point[*at] += step);
            self.density(&point)
        };
        let mut curvature = vec![0.0; order * order];
        for row in 0..order {
            for column in 0..=row {
                let second = match row == column {
                    true => at(&[(row, STEP)]) - 2.0 * height + at(&[(row, -STEP)]),
                    false => {
                        let corner = |one: f64, other: f64| at(&[(row, one), (column, other)]);
                        0.25 * (corner(STEP, STEP) - corner(STEP, -STEP) - corner(-STEP, STEP)
                            + corner(-STEP, -STEP))
                    }
                };
                curvature[row * order + column] = -second / (STEP * STEP);
                curvature[column * order + row] = -second / (STEP * STEP);
            }
        }
        let unit = |at: usize| -> Vec<f64> { (0..order).map(|row| f64::from(u8::from(row == at))).collect() };
        let prior = || {
            let spread = self.difficulty.prior_spread();
            let scaled = |at: usize| unit(at).into_iter().map(move |one| (at, one));
            let entry = |(at, one): (usize, f64)| one * spread[at].min(1.0).powi(2);
            (0..order).flat_map(scaled).map(entry).collect()
        };
        let inverse = |factor: Cholesky| (0..order).flat_map(|at| factor.solve(&unit(at))).collect();
        Cholesky::of(&curvature, order).map_or_else(prior, inverse)
    }

    /// The posterior by adaptive importance sampling (Cappé et al. 2004): draws from Student's distribution
    /// around the mode, weighted by the density over that of the draw, whose mean and covariance the next round
    /// draws around. `None` when nothing has a density.
    pub(super) fn posterior(&self, draws: usize, seed: u64) -> Option<Posterior> {
        let (mode, height) = self.mode()?;
        let mut stream = Stream::new(seed, "posterior", mode.len() as u64);
        let (mut centre, mut covariance) = (mode.clone(), self.covariance(&mode, height));
        let mut round = Round::default();
        for size in ROUNDS {
            round = self.round(size, &centre, &covariance, &mut stream)?;
            (centre, covariance) = round.moments();
        }
        let spread = (0..mode.len())
            .map(|at| covariance[at * mode.len() + at].sqrt())
            .collect();
        Some(Posterior {
            mode: self.natural(&mode),
            height,
            evidence: round.evidence,
            draws: round
                .resampled(draws, stream.uniform())
                .iter()
                .map(|point| self.natural(point))
                .collect(),
            spread,
        })
    }

    fn round(&self, size: usize, centre: &[f64], covariance: &[f64], stream: &mut Stream) -> Option<Round> {
        let order = centre.len();
        let factor = Cholesky::of(covariance, order)?;
        let ln_volume = 0.5 * factor.ln_determinant();
        let (mut points, mut logs) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for _ in 0..size {
            let normal: Vec<f64> = (0..order).map(|_| stream.normal()).collect();
            let mixed = 2.0 * gamma(stream, 0.5 * FREEDOM) / FREEDOM;
            let scale = (WIDER / mixed).sqrt();
            let squared = normal.iter().map(|value| value * value).sum::<f64>() / mixed;
            let moved = factor.times(&normal);
            let point: Vec<f64> = centre
                .iter()
                .zip(&moved)
                .map(|(centre, moved)| centre + scale * moved)
                .collect();
            let ln_drawn = -ln_volume - 0.5 * (FREEDOM + order as f64) * (1.0 + squared / FREEDOM).ln();
            logs.push(self.density(&point) - ln_drawn);
            points.push(point);
        }
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !largest.is_finite() {
            return None;
        }
        let weights: Vec<f64> = logs.iter().map(|log| (log - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        Some(Round {
            evidence: largest + (total / size as f64).ln() - ln_student(order),
            weights: weights.iter().map(|weight| weight / total).collect(),
            points,
        })
    }
}

/// Logarithm of what makes the density that is drawn from one of Student's distribution, its volume aside.
fn ln_student(order: usize) -> f64 {
    use statrs::function::gamma::ln_gamma;
    let order = order as f64;
    ln_gamma(0.5 * (FREEDOM + order))
        - ln_gamma(0.5 * FREEDOM)
        - 0.5 * order * (FREEDOM * WIDER * std::f64::consts::PI).ln()
}

/// Points and their weights, which add up to one.
#[derive(Default)]
struct Round {
    points: Vec<Vec<f64>>,
    weights: Vec<f64>,
    evidence: f64,
}

impl Round {
    /// Mean and covariance.
    fn moments(&self) -> (Vec<f64>, Vec<f64>) {
        let order = self.points.first().map_or(0, Vec::len);
        let mean_of = |of: &dyn Fn(&[f64]) -> f64| {
            let terms = self.points.iter().zip(&self.weights);
            terms.map(|(point, weight)| weight * of(point)).sum::<f64>()
        };
        let mean: Vec<f64> = (0..order).map(|at| mean_of(&|point| point[at])).collect();
        let covariance = (0..order * order).map(|at| {
            let (row, column) = (at / order, at % order);
            // A round in which one draw outweighs all others has no spread of its own.
            let least = if row == column { 1e-6 } else { 0.0 };
            mean_of(&|point| (point[row] - mean[row]) * (point[column] - mean[column])) + least
        });
        let covariance = covariance.collect();
        (mean, covariance)
    }

    /// So many points, each as often as its weight says (systematic resampling).
    fn resampled(&self, count: usize, offset: f64) -> Vec<&[f64]> {
        let (mut sum, mut drawn) = (0.0, Vec::with_capacity(count));
        for (point, weight) in self.points.iter().zip(&self.weights) {
            sum += weight * count as f64;
            while (drawn.len() as f64) + offset < sum && drawn.len() < count {
                drawn.push(point.as_slice());
            }
        }
        drawn
    }
}

/// A draw from the Gamma distribution of scale one (Marsaglia and Tsang 2000).
pub(super) fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        return gamma(stream, shape + 1.0) * stream.uniform().powf(shape.recip());
    }
    let third = shape - 1.0 / 3.0;
    let scale = (9.0 * third).sqrt().recip();
    loop {
        let normal = stream.normal();
        let cube = (1.0 + scale * normal).powi(3);
        if cube > 0.0 && stream.uniform().ln() < 0.5 * normal * normal + third * (1.0 - cube + cube.ln()) {
            return third * cube;
        }
    }
}

/// A draw from a Beta distribution of that mean and variance; the mean where there is no variance.
pub(super) fn share(stream: &mut Stream, mean: f64, variance: f64) -> f64 {
    let size = mean * (1.0 - mean) / variance - 1.0;
    if !(size.is_finite() && size > 0.0) {
        return mean;
    }
    let (solved, missed) = (gamma(stream, size * mean), gamma(stream, size * (1.0 - mean)));
    match solved + missed {
        total if total > 0.0 => solved / total,
        _ => mean,
    }
}

/// Whether the data narrow a coordinate that had `prior` spread before them.
pub(super) fn is_narrowed(spread: f64, prior: f64) -> bool {
    const SHARE: f64 = 0.8;
    spread < SHARE * prior
}
