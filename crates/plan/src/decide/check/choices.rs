//! What text and which choices there must be.

use super::rules::{distinct, epochs, odds, positive, refuse, sum, worth};
use crate::PlanError;
use crate::decide::question::{Question, Strategy};

/// Samples a query that a rule is worked out for.
const MOST_SAMPLES: u32 = 1024;

impl Question {
    pub(super) fn check_text(&self) -> Result<(), PlanError> {
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
                "the largest shares of all texts add up to {}: no mixture is allowed; raise `most_share` until they reach 1",
                sum(shares)
            ));
        }
        positive("repetition.repeats", self.repetition.repeats.value())
    }

    pub(super) fn check_choices(&self) -> Result<(), PlanError> {
        self.check_arms()?;
        self.check_strategies()?;
        self.check_shares_below_all()?;
        if self.arms.is_empty() || self.contexts.is_empty() || self.samples.is_empty() {
            return refuse(
                "arms, contexts and samples must have an entry each: leave the empty list out for the default".to_owned(),
            );
        }
        self.check_contexts()?;
        self.check_samples()?;
        self.check_shares_are_open()?;
        self.check_numbers_of_samples()
    }

    fn check_arms(&self) -> Result<(), PlanError> {
        distinct("[[arms]]", self.arms.iter().map(|arm| arm.name.as_str()))?;
        for arm in &self.arms {
            let named = |key: &str| format!("{key} of the arm `{}`", arm.name);
            worth(&named("worth"), arm.worth.value())?;
            positive(&named("training_operations"), arm.training_operations)?;
            positive(&named("active"), arm.active.0)?;
            positive(&named("cache"), arm.cache)?;
        }
        Ok(())
    }

    fn check_strategies(&self) -> Result<(), PlanError> {
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
        Ok(())
    }

    /// Whether text that models wrote is never all of what strategies with a share are made of.
    fn check_shares_below_all(&self) -> Result<(), PlanError> {
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
        Ok(())
    }

    fn check_contexts(&self) -> Result<(), PlanError> {
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
        Ok(())
    }

    /// Whether numbers of samples differ, and somebody chooses among several.
    fn check_samples(&self) -> Result<(), PlanError> {
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
        Ok(())
    }

    /// Whether a strategy leaves open the share that `synthetic_shares` give.
    fn check_shares_are_open(&self) -> Result<(), PlanError> {
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
        Ok(())
    }

    fn check_numbers_of_samples(&self) -> Result<(), PlanError> {
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
                "the strategy `{}` uses texts whose largest shares add up to {}: name another text, or raise `most_share`",
                strategy.name,
                sum(shares)
            ));
        }
        Ok(())
    }
}
