//! The three approaches of Hoffmann et al. 2022 to the compute-optimal size and data, in one shape.

use triaxis_laws as laws;
use triaxis_laws::approach::{Approach1, Approach2, Approach3, Budget, Curve, PowerLaw};
use triaxis_records::{Approach, FrontierPoint, IsoFlop, IsoFlopPoint, Parameter, Residual};
use triaxis_units::{Estimate, Finding, Flops, Nats, Params};

use crate::ladder::Ladder;

/// Budgets at which an optimum is drawn.
const STEPS: usize = 24;

/// Points at which a parabola is drawn.
const CURVE_STEPS: usize = 40;

/// The budgets at which optima are told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    /// The smallest budget drawn.
    pub(crate) low: f64,
    /// The largest budget drawn.
    pub(crate) high: f64,
    /// The budget at which approaches are compared.
    pub(crate) reference: f64,
}

impl Range {
    fn steps(self) -> impl Iterator<Item = f64> {
        let ratio = self.high / self.low;
        (0..STEPS).map(move |step| self.low * ratio.powf(step as f64 / (STEPS - 1) as f64))
    }
}

/// Exponents of N* and D* with the optimum at any budget, or why there are none.
type Optima<'a> = Result<([laws::Estimate; 2], Box<dyn Fn(f64) -> FrontierPoint + 'a>), String>;

/// Where and how surely the approaches are told.
pub(crate) struct Told {
    /// The budgets; `None` before any trial is done.
    pub(crate) range: Option<Range>,
    /// The level of the intervals.
    pub(crate) level: f64,
}

impl Told {
    /// By the envelope of the losses over compute.
    pub(crate) fn envelope(&self, fit: &Finding<Approach1>) -> Approach {
        let optima = found(fit)
            .and_then(|fit| self.power_laws(fit.params.as_ref(), fit.tokens.as_ref(), &fit.refusals));
        Approach {
            warnings: fit.found().map(|fit| words(&fit.warnings)).unwrap_or_default(),
            ..self.approach(1, "envelope of the losses over compute", &optima)
        }
    }

    /// By the minima of IsoFLOP parabolas.
    pub(crate) fn parabolas(&self, fit: &Finding<Approach2>) -> Approach {
        let optima = found(fit)
            .and_then(|fit| self.power_laws(fit.params.as_ref(), fit.tokens.as_ref(), &fit.refusals));
        let said = |fit: &Approach2| [words(&fit.refusals), words(&fit.warnings)].concat();
        Approach {
            warnings: fit.found().map(said).unwrap_or_default(),
            ..self.approach(2, "IsoFLOP parabolas", &optima)
        }
    }

    /// By the parametric law. Training operations a parameter and token are as the ladder's exact counts have them.
    pub(crate) fn parametric(&self, fit: &Finding<Approach3>, ladder: &Ladder) -> Approach {
        let of = |fit| self.optima_of_law(fit, ladder.per_param_token());
        let approach = self.approach(3, "parametric law", &found(fit).and_then(of));
        match fit {
            Finding::Refused(reason) => Approach {
                warnings: vec![reason.clone()],
                hold_out_error: Finding::Refused(reason.clone()),
                ..approach
            },
            Finding::Found(fit) => Approach {
                parameters: parameters(fit),
                hold_out_error: Finding::of(
                    fit.fit
                        .holdout
                        .as_ref()
                        .map(|holdout| holdout.mean_absolute)
                        .ok_or("too few trials to leave the largest out"),
                ),
                residuals: residuals(fit, ladder),
                warnings: [words(&fit.fit.refusals), words(&fit.fit.warnings)].concat(),
                ..approach
            },
        }
    }

    /// What every approach tells.
    fn approach(&self, number: u8, name: &str, optima: &Optima<'_>) -> Approach {
        let optima = match optima {
            Ok(optima) => Finding::Found(optima),
            Err(reason) if reason.is_empty() => Finding::Refused("no law through the minima".to_owned()),
            Err(reason) => Finding::Refused(reason.clone()),
        };
        let there = optima.map(|(_, at)| at(self.reference()));
        let steps = self.range.into_iter().flat_map(Range::steps);
        Approach {
            number,
            name: name.to_owned(),
            params_exponent: optima.map(|(exponents, _)| exponents[0].told(self.level)),
            tokens_exponent: optima.map(|(exponents, _)| exponents[1].told(self.level)),
            reference: Flops(self.range.map_or(0.0, |range| range.reference)),
            params: there.map(|best| best.params),
            tokens: there.map(|best| best.tokens),
            parameters: Vec::new(),
            hold_out_error: Finding::Refused("it predicts no loss".to_owned()),
            warnings: Vec::new(),
            frontier: optima
                .found()
                .map(|(_, at)| steps.map(at).collect())
                .unwrap_or_default(),
            residuals: Vec::new(),
        }
    }

    fn reference(&self) -> f64 {
        self.range.map_or(1.0, |range| range.reference)
    }

    fn power_laws<'a>(
        &self,
        params: Option<&'a PowerLaw>,
        tokens: Option<&'a PowerLaw>,
        refusals: &[impl ToString],
    ) -> Optima<'a> {
        let (Some(params), Some(tokens)) = (params, tokens) else {
            return Err(words(refusals).join("; "));
        };
        let at = |flops: f64| FrontierPoint {
            compute: Flops(flops),
            params: Estimate::point(params.at(flops)),
            tokens: Estimate::point(tokens.at(flops)),
            loss: None,
        };
        Ok(([params.exponent, tokens.exponent], Box::new(at)))
    }

    fn optima_of_law<'a>(&self, fit: &'a Approach3, per_param_token: f64) -> Optima<'a> {
        if fit.law.optimum(self.reference(), per_param_token).is_none() {
            return Err("the fitted law has no finite optimum: a term or an exponent is zero".to_owned());
        }
        let level = self.level;
        let at = move |flops: f64| FrontierPoint {
            compute: Flops(flops),
            params: fit.optimal_params(flops, per_param_token).told(level),
            tokens: fit.optimal_tokens(flops, per_param_token).told(level),
            loss: Some(
                fit.derived(|law| {
                    law.optimum(flops, per_param_token)
                        .map_or(f64::NAN, |best| law.loss(best.params, best.tokens))
                })
                .told(level),
            ),
        };
        Ok(([fit.params_exponent, fit.tokens_exponent], Box::new(at)))
    }
}

fn parameters(fit: &Approach3) -> Vec<Parameter> {
    let named = ["E", "A", "B", "alpha", "beta"].into_iter();
    let named = named.filter_map(|name| Some((name, fit.fit.parameters.get(name)?)));
    named
        .map(|(name, parameter)| Parameter {
            name: name.to_owned(),
            value: Finding::Found(parameter.estimate.told(fit.fit.level)),
            identified: parameter.estimate.identified,
        })
        .collect()
}

fn residuals(fit: &Approach3, ladder: &Ladder) -> Vec<Residual> {
    let rows = ladder.trials.iter().zip(&ladder.runs);
    rows.map(|(trial, run)| {
        let predicted = fit.law.loss(run.params, run.tokens);
        Residual {
            trial: trial.clone(),
            flops: Flops(run.flops),
            params: Params(run.params as u64),
            predicted: Nats(predicted),
            measured: Nats(run.loss),
            relative_error: run.loss / predicted - 1.0,
            held_out: false,
        }
    })
    .collect()
}

/// Every budget with its trials and the parabola through them.
pub(crate) fn isoflops(fit: &Finding<Approach2>, ladder: &Ladder) -> Vec<IsoFlop> {
    let budgets = fit
        .found()
        .into_iter()
        .flat_map(|fit| fit.budgets.iter().map(move |budget| (fit, budget)));
    budgets
        .map(|(fit, budget)| isoflop(fit, budget, ladder))
        .collect()
}

fn isoflop(fit: &Approach2, budget: &Budget, ladder: &Ladder) -> IsoFlop {
    let rows = ladder.trials.iter().zip(&ladder.runs);
    let own = rows.filter(|(_, run)| run.budget == Some(budget.budget));
    let refusals = fit.refusals.iter();
    let refusals = refusals.filter(|refusal| refusal.budget() == Some(budget.budget));
    let points = own.map(|(trial, run)| IsoFlopPoint {
        trial: trial.clone(),
        params: Params(run.params as u64),
        loss: Nats(run.loss),
    });
    let least = budget.optimum.map(|best| [best.params, best.tokens, best.loss]);
    IsoFlop::of(
        budget.budget,
        points.collect(),
        budget.curve(Curve::Parabola, CURVE_STEPS),
        least.ok_or_else(|| refusals.map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    )
}

fn found<T>(finding: &Finding<T>) -> Result<&T, String> {
    match finding {
        Finding::Found(found) => Ok(found),
        Finding::Refused(reason) => Err(reason.clone()),
    }
}

fn words(said: &[impl ToString]) -> Vec<String> {
    said.iter().map(ToString::to_string).collect()
}
