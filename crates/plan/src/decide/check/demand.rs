//! What a demand must be.

use super::rules::{distinct, most, odds, positive, refuse, sum};
use crate::PlanError;
use crate::decide::answer_rate::Chosen;
use crate::decide::question::Question;

/// Fifty years.
const MOST_MONTHS: f64 = 600.0;
/// How many times more of anything there is after a year at the most.
const MOST_A_YEAR: f64 = 1000.0;

impl Question {
    pub(super) fn check_demand(&self) -> Result<(), PlanError> {
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
        most(
            "demand.months",
            &life.months,
            MOST_MONTHS,
            "until the model is replaced",
        )?;
        let yearly = "for one now";
        most(
            "demand.growth_per_year",
            &life.growth_per_year,
            MOST_A_YEAR,
            yearly,
        )?;
        most("demand.price_per_year", &life.price_per_year, MOST_A_YEAR, yearly)?;
        if life.queries_per_month.value().as_f64() == 0.0 {
            return refuse(
                "demand.queries_per_month is 0: it must be above 0; give the queries of the first month, or leave the demand \
                 out"
                    .to_owned(),
            );
        }
        let shares: f64 = life.classes.iter().map(|class| class.share.0).sum();
        if !life.classes.is_empty() && (shares - 1.0).abs() > 1e-6 {
            return refuse(format!(
                "the shares of the classes add up to {}: they must add up to 1; scale them, or add the missing class",
                sum(shares)
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
}
