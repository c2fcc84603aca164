use serde::{Deserialize, Serialize};

use crate::PlanError;

/// Speculative decoding: a draft model proposes tokens that the served one checks in one step
/// (Leviathan et al. 2023, arXiv 2211.17192).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speculation {
    /// The chance that a drafted token is accepted.
    pub acceptance: f64,
    /// Tokens drafted before each check.
    pub drafts: u64,
    /// Time of drafting a token, as a share of a step of the served model.
    pub draft_cost: f64,
}

impl Speculation {
    pub(crate) fn validate(&self) -> Result<(), PlanError> {
        if !(0.0..=1.0).contains(&self.acceptance) {
            return Err(PlanError::not_a_share(
                "speculation.acceptance",
                self.acceptance,
                "at most 1, measured on your own requests",
            ));
        }
        if !(self.draft_cost >= 0.0 && self.draft_cost.is_finite()) {
            return Err(PlanError(format!(
                "speculation.draft_cost is {}: it must be 0 or more and finite, the time of a drafted token as a share \
                 of a step",
                self.draft_cost
            )));
        }
        match self.drafts {
            1..=1024 => Ok(()),
            drafts => Err(PlanError(format!(
                "speculation.drafts is {drafts}: it must be from 1 to 1024; leave [speculation] out to draft nothing"
            ))),
        }
    }

    /// Tokens that a check yields on average (Leviathan et al. 2023, equation 1).
    pub fn tokens(&self) -> f64 {
        let all = self.drafts as f64 + 1.0;
        match self.acceptance {
            1.0 => all,
            acceptance => (1.0 - acceptance.powf(all)) / (1.0 - acceptance),
        }
    }

    /// How many times faster decoding is while a check takes no longer than a step (their theorem 3.8).
    ///
    /// ```
    /// use triaxis_plan::serving::Speculation;
    /// let drafting = Speculation { acceptance: 0.8, drafts: 4, draft_cost: 0.05 };
    /// assert_eq!(format!("{:.2}", drafting.speed_up()), "2.80");
    /// ```
    pub fn speed_up(&self) -> f64 {
        self.tokens() / (self.drafts as f64 * self.draft_cost + 1.0)
    }

    /// The same with the number of drafts, up to `most`, that is fastest.
    pub fn best(self, most: u64) -> Self {
        let with = |drafts| Self { drafts, ..self };
        let fastest = (1..=most.max(1)).map(with);
        fastest
            .max_by(|one, other| one.speed_up().total_cmp(&other.speed_up()))
            .unwrap_or(self)
    }
}
