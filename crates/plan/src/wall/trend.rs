use triaxis_laws::numeric::{Stream, fit_line, quantile_sorted, sorted};
use triaxis_units::{Estimate, Interval};

use crate::{Date, PlanError};

/// How fast something grows, by least squares of its logarithm on the date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Orders of magnitude a year.
    pub slope: Estimate,
    /// Rows it rests on.
    pub rows: usize,
}

/// The trend of dated amounts, with the 90% interval of a bootstrap of the rows.
///
/// # Errors
/// When fewer than ten rows have an amount above zero, or all are of one day.
pub fn trend(rows: &[(Date, f64)], seed: u64, draws: u64) -> Result<Trend, PlanError> {
    let usable: Vec<(f64, f64)> = rows
        .iter()
        .filter(|(_, amount)| *amount > 0.0 && amount.is_finite())
        .map(|(date, amount)| (date.years(), amount.log10()))
        .collect();
    if usable.len() < 10 {
        return Err(PlanError(format!(
            "a trend of {} rows cannot be told: give ten or more with a date and an amount above zero",
            usable.len()
        )));
    }
    let slope = |rows: &[(f64, f64)]| {
        let (years, amounts): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
        fit_line(&years, &amounts).map(|line| line.slope)
    };
    let value = slope(&usable).ok_or_else(|| {
        PlanError("a trend cannot be told from rows of one day: give some of other years".to_owned())
    })?;
    let resampled = sorted((0..draws).filter_map(|draw| {
        let mut stream = Stream::new(seed, "trend", draw);
        let drawn: Vec<(f64, f64)> = usable
            .iter()
            .map(|_| usable[stream.below(usable.len())])
            .collect();
        slope(&drawn)
    }));
    let interval = (resampled.len() >= 20).then(|| Interval {
        low: quantile_sorted(&resampled, 0.05),
        high: quantile_sorted(&resampled, 0.95),
        level: 0.9,
    });
    Ok(Trend {
        slope: Estimate { value, interval },
        rows: usable.len(),
    })
}
