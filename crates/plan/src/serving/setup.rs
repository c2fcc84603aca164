use serde::{Deserialize, Serialize};
use triaxis_units::Seconds;

use super::{Calibration, Measured, ModelShape, Server, Speculation};
use crate::{Catalogue, Hardware, PlanError, Power, Price, Share, Uncertain};

/// Where a model is served and how well the devices are used.
///
/// ```
/// use triaxis_plan::Catalogue;
/// use triaxis_plan::serving::{ModelShape, ServingSetup, Traffic};
/// use triaxis_units::Params;
/// let setup: ServingSetup = toml::from_str(r#"
///     hardware = "H100 SXM"
///     price_per_hour = { value = "$2.50", date = "2026-05-01" }
/// "#)?;
/// let shape = ModelShape::of(Params(8_030_000_000), 65_536);
/// let server = setup.service(shape, &Catalogue::built_in()?)?.median();
/// assert_eq!(format!("{:.2} ms", 1e3 * server.step(1.0, 2048.0).seconds()), "8.12 ms");
/// let bill = server.bill(&Traffic::of(1000.0, 200.0), 32.0)?;
/// assert!(bill.dollars_per_million_out > 5.0 * bill.dollars_per_million_in);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServingSetup {
    /// A device of the catalogue.
    pub hardware: String,
    /// Devices that serve one copy of the model together (tensor parallel); as few as hold it, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
    /// Your price for one device for an hour, in place of the catalogue's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_hour: Option<Price>,
    /// Bytes of a weight: 2 in bf16, 1 in fp8, 0.5 in four bits.
    pub weight_bytes: f64,
    /// Bytes of a value in the cache.
    pub cache_bytes: f64,
    /// How many times faster than bf16 the arithmetic is: 2 where fp8 products are used. Quantised
    /// weights alone leave it at 1.
    pub arithmetic: f64,
    /// Share of a device's memory for weights and cache.
    pub memory_share: f64,
    /// Share of the memory's bandwidth that a step reaches.
    pub mbu: Uncertain<Share>,
    /// Share of the peak that reading prompts, and large batches, reach.
    pub mfu: Uncertain<Share>,
    /// Share of the paid hours that serve. All of them unless said, which flatters: traffic has nights.
    pub utilisation: Uncertain<Share>,
    /// Drafting, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speculation: Option<Speculation>,
    /// What devices wait for each other.
    pub collectives: Collectives,
    /// What power costs besides the devices.
    pub power: Power,
    /// A measurement of your own engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

impl Default for ServingSetup {
    fn default() -> Self {
        Self {
            hardware: "H100 SXM".to_owned(),
            devices: None,
            price_per_hour: None,
            weight_bytes: 2.0,
            cache_bytes: 2.0,
            arithmetic: 1.0,
            memory_share: 0.9,
            mbu: Uncertain::certain(Share(0.6)),
            mfu: Uncertain::certain(Share(0.5)),
            utilisation: Uncertain::certain(Share(1.0)),
            speculation: None,
            collectives: Collectives::default(),
            power: Power::default(),
            measured: None,
        }
    }
}

/// The latency of what devices exchange in each layer of a tensor-parallel step:
/// `per_layer (base + growth (sqrt(devices) - 1))` (Erdil 2025, Inference economics of language models).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Collectives {
    /// Exchanges a layer; half as many where attention and feed-forward run side by side.
    pub per_layer: f64,
    /// Time of one between two devices.
    pub base: Seconds,
    /// What it grows by with the square root of the devices.
    pub growth: Seconds,
}

impl Default for Collectives {
    fn default() -> Self {
        Self {
            per_layer: 4.0,
            base: Seconds(6e-6),
            growth: Seconds(2e-6),
        }
    }
}

/// A model on its devices, with everything that is uncertain about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    shape: ModelShape,
    setup: ServingSetup,
    hardware: Hardware,
    devices: u64,
    price: Price,
    calibration: Calibration,
}

impl ServingSetup {
    /// The model on these devices.
    ///
    /// # Errors
    /// An unknown device, a figure that breaks its rule, a price without its day, weights that the devices
    /// do not hold, a measurement that cannot be.
    pub fn service(&self, shape: ModelShape, catalogue: &Catalogue) -> Result<Service, PlanError> {
        shape.validate()?;
        self.validate()?;
        let hardware = catalogue.find(&self.hardware)?.clone();
        let room = self.memory_share * hardware.memory.as_f64();
        let weights = self.weight_bytes * shape.params.as_f64();
        let least = (weights / room).floor() as u64 + 1;
        let devices = self.devices.unwrap_or(least);
        if devices < least {
            return Err(PlanError(format!(
                "{devices} x {} hold {:.0} GB of the {:.0} GB of weights: take {least} devices or more, or fewer bytes \
                 a weight",
                hardware.name,
                devices as f64 * room / 1e9,
                weights / 1e9
            )));
        }
        if devices > 1 && (shape.layers.is_none() || shape.hidden.is_none()) {
            return Err(PlanError(format!(
                "the model is without `layers` and `hidden`: on {devices} devices its latency depends on both"
            )));
        }
        let price = self.price_per_hour.clone().map_or_else(|| hardware.price(), Ok)?;
        let mut service = Service {
            shape,
            setup: self.clone(),
            hardware,
            devices,
            price,
            calibration: Calibration::NONE,
        };
        if let Some(measured) = &self.measured {
            service.calibration = Calibration::of("measured", measured, &service.median())?;
        }
        Ok(service)
    }

    fn validate(&self) -> Result<(), PlanError> {
        let positive = [
            ("weight_bytes", self.weight_bytes),
            ("cache_bytes", self.cache_bytes),
            ("arithmetic", self.arithmetic),
            ("collectives.per_layer", self.collectives.per_layer),
        ];
        for (field, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                let field = format!("serving.{field}");
                return Err(PlanError::not_positive(
                    &field,
                    value,
                    "leave it out for the default",
                ));
            }
        }
        let shares = [
            ("memory_share", self.memory_share),
            ("mbu", self.mbu.value().0),
            ("mfu", self.mfu.value().0),
            ("utilisation", self.utilisation.value().0),
        ];
        for (field, share) in shares {
            if !(share > 0.0 && share <= 1.0) {
                let field = format!("serving.{field}");
                return Err(PlanError::not_a_share(
                    &field,
                    share,
                    "at most 1; leave it out for the default",
                ));
            }
        }
        if self.devices == Some(0) {
            return Err(PlanError::not_positive(
                "serving.devices",
                0.0,
                "leave it out for as few as hold the model",
            ));
        }
        self.speculation
            .map_or(Ok(()), |speculation| speculation.validate())
    }
}

impl Service {
    /// The same with times as they were found to be elsewhere on such devices.
    pub fn calibrated(self, calibration: Calibration) -> Self {
        Self { calibration, ..self }
    }

    /// The device.
    pub fn hardware(&self) -> &Hardware {
        &self.hardware
    }

    /// Devices that serve one copy together.
    pub fn devices(&self) -> u64 {
        self.devices
    }

    /// The price of one device for an hour.
    pub fn price(&self) -> &Price {
        &self.price
    }

    /// Factors on the reckoned times.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Everything at its median.
    pub fn median(&self) -> Server {
        let setup = &self.setup;
        let devices = self.devices as f64;
        let power = setup.power.drawn.value().0 * setup.power.site.value();
        Server {
            weight_bytes: setup.weight_bytes,
            cache_bytes: setup.cache_bytes,
            bandwidth: devices * self.hardware.bandwidth.as_f64(),
            peak: devices * self.hardware.peak.0 * setup.arithmetic,
            memory: devices * self.hardware.memory.as_f64() * setup.memory_share,
            link: self.hardware.link.map(|link| link.as_f64()),
            mbu: setup.mbu.value().0,
            mfu: setup.mfu.value().0,
            utilisation: setup.utilisation.value().0,
            dollars_per_second: devices * self.price.dollars.value().0 / 3600.0,
            watts: self.hardware.watts.map(|watts| devices * watts * power),
            speculation: setup.speculation,
            collectives: setup.collectives,
            calibration: self.calibration,
            devices,
            shape: self.shape.clone(),
        }
    }
}
