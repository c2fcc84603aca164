//! The first choice as its devices go through it: how often they fail, when to save, what they draw.

use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Flops, Params, Seconds};

use super::compare::Compared;
use super::reckon::whole;
use crate::power::watt_hours;
use crate::training::TrainingSetup;

/// What the training run of a choice is like to run, at the medians.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// Between two failures of its devices.
    pub failure_every: Seconds,
    /// Bytes of weights, gradients and optimiser: what a checkpoint holds.
    pub checkpoint: Bytes,
    /// How often it is best written; of a short run at its end alone.
    pub checkpoint_every: Seconds,
    /// Watt-hours at the meter, failed and tuning runs included, where the power of the device's server is known.
    pub watt_hours: Option<f64>,
}

/// The run of the best choice; `None` where its devices do not hold its state.
pub(super) fn running(compared: &Compared<'_>) -> Option<Running> {
    let reckoner = compared.reckoner;
    let question = reckoner.question;
    let params: Params = whole(compared.choices[compared.best].choice.params);
    let devices = reckoner.devices(params.as_f64());
    let setup = TrainingSetup {
        hardware: question.training.hardware.clone(),
        devices: Some(devices),
        price_per_hour: question.training.price_per_hour.clone(),
        mfu: question.training.mfu,
        ..TrainingSetup::default()
    };
    let flops = Flops(compared.median(compared.best, |outcome| outcome.flops));
    let trainer = setup.service(&reckoner.catalogue).ok()?.median();
    let bill = trainer.bill(flops, params).ok()?;
    let training = &question.training;
    let device_seconds =
        flops.0 / (reckoner.training.peak.0 * training.mfu.value().0 * training.goodput.value().0);
    let kilowatts = reckoner
        .training
        .watts
        .map(|watts| watts / 1e3 * setup.power.drawn.value().0);
    let seconds = device_seconds * (1.0 + training.other_runs.value());
    Some(Running {
        failure_every: Seconds(setup.failures.median(devices as f64).between),
        checkpoint: bill.checkpoint,
        checkpoint_every: Seconds(bill.checkpoint_interval.0.min(device_seconds / devices as f64)),
        watt_hours: kilowatts.map(|kilowatts| watt_hours(kilowatts, setup.power.site.value(), seconds)),
    })
}
