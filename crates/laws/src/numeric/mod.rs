//! The arithmetic under the fits: random streams, small linear algebra, quantiles, optimisers.

mod akima;
mod bfgs;
mod elementary;
mod golden;
mod linear;
mod marquardt;
mod quantile;
mod random;

pub use akima::Akima;
pub(crate) use bfgs::{Limits, Minimum, minimise};
pub(crate) use elementary::{exp, exp_m1, ln, ln_1p, power, vectorised};
pub(crate) use golden::GOLDEN_PART;
pub use golden::{Narrowed, golden_section};
pub(crate) use linear::{Cholesky, independent_part, least_squares, solve_positive};
pub use linear::{LineFit, ParabolaFit, fit_line, fit_parabola};
pub(crate) use marquardt::{Curvature, Quadratic, descend};
pub(crate) use quantile::{chance_of_f, expanded_level, student_chance, student_quantile};
pub use quantile::{mean, normal_cdf, normal_quantile, quantile_sorted, sorted, student_over_normal};
pub use random::{Stream, turns};
