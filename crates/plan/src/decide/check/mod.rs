//! What a question must be: every number by itself and against the others.

mod choices;
mod days;
mod demand;
mod rules;

use std::ops::RangeInclusive;

use self::rules::{epochs, most, positive, refuse};
use super::question::{LawSource, Quality, Question};
use super::serve::calibration;
use crate::{Catalogue, PlanError};

/// Compute of other runs by that of the run at the most.
const MOST_OTHER_RUNS: f64 = 1000.0;
/// Draws that lie beyond an end of an interval, without which the end is a single one's.
const LEAST_BEYOND: f64 = 2.0;
/// Bits that a byte costs who knows nothing of the text.
const GUESS: f64 = 8.0;
/// Draws from which intervals are read, and that memory holds for every choice.
const DRAWS: RangeInclusive<usize> = 40..=10_000;

impl Question {
    /// Checks every number by itself and against the others.
    ///
    /// # Errors
    /// The first that breaks a rule, with its remedy.
    pub fn validate(&self) -> Result<(), PlanError> {
        self.check_laws()?;
        self.check_training()?;
        self.check_written()?;
        self.check_devices()?;
        self.check_text()?;
        self.check_choices()?;
        self.check_demand()?;
        self.aim.check(self)?;
        self.check_draws()?;
        if let Some(budget) = self
            .budget
            .filter(|budget| !(budget.number() > 0.0 && budget.number().is_finite()))
        {
            return refuse(format!(
                "the budget is {budget}: it must be above 0 and finite, as in \"$2M\""
            ));
        }
        self.check_goal()?;
        positive("params.smallest", self.params.smallest.as_f64())?;
        if self.params.smallest >= self.params.largest {
            return refuse(format!(
                "params.smallest is {} and params.largest {}: the smallest must be below the largest",
                self.params.smallest, self.params.largest
            ));
        }
        for run in &self.observed {
            self.tier(&run.text)?;
            self.arm(run.arm.as_deref())?;
            epochs("epochs of an observed run", run.epochs)?;
            positive("params of an observed run", run.params.as_f64())?;
            positive("tokens of an observed run", run.tokens.as_f64())?;
            positive("the loss of an observed run", run.loss)?;
        }
        positive("experiments.noise", self.experiments.noise.unwrap_or(1.0))?;
        positive("experiments.most_share", self.experiments.most_share)
    }

    fn check_laws(&self) -> Result<(), PlanError> {
        for law in &self.laws {
            let given = [law.published.is_some(), law.fit.is_some(), law.study.is_some()];
            if given.iter().filter(|given| **given).count() != 1 {
                return refuse(
                    "an entry of [[laws]] must name exactly one of `published`, `fit` and `study`: split it into several"
                        .to_owned(),
                );
            }
            positive("the weight of a law", law.weight)?;
            let same = |other: &&LawSource| {
                let of = |law: &LawSource| {
                    (
                        law.published.clone(),
                        law.fit.clone(),
                        law.study.clone(),
                        law.arm.clone(),
                    )
                };
                of(other) == of(law)
            };
            if self.laws.iter().filter(same).count() > 1 {
                return refuse(
                    "two entries of [[laws]] are the same law, which would count twice: leave one out, or give it a `weight`"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    fn check_training(&self) -> Result<(), PlanError> {
        let training = &self.training;
        positive("training.mfu", training.mfu.value().0)?;
        positive("training.goodput", training.goodput.value().0)?;
        most(
            "training.other_runs",
            &training.other_runs,
            MOST_OTHER_RUNS,
            "as a share of the run",
        )?;
        if training.devices == Some(0) {
            return refuse(
                "training.devices is 0: it must be at least 1; leave it out if unknown".to_owned(),
            );
        }
        for (field, price) in [
            ("training", &training.price_per_hour),
            ("serving", &self.serving.price_per_hour),
        ] {
            if let Some(price) = price {
                positive(&format!("{field}.price_per_hour"), price.dollars.value().0)?;
            }
        }
        Ok(())
    }

    /// Whether no share of text that models wrote is larger than there may be of it.
    fn check_written(&self) -> Result<(), PlanError> {
        let tiers = self.tiers.iter().filter(|tier| tier.synthetic);
        let written: f64 = tiers.map(|tier| tier.most_share.0).sum();
        let strategies = self.strategies.iter();
        let shares = strategies.filter_map(|strategy| strategy.synthetic_share);
        let mut shares = self.synthetic_shares.iter().copied().chain(shares);
        match shares.find(|share| share.0 > written) {
            Some(share) => refuse(format!(
                "a synthetic share is {share}, and the texts that models wrote may be {:.0}% together: raise their \
                 `most_share`, or ask for less",
                100.0 * written
            )),
            None => Ok(()),
        }
    }

    fn check_draws(&self) -> Result<(), PlanError> {
        if !DRAWS.contains(&self.draws) {
            return refuse(format!(
                "draws is {}: it must be from {} to {}; leave it out for 1,000",
                self.draws,
                DRAWS.start(),
                DRAWS.end()
            ));
        }
        if !(0.5..1.0).contains(&self.level) {
            return refuse(format!(
                "level is {}: it must be from 0.5 to below 1; leave it out for 0.9",
                self.level
            ));
        }
        let beyond = self.draws as f64 * 0.5 * (1.0 - self.level);
        if beyond < LEAST_BEYOND - 1e-9 {
            return refuse(format!(
                "level is {} of {} draws, which leaves {beyond:.1} of them beyond either end of an interval: take {:.0} draws \
                 or more, or a lower level",
                self.level,
                self.draws,
                (2.0 * LEAST_BEYOND / (1.0 - self.level)).ceil()
            ));
        }
        Ok(())
    }

    /// Whether the devices are known, with their prices, and serve anything.
    fn check_devices(&self) -> Result<(), PlanError> {
        let catalogue = Catalogue::built_in()?.with(self.hardware.iter().cloned())?;
        let (training, serving) = (&self.training, &self.serving);
        for (hardware, own) in [
            (&training.hardware, &training.price_per_hour),
            (&serving.hardware, &serving.price_per_hour),
        ] {
            let device = catalogue.find(hardware)?;
            if own.is_none() {
                device.price()?;
            }
        }
        calibration(self, &catalogue).map(drop)
    }

    fn check_goal(&self) -> Result<(), PlanError> {
        match self.goal {
            Some(Quality::NatsPerToken(nats)) => positive("goal.nats_per_token", nats.0),
            Some(Quality::BitsPerByte(bits)) if bits.0 >= GUESS => refuse(format!(
                "goal.bits_per_byte is {bits}: a guess among all bytes costs {GUESS} without any training; choose a goal \
                 below that"
            )),
            Some(Quality::BitsPerByte(bits)) => positive("goal.bits_per_byte", bits.0),
            Some(Quality::Right(share)) => positive("goal.right", share.0),
            None => Ok(()),
        }
    }

    /// The arm of that name; the first where none is named.
    ///
    /// # Errors
    /// When there is none; the error names the nearest and all others.
    pub fn arm(&self, name: Option<&str>) -> Result<usize, PlanError> {
        let Some(name) = name else { return Ok(0) };
        let mut arms = self.arms.iter();
        arms.position(|arm| arm.name == name)
            .ok_or_else(|| PlanError::unknown("arm", name, self.arms.iter().map(|arm| arm.name.as_str())))
    }

    /// The tier of that name.
    ///
    /// # Errors
    /// When there is none; the error names the nearest and all others.
    pub fn tier(&self, name: &str) -> Result<usize, PlanError> {
        let mut tiers = self.tiers.iter();
        tiers
            .position(|tier| tier.name == name)
            .ok_or_else(|| PlanError::unknown("text", name, self.tiers.iter().map(|tier| tier.name.as_str())))
    }
}
