//! Approaches 1 and 2 as fits like those of any form: parameters, a check on the largest runs, predictions.

mod holdout;
mod law;

use std::collections::BTreeMap;

pub use law::FrontierLaw;

use super::{Budget, Curve, EnvelopePoint, Laws, PowerLaw, Run, approach1, approach2};
use crate::error::{FitError, InputError, Refusal, Warning};
use crate::fit::{
    Estimate, Fit, FitOptions, Holdout, LocalMinimum, ParameterEstimate, Prediction, Resampling, predict,
};
use crate::form::{Definition, Parameter, Residual};
use crate::objective::Objective;
use law::{AKIMA, ENVELOPE, LAWS, PARABOLA, PARAMETERS};

/// A way from runs to the best size and length at any compute that needs no law of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frontier {
    /// Approach 1: the lower envelope of the loss curves of all sizes.
    Envelope,
    /// Approach 2: a curve through the losses of each budget.
    Budgets(Curve),
}

/// A compute-optimal frontier.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontierFit {
    /// Parameters with intervals, as of any form; residuals are those of `ln N*` at each optimum, then of `ln D*`.
    pub fit: Fit,
    /// The optima that the laws go through.
    pub optima: Vec<EnvelopePoint>,
    /// Every budget with its curve, of approach 2.
    pub budgets: Vec<Budget>,
}

/// The optima of some runs, and the laws through them.
struct Found {
    optima: Vec<EnvelopePoint>,
    budgets: Vec<Budget>,
    laws: Option<Laws>,
    /// Degrees of freedom that tell of the noise of one loss.
    freedom: usize,
    replicates: Vec<Laws>,
    refusals: Vec<Refusal>,
    warnings: Vec<Warning>,
}

impl Frontier {
    /// Every one, in the order of the list that users see.
    pub const ALL: [Self; 3] = [
        Self::Envelope,
        Self::Budgets(Curve::Parabola),
        Self::Budgets(Curve::Akima),
    ];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        let named = |frontier: &Self| frontier.definition().name == name;
        Self::ALL.into_iter().find(named)
    }

    /// Name, equation, the columns it needs (the loss among them) and parameters.
    pub fn definition(self) -> &'static Definition {
        match self {
            Self::Envelope => &ENVELOPE,
            Self::Budgets(Curve::Parabola) => &PARABOLA,
            Self::Budgets(Curve::Akima) => &AKIMA,
        }
    }

    /// The laws of N* and D* in compute, both over the parameters of the definition.
    pub fn laws(self) -> &'static [FrontierLaw; 2] {
        &LAWS
    }

    fn found(self, runs: &[Run], options: &FitOptions) -> Result<Found, FitError> {
        Ok(match self {
            Self::Envelope => {
                let found = approach1(runs, options)?;
                Found {
                    optima: found.envelope,
                    budgets: Vec::new(),
                    laws: found.params.zip(found.tokens),
                    freedom: 0,
                    replicates: Vec::new(),
                    refusals: found.refusals,
                    warnings: found.warnings,
                }
            }
            Self::Budgets(curve) => {
                let found = approach2(runs, curve, options)?;
                Found {
                    optima: found.optima(),
                    budgets: found.budgets,
                    laws: found.params.zip(found.tokens),
                    freedom: found.freedom,
                    replicates: found.replicates,
                    refusals: found.refusals,
                    warnings: found.warnings,
                }
            }
        })
    }

    /// Fits the frontier. A budget that has no optimum is left out, with a warning that says why.
    ///
    /// The check on held-out runs compares the optima beyond the runs that are left with the laws of these:
    /// by default those of the largest budget, or of the largest fifth of the runs.
    ///
    /// # Errors
    /// [`FitError::Input`] for numbers that are not positive and finite; [`FitError::Refused`] or
    /// [`FitError::Several`] when the optima are too few for a law, with the reason of every budget.
    pub fn fit(self, runs: &[Run], options: &FitOptions) -> Result<FrontierFit, FitError> {
        let runs = &self.spent(runs)[..];
        let Found {
            optima,
            budgets,
            laws,
            freedom,
            replicates,
            refusals,
            mut warnings,
        } = self.found(runs, options)?;
        let Some(laws) = laws else {
            return Err(FitError::Several(refusals));
        };
        warnings.extend(refusals.into_iter().map(|reason| Warning::LeftOut { reason }));
        let (residuals, spread) = residuals(&optima, &laws);
        let objective = 0.5 * residuals.iter().map(|residual| residual * residual).sum::<f64>();
        let beyond = residuals.len().saturating_sub(PARAMETERS.len());
        let best = numbers(&laws);
        let holdout = match self.held_out(runs, options, &optima) {
            Ok(holdout) => holdout,
            Err(FitError::Refused(reason)) => {
                warnings.push(Warning::NoHoldout { reason });
                None
            }
            Err(error) => return Err(error),
        };
        warnings.extend(holdout.as_ref().and_then(Holdout::warning));
        if options.profile && options.replicates == 0 && freedom > 0 {
            warnings.push(Warning::NoBootstrap);
        }
        let fit = Fit {
            form: self.definition().name.to_string(),
            parameters: estimates(&laws),
            objective,
            minimised: Objective::squares(Residual::Log),
            rows: runs.len(),
            runs: None,
            starts: 1,
            minima: vec![LocalMinimum {
                objective,
                parameters: best.clone(),
            }],
            best,
            r_squared: 1.0 - 2.0 * objective / spread,
            freedom,
            noise: (beyond > 0).then(|| (2.0 * objective / beyond as f64).sqrt()),
            pure_error: None,
            used_residuals: residuals.clone(),
            residuals,
            replicates: replicates.iter().map(numbers).collect(),
            replicate_noise: Vec::new(),
            resampling: Resampling::Residual,
            level: options.level,
            seed: options.seed,
            sampled: [("flops".to_owned(), sampled(&optima))].into(),
            holdout,
            warnings,
            refusals: Vec::new(),
        };
        Ok(FrontierFit { fit, optima, budgets })
    }

    /// The runs with the compute that counts: that of their budget, where it has budgets.
    fn spent(self, runs: &[Run]) -> Vec<Run> {
        let spent = |run: &Run| match (self, run.budget) {
            (Self::Budgets(_), Some(flops)) => Run { flops, ..*run },
            _ => *run,
        };
        runs.iter().map(spent).collect()
    }

    /// N* and D* at `flops`, with the interval of the laws: an optimum has no noise of its own.
    ///
    /// # Errors
    /// [`InputError::NotPositive`] for a compute that is not a positive number.
    pub fn at(self, fit: &Fit, flops: f64) -> Result<[Prediction; 2], InputError> {
        let law = |law: &FrontierLaw| {
            let of = predict(law, fit, &[flops])?;
            Ok(Prediction {
                interval: of.law,
                ..of
            })
        };
        Ok([law(&LAWS[0])?, law(&LAWS[1])?])
    }
}

/// Smallest and largest compute of an optimum that the laws go through.
fn sampled(optima: &[EnvelopePoint]) -> (f64, f64) {
    let flops = optima.iter().map(|point| point.flops);
    flops.fold((f64::INFINITY, 0.0), |(low, high), at| {
        (at.min(low), at.max(high))
    })
}

/// The laws in the order of the parameters.
fn numbers((params, tokens): &Laws) -> Vec<f64> {
    let of = |law: &PowerLaw| [law.coefficient.value, law.exponent.value];
    [of(params), of(tokens)].concat()
}

fn estimates((params, tokens): &Laws) -> BTreeMap<String, ParameterEstimate> {
    let those = [
        params.coefficient,
        params.exponent,
        tokens.coefficient,
        tokens.exponent,
    ];
    let named = PARAMETERS.iter().zip(those);
    named
        .map(|(parameter, estimate): (&Parameter, Estimate)| {
            let interval = estimate
                .interval
                .map(|of| ("percentile".to_owned(), (of.low, of.high)));
            let intervals = interval.into_iter().collect();
            (
                parameter.name.to_string(),
                ParameterEstimate { estimate, intervals },
            )
        })
        .collect()
}

/// Residuals of the logarithms of both laws, observed minus fitted, and the squares around the means.
fn residuals(optima: &[EnvelopePoint], (params, tokens): &Laws) -> (Vec<f64>, f64) {
    let (mut residuals, mut spread) = (Vec::new(), 0.0);
    let of_params: fn(&EnvelopePoint) -> f64 = |point| point.params;
    for (law, pick) in [(params, of_params), (tokens, |point| point.tokens)] {
        let mean = optima.iter().map(|point| pick(point).ln()).sum::<f64>() / optima.len() as f64;
        for point in optima {
            let observed = pick(point).ln();
            residuals.push(observed - law.at(point.flops).ln());
            spread += (observed - mean).powi(2);
        }
    }
    (residuals, spread)
}
