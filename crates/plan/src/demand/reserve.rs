use serde::{Deserialize, Serialize};
use triaxis_laws::numeric::{quantile_sorted, sorted};

use crate::PlanError;

/// How many devices to reserve for a demand that varies, the rest being rented when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// Devices to reserve.
    pub devices: f64,
    /// The quantile of the demand that they cover.
    pub quantile: f64,
    /// Dollars an hour on average: reserved ones whether used or not, and what is rented beside.
    pub dollars_per_hour: f64,
    /// The same without any reserved.
    pub on_demand_only: f64,
}

/// The newsvendor's choice (Arrow, Harris and Marschak 1951): reserve the quantile `cu / (cu + co)` of the demand, where
/// `cu`, the on-demand price less the reserved one, is lost on each device too few and `co`, the reserved price, on each
/// too many.
///
/// # Errors
/// When a price is not above zero, or no demand is given.
///
/// ```
/// use triaxis_plan::demand::reserve;
/// let demand: Vec<f64> = (1..=100).map(f64::from).collect();
/// let plan = reserve(&demand, 2.0, 5.0)?;
/// assert_eq!((plan.quantile, plan.devices), (0.6, 60.4));
/// # Ok::<(), triaxis_plan::PlanError>(())
/// ```
pub fn reserve(demand: &[f64], reserved_price: f64, on_demand_price: f64) -> Result<Reservation, PlanError> {
    for (field, price) in [("reserved", reserved_price), ("on demand", on_demand_price)] {
        if !(price > 0.0 && price.is_finite()) {
            let remedy = "give the price of a device for an hour";
            return Err(PlanError::not_positive(
                &format!("the price {field}"),
                price,
                remedy,
            ));
        }
    }
    let demand = sorted(demand.iter().copied().filter(|devices| *devices >= 0.0));
    if demand.is_empty() {
        return Err(PlanError(
            "a reservation needs the devices in use, hour by hour or as draws".to_owned(),
        ));
    }
    // Where reserving costs more than renting, nothing is reserved.
    let quantile = ((on_demand_price - reserved_price) / on_demand_price).max(0.0);
    let devices = if quantile > 0.0 {
        quantile_sorted(&demand, quantile)
    } else {
        0.0
    };
    let mean = |of: &dyn Fn(f64) -> f64| {
        demand.iter().map(|devices| of(*devices)).sum::<f64>() / demand.len() as f64
    };
    let beyond = mean(&|needed| (needed - devices).max(0.0));
    Ok(Reservation {
        devices,
        quantile,
        dollars_per_hour: devices * reserved_price + beyond * on_demand_price,
        on_demand_only: on_demand_price * mean(&|needed| needed),
    })
}
