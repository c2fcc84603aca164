//! Studies of arms whose worth is known.

use triaxis_laws::forms::{Chinchilla, Coupled, FLOPS_PER_PARAM_TOKEN};
use triaxis_laws::numeric::Stream;
use triaxis_laws::worth::{Arm, Run};

/// The law of the baseline: that of Besiroglu et al. 2024, with which a ladder of small models spans losses as real
/// ones do.
pub const TRUTH: Chinchilla = Chinchilla::REFIT;

/// A law with an interaction between parameters and tokens.
pub const COUPLED: Coupled = Coupled {
    E: 1.2,
    A: 5e3,
    B: 4e4,
    alpha: 0.55,
    beta: 0.6,
    gamma: 0.6,
};

/// What an arm is beside the baseline.
#[derive(Clone, Copy)]
pub enum Kind {
    /// So many times the compute along the compute-optimal path.
    Compute(f64),
    /// So many times the tokens.
    Data(f64),
    /// The same of [`COUPLED`], which the additive law that is fitted cannot follow.
    Coupled(f64),
    /// Exponents so many times the baseline's, with its loss at the ladder's middle.
    Exponents(f64),
}

impl Kind {
    /// Its loss.
    pub fn loss(self, params: f64, tokens: f64) -> f64 {
        let (a, b) = TRUTH.optimum_exponents();
        match self {
            Self::Compute(times) => TRUTH.loss(params * times.powf(a), tokens * times.powf(b)),
            Self::Coupled(times) => {
                let (a, b) = COUPLED.optimum_exponents();
                COUPLED.loss(params * times.powf(a), tokens * times.powf(b))
            }
            Self::Data(times) => TRUTH.loss(params, times * tokens),
            Self::Exponents(times) => {
                let (n, d) = (MIDDLE.0, MIDDLE.1);
                let changed = Chinchilla {
                    A: TRUTH.A * n.powf((times - 1.0) * TRUTH.alpha),
                    B: TRUTH.B * d.powf((times - 1.0) * TRUTH.beta),
                    alpha: times * TRUTH.alpha,
                    beta: times * TRUTH.beta,
                    ..TRUTH
                };
                changed.loss(params, tokens)
            }
        }
    }
}

/// Parameters and tokens about which exponents turn.
const MIDDLE: (f64, f64) = (3.2e6, 6.4e7);

/// How a study is run.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Budgets, and sizes at each.
    pub budgets: usize,
    pub sizes: usize,
    pub seeds: u64,
    /// Noise of a run as a part of its loss, and the part of its variance that its pairs share.
    pub noise: f64,
    pub shared: f64,
    /// Chance of a run to go wrong and end 3% higher.
    pub wrong: f64,
}

impl Plan {
    /// The least and the largest compute.
    pub const SPAN: (f64, f64) = (1e14, 1.6e16);

    /// The budgets, each twice to six times the one before.
    pub fn budgets(&self) -> impl Iterator<Item = f64> {
        let (low, high) = Self::SPAN;
        let steps = (self.budgets - 1) as f64;
        (0..self.budgets).map(move |step| low * (high / low).powf(step as f64 / steps))
    }

    /// Sizes around the best one of a budget, by half-octaves of the parameters.
    pub fn places(&self) -> Vec<(String, f64, f64, f64)> {
        let middle = (self.sizes - 1) as f64 / 2.0;
        let sizes = |budget: f64| {
            let best = TRUTH.optimum(budget, FLOPS_PER_PARAM_TOKEN).unwrap().params;
            (0..self.sizes).map(move |size| {
                let params = best * 3.0_f64.powf(size as f64 - middle);
                let tokens = budget / (FLOPS_PER_PARAM_TOKEN * params);
                (format!("size-{size}"), budget, params, tokens)
            })
        };
        self.budgets().flat_map(sizes).collect()
    }

    /// Runs of arms, the first of them the baseline.
    pub fn arms(&self, kinds: &[Kind], seed: u64) -> Vec<Arm> {
        let places = self.places();
        let noise = |arm: usize, place: usize, repeat: u64| {
            let normal = |purpose: &str, number: usize| {
                let index = (number * places.len() + place) as u64 * self.seeds + repeat;
                Stream::new(seed, purpose, index).normal()
            };
            let (shared, own) = (self.shared.sqrt(), (1.0 - self.shared).sqrt());
            self.noise * (shared * normal("pair", 0) + own * normal("run", arm))
        };
        let runs = |arm: usize| {
            let of = |(place, (size, budget, params, tokens)): (usize, &(String, f64, f64, f64))| {
                let wrong = |repeat: u64| {
                    let index = (arm * places.len() + place) as u64 * self.seeds + repeat;
                    match Stream::new(seed, "wrong", index).uniform() < self.wrong {
                        true => 1.03,
                        false => 1.0,
                    }
                };
                let run = |repeat: u64| Run {
                    size: size.clone(),
                    budget: *budget,
                    seed: repeat,
                    params: *params,
                    tokens: *tokens,
                    flops: *budget,
                    loss: kinds[arm].loss(*params, *tokens) * noise(arm, place, repeat).exp() * wrong(repeat),
                };
                (0..self.seeds).map(run).collect::<Vec<Run>>()
            };
            places.iter().enumerate().flat_map(of).collect()
        };
        let named = (0..kinds.len()).map(|arm| Arm {
            name: format!("arm-{arm}"),
            runs: runs(arm),
        });
        named.collect()
    }
}
