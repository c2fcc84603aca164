//! What serving costs from first principles: how long a step of decoding takes by the bytes that it
//! reads and the operations that it does, how many requests fit, and what a token then costs.
//!
//! A [`ModelShape`] and a [`ServingSetup`] become a [`Service`]; each of its draws is a [`Server`],
//! which tells steps, batches and bills. Times rest on data sheets, so they carry ± 40% until one
//! [`Measured`] point of the user's engine brings them to it.

mod bill;
mod calibration;
mod setup;
mod shape;
mod speculation;

pub use bill::{Bill, Limit, Traffic};
pub use calibration::{Calibration, Measured, UNCALIBRATED};
pub use setup::{Collectives, Service, ServingSetup};
pub use shape::{Experts, ModelShape};
pub use speculation::Speculation;

/// A model on its devices with every figure known: one draw of a [`Service`].
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    shape: ModelShape,
    weight_bytes: f64,
    cache_bytes: f64,
    devices: f64,
    /// Of all devices together, like `peak` and `memory`.
    bandwidth: f64,
    peak: f64,
    memory: f64,
    /// Bytes a second between one device and the others.
    link: Option<f64>,
    mbu: f64,
    mfu: f64,
    utilisation: f64,
    dollars_per_second: f64,
    watts: Option<f64>,
    speculation: Option<Speculation>,
    collectives: Collectives,
    calibration: Calibration,
}

/// The time of a step, by what it waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Seconds of reading weights and cache.
    pub memory: f64,
    /// Seconds of arithmetic, at the same time.
    pub arithmetic: f64,
    /// Seconds of what devices exchange, after it.
    pub communication: f64,
    /// Factor on all of it, from calibration.
    pub factor: f64,
}

/// What a step waits for longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Reading weights and cache.
    Memory,
    /// Products.
    Arithmetic,
    /// Other devices.
    Communication,
}

impl Step {
    /// All of it: memory and arithmetic overlap, communication does not.
    pub fn seconds(&self) -> f64 {
        self.factor * (self.memory.max(self.arithmetic) + self.communication)
    }

    /// What it waits for longest.
    pub fn bound(&self) -> Bound {
        match (self.memory, self.arithmetic, self.communication) {
            (memory, arithmetic, waiting) if waiting > memory.max(arithmetic) => Bound::Communication,
            (memory, arithmetic, _) if memory >= arithmetic => Bound::Memory,
            _ => Bound::Arithmetic,
        }
    }
}

impl Server {
    /// A step that writes one token of each of `batch` requests with `context` tokens in their caches:
    /// memory by the parameters touched, arithmetic by the active ones.
    pub fn step(&self, batch: f64, context: f64) -> Step {
        self.positions(batch, context, 1.0)
    }

    /// A step over `each` positions of every request: one in decoding, drafts and one more in a check.
    fn positions(&self, batch: f64, context: f64, each: f64) -> Step {
        let rows = batch * each;
        let bytes =
            self.weight_bytes * self.shape.read(rows) + batch * context * self.cache_bytes_per_token();
        Step {
            memory: bytes / (self.bandwidth * self.mbu),
            arithmetic: self.operations(rows, context) / (self.peak * self.mfu),
            communication: self.communication(rows),
            factor: self.calibration.decode(batch, context).value(),
        }
    }

    /// The seconds between two tokens of a request, with drafts where they are set.
    pub fn token_seconds(&self, batch: f64, context: f64) -> f64 {
        let Some(drafting) = self.speculation else {
            return self.step(batch, context).seconds();
        };
        let (drafts, alone) = (drafting.drafts as f64, self.step(batch, context).seconds());
        let check = self.positions(batch, context, drafts + 1.0).seconds();
        // Where a check waits for arithmetic it is no faster than its tokens one by one, and drafting is turned off.
        alone.min((check + drafts * drafting.draft_cost * alone) / drafting.tokens())
    }

    /// Reading `fresh` tokens of one prompt, the last of which sees `context` tokens.
    pub fn prefill_step(&self, fresh: f64, context: f64) -> Step {
        Step {
            memory: self.weight_bytes * self.shape.read(fresh) / (self.bandwidth * self.mbu),
            arithmetic: self.operations(fresh, context) / (self.peak * self.mfu),
            communication: self.communication(fresh),
            factor: self.calibration.prefill().value(),
        }
    }

    /// The most requests of `context` tokens whose caches fit beside the weights; 0 where none does.
    pub fn batch_limit(&self, context: f64) -> f64 {
        let room = self.memory - self.weight_bytes * self.shape.params.as_f64();
        match self.cache_bytes_per_token() * context {
            // A state that does not grow with the context is not the limit.
            0.0 => f64::INFINITY,
            bytes => (room / bytes).max(0.0),
        }
    }

    /// Bytes that the cache keeps of a token.
    pub fn cache_bytes_per_token(&self) -> f64 {
        self.cache_bytes * self.shape.cache_values()
    }

    /// Factors on the reckoned times.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Bytes of the weights.
    pub fn weights(&self) -> f64 {
        self.weight_bytes * self.shape.params.as_f64()
    }

    /// Share of the bandwidth that a step of so many seconds has used.
    pub fn bandwidth_use(&self, batch: f64, context: f64, seconds: f64) -> f64 {
        self.step(batch, context).memory * self.mbu / seconds
    }

    /// Of a forward pass over so many rows; attention counts the masked half, as the field does.
    fn operations(&self, rows: f64, context: f64) -> f64 {
        (2.0 * self.shape.active() + self.shape.attention_operations(context)) * rows
    }

    /// Latency of the exchanges of all layers (Erdil 2025), and the time of two all-reduces of the
    /// rows a layer where the links are known; nothing on one device.
    fn communication(&self, rows: f64) -> f64 {
        let (Some(layers), Some(hidden)) = (self.shape.layers, self.shape.hidden) else {
            return 0.0;
        };
        if self.devices <= 1.0 {
            return 0.0;
        }
        let (layers, waits) = (layers as f64, self.collectives);
        let each = waits.base.0 + waits.growth.0 * (self.devices.sqrt() - 1.0);
        // A ring sends each row of bf16 values 2 (n - 1) / n times.
        let bytes = 2.0 * 2.0 * (self.devices - 1.0) / self.devices * rows * hidden as f64 * 2.0;
        layers * (waits.per_layer * each + self.link.map_or(0.0, |link| bytes / link))
    }
}
