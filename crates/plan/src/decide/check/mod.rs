//! What a question must be: every number by itself and against the others.

use std::ops::RangeInclusive;

use super::answer_rate::Chosen;
use super::question::{LawSource, Quality, Question, Strategy};
use super::serve::calibration;
use crate::{Catalogue, PlanError};

/// Samples a query that a rule is worked out for.
const MOST_SAMPLES: u32 = 1024;
/// Draws that lie beyond an end of an interval, without which the end is a single one's.
const LEAST_BEYOND: f64 = 2.0;
/// How many times better or worse a text or an arm is at the most.
const MOST_WORTH: f64 = 1000.0;
/// Log odds by which queries are easier or harder at the most.
const MOST_ODDS: f64 = 20.0;
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
        positive("training.mfu", self.training.mfu.value().0)?;
        positive("training.goodput", self.training.goodput.value().0)?;
        positive("params.smallest", self.params.smallest.as_f64())?;
        if self.training.other_runs.value() < 0.0 {
            return refuse(format!(
                "training.other_runs is {}: it must be 0 or more, the compute of other runs as a share of the run",
                self.training.other_runs.value()
            ));
        }
        for (field, price) in [
            ("training", &self.training.price_per_hour),
            ("serving", &self.serving.price_per_hour),
        ] {
            if let Some(price) = price {
                positive(&format!("{field}.price_per_hour"), price.dollars.value().0)?;
            }
        }
        let written = self
            .tiers
            .iter()
            .filter(|tier| tier.synthetic)
            .map(|tier| tier.most_share.0)
            .sum::<f64>();
        let shares = self
            .strategies
            .iter()
            .filter_map(|strategy| strategy.synthetic_share);
        if let Some(share) = self
            .synthetic_shares
            .iter()
            .copied()
            .chain(shares)
            .find(|share| share.0 > written)
        {
            return refuse(format!(
                "a synthetic share is {share}, and the texts that models wrote may be {:.0}% together: raise their `most_share`, \
                 or ask for less",
                100.0 * written
            ));
        }
        if self.training.devices == Some(0) {
            return refuse(
                "training.devices is 0: it must be at least 1; leave it out if unknown".to_owned(),
            );
        }
        self.check_devices()?;
        self.check_text()?;
        self.check_choices()?;
        self.check_demand()?;
        self.aim.check(self)?;
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
        if let Some(budget) = self
            .budget
            .filter(|budget| !(budget.number() > 0.0 && budget.number().is_finite()))
        {
            return refuse(format!(
                "the budget is {budget}: it must be above 0 and finite, as in \"$2M\""
            ));
        }
        self.check_goal()?;
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

    fn check_text(&self) -> Result<(), PlanError> {
        if self.tiers.is_empty() {
            return refuse(
                "there is no text: give `[[text]]` with `name` and `unique` tokens at hand, or leave it out for new text without end"
                    .to_owned(),
            );
        }
        distinct("[[text]]", self.tiers.iter().map(|tier| tier.name.as_str()))?;
        for tier in &self.tiers {
            let named = |key: &str| format!("{key} of the text `{}`", tier.name);
            positive(&named("unique"), tier.unique.value().as_f64())?;
            worth(&named("worth"), tier.worth.value())?;
            epochs(&named("most_epochs"), tier.most_epochs)?;
            positive(&named("most_share"), tier.most_share.0)?;
        }
        let shares: f64 = self.tiers.iter().map(|tier| tier.most_share.0).sum();
        if shares < 1.0 - 1e-9 {
            return refuse(format!(
                "the largest shares of all texts add up to {shares}: no mixture is allowed; raise `most_share` until they \
                 reach 1"
            ));
        }
        positive("repetition.repeats", self.repetition.repeats.value())
    }

    fn check_choices(&self) -> Result<(), PlanError> {
        distinct("[[arms]]", self.arms.iter().map(|arm| arm.name.as_str()))?;
        for arm in &self.arms {
            let named = |key: &str| format!("{key} of the arm `{}`", arm.name);
            worth(&named("worth"), arm.worth.value())?;
            positive(&named("training_operations"), arm.training_operations)?;
            positive(&named("active"), arm.active.0)?;
            positive(&named("cache"), arm.cache)?;
        }
        distinct(
            "[[strategies]]",
            self.strategies.iter().map(|strategy| strategy.name.as_str()),
        )?;
        for strategy in &self.strategies {
            epochs(
                &format!("most_epochs of the strategy `{}`", strategy.name),
                strategy.most_epochs,
            )?;
            let given = [
                strategy.params.map(|params| params.0),
                strategy.tokens.map(|tokens| tokens.0),
            ];
            if given.contains(&Some(0)) {
                return refuse(format!(
                    "params or tokens of the strategy `{}` are 0: leave them out to have them chosen",
                    strategy.name
                ));
            }
            for tier in &strategy.tiers {
                self.tier(tier)?;
            }
            self.shares_allow(strategy)?;
            if let Some(share) = strategy
                .synthetic_share
                .filter(|share| share.0 > 0.0 && !strategy.mixes(&self.tiers))
            {
                return refuse(format!(
                    "the strategy `{}` wants {share} of text that models wrote: it must name a text with `synthetic = true` \
                     and one without",
                    strategy.name
                ));
            }
        }
        let shares = self.synthetic_shares.iter().chain(
            self.strategies
                .iter()
                .filter_map(|strategy| strategy.synthetic_share.as_ref()),
        );
        if let Some(share) = shares.into_iter().find(|share| share.0 >= 1.0) {
            return refuse(format!(
                "a synthetic share is {share}: it must be below 100%; a strategy that names no other text is made of it \
                 alone"
            ));
        }
        if self.arms.is_empty() || self.contexts.is_empty() || self.samples.is_empty() {
            return refuse(
                "arms, contexts and samples must have an entry each: leave the empty list out for the default".to_owned(),
            );
        }
        distinct(
            "[[contexts]]",
            self.contexts.iter().map(|context| context.name.as_str()),
        )?;
        for context in &self.contexts {
            positive(&format!("read of the context `{}`", context.name), context.read.0)?;
            odds(
                &format!("easier_by of the context `{}`", context.name),
                context.easier_by,
            )?;
        }
        let mut samples = self.samples.clone();
        samples.sort_unstable();
        if let Some(twice) = samples.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!(
                "samples has {} twice: each number is one choice",
                twice[0]
            ));
        }
        let classes = || self.demand.iter().flat_map(|life| &life.classes);
        if samples.len() > 1 && classes().count() > 0 && classes().all(|class| class.chosen.is_none()) {
            return refuse(format!(
                "samples has {} numbers, and no class of the demand says how one answer is chosen of several: give \
                 `chosen`, a verifier or a vote, or leave `samples` out",
                samples.len()
            ));
        }
        let is_mixed = match self.strategies.as_slice() {
            [] => Strategy::every_tier().mixes(&self.tiers),
            all => all
                .iter()
                .any(|strategy| strategy.synthetic_share.is_none() && strategy.mixes(&self.tiers)),
        };
        if !self.synthetic_shares.is_empty() && !is_mixed {
            return refuse(
                "synthetic_shares are given, and no strategy that leaves its share open has both text that models wrote and \
                 text that people did: name such texts, or leave them out"
                    .to_owned(),
            );
        }
        match self
            .samples
            .iter()
            .find(|samples| !(1..=MOST_SAMPLES).contains(*samples))
        {
            Some(samples) => refuse(format!(
                "samples has {samples}: each must be from 1 to {MOST_SAMPLES}"
            )),
            None => Ok(()),
        }
    }

    /// Whether the tiers of a strategy may make up a whole mixture.
    fn shares_allow(&self, strategy: &Strategy) -> Result<(), PlanError> {
        let shares: f64 = self
            .tiers
            .iter()
            .filter(|tier| strategy.uses(tier))
            .map(|tier| tier.most_share.0)
            .sum();
        if shares < 1.0 - 1e-9 {
            return refuse(format!(
                "the strategy `{}` uses texts whose largest shares add up to {shares}: name another text, or raise \
                 `most_share`",
                strategy.name
            ));
        }
        Ok(())
    }

    fn check_demand(&self) -> Result<(), PlanError> {
        if self.serving.measured.is_some() {
            return refuse(
                "serving.measured does not say of which model it is: give `[timed]` with its `params`, `token`, `batch` and \
                 `context`"
                    .to_owned(),
            );
        }
        if let Some(hosted) = &self.hosted {
            hosted.price()?;
            positive("hosted.params", hosted.params.as_f64())?;
            if self.timed.is_some() {
                return refuse(
                    "both `[hosted]` and `[timed]` are given: a host's devices are not yours; leave one out"
                        .to_owned(),
                );
            }
            let mut classes = self.demand.iter().flat_map(|life| &life.classes);
            if let Some(class) = classes.find(|class| class.latency.is_some()) {
                return refuse(format!(
                    "the class `{}` has a latency, and nothing says how fast the host of `{}` is: leave the latency out, or \
                     `[hosted]`",
                    class.name, hosted.model
                ));
            }
        }
        let Some(life) = &self.demand else {
            return Ok(());
        };
        positive("demand.months", life.months.value())?;
        positive("demand.growth_per_year", life.growth_per_year.value())?;
        positive("demand.price_per_year", life.price_per_year.value())?;
        positive(
            "demand.queries_per_month",
            life.queries_per_month.value().as_f64(),
        )?;
        let shares: f64 = life.classes.iter().map(|class| class.share.0).sum();
        if !life.classes.is_empty() && (shares - 1.0).abs() > 1e-6 {
            return refuse(format!(
                "the shares of the classes add up to {shares}: they must add up to 1; scale them, or add the missing class"
            ));
        }
        if life.classes.is_empty() {
            return refuse(
                "the demand has no classes: give `[[demand.classes]]`, or leave the demand out".to_owned(),
            );
        }
        distinct(
            "[[demand.classes]]",
            life.classes.iter().map(|class| class.name.as_str()),
        )?;
        for class in &life.classes {
            let named = |key: &str| format!("{key} of the class `{}`", class.name);
            positive(&named("share"), class.share.0)?;
            if class.trace.is_some() && class.tokens_in == 0.0 {
                return refuse(format!(
                    "the trace of the class `{}` was not read: only a file's question has traces",
                    class.name
                ));
            }
            positive(&named("tokens_in"), class.tokens_in)?;
            if class.cached.0 >= 1.0 {
                return refuse(format!(
                    "{} is 100%: something of a prompt is always new",
                    named("cached")
                ));
            }
            positive(&named("tokens_out"), class.tokens_out)?;
            odds(&named("easier_by"), class.easier_by)?;
            let share = match class.chosen {
                Some(Chosen::Verifier { false_pass: share } | Chosen::Vote { rival: share }) => share,
                None => 0.0,
            };
            if !(0.0..=1.0).contains(&share) {
                return refuse(format!(
                    "{} has a share of {share}: it must be from 0 to 1",
                    named("chosen")
                ));
            }
        }
        if let Some(task) = &self.task {
            positive("task.loss", task.loss)?;
            positive("task.slope", task.slope.value())?;
            positive("task.alike", task.alike.value())?;
            let right = task.right.value().0;
            if !(right > 0.0 && right < 1.0) {
                return refuse(format!(
                    "task.right is {right}: it must be above 0 and below 1; measure it where some queries are answered and \
                     some are not"
                ));
            }
        }
        Ok(())
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

fn refuse<T>(why: String) -> Result<T, PlanError> {
    Err(PlanError(why))
}

fn positive(field: &str, value: f64) -> Result<(), PlanError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    refuse(format!("{field} is {value}: it must be above 0 and finite"))
}

fn odds(field: &str, value: f64) -> Result<(), PlanError> {
    if value.abs() <= MOST_ODDS {
        return Ok(());
    }
    refuse(format!(
        "{field} is {value}: it is added to log odds, and must be from -{MOST_ODDS} to {MOST_ODDS}; 2.2 brings one right of \
         two to nine of ten"
    ))
}

fn worth(field: &str, value: f64) -> Result<(), PlanError> {
    if (1.0 / MOST_WORTH..=MOST_WORTH).contains(&value) {
        return Ok(());
    }
    refuse(format!(
        "{field} is {value}: it is how many times as much it is worth, and must be from {} to {MOST_WORTH}; measure it with \
         two arms of a study",
        1.0 / MOST_WORTH
    ))
}

fn epochs(field: &str, value: f64) -> Result<(), PlanError> {
    if value >= 1.0 {
        return Ok(());
    }
    refuse(format!(
        "{field} is {value}: it must be at least 1; name fewer texts instead"
    ))
}

fn distinct<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Result<(), PlanError> {
    let mut seen = Vec::new();
    for name in names {
        if name.trim().is_empty() {
            return refuse(format!("an entry of {list} has an empty name: name it"));
        }
        if seen.contains(&name) {
            return refuse(format!(
                "two entries of {list} are called `{name}`: each needs a name of its own"
            ));
        }
        seen.push(name);
    }
    Ok(())
}
