//! The compute-optimal size and data by each of the three approaches, in one shape.

use serde::{Deserialize, Serialize};
use triaxis_laws::Estimate;
use triaxis_laws::approach::{Approach1, Approach2, Approach3, PowerLaw};

use crate::analysis::Finding;

/// Budgets at which the optimum is drawn.
const STEPS: usize = 24;

/// The optimum at one budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// The budget.
    pub flops: f64,
    /// N*.
    pub params: Estimate,
    /// D*.
    pub tokens: Estimate,
    /// The loss there in nats per token, where the approach gives one.
    pub loss: Option<Estimate>,
}

/// What one approach says of the compute-optimal size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optima {
    /// a of N* ~ C^a.
    pub params_exponent: Finding<Estimate>,
    /// b of D* ~ C^b.
    pub tokens_exponent: Finding<Estimate>,
    /// The optimum at the reference budget.
    pub at_reference: Finding<Optimum>,
    /// The optimum from the smallest to the largest budget; empty when refused.
    pub frontier: Vec<Optimum>,
}

/// The budgets an optimum is given at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The smallest budget drawn.
    pub low: f64,
    /// The largest budget drawn.
    pub high: f64,
    /// The budget at which approaches are compared.
    pub reference: f64,
}

impl Range {
    fn steps(self) -> impl Iterator<Item = f64> {
        let ratio = self.high / self.low;
        (0..STEPS).map(move |step| self.low * ratio.powf(step as f64 / (STEPS - 1) as f64))
    }
}

impl Optima {
    /// By the envelope.
    pub fn of_approach1(fit: &Finding<Approach1>, range: Range) -> Self {
        Self::of_power_laws(
            fit,
            |fit| (fit.params.as_ref(), fit.tokens.as_ref(), join(&fit.refusals)),
            range,
        )
    }

    /// By the IsoFLOP minima.
    pub fn of_approach2(fit: &Finding<Approach2>, range: Range) -> Self {
        Self::of_power_laws(
            fit,
            |fit| (fit.params.as_ref(), fit.tokens.as_ref(), join(&fit.refusals)),
            range,
        )
    }

    fn of_power_laws<T>(
        fit: &Finding<T>,
        laws: impl Fn(&T) -> (Option<&PowerLaw>, Option<&PowerLaw>, String),
        range: Range,
    ) -> Self {
        let fit = match fit {
            Finding::Found(fit) => fit,
            Finding::Refused(reason) => return Self::refused(reason),
        };
        let (Some(params), Some(tokens), _) = laws(fit) else {
            return Self::refused(&laws(fit).2);
        };
        let at = |flops: f64| Optimum {
            flops,
            params: Estimate::point(params.at(flops)),
            tokens: Estimate::point(tokens.at(flops)),
            loss: None,
        };
        Self {
            params_exponent: Finding::Found(params.exponent),
            tokens_exponent: Finding::Found(tokens.exponent),
            at_reference: Finding::Found(at(range.reference)),
            frontier: range.steps().map(at).collect(),
        }
    }

    /// By the parametric law. `per_param_token` is the training operations a parameter and token,
    /// as the ladder's exact counts have it.
    pub fn of_approach3(fit: &Finding<Approach3>, per_param_token: f64, range: Range) -> Self {
        let fit = match fit {
            Finding::Found(fit) => fit,
            Finding::Refused(reason) => return Self::refused(reason),
        };
        if fit.law.optimum(range.reference, per_param_token).is_none() {
            return Self::refused("the fitted law has no finite optimum: a term or an exponent is zero");
        }
        let at = |flops: f64| Optimum {
            flops,
            params: fit.optimal_params(flops, per_param_token),
            tokens: fit.optimal_tokens(flops, per_param_token),
            loss: Some(fit.derived(|law| {
                law.optimum(flops, per_param_token)
                    .map_or(f64::NAN, |best| law.loss(best.params, best.tokens))
            })),
        };
        Self {
            params_exponent: Finding::Found(fit.params_exponent),
            tokens_exponent: Finding::Found(fit.tokens_exponent),
            at_reference: Finding::Found(at(range.reference)),
            frontier: range.steps().map(at).collect(),
        }
    }

    fn refused(reason: &str) -> Self {
        let reason = if reason.is_empty() {
            "no law through the minima"
        } else {
            reason
        };
        Self {
            params_exponent: Finding::Refused(reason.to_owned()),
            tokens_exponent: Finding::Refused(reason.to_owned()),
            at_reference: Finding::Refused(reason.to_owned()),
            frontier: Vec::new(),
        }
    }
}

fn join(refusals: &[impl ToString]) -> String {
    refusals
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
