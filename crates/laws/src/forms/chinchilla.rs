//! Hoffmann et al. 2022: parameters and data each with its own power law, above an irreducible loss.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{
    LOSS, PARAMS, TOKENS, grid, irreducible, of_params, of_tokens, params_exponent, tokens_exponent,
};
use crate::form::{Definition, Example, LawForm, Residual};
use crate::numeric::exp;

/// `L(N, D) = E + A / N^alpha + B / D^beta` (Hoffmann et al. 2022, equation 2), loss in the unit it was fitted in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[allow(non_snake_case)]
pub struct Chinchilla {
    /// Irreducible loss.
    pub E: f64,
    /// Coefficient of the parameter term.
    pub A: f64,
    /// Coefficient of the data term.
    pub B: f64,
    /// Exponent of the parameter term.
    pub alpha: f64,
    /// Exponent of the data term.
    pub beta: f64,
}

/// Parameters and tokens of the best run that a compute budget buys.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// Parameters, N*.
    pub params: f64,
    /// Training tokens, D*.
    pub tokens: f64,
}

/// FLOPs per parameter and token of training in the rule `C = 6 N D` (Kaplan et al. 2020).
pub const FLOPS_PER_PARAM_TOKEN: f64 = 6.0;

/// Training tokens a parameter that a run may have: from a thousandth of the least to a hundred times the most that
/// any had.
pub const TOKENS_PER_PARAM: RangeInclusive<f64> = 1e-4..=1e7;

impl Chinchilla {
    /// The constants published by Hoffmann et al. 2022 (equation 10), rounded as printed.
    pub const PUBLISHED: Self = Self {
        E: 1.69,
        A: 406.4,
        B: 410.7,
        alpha: 0.34,
        beta: 0.28,
    };

    /// The refit of the same runs by Besiroglu et al. 2024 (equation 9), which this crate's tests reproduce.
    pub const REFIT: Self = Self {
        E: 1.8172,
        A: 482.01,
        B: 2085.43,
        alpha: 0.3478,
        beta: 0.3658,
    };

    /// From parameters in the order E, A, B, alpha, beta; `None` for another number of them.
    pub fn from_parameters(parameters: &[f64]) -> Option<Self> {
        let [irreducible, of_params, of_tokens, alpha, beta] = *parameters else {
            return None;
        };
        Some(Self {
            E: irreducible,
            A: of_params,
            B: of_tokens,
            alpha,
            beta,
        })
    }

    /// The loss at `params` parameters and `tokens` training tokens.
    pub fn loss(&self, params: f64, tokens: f64) -> f64 {
        self.E + self.A * params.powf(-self.alpha) + self.B * tokens.powf(-self.beta)
    }

    /// Exponents `(a, b)` of `N* ~ C^a` and `D* ~ C^b`; they add up to 1 (Hoffmann et al. 2022, equation 4).
    pub fn optimum_exponents(&self) -> (f64, f64) {
        let sum = self.alpha + self.beta;
        (self.beta / sum, self.alpha / sum)
    }

    /// The N and D of least loss with `flops = per_param_token * N * D` (Hoffmann et al. 2022, equation 4).
    ///
    /// `None` when a term is absent or an exponent is not positive: then the optimum is at infinity.
    ///
    /// ```
    /// use triaxis_laws::forms::{Chinchilla, FLOPS_PER_PARAM_TOKEN};
    /// let best = Chinchilla::REFIT.optimum(5.76e23, FLOPS_PER_PARAM_TOKEN).unwrap();
    /// assert!((best.tokens / best.params - 18.4).abs() < 0.1);
    /// ```
    pub fn optimum(&self, flops: f64, per_param_token: f64) -> Option<Allocation> {
        let (a, b) = self.optimum_exponents();
        let ratio = (self.alpha * self.A) / (self.beta * self.B);
        let balance = ratio.powf((self.alpha + self.beta).recip());
        let product = flops / per_param_token;
        let allocation = Allocation {
            params: balance * product.powf(a),
            tokens: product.powf(b) / balance,
        };
        let usable = self.alpha > 0.0
            && self.beta > 0.0
            && [allocation.params, allocation.tokens]
                .iter()
                .all(|value| value.is_finite() && *value > 0.0);
        usable.then_some(allocation)
    }

    /// The tokens with which `params` parameters reach `loss`; `None` when no number of tokens does.
    pub fn tokens_for(&self, loss: f64, params: f64) -> Option<f64> {
        let left = loss - self.E - self.A * params.powf(-self.alpha);
        let tokens = (self.B / left).powf(self.beta.recip());
        (left > 0.0 && tokens.is_finite() && tokens > 0.0).then_some(tokens)
    }

    /// The parameters that reach `loss` with `tokens` tokens; `None` when no number of parameters does.
    pub fn params_for(&self, loss: f64, tokens: f64) -> Option<f64> {
        let left = loss - self.E - self.B * tokens.powf(-self.beta);
        let params = (self.A / left).powf(self.alpha.recip());
        (left > 0.0 && params.is_finite() && params > 0.0).then_some(params)
    }

    /// The least compute `per_param_token * N * D` that reaches `loss`, and where; `None` below the irreducible loss.
    pub fn least_flops(&self, loss: f64, per_param_token: f64) -> Option<(f64, Allocation)> {
        // At the optimum the two terms stand in the ratio beta : alpha, so each is known from the loss.
        let reducible = loss - self.E;
        let sum = self.alpha + self.beta;
        let params = (self.A * sum / (self.beta * reducible)).powf(self.alpha.recip());
        let tokens = (self.B * sum / (self.alpha * reducible)).powf(self.beta.recip());
        let flops = per_param_token * params * tokens;
        let usable =
            reducible > 0.0 && self.alpha > 0.0 && self.beta > 0.0 && flops.is_finite() && flops > 0.0;
        usable.then_some((flops, Allocation { params, tokens }))
    }
}

/// The Chinchilla form for fitting: its third approach.
#[derive(Debug, Clone, Copy)]
pub struct ChinchillaForm;

const EXPONENT_STARTS: &[f64] = &[0.0, 0.5, 1.0, 1.5, 2.0];
const COEFFICIENT_STARTS: &[f64] = &[0.0, 5.0, 10.0, 15.0, 20.0, 25.0];

/// The start grid is that of Hoffmann et al. 2022, appendix D.3: 4,500 points.
static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("chinchilla"),
    equation: Cow::Borrowed("loss = E + A / params^alpha + B / tokens^beta"),
    source: Cow::Borrowed("Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, equation 2"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, -0.5, 0.0, 0.5, 1.0]),
        of_params(COEFFICIENT_STARTS),
        of_tokens(COEFFICIENT_STARTS),
        params_exponent(EXPONENT_STARTS),
        tokens_exponent(EXPONENT_STARTS),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2]),
};

impl LawForm for ChinchillaForm {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (params, tokens) = (exp(-parameters[3] * inputs[0]), exp(-parameters[4] * inputs[1]));
        let (of_params, of_tokens) = (parameters[1] * params, parameters[2] * tokens);
        gradient[0] = 1.0;
        gradient[1] = params;
        gradient[2] = tokens;
        gradient[3] = -inputs[0] * of_params;
        gradient[4] = -inputs[1] * of_tokens;
        parameters[0] + of_params + of_tokens
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.8, 480.0, 2100.0, 0.35, 0.37],
            rows: grid(&[
                &[5e7, 1.5e8, 5e8, 1.5e9, 5e9, 1.5e10],
                &[1e9, 3e9, 1e10, 3e10, 1e11, 3e11],
            ]),
        }
    }
}
