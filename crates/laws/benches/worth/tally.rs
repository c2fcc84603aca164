//! How often what is said of an arm is right.

use rayon::prelude::*;
use triaxis_laws::forms::FLOPS_PER_PARAM_TOKEN;
use triaxis_laws::worth::{Call, Comparison, Options, Place, Worth, compare};
use triaxis_laws::{Estimate, FitError};

use crate::study::{Kind, Plan};

/// What is true of an arm beside the baseline.
pub struct Truth {
    base: Kind,
    kind: Kind,
    /// By the least loss that each has with the largest budget.
    pub compute: f64,
    /// The mean difference of pairs there, over all sizes.
    paired: f64,
}

/// What was said of one arm over all repeats.
#[derive(Default)]
pub struct Tally {
    pub told: usize,
    pub refused: usize,
    compute: Held,
    data: Held,
    difference: Held,
    paired: Held,
    pub different: usize,
    pub one_law: usize,
    sure: Vec<f64>,
    detectable: Vec<f64>,
}

#[derive(Default)]
struct Held {
    held: usize,
    of: usize,
    widths: Vec<f64>,
}

impl Held {
    fn add(&mut self, estimate: &Estimate, truth: f64) {
        let Some(interval) = estimate.interval else { return };
        self.of += 1;
        self.held += usize::from(interval.holds(truth));
        self.widths.push(interval.width());
    }

    fn share(&self) -> f64 {
        self.held as f64 / self.of as f64
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The times by which a falling function of them comes down to `value`.
fn times(value: f64, of: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (1e-3_f64, 1e3_f64);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if of(middle) > value {
            low = middle
        } else {
            high = middle
        }
    }
    low
}

impl Truth {
    pub fn of(base: Kind, kind: Kind, plan: &Plan) -> Self {
        let places = plan.places();
        let last = places.iter().map(|place| place.1).fold(0.0, f64::max);
        let at_end = || places.iter().filter(|place| place.1 == last);
        let mean = |of: &dyn Fn(f64, f64) -> f64| {
            at_end().map(|place| of(place.2, place.3)).sum::<f64>() / at_end().count() as f64
        };
        let ratio = mean(&|n, d| (kind.loss(n, d) / base.loss(n, d)).ln());
        let size = |place: &&(String, f64, f64, f64)| base.loss(place.2, place.3);
        let best = at_end()
            .min_by(|one, other| size(one).total_cmp(&size(other)))
            .unwrap()
            .2;
        // The least loss that each has with a compute.
        let least = |kind: Kind, flops: f64| {
            let sizes = (-1000..1000).map(|step| best * (f64::from(step) / 300.0).exp());
            sizes
                .map(|size| kind.loss(size, flops / (FLOPS_PER_PARAM_TOKEN * size)))
                .fold(f64::INFINITY, f64::min)
        };
        Self {
            compute: times(least(kind, last), |times| least(base, times * last)),
            paired: mean(&|n, d| base.loss(n, d)) * ratio.exp_m1(),
            base,
            kind,
        }
    }

    /// The difference of losses where a comparison has the ladder's end, which noise may put at another size.
    fn difference(&self, end: &Place) -> f64 {
        self.kind.loss(end.params, end.tokens) - self.base.loss(end.params, end.tokens)
    }

    /// The multiplier of data there.
    fn data(&self, end: &Place) -> f64 {
        let loss = self.kind.loss(end.params, end.tokens);
        times(loss, |times| self.base.loss(end.params, times * end.tokens))
    }
}

impl Tally {
    fn add(&mut self, told: &Result<Comparison, FitError>, arm: usize, truth: &Truth) {
        let found = |told: &Comparison| -> Option<Worth> {
            let name = format!("arm-{arm}");
            told.arms.iter().find(|worth| worth.arm == name).cloned()
        };
        let Some((end, worth)) = told.as_ref().ok().and_then(|told| Some((told.end, found(told)?))) else {
            self.refused += 1;
            return;
        };
        self.told += 1;
        self.compute.add(&worth.compute_multiplier, truth.compute);
        if let Some(data) = &worth.data_multiplier {
            self.data.add(data, truth.data(&end));
        }
        self.difference
            .add(&worth.at_end.difference, truth.difference(&end));
        if let Ok(paired) = &worth.paired {
            self.paired.add(&paired.difference, truth.paired);
        }
        self.different += usize::from(matches!(worth.call, Call::Better | Call::Worse));
        self.one_law += usize::from(worth.one_law.is_none_or(|test| test.holds));
        self.sure.extend(worth.order.as_ref().map(|order| order.at_end));
        self.detectable.extend(worth.detectable);
    }

    /// A line of the table: coverages of the multipliers and losses, the width of the first, and the calls.
    pub fn line(&mut self) -> String {
        let all = self.told as f64;
        format!(
            "{:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {}",
            self.compute.share(),
            median(&mut self.compute.widths),
            self.data.share(),
            self.difference.share(),
            self.paired.share(),
            self.different as f64 / all,
            median(&mut self.sure),
            median(&mut self.detectable),
            self.one_law as f64 / all,
            self.refused,
        )
    }
}

/// Over `repeats` studies, what is said of each arm but the baseline.
pub fn tallies(plan: &Plan, kinds: &[Kind], repeats: u64) -> Vec<Tally> {
    let told = |seed: u64| {
        let options = Options {
            replicates: 400,
            seed,
            own_laws: false,
            ..Options::default()
        };
        compare(&plan.arms(kinds, seed), "arm-0", &options)
    };
    let all: Vec<_> = (0..repeats).into_par_iter().map(told).collect();
    let of = |arm: usize| {
        let truth = Truth::of(kinds[0], kinds[arm], plan);
        let mut tally = Tally::default();
        all.iter().for_each(|told| tally.add(told, arm, &truth));
        tally
    };
    (1..kinds.len()).map(of).collect()
}
