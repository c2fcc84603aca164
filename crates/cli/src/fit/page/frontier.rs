//! The optima of approach 1 or 2, and the two laws through them.

use triaxis_laws::Warning;
use triaxis_laws::approach::{Budget, Curve, EnvelopePoint, Frontier};
use triaxis_laws::form::LawForm;
use triaxis_report::view::{FitCurve, FitPoint, IsoFlop, IsoFlopPoint};
use triaxis_runs::Outcome;
use triaxis_units::{Nats, Params};

use super::super::text;
use super::{Picture, STEPS, estimate, titled};

/// Optima that a chart shows at most, for each law.
const MOST_POINTS: usize = 300;

/// Every budget of approach 2: its runs, the curve through them and where it is least, or why nowhere.
pub fn isoflops(kind: Curve, budgets: &[Budget], outcome: &Outcome) -> Vec<IsoFlop> {
    let refused = |budget: &Budget| {
        let reasons = outcome.fit.warnings.iter().filter_map(|warning| match warning {
            Warning::LeftOut { reason } if reason.budget() == Some(budget.budget) => Some(reason.to_string()),
            _ => None,
        });
        reasons.collect::<Vec<_>>().join("; ")
    };
    let isoflop = |budget: &Budget| {
        let points = budget.points.iter().map(|(params, tokens, loss)| IsoFlopPoint {
            trial: format!(
                "{} parameters, {} tokens",
                text::quantity("params", *params),
                text::quantity("tokens", *tokens)
            ),
            params: Params(*params as u64),
            loss: Nats(*loss),
        });
        let least = budget.optimum.map(|best| [best.params, best.tokens, best.loss]);
        IsoFlop::of(
            budget.budget,
            points.collect(),
            budget.curve(kind, STEPS),
            least.ok_or_else(|| refused(budget)),
        )
    };
    budgets.iter().map(isoflop).collect()
}

/// What the charts of a frontier show.
pub fn picture(frontier: Frontier, optima: &[EnvelopePoint], outcome: &Outcome) -> Picture {
    let laws = frontier.laws();
    let of = |law: usize, flops: f64| {
        frontier
            .at(&outcome.fit, flops)
            .ok()
            .map(|both| both[law].clone())
    };
    let step = optima.len().div_ceil(MOST_POINTS).max(1);
    // The last optima are those held out: the error of N*, then of D*, for each.
    let errors = outcome
        .holdout
        .as_ref()
        .map_or(&[][..], |checked| &checked.of.errors);
    let first = optima.len() - (errors.len() / laws.len()).min(optima.len());
    let points = (0..laws.len()).flat_map(|law| {
        optima.iter().enumerate().step_by(step).map(move |(at, point)| {
            let (name, value) = [("params_opt", point.params), ("tokens_opt", point.tokens)][law];
            FitPoint {
                place: format!("optimum at {}", text::quantity("flops", point.flops)),
                inputs: format!("{name} {}", text::quantity(name, value)),
                at: point.flops,
                size: point.flops,
                observed: value,
                predicted: of(law, point.flops).map_or(f64::NAN, |of| of.value),
                curve: law,
                held_out: at
                    .checked_sub(first)
                    .map(|beyond| value * (1.0 + errors[beyond * laws.len() + law])),
            }
        })
    });
    let told = outcome
        .predictions
        .iter()
        .filter(|predicted| predicted.refused().is_none());
    let asked = told.flat_map(|predicted| &predicted.of);
    let asked = asked.filter_map(|(_, of)| of.inputs.get("flops").copied());
    let all = optima.iter().map(|point| point.flops).chain(asked);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), flops| {
        (low.min(flops), high.max(flops))
    });
    let grid = || (0..STEPS).map(|step| low * (high / low).powf(step as f64 / (STEPS - 1) as f64));
    let curve = |law: usize| FitCurve {
        held: laws[law].response().meaning.to_owned(),
        points: grid()
            .filter_map(|flops| {
                let of = of(law, flops)?;
                Some((flops, estimate(of.value, of.interval, of.level)))
            })
            .collect(),
    };
    Picture {
        along: titled(&laws[0].inputs()[0]),
        response: "parameters, tokens".into(),
        size: titled(&laws[0].inputs()[0]),
        points: points.collect(),
        curves: (0..laws.len()).map(curve).collect(),
    }
}
