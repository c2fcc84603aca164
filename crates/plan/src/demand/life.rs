use serde::{Deserialize, Serialize};

use crate::{PlanError, Uncertain};

/// How demand and prices move over the months that a model serves.
///
/// ```
/// let life: triaxis_plan::demand::Life = toml::from_str(r#"
///     months = 18
///     growth = { value = 2.0, low = 1.0, high = 5.0 }
///     price = { value = 0.7, low = 0.4, high = 1.0 }
/// "#)?;
/// let total = life.median()?;
/// assert!(total.demand > 1.5 && total.billed < total.demand);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Life {
    /// Months until the model is replaced.
    pub months: Uncertain,
    /// Factor a year on the demand; 1 where it stays.
    pub growth: Uncertain,
    /// Factor a year on the prices of serving; below 1 where they fall.
    pub price: Uncertain,
}

impl Default for Life {
    /// A year in which nothing moves.
    fn default() -> Self {
        Self {
            months: Uncertain::certain(12.0),
            growth: Uncertain::certain(1.0),
            price: Uncertain::certain(1.0),
        }
    }
}

/// A life's demand, in years of that of its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lifetime {
    /// Months that it lasts.
    pub months: f64,
    /// All that is served.
    pub demand: f64,
    /// The same at the prices of the beginning: each part by what prices have become when it is served.
    pub billed: f64,
    /// The demand of the last month by that of the first.
    pub last: f64,
}

impl Life {
    /// Everything at its median.
    ///
    /// # Errors
    /// When a figure is not above zero.
    pub fn median(&self) -> Result<Lifetime, PlanError> {
        lifetime(self.months.value(), self.growth.value(), self.price.value())
    }

    /// One draw of everything.
    ///
    /// # Errors
    /// When a figure is not above zero.
    pub fn draw(&self, seed: u64, number: u64) -> Result<Lifetime, PlanError> {
        lifetime(
            self.months.draw(seed, "life.months", number),
            self.growth.draw(seed, "life.growth", number),
            self.price.draw(seed, "life.price", number),
        )
    }
}

fn lifetime(months: f64, growth: f64, price: f64) -> Result<Lifetime, PlanError> {
    for (field, value) in [("months", months), ("growth", growth), ("price", price)] {
        if !(value > 0.0 && value.is_finite()) {
            let remedy = "leave it out, or give a factor a year such as 1.5";
            return Err(PlanError::not_positive(&format!("life.{field}"), value, remedy));
        }
    }
    Ok(Lifetime::of(months, growth, price))
}

impl Lifetime {
    /// What `months` months add up to where demand and prices move by these factors a year, all of them above zero.
    pub(crate) fn of(months: f64, growth: f64, price: f64) -> Self {
        let years = months / 12.0;
        Self {
            months,
            demand: grown(growth, years),
            billed: grown(growth * price, years),
            last: growth.powf((months - 1.0).max(0.0) / 12.0),
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
