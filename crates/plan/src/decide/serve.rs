//! Time that a query takes on the devices that serve, from first principles.

use super::question::Class;
use super::reckon::{Choice, Reckoner, whole};

/// Bytes of cache a token of context for each cube root of the parameters, two bytes a value: 131,072 of 8B, 327,680
/// of 70B and 516,096 of 405B (Llama 3) lie within 15% of it.
const CACHE: f64 = 70.0;
/// Share of the memory that weights and caches may take.
const FILLED: f64 = 0.9;
/// Shares of the peak bandwidth and arithmetic that serving reaches (planning sheet, section 4).
const BANDWIDTH: f64 = 0.6;
const ARITHMETIC: f64 = 0.5;

/// What a query takes, at the roofline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Query {
    /// Paid seconds of a device to read the prompt.
    pub reading: f64,
    /// Paid seconds of a device to write one sample.
    pub writing: f64,
    /// Seconds until the prompt is read.
    pub wait_reading: f64,
    /// Seconds until all samples are written.
    pub wait_writing: f64,
    /// Whether samples are drawn one after the other, until one is right.
    pub stops: bool,
}

impl Query {
    /// Seconds until a query is answered.
    pub fn wait(&self) -> f64 {
        self.wait_reading + self.wait_writing
    }
}

/// A model on its devices.
#[derive(Debug)]
pub(crate) struct Server<'a> {
    reckoner: &'a Reckoner<'a>,
    choice: Choice,
    devices: f64,
    /// Bytes of memory left for caches.
    left: f64,
}

impl<'a> Server<'a> {
    /// The fewest devices that hold the weights and a tenth of their memory in caches.
    pub fn of(reckoner: &'a Reckoner<'a>, choice: Choice) -> Self {
        let serving = &reckoner.serving;
        let memory = serving.hardware.memory.as_f64();
        let weights = serving.bytes(whole(choice.params)).as_f64();
        let devices = (weights / ((FILLED - 0.1) * memory)).ceil().max(1.0);
        Self {
            reckoner,
            choice,
            devices,
            left: FILLED * memory * devices - weights,
        }
    }

    /// Devices that hold one copy.
    pub fn devices(&self) -> f64 {
        self.devices
    }

    /// Whether a node of eight, or a rack of nine of them, holds it.
    pub fn fits(&self) -> bool {
        self.devices <= 72.0
    }

    /// What a query of this class takes.
    pub fn query(&self, class: &Class) -> Query {
        let question = self.reckoner.question;
        let arm = &question.arms[self.choice.arm];
        let device = &self.reckoner.serving.hardware;
        let active = self.choice.params * arm.active.0;
        let rate = self.devices * device.peak.0 * ARITHMETIC;
        let moved = self.devices * device.bandwidth.as_f64() * BANDWIDTH;
        let prompt = class.tokens_in * question.contexts[self.choice.context].read.0;
        let read = prompt * (1.0 - question.serving.cached.0 * (1.0 - question.serving.cached_price.0));
        let wait_reading = arm.serving_operations * active * read / rate;
        let cache = CACHE * arm.cache * self.choice.params.cbrt() * (prompt + 0.5 * class.tokens_out);
        let batch = (self.left / cache).floor().max(1.0);
        // Every expert is read once the batch is large.
        let weights = self.reckoner.serving.bytes_per_parameter * self.choice.params;
        let touched = arm.active.0 + (1.0 - arm.active.0) * (1.0 - (1.0 - arm.active.0).powf(batch));
        let step =
            ((weights * touched + batch * cache) / moved).max(arm.serving_operations * active * batch / rate);
        let stops = class.chosen.is_some() && class.latency.is_none();
        Query {
            reading: wait_reading * self.devices,
            writing: class.tokens_out * step / batch * self.devices,
            wait_reading,
            wait_writing: class.tokens_out * step,
            stops,
        }
    }
}
