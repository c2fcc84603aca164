use serde::{Deserialize, Serialize};
use triaxis_units::Seconds;

use crate::Uncertain;

const HOUR: f64 = 3600.0;

/// How often devices fail and what a failure costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Failures {
    /// Time that one device runs between failures. With n devices one comes n times as often.
    pub device_time: Uncertain<Seconds>,
    /// Time that writing a checkpoint holds the training up.
    pub checkpoint: Uncertain<Seconds>,
    /// Time from a failure until training goes on.
    pub restart: Uncertain<Seconds>,
}

impl Default for Failures {
    /// 50,700 device-hours: Llama 3's 419 unplanned interruptions in 54 days on 16,384 H100 (Grattafiori
    /// et al. 2024, section 3.3.4). Half a minute and five minutes leave there the "more than 90%
    /// effective training time" that they report; the intervals are wide, since others checkpoint for
    /// minutes.
    fn default() -> Self {
        let within = |value, low, high| {
            Uncertain::new(Seconds(value), Seconds(low), Seconds(high))
                .unwrap_or(Uncertain::certain(Seconds(value)))
        };
        Self {
            device_time: within(50_700.0 * HOUR, 20_000.0 * HOUR, 100_000.0 * HOUR),
            checkpoint: within(30.0, 10.0, 120.0),
            restart: within(300.0, 120.0, 1200.0),
        }
    }
}

/// How a group of devices fails: all in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Between failures of the group.
    pub between: f64,
    /// Of writing a checkpoint.
    pub checkpoint: f64,
    /// From a failure until training goes on.
    pub restart: f64,
}

impl Failures {
    /// Of a group of devices, everything at its median.
    pub fn median(&self, devices: f64) -> Reliability {
        Reliability {
            between: self.device_time.value().0 / devices,
            checkpoint: self.checkpoint.value().0,
            restart: self.restart.value().0,
        }
    }
}

impl Reliability {
    /// The best time between checkpoints, `sqrt(2 C M)` (Young 1974).
    pub fn checkpoint_interval(&self) -> f64 {
        (2.0 * self.checkpoint * self.between).sqrt()
    }

    /// Share of the time that checkpoints and repeated work take at that interval, to first order:
    /// `sqrt(2 C / M)`, and `R / M` of restarts.
    pub fn overhead(&self) -> f64 {
        (2.0 * self.checkpoint / self.between).sqrt() + self.restart / self.between
    }

    /// Share of the time that trains, at that interval, where failures come at random and also during
    /// restarts and checkpoints: `tau / (M e^(R/M) (e^((tau + C)/M) - 1))` (Daly 2006, equation 20).
    pub fn goodput(&self) -> f64 {
        let interval = self.checkpoint_interval();
        if interval == 0.0 {
            // Checkpoints that take no time lose no work.
            return (-self.restart / self.between).exp();
        }
        let spent = self.between
            * (self.restart / self.between).exp()
            * ((interval + self.checkpoint) / self.between).exp_m1();
        interval / spent
    }
}
