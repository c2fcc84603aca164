//! The laws as the page shows them.

use triaxis_laws as fit;
use triaxis_laws::approach::{Budget, Curve, Run};
use triaxis_report::view::{
    Approach, Candidate, CurvePoint, Estimate, Finding, FrontierPoint, HeldOut, Interval, IsoFlop,
    IsoFlopMinimum, IsoFlopPoint, Parameter, Reach, Residual,
};
use triaxis_study::analysis::{self, Analysis};
use triaxis_study::optima::Optima;
use triaxis_study::prediction;
use triaxis_study::{ArmAnswer, Role, Survey};
use triaxis_units::{Flops, Nats, Params};

/// Points at which a parabola is drawn.
const CURVE_STEPS: usize = 40;

const NAMES: [&str; 3] = [
    "envelope of the losses over compute",
    "IsoFLOP parabolas",
    "parametric law",
];

/// One entry a budget, as approach 2 has it.
pub fn isoflops(analysis: &Analysis) -> Vec<IsoFlop> {
    let Some(fit) = analysis.approach2.found() else {
        return Vec::new();
    };
    fit.budgets
        .iter()
        .map(|budget| isoflop(analysis, budget))
        .collect()
}

fn isoflop(analysis: &Analysis, budget: &Budget) -> IsoFlop {
    let points = analysis
        .trials
        .iter()
        .zip(&analysis.runs)
        .filter(|(_, run)| run.budget == Some(budget.budget))
        .map(|(trial, run)| IsoFlopPoint {
            trial: trial.clone(),
            params: Params(run.params as u64),
            loss: Nats(run.loss),
        })
        .collect();
    let minimum = match budget.optimum {
        Some(best) => Finding::Found(IsoFlopMinimum {
            params: plain(best.params),
            tokens: plain(best.tokens),
            loss: plain(best.loss),
        }),
        None => Finding::Refused(refusal_of(analysis, budget)),
    };
    IsoFlop {
        budget: Flops(budget.budget),
        points,
        curve: budget
            .curve(Curve::Parabola, CURVE_STEPS)
            .into_iter()
            .map(|(params, loss)| CurvePoint { params, loss })
            .collect(),
        minimum,
    }
}

/// The refusals of approach 2 that are of this budget.
fn refusal_of(analysis: &Analysis, budget: &Budget) -> String {
    let refusals = analysis.approach2.found().map_or(&[][..], |fit| &fit.refusals);
    let own = refusals
        .iter()
        .filter(|refusal| refusal.budget() == Some(budget.budget));
    own.map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Whether the loss still falls with compute as it did, in words.
pub fn flattening(analysis: &Analysis) -> Finding<String> {
    match &analysis.flattening {
        analysis::Finding::Found(found) => Finding::Found(found.to_string()),
        analysis::Finding::Refused(reason) => Finding::Refused(reason.clone()),
    }
}

/// The three approaches side by side.
pub fn approaches(analysis: &Analysis) -> Vec<Approach> {
    let reference = Flops(analysis.range.map_or(0.0, |range| range.reference));
    let level = analysis.level;
    analysis
        .optima
        .iter()
        .enumerate()
        .map(|(index, optima)| {
            let (warnings, parameters, hold_out_error, residuals) = details(analysis, index);
            Approach {
                number: index as u8 + 1,
                name: NAMES[index].to_owned(),
                params_exponent: finding(&optima.params_exponent, level),
                tokens_exponent: finding(&optima.tokens_exponent, level),
                reference,
                params: at_reference(optima, level, |best| best.params),
                tokens: at_reference(optima, level, |best| best.tokens),
                parameters,
                hold_out_error,
                warnings,
                frontier: optima
                    .frontier
                    .iter()
                    .map(|point| frontier(point, level))
                    .collect(),
                residuals,
            }
        })
        .collect()
}

type Details = (Vec<String>, Vec<Parameter>, Finding<f64>, Vec<Residual>);

fn details(analysis: &Analysis, index: usize) -> Details {
    let texts = |texts: Vec<String>| {
        (
            texts,
            Vec::new(),
            Finding::Refused("it predicts no loss".to_owned()),
            Vec::new(),
        )
    };
    match index {
        0 => texts(
            analysis
                .approach1
                .found()
                .map(|fit| strings(&fit.warnings))
                .unwrap_or_default(),
        ),
        1 => texts(
            analysis
                .approach2
                .found()
                .map(|fit| [strings(&fit.refusals), strings(&fit.warnings)].concat())
                .unwrap_or_default(),
        ),
        _ => parametric(analysis),
    }
}

fn parametric(analysis: &Analysis) -> Details {
    let fit = match &analysis.approach3 {
        analysis::Finding::Found(approach) => approach,
        analysis::Finding::Refused(reason) => {
            return (
                vec![reason.clone()],
                Vec::new(),
                Finding::Refused(reason.clone()),
                Vec::new(),
            );
        }
    };
    let parameters = ["E", "A", "B", "alpha", "beta"]
        .iter()
        .filter_map(|name| fit.fit.parameters.get(*name).map(|parameter| (name, parameter)))
        .map(|(name, parameter)| Parameter {
            name: (*name).to_owned(),
            value: Finding::Found(Estimate::told(&parameter.estimate, fit.fit.level)),
            identified: parameter.estimate.identified,
        })
        .collect();
    let hold_out_error = match &fit.fit.holdout {
        Some(holdout) => Finding::Found(holdout.mean_absolute),
        None => Finding::Refused("too few trials to leave the largest out".to_owned()),
    };
    let residuals = analysis
        .trials
        .iter()
        .zip(&analysis.runs)
        .map(|(trial, run)| residual(trial, run, fit.law.loss(run.params, run.tokens)))
        .collect();
    let warnings = [strings(&fit.fit.refusals), strings(&fit.fit.warnings)].concat();
    (warnings, parameters, hold_out_error, residuals)
}

fn residual(trial: &str, run: &Run, predicted: f64) -> Residual {
    Residual {
        trial: trial.to_owned(),
        flops: Flops(run.flops),
        params: Params(run.params as u64),
        predicted: Nats(predicted),
        measured: Nats(run.loss),
        relative_error: run.loss / predicted - 1.0,
        held_out: false,
    }
}

/// The held-out run beside its prediction.
pub fn held_out(arm: &ArmAnswer, survey: &Survey, named: bool) -> Option<HeldOut> {
    let comparison = arm.analysis.holdout.as_ref()?;
    let mut trials = survey.trials_of(&arm.arm);
    let trial = trials.find(|trial| trial.role == Role::HeldOut)?;
    let started = survey.record(&trial.id).map(|record| {
        super::utc(
            record
                .circumstances
                .finished
                .saturating_sub(record.circumstances.seconds.0 as u64),
        )
    });
    let prediction = &comparison.prediction;
    Some(HeldOut {
        trial: trial.id.clone(),
        arm: named.then(|| arm.arm.clone()),
        bits_per_nat: arm.analysis.bits_per_byte,
        params: trial.parameters,
        tokens: trial.tokens,
        flops: trial.flops,
        law: prediction.law.clone(),
        candidates: prediction
            .candidates
            .iter()
            .map(|law| candidate(law, &comparison.measured))
            .collect(),
        predicted: predicted(&prediction.loss),
        predicted_at: Some(super::utc(prediction.written)),
        started_at: started,
        measured: match &comparison.measured {
            analysis::Finding::Found(loss) => Finding::Found(Nats(*loss)),
            analysis::Finding::Refused(reason) => Finding::Refused(reason.clone()),
        },
        relative_error: comparison.relative_error,
        inside: comparison.inside,
        reach: Reach {
            compute: comparison.compute,
            params: comparison.parameters,
            tokens: comparison.tokens,
        },
    })
}

/// A law's prediction beside what was measured.
fn candidate(law: &prediction::Candidate, measured: &analysis::Finding<f64>) -> Candidate {
    let both = law.loss.found().zip(measured.found());
    Candidate {
        form: law.form.clone(),
        equation: law.equation.clone(),
        held_out_error: law.held_out_error,
        weight: law.weight,
        predicted: predicted(&law.loss),
        relative_error: both.map(|(loss, measured)| measured / loss.value - 1.0),
    }
}

fn predicted(loss: &analysis::Finding<prediction::LossInterval>) -> Finding {
    match loss {
        analysis::Finding::Found(loss) => Finding::Found(Estimate {
            value: loss.value,
            interval: Some(Interval {
                low: loss.low,
                high: loss.high,
                level: loss.level,
            }),
        }),
        analysis::Finding::Refused(reason) => Finding::Refused(reason.clone()),
    }
}

fn at_reference(
    optima: &Optima,
    level: f64,
    of: fn(&triaxis_study::optima::Optimum) -> fit::Estimate,
) -> Finding {
    match &optima.at_reference {
        analysis::Finding::Found(best) => Finding::Found(Estimate::told(&of(best), level)),
        analysis::Finding::Refused(reason) => Finding::Refused(reason.clone()),
    }
}

fn frontier(point: &triaxis_study::optima::Optimum, level: f64) -> FrontierPoint {
    FrontierPoint {
        compute: Flops(point.flops),
        params: Estimate::told(&point.params, level),
        tokens: Estimate::told(&point.tokens, level),
        loss: point.loss.as_ref().map(|loss| Estimate::told(loss, level)),
    }
}

fn finding(found: &analysis::Finding<fit::Estimate>, level: f64) -> Finding {
    match found {
        analysis::Finding::Found(value) => Finding::Found(Estimate::told(value, level)),
        analysis::Finding::Refused(reason) => Finding::Refused(reason.clone()),
    }
}

fn plain(value: f64) -> Estimate {
    Estimate {
        value,
        interval: None,
    }
}

fn strings(texts: &[impl ToString]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
