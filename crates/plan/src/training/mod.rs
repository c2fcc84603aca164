//! What training costs: operations, the share of the peak that they run at, the share of the time
//! that failures leave, the devices that hold the state, days, dollars and energy, and what is spent
//! beside the final run.

mod failures;
mod operations;

pub use failures::{Failures, Reliability};
pub use operations::{Dense, mfu, of_forward};

use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Dollars, Flops, Params, Seconds};

use crate::{Catalogue, Hardware, PlanError, Power, Price, Share, Uncertain, watt_hours};

const HOUR: f64 = 3600.0;

/// Where a model is trained and how well the devices are used.
///
/// ```
/// use triaxis_plan::Catalogue;
/// use triaxis_plan::training::TrainingSetup;
/// use triaxis_units::{Flops, Params, Tokens};
/// let setup: TrainingSetup = toml::from_str(r#"
///     hardware = "H100 SXM"
///     devices = 512
///     price_per_hour = { value = "$2.50", low = "$2", high = "$4", date = "2026-05-01" }
///     ladder = "$20K"
/// "#)?;
/// let params = Params(7_000_000_000);
/// let operations = Flops::six_nd(params, Tokens(1_400_000_000_000));
/// let bill = setup.service(&Catalogue::built_in()?)?.median().bill(operations, params)?;
/// assert_eq!(format!("{:.1} days", bill.wall.0 / 86_400.0), "3.4 days");
/// assert!(bill.failures.0 > 0.0 && bill.total() > bill.run);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSetup {
    /// A device of the catalogue.
    pub hardware: String,
    /// How many train together; as few as hold the state, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
    /// Your price for one device for an hour, in place of the catalogue's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_hour: Option<Price>,
    /// Share of the peak while it trains. Published runs of `6 N D`: LLaMA 44 to 52%, Llama 3 405B 38 to
    /// 43%, DeepSeek-V3 35% of the bf16 peak; small teams plan with 20%.
    pub mfu: Uncertain<Share>,
    /// Bytes of weights, gradients and optimiser for each parameter. Adam in mixed precision: 16
    /// (Rajbhandari et al. 2020, section 3.1).
    pub state_bytes: f64,
    /// Share of a device's memory for that state; activations have the rest.
    pub memory_share: f64,
    /// What fails.
    pub failures: Failures,
    /// Failed runs and tuning beside the final one, by its device time. Llama 3's model cards hold 1.04,
    /// 1.41 and 2.6 times (405B, 70B, 8B) the hours that its headline use and effective time explain.
    pub tuning: Uncertain,
    /// Evaluation, by the final run's device time.
    pub evaluation: Uncertain,
    /// The small runs that the plan rests on.
    pub ladder: Uncertain<Dollars>,
    /// What power costs besides the devices.
    pub power: Power,
}

impl Default for TrainingSetup {
    fn default() -> Self {
        let share = Uncertain::new(Share(0.40), Share(0.25), Share(0.52));
        let factor = |value, low, high| Uncertain::new(value, low, high).unwrap_or(Uncertain::certain(value));
        Self {
            hardware: "H100 SXM".to_owned(),
            devices: None,
            price_per_hour: None,
            mfu: share.unwrap_or(Uncertain::certain(Share(0.40))),
            state_bytes: 16.0,
            memory_share: 0.75,
            failures: Failures::default(),
            tuning: factor(0.4, 0.04, 1.6),
            evaluation: factor(0.02, 0.005, 0.08),
            ladder: Uncertain::certain(Dollars(0.0)),
            power: Power::default(),
        }
    }
}

/// Devices to train on, with everything that is uncertain about them.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingService {
    setup: TrainingSetup,
    hardware: Hardware,
    price: Price,
}

/// One draw of a [`TrainingService`].
#[derive(Debug, Clone, PartialEq)]
pub struct Trainer {
    hardware: Hardware,
    devices: Option<u64>,
    price_per_hour: f64,
    mfu: f64,
    state_bytes: f64,
    memory_share: f64,
    /// Of one device.
    failures: Reliability,
    tuning: f64,
    evaluation: f64,
    ladder: f64,
    watts: Option<f64>,
}

/// What training costs on so many devices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrainingBill {
    /// Devices that train together.
    pub devices: u64,
    /// Time by the clock of the final run, failures included.
    pub wall: Seconds,
    /// Hours of devices of the final run, failures included.
    pub device_hours: f64,
    /// Share of that time which trains.
    pub goodput: f64,
    /// Time between checkpoints.
    pub checkpoint_interval: Seconds,
    /// Bytes of a checkpoint: the whole training state.
    pub checkpoint: Bytes,
    /// The final run without its failures.
    pub run: Dollars,
    /// What failures and checkpoints add.
    pub failures: Dollars,
    /// Failed runs and tuning.
    pub tuning: Dollars,
    /// Evaluation.
    pub evaluation: Dollars,
    /// The small runs before.
    pub ladder: Dollars,
    /// Energy of everything but the ladder at the site's meter, where the server's power is known.
    pub watt_hours: Option<f64>,
}

impl TrainingBill {
    /// All of it.
    pub fn total(&self) -> Dollars {
        self.run + self.failures + self.tuning + self.evaluation + self.ladder
    }
}

impl TrainingSetup {
    /// The devices, looked up.
    ///
    /// # Errors
    /// An unknown device, a price without its day, or a figure that breaks its rule.
    pub fn service(&self, catalogue: &Catalogue) -> Result<TrainingService, PlanError> {
        if !(self.state_bytes > 0.0 && self.state_bytes.is_finite()) {
            let remedy = "leave it out for the 16 of Adam in mixed precision";
            return Err(PlanError::not_positive(
                "training.state_bytes",
                self.state_bytes,
                remedy,
            ));
        }
        for (field, share) in [("mfu", self.mfu.value().0), ("memory_share", self.memory_share)] {
            if !(share > 0.0 && share <= 1.0) {
                let field = format!("training.{field}");
                return Err(PlanError::not_a_share(
                    &field,
                    share,
                    "at most 1; leave it out for the default",
                ));
            }
        }
        if self.failures.device_time.value().0 <= 0.0 {
            let remedy = "leave it out for Llama 3's, or give a long time for devices that never fail";
            return Err(PlanError::not_positive(
                "training.failures.device_time",
                0.0,
                remedy,
            ));
        }
        if self.devices == Some(0) {
            return Err(PlanError::not_positive(
                "training.devices",
                0.0,
                "leave it out for as few as hold the state",
            ));
        }
        let hardware = catalogue.find(&self.hardware)?.clone();
        let price = self.price_per_hour.clone().map_or_else(|| hardware.price(), Ok)?;
        Ok(TrainingService {
            setup: self.clone(),
            hardware,
            price,
        })
    }
}

impl TrainingService {
    /// The price of one device for an hour.
    pub fn price(&self) -> &Price {
        &self.price
    }

    /// The device.
    pub fn hardware(&self) -> &Hardware {
        &self.hardware
    }

    /// Everything at its median.
    pub fn median(&self) -> Trainer {
        let setup = &self.setup;
        let power = setup.power.drawn.value().0 * setup.power.site.value();
        Trainer {
            hardware: self.hardware.clone(),
            devices: setup.devices,
            price_per_hour: self.price.dollars.value().0,
            mfu: setup.mfu.value().0,
            state_bytes: setup.state_bytes,
            memory_share: setup.memory_share,
            failures: setup.failures.median(1.0),
            tuning: setup.tuning.value(),
            evaluation: setup.evaluation.value(),
            ladder: setup.ladder.value().0,
            watts: self.hardware.watts.map(|watts| watts * power),
        }
    }
}

/// The fewest devices whose memory together holds the training state of so many parameters.
pub(crate) fn fewest_devices(hardware: &Hardware, params: f64, state_bytes: f64, memory_share: f64) -> u64 {
    let each = hardware.memory.as_f64() * memory_share;
    ((params * state_bytes / each).ceil() as u64).max(1)
}

impl Trainer {
    /// Bytes of the training state: what a checkpoint holds.
    pub fn state(&self, params: Params) -> Bytes {
        // Saturates for sizes that no device holds anyway.
        Bytes((params.as_f64() * self.state_bytes).ceil() as u64)
    }

    /// The fewest devices whose memory together holds the training state.
    pub fn least_devices(&self, params: Params) -> u64 {
        fewest_devices(
            &self.hardware,
            params.as_f64(),
            self.state_bytes,
            self.memory_share,
        )
    }

    /// What so many operations on a model of this size cost, on the devices of the setup.
    ///
    /// # Errors
    /// When the devices do not hold the state, or fail before they get anywhere.
    pub fn bill(&self, operations: Flops, params: Params) -> Result<TrainingBill, PlanError> {
        self.bill_on(
            operations,
            params,
            self.devices.unwrap_or_else(|| self.least_devices(params)),
        )
    }

    /// The same on another number of devices.
    ///
    /// # Errors
    /// As [`Trainer::bill`].
    pub fn bill_on(
        &self,
        operations: Flops,
        params: Params,
        devices: u64,
    ) -> Result<TrainingBill, PlanError> {
        let least = self.least_devices(params);
        if devices < least {
            return Err(PlanError(format!(
                "{devices} x {} do not hold the {} of training state of {params} parameters: take {least} or more",
                self.hardware.name,
                self.state(params)
            )));
        }
        let group = Reliability {
            between: self.failures.between / devices as f64,
            ..self.failures
        };
        let goodput = group.goodput();
        if goodput < 0.01 {
            return Err(PlanError(format!(
                "{devices} devices fail every {}, and a checkpoint and a restart take {}: nothing gets trained; take \
                 fewer devices, or make both faster",
                Seconds(group.between),
                Seconds(group.checkpoint + group.restart)
            )));
        }
        let hours = operations.0 / (self.hardware.peak.0 * self.mfu) / HOUR;
        let device_hours = hours / goodput;
        let dollars = |hours: f64| Dollars(hours * self.price_per_hour);
        let beside = 1.0 + self.tuning + self.evaluation;
        Ok(TrainingBill {
            devices,
            wall: Seconds(device_hours * HOUR / devices as f64),
            device_hours,
            goodput,
            checkpoint_interval: Seconds(group.checkpoint_interval()),
            checkpoint: self.state(params),
            run: dollars(hours),
            failures: dollars(device_hours - hours),
            tuning: dollars(device_hours * self.tuning),
            evaluation: dollars(device_hours * self.evaluation),
            ladder: Dollars(self.ladder),
            watt_hours: self
                .watts
                .map(|watts| watt_hours(watts / 1e3, 1.0, device_hours * beside * HOUR)),
        })
    }
}
