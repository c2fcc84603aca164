//! Akima's interpolation: a smooth curve through points that does not overshoot.

/// A piecewise cubic through points, with Akima's slopes (Akima 1970).
#[derive(Debug, Clone, PartialEq)]
pub struct Akima {
    x: Vec<f64>,
    y: Vec<f64>,
    slopes: Vec<f64>,
}

impl Akima {
    /// The curve through points of ascending `x`; of points with the same `x` the mean.
    ///
    /// `None` with fewer than three distinct `x`.
    pub fn new(x: &[f64], y: &[f64]) -> Option<Self> {
        let (mut at, mut values): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut repeats = 1.0;
        for (x, y) in x.iter().zip(y) {
            match (at.last(), values.last_mut()) {
                (Some(last), Some(value)) if last == x => {
                    repeats += 1.0;
                    *value += (y - *value) / repeats;
                }
                _ => {
                    at.push(*x);
                    values.push(*y);
                    repeats = 1.0;
                }
            }
        }
        if at.len() < 3 || at.windows(2).any(|pair| pair[0] >= pair[1]) {
            return None;
        }
        let slopes = slopes(&at, &values);
        Some(Self {
            x: at,
            y: values,
            slopes,
        })
    }

    /// The curve at `x`; outside the points its end cubics go on.
    pub fn at(&self, x: f64) -> f64 {
        let piece = self
            .x
            .partition_point(|at| *at <= x)
            .saturating_sub(1)
            .min(self.x.len() - 2);
        let width = self.x[piece + 1] - self.x[piece];
        let t = (x - self.x[piece]) / width;
        let (y0, y1) = (self.y[piece], self.y[piece + 1]);
        let (s0, s1) = (self.slopes[piece] * width, self.slopes[piece + 1] * width);
        let (square, cube) = (t * t, t * t * t);
        y0 * (2.0 * cube - 3.0 * square + 1.0)
            + s0 * (cube - 2.0 * square + t)
            + y1 * (3.0 * square - 2.0 * cube)
            + s1 * (cube - square)
    }

    /// The lowest point strictly between the ends, exactly; `None` when an end is the lowest.
    pub fn interior_minimum(&self) -> Option<(f64, f64)> {
        let mut best: Option<(f64, f64)> = None;
        let mut offer = |x: f64| {
            let y = self.at(x);
            if best.is_none_or(|(_, lowest)| y < lowest) {
                best = Some((x, y));
            }
        };
        for piece in 0..self.x.len() - 1 {
            let (start, width) = (self.x[piece], self.x[piece + 1] - self.x[piece]);
            let rise = self.y[piece + 1] - self.y[piece];
            let (s0, s1) = (self.slopes[piece] * width, self.slopes[piece + 1] * width);
            // Derivative of the Hermite cubic in t: a t^2 + b t + s0.
            let (a, b) = (3.0 * (s0 + s1 - 2.0 * rise), 2.0 * (3.0 * rise - 2.0 * s0 - s1));
            for t in roots(a, b, s0) {
                if (0.0..=1.0).contains(&t) {
                    offer(start + t * width);
                }
            }
        }
        let end = self.y[0].min(self.y[self.y.len() - 1]);
        best.filter(|(_, lowest)| *lowest < end)
    }
}

/// Real roots of `a t^2 + b t + c`.
fn roots(a: f64, b: f64, c: f64) -> Vec<f64> {
    let discriminant = b * b - 4.0 * a * c;
    if discriminant < 0.0 {
        return Vec::new();
    }
    // The form that does not cancel.
    let q = -0.5 * (b + discriminant.sqrt().copysign(b));
    [q / a, c / q]
        .into_iter()
        .filter(|root| root.is_finite())
        .collect()
}

/// Akima's slope at each point, with two secants extrapolated at each end.
fn slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let count = x.len();
    let mut secants = vec![0.0; count + 3];
    for at in 0..count - 1 {
        secants[at + 2] = (y[at + 1] - y[at]) / (x[at + 1] - x[at]);
    }
    secants[1] = 2.0 * secants[2] - secants[3];
    secants[0] = 2.0 * secants[1] - secants[2];
    secants[count + 1] = 2.0 * secants[count] - secants[count - 1];
    secants[count + 2] = 2.0 * secants[count + 1] - secants[count];
    (0..count)
        .map(|at| {
            let after = (secants[at + 3] - secants[at + 2]).abs();
            let before = (secants[at + 1] - secants[at]).abs();
            let total = after + before;
            if total
                > 1e-9
                    * secants
                        .iter()
                        .fold(0.0_f64, |largest, secant| largest.max(secant.abs()))
            {
                (after * secants[at + 1] + before * secants[at + 2]) / total
            } else {
                0.5 * (secants[at + 1] + secants[at + 2])
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_through_its_points_and_finds_the_minimum_of_a_parabola() {
        let x = [0.0, 1.0, 2.0, 3.0, 4.0];
        let y = x.map(|x: f64| (x - 2.2) * (x - 2.2));
        let curve = Akima::new(&x, &y).unwrap();
        for (x, y) in x.iter().zip(&y) {
            assert!((curve.at(*x) - y).abs() < 1e-12);
        }
        let (at, value) = curve.interior_minimum().unwrap();
        assert!((at - 2.2).abs() < 1e-9 && value.abs() < 1e-9, "{at} {value}");
    }

    #[test]
    fn a_falling_curve_has_no_interior_minimum() {
        assert!(
            Akima::new(&[0.0, 1.0, 2.0], &[3.0, 2.0, 1.5])
                .unwrap()
                .interior_minimum()
                .is_none()
        );
        assert!(Akima::new(&[0.0, 0.0, 2.0], &[3.0, 2.0, 1.5]).is_none());
    }

    #[test]
    fn matches_scipy() {
        // scipy.interpolate.Akima1DInterpolator([0, 1, 3, 4, 6, 7], [2, 1, 1.5, 0.5, 0.7, 2])([0.5, 2, 3.3, 5, 6.6])
        let curve = Akima::new(&[0.0, 1.0, 3.0, 4.0, 6.0, 7.0], &[2.0, 1.0, 1.5, 0.5, 0.7, 2.0]).unwrap();
        let expected = [
            1.34375,
            1.259973404255319,
            1.2506534954407296,
            0.32182786157941434,
            1.3334956521739127,
        ];
        for (x, value) in [0.5, 2.0, 3.3, 5.0, 6.6].into_iter().zip(expected) {
            assert!(
                (curve.at(x) - value).abs() < 1e-12,
                "{x}: {} {value}",
                curve.at(x)
            );
        }
    }
}
