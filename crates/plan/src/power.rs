use serde::{Deserialize, Serialize};

use crate::{Share, Uncertain};

/// What a server's power becomes at the meter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Power {
    /// Share of the rated power that is drawn.
    pub drawn: Uncertain<Share>,
    /// Power of the whole site by that of the servers (PUE).
    pub site: Uncertain,
}

impl Default for Power {
    /// Eight H100 drew 0.4 to 0.9 of what their server is rated at, sites 1.05 to 1.4 of their servers.
    fn default() -> Self {
        let within = |value, low, high| Uncertain::new(value, low, high).unwrap_or(Uncertain::certain(value));
        let drawn = Uncertain::new(Share(0.7), Share(0.4), Share(0.9));
        Self {
            drawn: drawn.unwrap_or(Uncertain::certain(Share(0.7))),
            site: within(1.2, 1.05, 1.4),
        }
    }
}

/// `PUE x kW x seconds / 3.6`: watt-hours of so many kilowatts for so many seconds on a site.
///
/// ```
/// // Eight H100 at 0.7 of 11.3 kW that write 1,000 tokens a second: a request of 300.
/// let energy = triaxis_plan::watt_hours(0.7 * 11.3, 1.2, 300.0 / 1000.0);
/// assert_eq!(format!("{energy:.2}"), "0.79");
/// ```
pub fn watt_hours(kilowatts: f64, site: f64, seconds: f64) -> f64 {
    site * kilowatts * seconds / 3.6
}
