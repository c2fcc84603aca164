//! Quasi-Newton minimisation that also works on losses with kinks.

/// Where a minimisation ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Minimum {
    /// The point.
    pub(crate) point: Vec<f64>,
    /// The objective there.
    pub(crate) value: f64,
}

/// When a minimisation ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Most steps.
    pub(crate) iterations: usize,
    /// Relative decrease below which three steps in a row are the last.
    pub(crate) tolerance: f64,
}

impl Limits {
    /// To the last digits.
    pub(crate) const fn full(iterations: usize) -> Self {
        Self {
            iterations,
            tolerance: 1e-13,
        }
    }
}

const ARMIJO: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
const LINE_STEPS: usize = 40;

fn dot(first: &[f64], second: &[f64]) -> f64 {
    first
        .iter()
        .zip(second)
        .map(|(first, second)| first * second)
        .sum()
}

/// Minimises `objective` (which returns the value and writes the gradient) from `start` by BFGS.
///
/// The line search brackets a point of the weak Wolfe conditions by bisection, which keeps BFGS
/// convergent on nonsmooth functions (Lewis and Overton 2013). `inverse_hessian` is the first
/// approximation, row-major. A point where the objective is not finite counts as infinitely bad.
pub(crate) fn minimise(
    objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    inverse_hessian: Option<Vec<f64>>,
    limits: Limits,
) -> Minimum {
    let order = start.len();
    let identity = || {
        (0..order * order)
            .map(|at| f64::from(at % (order + 1) == 0))
            .collect::<Vec<f64>>()
    };
    let mut point = start.to_vec();
    let mut gradient = vec![0.0; order];
    let mut value = objective(&point, &mut gradient);
    if !value.is_finite() {
        value = f64::INFINITY;
    }
    // A profile of a law's only parameter leaves none to be moved.
    if !value.is_finite() || order == 0 {
        return Minimum { point, value };
    }
    let mut fresh = inverse_hessian.is_none();
    let mut inverse = inverse_hessian.unwrap_or_else(identity);
    let mut stalled = 0;
    for _ in 0..limits.iterations {
        let mut direction: Vec<f64> = inverse
            .chunks_exact(order)
            .map(|row| -dot(row, &gradient))
            .collect();
        let mut slope = dot(&direction, &gradient);
        if !slope.is_finite() || slope >= 0.0 {
            inverse = identity();
            fresh = true;
            direction = gradient.iter().map(|value| -value).collect();
            slope = dot(&direction, &gradient);
        }
        if slope.is_nan() || -slope <= 1e-22 * value.abs().max(1e-12) {
            break;
        }
        let Some(step) = weak_wolfe(objective, &point, &direction, value, slope) else {
            if fresh {
                break;
            }
            inverse = identity();
            fresh = true;
            continue;
        };
        let moved: Vec<f64> = step
            .point
            .iter()
            .zip(&point)
            .map(|(new, old)| new - old)
            .collect();
        let change: Vec<f64> = step
            .gradient
            .iter()
            .zip(&gradient)
            .map(|(new, old)| new - old)
            .collect();
        let decrease = value - step.value;
        update(&mut inverse, &moved, &change, fresh);
        fresh = false;
        (point, gradient) = (step.point, step.gradient);
        value = step.value;
        stalled = if decrease <= limits.tolerance * value.abs() {
            stalled + 1
        } else {
            0
        };
        if stalled >= 3 {
            break;
        }
    }
    Minimum { point, value }
}

struct Step {
    point: Vec<f64>,
    gradient: Vec<f64>,
    value: f64,
}

/// Finds a step with sufficient decrease and increased slope; falls back to decrease alone.
fn weak_wolfe(
    objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
    point: &[f64],
    direction: &[f64],
    value: f64,
    slope: f64,
) -> Option<Step> {
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    let mut best: Option<Step> = None;
    for _ in 0..LINE_STEPS {
        let trial: Vec<f64> = point
            .iter()
            .zip(direction)
            .map(|(at, along)| at + length * along)
            .collect();
        let mut gradient = vec![0.0; point.len()];
        let reached = objective(&trial, &mut gradient);
        if !reached.is_finite() || reached > value + ARMIJO * length * slope {
            high = length;
        } else {
            let steep = dot(&gradient, direction) < CURVATURE * slope;
            best = Some(Step {
                point: trial,
                gradient,
                value: reached,
            });
            if !steep {
                return best;
            }
            low = length;
        }
        length = if high.is_finite() {
            0.5 * (low + high)
        } else {
            2.0 * low
        };
    }
    best
}

/// The BFGS update of the inverse Hessian; skipped when the curvature along the step is not positive.
fn update(inverse: &mut [f64], moved: &[f64], change: &[f64], rescale: bool) {
    let order = moved.len();
    let curvature = dot(moved, change);
    if curvature.is_nan() || curvature <= 1e-300 {
        return;
    }
    if rescale {
        let factor = curvature / dot(change, change);
        inverse.iter_mut().for_each(|value| *value *= factor);
    }
    let image: Vec<f64> = inverse.chunks_exact(order).map(|row| dot(row, change)).collect();
    let scale = (1.0 + dot(&image, change) / curvature) / curvature;
    for row in 0..order {
        for column in 0..order {
            inverse[row * order + column] += scale * moved[row] * moved[column]
                - (image[row] * moved[column] + moved[row] * image[column]) / curvature;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_rosenbrock() {
        let mut rosenbrock = |x: &[f64], gradient: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            gradient[0] = -2.0 * a - 400.0 * x[0] * b;
            gradient[1] = 200.0 * b;
            a * a + 100.0 * b * b
        };
        let minimum = minimise(&mut rosenbrock, &[-1.2, 1.0], None, Limits::full(200));
        assert!(
            (minimum.point[0] - 1.0).abs() < 1e-6 && (minimum.point[1] - 1.0).abs() < 1e-6,
            "{minimum:?}"
        );
    }

    #[test]
    fn finds_a_kink() {
        let mut kinked = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 10.0 * x[0].signum() + x[0] + x[1];
            gradient[1] = x[0] + 2.0 * (x[1] - 1.0);
            10.0 * x[0].abs() + 0.5 * x[0] * x[0] + x[0] * x[1] + (x[1] - 1.0).powi(2)
        };
        let minimum = minimise(&mut kinked, &[3.0, -4.0], None, Limits::full(200));
        assert!(
            minimum.point[0].abs() < 1e-7 && (minimum.point[1] - 1.0).abs() < 1e-6,
            "{minimum:?}"
        );
    }

    #[test]
    fn without_parameters_the_minimum_is_the_value() {
        let minimum = minimise(&mut |_, _| 3.0, &[], None, Limits::full(10));
        assert_eq!((minimum.point.len(), minimum.value), (0, 3.0));
    }

    #[test]
    fn stops_at_once_where_nothing_is_finite() {
        let minimum = minimise(&mut |_, _| f64::NAN, &[1.0], None, Limits::full(10));
        assert_eq!(minimum.value, f64::INFINITY);
    }
}
