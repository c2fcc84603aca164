use serde::{Deserialize, Serialize};

/// What a life's demand adds up to, in years of its first month's.
///
/// ```
/// let total = triaxis_plan::demand::Lifetime::of(18.0, 2.0, 0.7);
/// assert!(total.demand > 1.5 && total.billed < total.demand);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lifetime {
    /// All that is served.
    pub demand: f64,
    /// The same at the prices of the beginning: each part by what prices have become when it is served.
    pub billed: f64,
}

impl Lifetime {
    /// What `months` months add up to where demand and prices move by these factors a year, all of them above zero.
    pub fn of(months: f64, growth: f64, price: f64) -> Self {
        let years = months / 12.0;
        // Demand grows within the first month, too.
        let first = 12.0 * grown(growth, 1.0 / 12.0);
        Self {
            demand: grown(growth, years) / first,
            billed: grown(growth * price, years) / first,
        }
    }
}

/// `integral of factor^t` over so many years: what a rate that is 1 at first adds up to.
fn grown(factor: f64, years: f64) -> f64 {
    let rate = factor.ln();
    match (rate * years).abs() < 1e-12 {
        true => years,
        false => (rate * years).exp_m1() / rate,
    }
}
