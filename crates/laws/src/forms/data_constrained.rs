//! Muennighoff et al. 2023: repeated tokens and excess parameters are worth less and less.

use std::borrow::Cow;

use super::{LOSS, PARAMS, TOKENS, UNIQUE_TOKENS, irreducible, of_params, of_tokens, repeated_runs};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, exp_m1, ln};

/// Chinchilla's law of effective parameters and tokens.
///
/// `D' = U + U R_D (1 - exp(-(D/U - 1) / R_D))` with U unique tokens, and the same for parameters
/// beyond those that U tokens warrant, `U_N = min(N, (U G)^(beta/alpha) G)` with
/// `G = (alpha A / (beta B))^(1 / (alpha + beta))`.
#[derive(Debug, Clone, Copy)]
pub struct DataConstrained;

const REPEAT_STARTS: &[f64] = &[0.5, 1.7, 2.7, 4.5, 7.0];

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("data-constrained"),
    equation: Cow::Borrowed(
        "loss = E + A / params'^alpha + B / tokens'^beta, \
         tokens' = U + U R_D (1 - exp(-(tokens/U - 1)/R_D)), U = unique_tokens, \
         params' = U_N + U_N R_N (1 - exp(-(params/U_N - 1)/R_N)), U_N = optimal params for U",
    ),
    source: Cow::Borrowed(
        "Muennighoff et al. 2023, Scaling Data-Constrained Language Models, equations 5 to 7",
    ),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS, UNIQUE_TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[0.0, 0.6]),
        of_params(&[4.0, 6.0, 9.0]),
        of_tokens(&[4.0, 6.5, 9.0]),
        Parameter::positive(
            "alpha",
            "1",
            "exponent of the parameter term",
            &[-1.5, -0.9],
            (1e-2, 3.0),
        ),
        Parameter::positive(
            "beta",
            "1",
            "exponent of the data term",
            &[-1.5, -0.9],
            (1e-2, 3.0),
        ),
        Parameter::positive(
            "R_D",
            "epochs",
            "repeats after which a further one is worth 1/e of new data",
            REPEAT_STARTS,
            (1e-2, 1e4),
        ),
        Parameter::positive(
            "R_N",
            "1",
            "the same for excess parameters",
            REPEAT_STARTS,
            (1e-2, 1e4),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0]),
};

/// `1 + r (1 - exp(-x / r))`, its derivative by r, and by x.
#[inline(always)]
fn saturated(excess: f64, limit: f64) -> (f64, f64, f64) {
    let ratio = excess / limit;
    let change = exp_m1(-ratio);
    let decayed = change + 1.0;
    (1.0 - limit * change, -change - ratio * decayed, decayed)
}

impl DataConstrained {
    /// How many times its unique tokens a text is worth in fresh ones after `epochs` passes, by the repeats `limit`
    /// after which a further one is worth 1/e of new data (Muennighoff et al. 2023, equation 5): between 1 and
    /// `epochs`.
    ///
    /// ```
    /// let four = triaxis_laws::forms::DataConstrained::data_multiplier(15.4, 4.0);
    /// assert!((four - 3.726).abs() < 1e-3);
    /// ```
    pub fn data_multiplier(limit: f64, epochs: f64) -> f64 {
        saturated(epochs - 1.0, limit).0
    }
}

impl LawForm for DataConstrained {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, b, alpha, beta, limit_tokens, limit_params] =
            [0, 1, 2, 3, 4, 5, 6].map(|at| parameters[at]);
        let (params, tokens, unique) = (inputs[0], inputs[1], inputs[2]);
        let repeats = (exp(tokens - unique) - 1.0).max(0.0);
        let (data, data_by_limit, _) = saturated(repeats, limit_tokens);
        let of_tokens = b * exp(-beta * (unique + ln(data)));

        // ln G, ln U_N and their derivatives by A, B, alpha, beta.
        let sum = alpha + beta;
        let balance = (ln(alpha * a) - ln(beta * b)) / sum;
        let warranted = beta / alpha * (unique + balance) + balance;
        let excess_counts = warranted < params;
        let base = if excess_counts { warranted } else { params };
        let excess = exp(params - base) - 1.0;
        let (size, size_by_limit, size_by_excess) = saturated(excess, limit_params);
        let effective = base + ln(size);
        let of_params = a * exp(-alpha * effective);

        gradient[0] = 1.0;
        gradient[1] = of_params / a;
        gradient[2] = of_tokens / b;
        gradient[3] = -effective * of_params;
        gradient[4] = -(unique + ln(data)) * of_tokens;
        gradient[5] = -beta * of_tokens * data_by_limit / data;
        gradient[6] = -alpha * of_params * size_by_limit / size;
        let by_base = -alpha * of_params * (1.0 - (excess + 1.0) * size_by_excess / size);
        let by_base = if excess_counts { by_base } else { 0.0 };
        let by_balance = by_base * (beta / alpha + 1.0);
        let reach = unique + balance;
        gradient[1] += by_balance / (a * sum);
        gradient[2] -= by_balance / (b * sum);
        gradient[3] +=
            by_balance * (alpha.recip() - balance) / sum - by_base * reach * beta / (alpha * alpha);
        gradient[4] += by_balance * (-beta.recip() - balance) / sum + by_base * reach / alpha;
        irreducible + of_params + of_tokens
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.87, 521.0, 1488.0, 0.353, 0.353, 15.4, 5.3],
            rows: repeated_runs(),
        }
    }
}
