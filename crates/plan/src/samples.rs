//! How to spend samples on queries whose chances of success differ as a Beta distribution: evenly,
//! where the chances are known, or one after another until a verifier accepts one; and when to stop.

use statrs::function::gamma::ln_gamma;

use crate::PlanError;

/// The chance that one sample of a query is right, over all queries: `p ~ Beta(a, b)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difficulty {
    /// Weight of solving; small where many queries are out of reach.
    pub a: f64,
    /// Weight of failing.
    pub b: f64,
}

/// What a way to spend samples gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spent {
    /// Samples a query, on average.
    pub samples: f64,
    /// Share of queries with at least one sample that is right, or passes for it.
    pub solved: f64,
}

impl Difficulty {
    /// Difficulties with these weights.
    ///
    /// # Errors
    /// When a weight is not above zero.
    pub fn new(a: f64, b: f64) -> Result<Self, PlanError> {
        for (name, weight) in [("a", a), ("b", b)] {
            if !(weight > 0.0 && weight.is_finite()) {
                return Err(PlanError::not_positive(
                    &format!("difficulty.{name}"),
                    weight,
                    "fit the coverage law `coverage-beta` to samples of your own queries",
                ));
            }
        }
        Ok(Self { a, b })
    }

    /// `E[(1 - p)^k]`: the share of queries that k samples leave unsolved.
    fn missed(self, samples: f64) -> f64 {
        let Self { a, b } = self;
        (ln_gamma(b + samples) + ln_gamma(a + b) - ln_gamma(a + b + samples) - ln_gamma(b)).exp()
    }

    /// The same number of samples for each query: `1 - B(a, b + k) / B(a, b)`.
    ///
    /// ```
    /// let queries = triaxis_plan::samples::Difficulty::new(0.5, 4.5)?;
    /// assert_eq!(format!("{:.4}", queries.uniform(10.0).solved), "0.4535");
    /// # Ok::<(), triaxis_plan::PlanError>(())
    /// ```
    pub fn uniform(self, samples: f64) -> Spent {
        Spent {
            samples,
            solved: 1.0 - self.missed(samples),
        }
    }

    /// Samples one after another until one is right, at most `cap`, by a verifier that is free and
    /// makes no mistake.
    pub fn verified(self, cap: u64) -> Spent {
        self.checked(0.0, cap)
    }

    /// The same by a check that passes this share of the wrong samples, too, and stops at the first that it passes.
    pub fn checked(self, false_pass: f64, cap: u64) -> Spent {
        // The number drawn is the sum of the chances that each further one is needed.
        let Self { a, b } = self;
        let (mut samples, mut missed) = (0.0, 1.0);
        for drawn in 0..cap {
            samples += missed;
            missed *= (1.0 - false_pass) * (b + drawn as f64) / (a + b + drawn as f64);
        }
        Spent {
            samples,
            solved: 1.0 - missed,
        }
    }

    /// The same at `mean` samples a query: each query has the cap just below or just above, by chance.
    pub fn verified_at(self, mean: f64) -> Spent {
        let Self { a, b } = self;
        let (mut samples, mut missed, mut drawn) = (0.0, 1.0, 0.0);
        while samples + missed < mean && drawn < 1e6 {
            samples += missed;
            missed *= (b + drawn) / (a + b + drawn);
            drawn += 1.0;
        }
        let share = ((mean - samples) / missed).clamp(0.0, 1.0);
        let next = missed * (b + drawn) / (a + b + drawn);
        Spent {
            samples: samples + share * missed,
            solved: 1.0 - missed + share * (missed - next),
        }
    }

    /// The best that is possible where each query's chance is known beforehand, at `mean` samples a query:
    /// samples go to where the next one helps most, `p (1 - p)^k` at or above one threshold.
    ///
    /// # Errors
    /// When `mean` is not above zero.
    pub fn oracle(self, mean: f64) -> Result<Spent, PlanError> {
        if !(mean > 0.0 && mean.is_finite()) {
            return Err(PlanError::not_positive(
                "samples",
                mean,
                "give the samples a query, on average",
            ));
        }
        // The threshold by bisection on its logarithm: the higher, the fewer samples.
        let (mut low, mut high) = (-700.0_f64, 0.0_f64);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            match self.above(middle.exp()).samples > mean {
                true => low = middle,
                false => high = middle,
            }
        }
        Ok(self.above((0.5 * (low + high)).exp()))
    }

    /// Every query gets the samples whose gain is at or above the threshold.
    fn above(self, threshold: f64) -> Spent {
        let spent = |p: f64, failing: f64| {
            let samples = worthwhile(p, threshold);
            (samples, 1.0 - (samples * failing.ln()).exp())
        };
        let mut total = Spent {
            samples: 0.0,
            solved: 0.0,
        };
        for (p, failing, weight) in self.points() {
            let (samples, solved) = spent(p, failing);
            total.samples += weight * samples;
            total.solved += weight * if samples > 0.0 { solved } else { 0.0 };
        }
        total
    }

    /// Chances, their complements and their weights. Substituting `p = t^(1/a)` below a half and
    /// `1 - p = t^(1/b)` above takes away the poles of the density at both ends.
    fn points(self) -> impl Iterator<Item = (f64, f64, f64)> {
        const EACH: u32 = 4_000;
        let Self { a, b } = self;
        let scale = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp();
        let half = |own: f64, other: f64| {
            let end = 0.5_f64.powf(own);
            let width = end / f64::from(EACH);
            (0..EACH).map(move |index| {
                let near = (width * (f64::from(index) + 0.5)).powf(1.0 / own);
                (near, scale * width / own * (1.0 - near).powf(other - 1.0))
            })
        };
        let below = half(a, b).map(|(p, weight)| (p, 1.0 - p, weight));
        let above = half(b, a).map(|(failing, weight)| (1.0 - failing, failing, weight));
        below.chain(above)
    }
}

/// How many samples each gain at least `threshold`: `1 + floor(ln(threshold / p) / ln(1 - p))`, none below.
fn worthwhile(p: f64, threshold: f64) -> f64 {
    if p < threshold {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    1.0 + ((threshold / p).ln() / (-p).ln_1p()).floor()
}

/// After how many samples to stop where a right answer is worth `value`, a sample costs `cost` and each
/// is right with the chance `p`: none where `p < cost / value`.
///
/// ```
/// use triaxis_plan::samples::stop_after;
/// assert_eq!(stop_after(0.5, 1.0, 0.1), 3.0);
/// assert_eq!(stop_after(0.05, 1.0, 0.1), 0.0);
/// ```
pub fn stop_after(p: f64, value: f64, cost: f64) -> f64 {
    match p > 0.0 && value > 0.0 && cost >= 0.0 {
        true => worthwhile(p.min(1.0), cost / value),
        false => 0.0,
    }
}

impl Difficulty {
    /// Whether one more sample is worth its cost after so many failures of a query whose chance is not
    /// known: while `a / (a + b + failures) >= cost / value`.
    pub fn goes_on(self, failures: u64, value: f64, cost: f64) -> bool {
        value > 0.0 && self.a / (self.a + self.b + failures as f64) >= cost / value
    }

    /// Failures after which a query is given up; `None` where samples are free.
    pub fn gives_up_after(self, value: f64, cost: f64) -> Option<u64> {
        if cost <= 0.0 {
            return None;
        }
        let first = (self.a * value / cost - self.a - self.b).max(-1.0);
        // Rounding may put the boundary on either side of a whole number.
        let near = first.floor() + 1.0;
        let guess = near.clamp(0.0, 1e15) as u64;
        let guess = if guess > 0 && !self.goes_on(guess - 1, value, cost) {
            guess - 1
        } else {
            guess
        };
        Some(if self.goes_on(guess, value, cost) {
            guess + 1
        } else {
            guess
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_are_a_distribution_with_its_mean() {
        for (a, b) in [(0.5, 4.5), (0.05, 0.3), (2.0, 3.0), (0.2, 60.0)] {
            let queries = Difficulty::new(a, b).unwrap();
            let (mut whole, mut mean) = (0.0, 0.0);
            for (p, failing, weight) in queries.points() {
                assert!((p + failing - 1.0).abs() < 1e-12);
                whole += weight;
                mean += weight * p;
            }
            assert!((whole - 1.0).abs() < 1e-5, "{a} {b}: {whole}");
            assert!((mean - a / (a + b)).abs() < 1e-5, "{a} {b}: {mean}");
        }
    }

    #[test]
    fn the_rule_for_unknown_chances_stops_where_it_says() {
        let queries = Difficulty::new(0.5, 4.5).unwrap();
        for (value, cost) in [(1.0, 0.1), (1.0, 0.01), (1.0, 0.2), (20.0, 0.003), (1.0, 0.05)] {
            let stop = queries.gives_up_after(value, cost).unwrap();
            assert!(!queries.goes_on(stop, value, cost), "{value} {cost} {stop}");
            assert!(
                stop == 0 || queries.goes_on(stop - 1, value, cost),
                "{value} {cost} {stop}"
            );
        }
        assert_eq!(queries.gives_up_after(1.0, 0.0), None);
    }
}
