use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Dollars, Flops, Params, Seconds, Tokens};

use crate::allocate::Expense;
use crate::spec::Budget;
use crate::{Catalogue, Hardware, PlanError, PlanSpec};

const HOUR: f64 = 3600.0;

/// A device with the price, speed and use that the plan reckons with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Devices {
    /// The catalogue's row.
    pub hardware: Hardware,
    /// Dollars for a device for an hour: the spec's own, or the catalogue's.
    pub price_per_hour: Dollars,
    /// Share of the paid hours that work.
    pub utilisation: f64,
    /// Bytes that each parameter takes.
    pub bytes_per_parameter: f64,
}

impl Devices {
    /// Paid device time for `flops` operations at a share `mfu` of the peak.
    pub fn time(&self, flops: Flops, mfu: f64) -> Seconds {
        Seconds(flops.0 / (self.hardware.peak.0 * mfu * self.utilisation))
    }

    /// The price of so much device time.
    pub fn price(&self, time: Seconds) -> Dollars {
        Dollars(time.0 / HOUR * self.price_per_hour.0)
    }

    /// Bytes that `params` parameters take at `bytes_per_parameter`.
    pub fn bytes(&self, params: Params) -> Bytes {
        // Saturates at the largest count for sizes that no device holds anyway.
        Bytes((params.as_f64() * self.bytes_per_parameter).ceil() as u64)
    }

    /// The fewest devices whose memory together holds `params` parameters.
    pub fn at_least(&self, params: Params) -> u64 {
        self.bytes(params)
            .0
            .div_ceil(self.hardware.memory.0.max(1))
            .max(1)
    }
}

/// What training and serving cost on the spec's hardware for the spec's demand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Economics {
    /// What it trains on.
    pub training: Devices,
    /// Share of the peak in training.
    pub training_mfu: f64,
    /// How many train together, if the spec says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_devices: Option<u64>,
    /// What it serves on.
    pub serving: Devices,
    /// Share of the peak while reading.
    pub prefill_mfu: f64,
    /// Share of the peak while writing.
    pub decode_mfu: f64,
    /// Tokens read over the model's life.
    pub tokens_in: Tokens,
    /// Tokens written over the model's life.
    pub tokens_out: Tokens,
    /// The training budget in operations.
    pub budget: Flops,
}

impl Economics {
    /// Looks hardware up and checks every figure of the spec.
    ///
    /// # Errors
    /// The first unknown hardware or figure that breaks its rule.
    pub fn resolve(spec: &PlanSpec) -> Result<Self, PlanError> {
        let catalogue = Catalogue::built_in()?.with(spec.hardware.iter().cloned())?;
        let (training, serving) = (&spec.training, &spec.serving);
        let (tokens_in, tokens_out) = spec.demand.tokens()?;
        let mut economics = Self {
            training: Devices {
                hardware: catalogue.find(&training.hardware)?.clone(),
                price_per_hour: Dollars(0.0),
                utilisation: share("training.utilisation", training.utilisation)?,
                bytes_per_parameter: above_zero(
                    "training.bytes_per_parameter",
                    training.bytes_per_parameter,
                )?,
            },
            training_mfu: share("training.mfu", training.mfu)?,
            training_devices: training.devices,
            serving: Devices {
                hardware: catalogue.find(&serving.hardware)?.clone(),
                price_per_hour: Dollars(0.0),
                utilisation: share("serving.utilisation", serving.utilisation)?,
                bytes_per_parameter: above_zero("serving.bytes_per_parameter", serving.bytes_per_parameter)?,
            },
            prefill_mfu: share("serving.prefill_mfu", serving.prefill_mfu)?,
            decode_mfu: share("serving.decode_mfu", serving.decode_mfu)?,
            tokens_in,
            tokens_out,
            budget: Flops(0.0),
        };
        economics.training.price_per_hour = price(
            "training.price_per_hour",
            training.price_per_hour,
            &economics.training.hardware,
        )?;
        economics.serving.price_per_hour = price(
            "serving.price_per_hour",
            serving.price_per_hour,
            &economics.serving.hardware,
        )?;
        if training.devices == Some(0) {
            return Err(PlanError::not_positive(
                "training.devices",
                0.0,
                "leave it out to take as many as the training state needs",
            ));
        }
        economics.budget = economics.budget_flops(spec.budget)?;
        Ok(economics)
    }

    fn budget_flops(&self, budget: Budget) -> Result<Flops, PlanError> {
        let rate = self.training.hardware.peak.0 * self.training_mfu * self.training.utilisation;
        let (field, value, flops) = match budget {
            Budget::Flops(flops) => ("budget.flops", flops.0, flops.0),
            Budget::Dollars(dollars) => {
                let hours = dollars.0 / self.training.price_per_hour.0;
                ("budget.dollars", dollars.0, hours * HOUR * rate)
            }
            Budget::Time(time) => {
                let devices = self.training_devices.unwrap_or(1) as f64;
                ("budget.time", time.0, time.0 * devices * rate)
            }
        };
        if flops > 0.0 && flops.is_finite() {
            Ok(Flops(flops))
        } else {
            Err(PlanError::not_positive(
                field,
                value,
                "say what training may cost, as in \"3e21\" operations, \"$50K\" or \"720h\"",
            ))
        }
    }

    /// True when anything will be served.
    pub fn serves(&self) -> bool {
        self.tokens_in.0 > 0 || self.tokens_out.0 > 0
    }

    /// Operations of serving `params` parameters: `2 N` for each token read or written.
    pub fn serving_flops(&self, params: Params) -> Flops {
        Flops::two_nd(params, self.tokens_in) + Flops::two_nd(params, self.tokens_out)
    }

    /// Paid device time of training.
    pub fn training_time(&self, flops: Flops) -> Seconds {
        self.training.time(flops, self.training_mfu)
    }

    /// Paid device time of serving, reading and writing each at its own share of the peak.
    pub fn serving_time(&self, params: Params) -> Seconds {
        self.serving
            .time(Flops::two_nd(params, self.tokens_in), self.prefill_mfu)
            + self
                .serving
                .time(Flops::two_nd(params, self.tokens_out), self.decode_mfu)
    }

    /// The life's expense in operations.
    pub fn in_flops(&self) -> Expense {
        Expense::flops(self.tokens_in.as_f64() + self.tokens_out.as_f64())
    }

    /// The life's expense in dollars (Sardana et al. 2023, section 3, real-world cost).
    pub fn in_dollars(&self) -> Expense {
        let one = Params(1);
        Expense {
            training: self.training.price(self.training_time(Flops(6.0))).0,
            serving: self.serving.price(self.serving_time(one)).0,
        }
    }

    /// The least batch at which memory bandwidth allows the stated decoding speed, before any cache
    /// is read.
    pub fn decode_batch_at_least(&self) -> f64 {
        let device = &self.serving.hardware;
        let at_one = 2.0 * device.bandwidth.as_f64() / (self.serving.bytes_per_parameter * device.peak.0);
        (self.decode_mfu / at_one).max(1.0)
    }
}

fn above_zero(field: &str, value: f64) -> Result<f64, PlanError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(PlanError::not_positive(
            field,
            value,
            "leave it out for the default",
        ))
    }
}

fn share(field: &'static str, value: f64) -> Result<f64, PlanError> {
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err(PlanError::not_a_share(
            field,
            value,
            "at most 1; leave it out for the default",
        ))
    }
}

fn price(field: &str, own: Option<Dollars>, hardware: &Hardware) -> Result<Dollars, PlanError> {
    let price = own.unwrap_or(hardware.price_per_hour);
    if price.0 > 0.0 && price.0.is_finite() {
        Ok(price)
    } else {
        let remedy =
            "a device that is already paid for still costs its share of purchase, power and operation";
        Err(PlanError::not_positive(field, price.0, remedy))
    }
}
