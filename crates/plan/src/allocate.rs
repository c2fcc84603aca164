//! The optima that a law's own closed forms ([`Coupled::optimum`]) leave open: parameters `N` and
//! tokens `D` for another cost of training, for a loss with serving, and for an expense.
//!
//! All of it is for a law `L = E + (A / N^alpha + B / D^beta)^gamma` and an expense that is linear in `D`
//! and proportional to `N` ([`Expense`]), which covers operations and dollars alike. On the curve of
//! one loss the two terms share `S = (L - E)^(1/gamma)`; the odds of that share, parameters to data,
//! are the one unknown:
//!
//! `N = (A (1 + 1/odds) / S)^(1/alpha)`, `D = (B (1 + odds) / S)^(1/beta)`.

pub use triaxis_laws::forms::Allocation;
use triaxis_laws::forms::{Coupled, FLOPS_PER_PARAM_TOKEN};
use triaxis_laws::numeric::golden_section;

use crate::PlanError;

/// An expense `N (training D + serving)` over a model's life, in operations or dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expense {
    /// For each parameter and training token; 6 in operations.
    pub training: f64,
    /// For each parameter, over everything served; twice the tokens served in operations.
    pub serving: f64,
}

impl Expense {
    /// Operations: `6 N D + 2 N D_inf` (Sardana et al. 2023, section 2).
    pub fn flops(tokens_served: f64) -> Self {
        Self {
            training: FLOPS_PER_PARAM_TOKEN,
            serving: 2.0 * tokens_served,
        }
    }

    /// The expense of one allocation.
    pub fn of(&self, allocation: Allocation) -> f64 {
        allocation.params * (self.training * allocation.tokens + self.serving)
    }
}

/// Why `law` cannot be planned with, or nothing if it can: planning needs positive coefficients and
/// exponents, so that more of either never hurts, and a finite floor.
pub fn unusable(law: &Coupled) -> Option<String> {
    let positive = [
        ("A", law.A),
        ("B", law.B),
        ("alpha", law.alpha),
        ("beta", law.beta),
        ("gamma", law.gamma),
    ];
    let bad = positive
        .iter()
        .find(|(_, value)| !(*value > 0.0 && value.is_finite()));
    match bad {
        Some((name, value)) => Some(format!("its {name} is {value}, and must be above 0 and finite")),
        None if !law.E.is_finite() => Some(format!("its E is {}, and must be finite", law.E)),
        None => None,
    }
}

/// The lowest loss for `flops` training operations when a token costs `flops_per_token(N)`, searched
/// between `low` and `high` parameters.
///
/// A grid in `ln N` finds the basin and golden-section search its bottom, so a cost with steps or
/// several basins is met as well as 400 grid points can.
///
/// # Errors
/// When the ends are not `0 < low < high`, the cost is not positive, or the best size is at an end.
pub fn compute_optimal_by(
    law: &Coupled,
    flops: f64,
    flops_per_token: impl Fn(f64) -> f64,
    (low, high): (f64, f64),
) -> Result<Allocation, PlanError> {
    const GRID: usize = 400;
    let refuse = |reason: &str| {
        Err(PlanError(format!(
            "no optimum between {low:.3e} and {high:.3e} parameters: {reason}"
        )))
    };
    if !(low > 0.0 && low < high && high.is_finite()) {
        return refuse("the search needs ends with 0 < low < high");
    }
    // The sum under the exponent falls and rises with the loss, and no floor hides its last digits.
    let sum = law.inner();
    let loss = |log_params: f64| {
        let params = log_params.exp();
        let tokens = flops / flops_per_token(params);
        let known = tokens > 0.0 && tokens.is_finite();
        if known { sum.loss(params, tokens) } else { f64::NAN }
    };
    let at = |index: usize| low.ln() + (high / low).ln() * index as f64 / GRID as f64;
    let losses: Vec<f64> = (0..=GRID).map(|index| loss(at(index))).collect();
    if !losses.iter().all(|loss| loss.is_finite()) {
        return refuse("the cost of a token must be above 0 and finite over the whole range");
    }
    let best = losses
        .iter()
        .enumerate()
        .min_by(|a, b| a.1.total_cmp(b.1))
        .map_or(0, |(index, _)| index);
    if best == 0 || best == GRID {
        return refuse("the loss still falls at an end of the range; search a wider one");
    }
    let around = [at(best - 1), at(best + 1)];
    let params = golden_section(around, 60, loss, |one, other| one < other)
        .middle()
        .exp();
    Ok(Allocation {
        params,
        tokens: flops / flops_per_token(params),
    })
}

/// The least expense that reaches `loss`: in operations and in dollars the problem of Sardana et
/// al. 2023 (sections 2 and 3). Without serving it is the compute-optimal allocation for that loss.
///
/// The optimum has `odds D / (D + serving/training) = beta/alpha`; the left side rises with the
/// odds, so the root is single and is bracketed in closed form.
///
/// `None` when `loss` is not above the law's floor.
pub fn least_expense(law: &Coupled, loss: f64, expense: Expense) -> Option<Allocation> {
    let sum = law.inner_at(loss);
    if !(sum > 0.0 && sum.is_finite()) {
        return None;
    }
    let log_tokens = |log_odds: f64| ((law.B / sum).ln() + log_odds.exp().ln_1p()) / law.beta;
    let log_params = |log_odds: f64| ((law.A / sum).ln() + (-log_odds).exp().ln_1p()) / law.alpha;
    let extra = expense.serving / expense.training;
    let discount = |log_odds: f64| (extra * (-log_tokens(log_odds)).exp()).ln_1p();
    let without_serving = (law.beta / law.alpha).ln();
    let log_odds = rising_root(
        |log_odds| log_odds - discount(log_odds) - without_serving,
        without_serving,
        without_serving + discount(without_serving),
    );
    Some(Allocation {
        params: log_params(log_odds).exp(),
        tokens: log_tokens(log_odds).exp(),
    })
}

/// The root of a rising function between two ends, by bisection to the last bit.
fn rising_root(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    while low < high {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if function(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
