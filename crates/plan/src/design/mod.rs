//! Which of many runs to make for a law to be sure where it matters: locally optimal designs.
//!
//! With `j` the slope of a run's log loss by the parameters and `F = sum j j' / s^2 + prior` what is known of them, one
//! more run at `x` lowers the variance at the targets `t` by `sum (j_t' F^-1 j_x)^2 / (s^2 + j_x' F^-1 j_x)` (V), or
//! the volume of what is left open by `ln(1 + j_x' F^-1 j_x / s^2)` (D); either is divided by the run's cost to a power
//! of 0.4 (arXiv 2604.22753). Both trust the parameters that they are taken at: refit as runs come in. [`Basins`] trusts
//! every minimum of a fit that the runs leave open.

mod basins;

pub use basins::Basins;

use triaxis_laws::form::{LawForm, MOST_PARAMETERS, Scale};

/// The power of a run's cost by which what it tells is divided.
const COST_POWER: f64 = 0.4;
/// Standard deviation of what is known of a parameter beforehand, of its logarithm where it is positive: a factor of e,
/// about a quarter of the range that searches start from.
const PRIOR: f64 = 1.0;

/// What a run is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// The variance at the targets.
    Targets,
    /// The volume of all parameters.
    Volume,
}

/// What runs tell of a law's parameters, at those that were fitted to them.
#[derive(Clone)]
pub struct Design<'a> {
    form: &'a dyn LawForm,
    parameters: Vec<f64>,
    noise: f64,
    /// Covariance of the parameters, by rows.
    covariance: Vec<Vec<f64>>,
}

impl<'a> Design<'a> {
    /// What `runs` (natural inputs of the form) tell, where a run's log loss lies `noise` around the law of
    /// `parameters`.
    pub fn of(form: &'a dyn LawForm, parameters: &[f64], noise: f64, runs: &[Vec<f64>]) -> Self {
        let many = parameters.len();
        let covariance = (0..many).map(|row| {
            let mut line = vec![0.0; many];
            line[row] = PRIOR * PRIOR;
            line
        });
        let mut design = Self {
            form,
            parameters: parameters.to_vec(),
            noise,
            covariance: covariance.collect(),
        };
        runs.iter().for_each(|run| design.learn(run));
        design
    }

    /// One more run (Sherman and Morrison 1950).
    pub fn learn(&mut self, run: &[f64]) {
        let slope = self.slope(run);
        let across = self.across(&slope);
        let scale = self.noise * self.noise + dot(&slope, &across);
        for (row, one) in self.covariance.iter_mut().zip(&across) {
            for (value, other) in row.iter_mut().zip(&across) {
                *value -= one * other / scale;
            }
        }
    }

    /// Variance of the log loss at a run, without its own noise.
    pub fn variance(&self, run: &[f64]) -> f64 {
        let slope = self.slope(run);
        dot(&slope, &self.across(&slope))
    }

    /// The run of a pool that tells most for its cost, by its place, with what it tells; `None` of an empty pool.
    pub fn next(
        &self,
        criterion: Criterion,
        pool: &[(Vec<f64>, f64)],
        targets: &[Vec<f64>],
    ) -> Option<(usize, f64)> {
        let targets: Vec<Vec<f64>> = targets
            .iter()
            .map(|target| self.across(&self.slope(target)))
            .collect();
        let told = pool.iter().map(|(run, cost)| {
            let slope = self.slope(run);
            let own = dot(&slope, &self.across(&slope));
            let noise = self.noise * self.noise;
            let told = match criterion {
                Criterion::Volume => (own / noise).ln_1p(),
                Criterion::Targets => {
                    targets
                        .iter()
                        .map(|across| dot(across, &slope).powi(2))
                        .sum::<f64>()
                        / (noise + own)
                }
            };
            told / cost.powf(COST_POWER)
        });
        told.enumerate().max_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// The law's loss of a run, and its slopes by the parameters.
    fn valued(&self, run: &[f64]) -> (f64, [f64; MOST_PARAMETERS]) {
        let columns = self.form.inputs().iter();
        let inputs: Vec<f64> = columns
            .zip(run)
            .map(|(column, input)| column.scale.forward(*input))
            .collect();
        let mut gradient = [0.0; MOST_PARAMETERS];
        (
            self.form.value(&self.parameters, &inputs, &mut gradient),
            gradient,
        )
    }

    /// The logarithm of the law's loss of a run.
    fn told(&self, run: &[f64]) -> f64 {
        self.valued(run).0.ln()
    }

    /// The slope of the log loss by the parameters, by their logarithms where they are positive.
    fn slope(&self, run: &[f64]) -> Vec<f64> {
        let (value, gradient) = self.valued(run);
        let parameters = self.form.parameters().iter().zip(&self.parameters);
        parameters
            .zip(gradient)
            .map(|((parameter, natural), slope)| match parameter.scale {
                Scale::Log => slope * natural / value,
                Scale::Linear => slope / value,
            })
            .collect()
    }

    fn across(&self, slope: &[f64]) -> Vec<f64> {
        self.covariance.iter().map(|row| dot(row, slope)).collect()
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
