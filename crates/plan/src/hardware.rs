use serde::{Deserialize, Serialize};
use triaxis_names::key;
use triaxis_units::{Bytes, Dollars, Flops};

use crate::{PlanError, Price, Uncertain};

/// One device that can be rented or owned: what it computes, holds, moves and costs.
///
/// The built-in rows are in `hardware.toml`, each with its sources; a spec may add rows of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    /// The name specs use; case, spaces, dashes and underscores do not matter.
    pub name: String,
    /// Dense bf16 operations a second (f32 where the device has no faster unit).
    pub peak: Flops,
    /// Memory of one device.
    pub memory: Bytes,
    /// Bytes a second between that memory and the cores.
    pub bandwidth: Bytes,
    /// US dollars for one device for one hour.
    pub price_per_hour: Dollars,
    /// The lower end of what it is offered for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_low: Option<Dollars>,
    /// The upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_high: Option<Dollars>,
    /// The day of the price, `YYYY-MM-DD`.
    #[serde(default)]
    pub price_date: String,
    /// Where the price was read.
    #[serde(default)]
    pub price_source: String,
    /// Bytes a second that one device sends to its neighbours of the same server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Bytes>,
    /// Rated power of the server, by device, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watts: Option<f64>,
    /// Where the other figures were read.
    #[serde(default)]
    pub figures_source: String,
    /// The same price in Epoch AI's table, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_row: Option<EpochRow>,
}

/// The key of a row of Epoch AI's `hardware_prices.csv`; the day is the catalogue row's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRow {
    /// Column `Hardware model`.
    pub model: String,
    /// Column `Vendor`.
    pub vendor: String,
}

impl Hardware {
    /// The price with its day and its interval: what it is offered for, or else a factor of 1.4 either way, by which
    /// the price of an H100 rose within five months (October 2025 to March 2026).
    ///
    /// # Errors
    /// When it is without its day, or the ends do not hold the price.
    pub fn price(&self) -> Result<Price, PlanError> {
        let of_row = |text: String| PlanError(format!("hardware `{}`, {text}", self.name));
        if self.price_date.is_empty() {
            return Err(of_row(format!(
                "price_per_hour of {} is without its day: prices move, so give price_date, as in \"2026-05-01\"",
                self.price_per_hour
            )));
        }
        let (low, high) = match (self.price_low, self.price_high) {
            (None, None) => (self.price_per_hour * (1.0 / 1.4), self.price_per_hour * 1.4),
            (low, high) => (
                low.unwrap_or(self.price_per_hour),
                high.unwrap_or(self.price_per_hour),
            ),
        };
        Ok(Price {
            dollars: Uncertain::new(self.price_per_hour, low, high)
                .map_err(|error| of_row(format!("price_low to price_high: {error}")))?,
            date: self
                .price_date
                .parse()
                .map_err(|error| of_row(format!("price_date: {error}")))?,
            source: self.price_source.clone(),
        })
    }

    fn validate(&self) -> Result<(), PlanError> {
        let numbers = [
            ("peak", Some(self.peak.0)),
            ("memory", Some(self.memory.as_f64())),
            ("bandwidth", Some(self.bandwidth.as_f64())),
            ("price_per_hour", Some(self.price_per_hour.0)),
            ("link", self.link.map(Bytes::as_f64)),
            ("watts", self.watts),
        ];
        let broken = numbers.iter().find_map(|(field, value)| {
            Some((field, value.filter(|value| !(*value > 0.0 && value.is_finite()))?))
        });
        match broken {
            None => Ok(()),
            Some((field, value)) => Err(PlanError::not_positive(
                &format!("hardware `{}`, {field}", self.name),
                value,
                match *field {
                    "price_per_hour" => {
                        "a device that is already paid for still costs its share of purchase, power and operation"
                    }
                    _ => "its maker's data sheet says it",
                },
            )),
        }
    }
}

/// The devices a plan may choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    rows: Vec<Hardware>,
}

#[derive(Deserialize)]
struct CatalogueFile {
    hardware: Vec<Hardware>,
}

impl Catalogue {
    /// The built-in catalogue.
    ///
    /// # Errors
    /// Only if the file built into the program is damaged, which a test excludes.
    ///
    /// ```
    /// let catalogue = triaxis_plan::Catalogue::built_in()?;
    /// assert_eq!(catalogue.find("h100-sxm")?.name, "H100 SXM");
    /// # Ok::<(), triaxis_plan::PlanError>(())
    /// ```
    pub fn built_in() -> Result<Self, PlanError> {
        let file: CatalogueFile = toml::from_str(include_str!("hardware.toml")).map_err(|error| {
            PlanError(format!(
                "the built-in hardware catalogue is damaged: {error}; build the program again"
            ))
        })?;
        Self { rows: Vec::new() }.with(file.hardware)
    }

    /// The same catalogue with more rows; a row of the same name takes the older one's place.
    ///
    /// # Errors
    /// When a row has a figure that is not above zero.
    pub fn with(mut self, rows: impl IntoIterator<Item = Hardware>) -> Result<Self, PlanError> {
        for row in rows {
            row.validate()?;
            self.rows.retain(|old| key(&old.name) != key(&row.name));
            self.rows.push(row);
        }
        Ok(self)
    }

    /// All rows.
    pub fn rows(&self) -> &[Hardware] {
        &self.rows
    }

    /// The device called `name`.
    ///
    /// # Errors
    /// When there is none; the error names the nearest and all others.
    pub fn find(&self, name: &str) -> Result<&Hardware, PlanError> {
        let names = self.rows.iter().map(|row| row.name.as_str());
        self.rows
            .iter()
            .find(|row| key(&row.name) == key(name))
            .ok_or_else(|| PlanError::unknown("hardware", name, names))
    }
}
