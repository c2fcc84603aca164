use super::options::Resampling;
use crate::form::Residual;
use crate::numeric::student_over_normal;

/// How much farther than a bootstrap's sample a law may be off, as few rows know their own noise badly.
///
/// Samples of rows all have the noise of those rows, so that what they say is moved away from the best fit until its
/// interval is as wide as Student's distribution makes it (Hesterberg 2015, section 5.3). Samples of residuals are drawn
/// with a noise as open as the rows leave it, and stay where they are.
///
/// ```
/// use triaxis_laws::{Resampling, Widening};
/// use triaxis_laws::form::Residual;
/// let few = Widening::new(Resampling::Case, Residual::Log, 0.9, 10);
/// assert!((few.of(2.0, 2.1) - 2.0 * 1.05_f64.powf(1.8125 / 1.6449)).abs() < 1e-4);
/// assert_eq!(Widening::new(Resampling::Residual, Residual::Log, 0.9, 10).of(2.0, 2.1), 2.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Widening {
    factor: f64,
    residual: Residual,
}

impl Widening {
    /// Where samples are as far off as they say.
    pub const NONE: Self = Self {
        factor: 1.0,
        residual: Residual::Log,
    };

    /// For intervals of `level` by so many degrees of freedom, in the coordinate of the residual.
    pub fn new(resampling: Resampling, residual: Residual, level: f64, freedom: usize) -> Self {
        let factor = match resampling {
            Resampling::Case => student_over_normal(level, freedom as f64),
            Resampling::Residual | Resampling::Posterior => 1.0,
        };
        Self { factor, residual }
    }

    /// Whether it moves nothing.
    pub fn is_none(self) -> bool {
        self.factor == 1.0
    }

    /// A sample's value moved away from that of the best fit.
    pub fn of(self, best: f64, sample: f64) -> f64 {
        match self.residual {
            _ if self.is_none() => sample,
            Residual::Log => best * (sample / best).powf(self.factor),
            Residual::Linear => best + self.factor * (sample - best),
        }
    }
}
