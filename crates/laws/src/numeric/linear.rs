//! Small dense linear algebra: Cholesky solves, weighted least squares, lines and parabolas.

use serde::{Deserialize, Serialize};

/// Cholesky factor of a symmetric positive definite matrix: the lower triangle whose product with its transpose
/// the matrix is.
pub(crate) struct Cholesky {
    /// Row-major.
    lower: Vec<f64>,
    order: usize,
}

impl Cholesky {
    /// The factor of a row-major `matrix`, of which the lower triangle is read.
    ///
    /// `None` when a pivot is not positive: the matrix is singular to working precision.
    pub(crate) fn of(matrix: &[f64], order: usize) -> Option<Self> {
        let mut lower = matrix.to_vec();
        for row in 0..order {
            for column in 0..=row {
                let mut sum = lower[row * order + column];
                for inner in 0..column {
                    sum -= lower[row * order + inner] * lower[column * order + inner];
                }
                if row == column {
                    // A pivot that lost 14 digits to cancellation carries no information.
                    if sum.is_nan() || sum <= matrix[row * order + row].abs() * 1e-14 {
                        return None;
                    }
                    lower[row * order + row] = sum.sqrt();
                } else {
                    lower[row * order + column] = sum / lower[column * order + column];
                }
            }
        }
        Some(Self { lower, order })
    }

    /// The solution of `matrix x = right`.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let (factor, order) = (&self.lower, self.order);
        let mut solution = right.to_vec();
        for row in 0..order {
            for inner in 0..row {
                solution[row] -= factor[row * order + inner] * solution[inner];
            }
            solution[row] /= factor[row * order + row];
        }
        for row in (0..order).rev() {
            for inner in row + 1..order {
                solution[row] -= factor[inner * order + row] * solution[inner];
            }
            solution[row] /= factor[row * order + row];
        }
        solution
    }

    /// The factor times `vector`: independent normal numbers become ones with the matrix as covariance.
    pub(crate) fn times(&self, vector: &[f64]) -> Vec<f64> {
        let row = |row: usize| {
            let own = &self.lower[row * self.order..=row * self.order + row];
            own.iter().zip(vector).map(|(factor, value)| factor * value).sum()
        };
        (0..self.order).map(row).collect()
    }

    /// Logarithm of the determinant of the matrix.
    pub(crate) fn ln_determinant(&self) -> f64 {
        let pivots = (0..self.order).map(|row| self.lower[row * self.order + row].ln());
        2.0 * pivots.sum::<f64>()
    }
}

/// Solves `matrix x = right` for a symmetric positive definite row-major `matrix` of order `right.len()`.
///
/// `None` when a pivot is not positive: the matrix is singular to working precision.
pub(crate) fn solve_positive(matrix: &[f64], right: &[f64]) -> Option<Vec<f64>> {
    Some(Cholesky::of(matrix, right.len())?.solve(right))
}

/// Weighted least squares of `target` on the columns of `design` (row-major, `width` columns).
///
/// Columns are scaled to unit length first; `None` when they are collinear.
pub(crate) fn least_squares(
    design: &[f64],
    target: &[f64],
    weights: &[f64],
    width: usize,
) -> Option<Vec<f64>> {
    let mut scale = vec![0.0; width];
    for (row, weight) in design.chunks_exact(width).zip(weights) {
        for (sum, value) in scale.iter_mut().zip(row) {
            *sum += weight * value * value;
        }
    }
    if scale.iter().any(|sum| !sum.is_finite() || *sum <= 0.0) {
        return None;
    }
    scale.iter_mut().for_each(|sum| *sum = sum.sqrt().recip());
    let mut normal = vec![0.0; width * width];
    let mut right = vec![0.0; width];
    for ((row, value), weight) in design.chunks_exact(width).zip(target).zip(weights) {
        for first in 0..width {
            let scaled = weight * row[first] * scale[first];
            right[first] += scaled * value;
            for second in 0..=first {
                normal[first * width + second] += scaled * row[second] * scale[second];
            }
        }
    }
    for first in 0..width {
        for second in 0..first {
            normal[second * width + first] = normal[first * width + second];
        }
    }
    let solution = solve_positive(&normal, &right)?;
    Some(
        solution
            .iter()
            .zip(&scale)
            .map(|(value, scale)| value * scale)
            .collect(),
    )
}

/// A straight line `y = intercept + slope x` with its fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LineFit {
    /// Value at `x = 0`.
    pub intercept: f64,
    /// Change of `y` per unit of `x`.
    pub slope: f64,
    /// Share of the variance explained, in 0..=1.
    pub r_squared: f64,
}

/// Least squares line, centred so that no digits are lost; `None` when all `x` are the same or there are fewer than two.
///
/// ```
/// let line = triaxis_laws::numeric::fit_line(&[1.0, 2.0, 3.0], &[3.0, 5.0, 7.0]).unwrap();
/// assert_eq!((line.slope, line.intercept), (2.0, 1.0));
/// ```
pub fn fit_line(x: &[f64], y: &[f64]) -> Option<LineFit> {
    let count = x.len().min(y.len()) as f64;
    if count < 2.0 {
        return None;
    }
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / count, y.iter().sum::<f64>() / count);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    let slope = xy / xx;
    let r_squared = if yy > 0.0 { slope * xy / yy } else { 1.0 };
    slope.is_finite().then_some(LineFit {
        intercept: mean_y - slope * mean_x,
        slope,
        r_squared,
    })
}

/// A parabola `y = minimum + curvature (x - vertex)^2`, in vertex form so that its optimum can be read off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ParabolaFit {
    /// Where the slope is zero.
    pub vertex: f64,
    /// Value at the vertex: a minimum when `curvature` is positive, a maximum when it is negative.
    pub minimum: f64,
    /// Half the second derivative.
    pub curvature: f64,
}

impl ParabolaFit {
    /// The parabola at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.minimum + self.curvature * (x - self.vertex) * (x - self.vertex)
    }
}

/// Least squares parabola; `None` with fewer than three distinct `x`, or when the points lie on a line.
pub fn fit_parabola(x: &[f64], y: &[f64]) -> Option<ParabolaFit> {
    let count = x.len().min(y.len());
    if count < 3 {
        return None;
    }
    let centre = x.iter().sum::<f64>() / count as f64;
    let spread = x.iter().fold(0.0_f64, |spread, x| spread.max((x - centre).abs()));
    let design: Vec<f64> = x
        .iter()
        .map(|x| (x - centre) / spread)
        .flat_map(|x| [1.0, x, x * x])
        .collect();
    let coefficients = least_squares(&design, y, &vec![1.0; count], 3)?;
    let (constant, linear, square) = (coefficients[0], coefficients[1], coefficients[2]);
    let offset = -linear / (2.0 * square);
    let fit = ParabolaFit {
        vertex: centre + spread * offset,
        minimum: constant + 0.5 * linear * offset,
        curvature: square / (spread * spread),
    };
    (fit.vertex.is_finite() && fit.minimum.is_finite()).then_some(fit)
}

/// The length of what is left of `vector` beside everything that `others` span, over its own length; NaN of
/// vectors that are zero or not finite (modified Gram-Schmidt, twice: Giraud et al. 2005).
pub(crate) fn independent_part(vector: &[f64], others: &[&[f64]]) -> f64 {
    let length = |of: &[f64]| of.iter().map(|value| value * value).sum::<f64>().sqrt();
    let scaled = |of: &[f64]| {
        let length = length(of);
        of.iter().map(|value| value / length).collect::<Vec<f64>>()
    };
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(others.len());
    let project = |basis: &[Vec<f64>], vector: &mut [f64]| {
        for unit in basis.iter().chain(basis) {
            let along: f64 = unit.iter().zip(&*vector).map(|(one, other)| one * other).sum();
            vector
                .iter_mut()
                .zip(unit)
                .for_each(|(value, unit)| *value -= along * unit);
        }
    };
    for other in others {
        let mut rest = scaled(other);
        project(&basis, &mut rest);
        // What is but rounding has no direction of its own.
        if length(&rest) > 1e-9 {
            basis.push(scaled(&rest));
        }
    }
    let mut rest = scaled(vector);
    project(&basis, &mut rest);
    length(&rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_known_system_and_refuses_a_singular_one() {
        let solution = solve_positive(&[4.0, 2.0, 2.0, 3.0], &[10.0, 8.0]).unwrap();
        assert!((solution[0] - 1.75).abs() < 1e-14 && (solution[1] - 1.5).abs() < 1e-14);
        assert!(solve_positive(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.0]).is_none());
    }

    #[test]
    fn the_factor_of_a_matrix_gives_it_back() {
        let matrix = [4.0, 2.0, -1.0, 2.0, 3.0, 0.5, -1.0, 0.5, 2.0];
        let factor = Cholesky::of(&matrix, 3).unwrap();
        // 4 (6 - 1/4) - 2 (4 + 1/2) - (1 + 3), along the first row.
        assert!((factor.ln_determinant() - 10.0_f64.ln()).abs() < 1e-14);
        let unit = |at: usize| [0, 1, 2].map(|row| f64::from(u8::from(row == at)));
        let columns = [0, 1, 2].map(|at| factor.times(&unit(at)));
        for row in 0..3 {
            for column in 0..3 {
                let product: f64 = columns.iter().map(|inner| inner[row] * inner[column]).sum();
                assert!((product - matrix[row * 3 + column]).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn parabola_in_vertex_form() {
        let x = [10.0, 11.0, 12.5, 13.0, 15.0];
        let y = x.map(|x: f64| 2.0 + 0.3 * (x - 12.0) * (x - 12.0));
        let fit = fit_parabola(&x, &y).unwrap();
        assert!((fit.vertex - 12.0).abs() < 1e-10);
        assert!((fit.minimum - 2.0).abs() < 1e-12);
        assert!((fit.curvature - 0.3).abs() < 1e-12);
        assert!(fit_parabola(&[1.0, 1.0, 2.0], &[1.0, 1.0, 2.0]).is_none());
    }

    #[test]
    fn line_needs_two_distinct_points() {
        assert!(fit_line(&[1.0, 1.0], &[1.0, 2.0]).is_none());
        assert!(fit_line(&[1.0], &[1.0]).is_none());
    }
}
