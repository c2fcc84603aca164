//! Repeated runs: what rows of equal inputs say of the noise, whatever the law.

use serde::{Deserialize, Serialize};

use crate::numeric::chance_of_f;
use crate::rows::Rows;

/// The noise of one run as repeated seeds tell it (pure error: Draper and Smith 1998, section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PureError {
    /// Standard deviation of one run around the mean of its repeats, in the coordinate of the residual.
    pub noise: f64,
    /// Its degrees of freedom: repeated runs less the settings they repeat.
    pub freedom: usize,
    /// Settings that were run more than once.
    pub settings: usize,
    /// Chance of residuals this much larger than the repeats' if the law held, by the F test for lack of
    /// fit; `None` where residuals have no freedom beyond the repeats'.
    pub lack_of_fit: Option<f64>,
}

impl PureError {
    /// Degrees of freedom from which on the repeats' noise is believed over the residuals'.
    const ENOUGH: usize = 10;
    /// Chance below which the law is said not to fit.
    const SIGNIFICANT: f64 = 0.01;

    /// Whether residuals are larger than the noise of repeats can explain.
    pub fn law_lacks_fit(&self) -> bool {
        self.lack_of_fit.is_some_and(|chance| chance < Self::SIGNIFICANT)
    }

    /// Whether it is the better estimate of a new run's noise. Where the law lacks fit the residuals
    /// are, as they hold its error too.
    pub(crate) fn is_preferred(&self) -> bool {
        self.freedom >= Self::ENOUGH && self.noise > 0.0 && !self.law_lacks_fit()
    }
}

/// The noise that rows of equal inputs tell, if any.
pub(crate) fn repeats(rows: &Rows, residuals: &[f64], parameters: usize) -> Option<PureError> {
    let same = |first: usize, second: usize| rows.row(first).eq(rows.row(second));
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by(|first, second| {
        let target = || rows.target(*first).total_cmp(&rows.target(*second));
        let inputs = rows.row(*first).zip(rows.row(*second));
        let mut ordered = inputs.map(|(one, other)| one.total_cmp(&other));
        let inputs = ordered.find(|ordering| ordering.is_ne());
        inputs.unwrap_or_else(target)
    });
    let (mut squares, mut freedom, mut settings) = (0.0, 0, 0);
    for group in order.chunk_by(|first, second| same(*first, *second)) {
        let mean = group.iter().map(|row| rows.target(*row)).sum::<f64>() / group.len() as f64;
        squares += group
            .iter()
            .map(|row| (rows.target(*row) - mean).powi(2))
            .sum::<f64>();
        freedom += group.len() - 1;
        settings += usize::from(group.len() > 1);
    }
    let of_residuals: f64 = order.iter().map(|row| residuals[*row].powi(2)).sum();
    (freedom > 0).then(|| PureError {
        noise: (squares / freedom as f64).sqrt(),
        freedom,
        settings,
        lack_of_fit: lack_of_fit(
            (of_residuals, order.len().saturating_sub(parameters)),
            (squares, freedom),
        ),
    })
}

/// Upper tail of the F statistic of lack of fit; sums of squares with their degrees of freedom.
fn lack_of_fit(residuals: (f64, usize), repeats: (f64, usize)) -> Option<f64> {
    let beyond = residuals.1.checked_sub(repeats.1).filter(|beyond| *beyond > 0)?;
    let statistic = (residuals.0 - repeats.0).max(0.0) / beyond as f64 / (repeats.0 / repeats.1 as f64);
    chance_of_f(statistic, beyond, repeats.1).map(|chance| chance.max(f64::MIN_POSITIVE))
}
