//! What the frontiers are called and need, and the two laws that each of them gives.

use std::borrow::Cow;

use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::forms::{FLOPS, LOSS, PARAMS, TOKENS};
use crate::numeric::exp;

/// One of the two laws of a frontier.
#[derive(Debug, Clone)]
pub struct FrontierLaw {
    definition: Definition,
    /// The place of its coefficient among the parameters; its exponent is the next one.
    at: usize,
}

const BUDGET: Column = Column::log(
    "budget",
    "FLOPs",
    "exact compute budget that the run was made for",
)
.sized();
const BEST_PARAMS: Column = Column::log("params_opt", "parameters", "parameters N* of least loss");
const BEST_TOKENS: Column = Column::log("tokens_opt", "tokens", "training tokens D* of least loss");
const OF_ENVELOPE: &[Column] = &[PARAMS, TOKENS, FLOPS, LOSS];
const OF_BUDGETS: &[Column] = &[PARAMS, TOKENS, BUDGET, LOSS];
const COMPUTE: &[Column] = &[FLOPS];
const ANY: (f64, f64) = (f64::MIN_POSITIVE, f64::MAX);
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::positive("N_1", "parameters", "coefficient of N*, at one FLOP", &[], ANY),
    Parameter::real("a", "1", "exponent of N*", &[], ANY),
    Parameter::positive("D_1", "tokens", "coefficient of D*, at one FLOP", &[], ANY),
    Parameter::real("b", "1", "exponent of D*", &[], ANY),
];

const fn method(name: &'static str, source: &'static str, inputs: &'static [Column]) -> Definition {
    defined(
        name,
        "params_opt = N_1 flops^a, tokens_opt = D_1 flops^b",
        source,
        inputs,
        BEST_PARAMS,
    )
}

const fn defined(
    name: &'static str,
    equation: &'static str,
    source: &'static str,
    inputs: &'static [Column],
    response: Column,
) -> Definition {
    Definition {
        name: Cow::Borrowed(name),
        equation: Cow::Borrowed(equation),
        source: Cow::Borrowed(source),
        inputs: Cow::Borrowed(inputs),
        response,
        parameters: Cow::Borrowed(PARAMETERS),
        residual: Residual::Log,
        linear: Cow::Borrowed(&[]),
    }
}

pub(super) static ENVELOPE: Definition = method(
    "approach1",
    "Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, section 3.1: the lower envelope of loss curves",
    OF_ENVELOPE,
);
pub(super) static PARABOLA: Definition = method(
    "approach2",
    "Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, section 3.2: a parabola a budget",
    OF_BUDGETS,
);
pub(super) static AKIMA: Definition = method(
    "approach2-akima",
    "Porian et al. 2024, Resolving Discrepancies in Compute-Optimal Scaling, section 3: an Akima curve a budget",
    OF_BUDGETS,
);
pub(super) static LAWS: [FrontierLaw; 2] = [
    FrontierLaw {
        definition: defined(
            "frontier-params",
            "params_opt = N_1 flops^a",
            "",
            COMPUTE,
            BEST_PARAMS,
        ),
        at: 0,
    },
    FrontierLaw {
        definition: defined(
            "frontier-tokens",
            "tokens_opt = D_1 flops^b",
            "",
            COMPUTE,
            BEST_TOKENS,
        ),
        at: 2,
    },
];

impl LawForm for FrontierLaw {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let power = exp(parameters[self.at + 1] * inputs[0]);
        let value = parameters[self.at] * power;
        gradient[self.at] = power;
        gradient[self.at + 1] = inputs[0] * value;
        value
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![0.1, 0.5, 1.6, 0.5],
            rows: (0..12).map(|step| vec![1e17 * 2.0_f64.powi(step)]).collect(),
        }
    }
}
