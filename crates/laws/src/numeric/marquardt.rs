//! Damped Gauss-Newton steps on a reweighted quadratic model (Levenberg-Marquardt).

use super::bfgs::Minimum;
use super::linear::solve_positive;

/// The local quadratic model of an objective.
#[derive(Debug, Clone)]
pub(crate) struct Quadratic {
    /// Objective at the point.
    pub(crate) value: f64,
    /// Its gradient.
    pub(crate) gradient: Vec<f64>,
    /// A positive semi-definite approximation of its Hessian, row-major.
    pub(crate) hessian: Vec<f64>,
}

/// An objective that offers a quadratic model of itself.
pub(crate) trait Curvature {
    /// The model at `point`; a non-finite value marks a point outside the domain.
    fn quadratic(&mut self, point: &[f64], model: &mut Quadratic);
}

impl Quadratic {
    /// Room for a model of `order` parameters.
    pub(crate) fn new(order: usize) -> Self {
        Self {
            value: f64::INFINITY,
            gradient: vec![0.0; order],
            hessian: vec![0.0; order * order],
        }
    }

    /// The step that minimises the model with its diagonal enlarged by `damping`.
    fn step(&self, damping: f64) -> Option<Vec<f64>> {
        let order = self.gradient.len();
        let largest = (0..order).fold(0.0_f64, |largest, at| largest.max(self.hessian[at * (order + 1)]));
        let mut damped = self.hessian.clone();
        for at in 0..order {
            let diagonal = &mut damped[at * (order + 1)];
            *diagonal += damping * (*diagonal).max(1e-10 * largest);
        }
        let descent: Vec<f64> = self.gradient.iter().map(|value| -value).collect();
        solve_positive(&damped, &descent)
    }
}

/// Descends from `start` for at most `iterations` model evaluations, until a step gains less than `tolerance` of the value.
pub(crate) fn descend(
    problem: &mut dyn Curvature,
    start: &[f64],
    iterations: usize,
    tolerance: f64,
) -> Minimum {
    let order = start.len();
    let mut point = start.to_vec();
    let (mut here, mut there) = (Quadratic::new(order), Quadratic::new(order));
    problem.quadratic(&point, &mut here);
    if !here.value.is_finite() {
        return Minimum {
            point,
            value: f64::INFINITY,
        };
    }
    let mut damping = 1e-2;
    let mut trial = vec![0.0; order];
    for _ in 1..iterations {
        let Some(step) = here.step(damping) else {
            damping = (damping * 10.0).max(1e-8);
            if damping > 1e12 {
                break;
            }
            continue;
        };
        for ((trial, at), step) in trial.iter_mut().zip(&point).zip(&step) {
            *trial = at + step;
        }
        problem.quadratic(&trial, &mut there);
        if there.value.is_finite() && there.value < here.value {
            let gain = here.value - there.value;
            std::mem::swap(&mut point, &mut trial);
            std::mem::swap(&mut here, &mut there);
            damping = (damping * 0.2).max(1e-12);
            if gain <= tolerance * here.value.abs() {
                break;
            }
        } else {
            damping *= 6.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    Minimum {
        point,
        value: here.value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Exponential;

    impl Curvature for Exponential {
        /// Residuals `exp(p x) - exp(0.7 x)` at x = 1, 2, 3.
        fn quadratic(&mut self, point: &[f64], model: &mut Quadratic) {
            *model = Quadratic {
                value: 0.0,
                ..Quadratic::new(1)
            };
            for x in [1.0_f64, 2.0, 3.0] {
                let residual = (point[0] * x).exp() - (0.7 * x).exp();
                let slope = x * (point[0] * x).exp();
                model.value += 0.5 * residual * residual;
                model.gradient[0] += residual * slope;
                model.hessian[0] += slope * slope;
            }
        }
    }

    #[test]
    fn converges_quickly_from_far_away() {
        let minimum = descend(&mut Exponential, &[-3.0], 60, 1e-15);
        assert!((minimum.point[0] - 0.7).abs() < 1e-7, "{minimum:?}");
    }
}
