//! Busbridge et al. 2025: the parameter and the data term under one exponent, which holds Chinchilla and Kaplan.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Allocation, Chinchilla, LOSS, PARAMS, TOKENS, grid, irreducible};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln, power};

/// `L(N, D) = E + (A / N^alpha + B / D^beta)^gamma` (Busbridge et al. 2025, arXiv 2502.08606, equation 1).
///
/// With `gamma = 1` it is [`Chinchilla`]; with `E = 0` and `beta = 1` it is Kaplan et al. 2020,
/// equation 1.5. The outer exponent lets a term matter less where the other is large, which the
/// additive law cannot: at equal compute its optimum is that of the sum inside, since the rest only rises with it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[allow(non_snake_case)]
pub struct Coupled {
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
    /// Exponent of their sum.
    pub gamma: f64,
}

impl From<Chinchilla> for Coupled {
    fn from(law: Chinchilla) -> Self {
        Self {
            E: law.E,
            A: law.A,
            B: law.B,
            alpha: law.alpha,
            beta: law.beta,
            gamma: 1.0,
        }
    }
}

impl Coupled {
    /// From the parameters of the form `name`, in its order: `chinchilla`, `kaplan` or `coupled`.
    ///
    /// `None` for another form, or another number of parameters.
    pub fn from_form(name: &str, parameters: &[f64]) -> Option<Self> {
        match (name, parameters) {
            ("chinchilla", parameters) => Chinchilla::from_parameters(parameters).map(Self::from),
            ("kaplan", &[critical_params, critical_tokens, alpha_params, alpha_tokens]) => {
                let alpha = alpha_params / alpha_tokens;
                Some(Self {
                    E: 0.0,
                    A: critical_params.powf(alpha),
                    B: critical_tokens,
                    alpha,
                    beta: 1.0,
                    gamma: alpha_tokens,
                })
            }
            ("coupled", &[irreducible, of_params, of_tokens, alpha, beta, gamma]) => Some(Self {
                E: irreducible,
                A: of_params,
                B: of_tokens,
                alpha,
                beta,
                gamma,
            }),
            _ => None,
        }
    }

    /// The sum under the exponent: a Chinchilla law without a floor.
    pub fn inner(&self) -> Chinchilla {
        Chinchilla {
            E: 0.0,
            A: self.A,
            B: self.B,
            alpha: self.alpha,
            beta: self.beta,
        }
    }

    /// The loss at `params` parameters and `tokens` training tokens.
    pub fn loss(&self, params: f64, tokens: f64) -> f64 {
        self.E + self.inner().loss(params, tokens).powf(self.gamma)
    }

    /// What the sum under the exponent is at `loss`; not above zero, or not a number, at or below the floor.
    pub fn inner_at(&self, loss: f64) -> f64 {
        (loss - self.E).powf(self.gamma.recip())
    }

    /// Exponents `(a, b)` of `N* ~ C^a` and `D* ~ C^b`, as [`Chinchilla::optimum_exponents`].
    pub fn optimum_exponents(&self) -> (f64, f64) {
        self.inner().optimum_exponents()
    }

    /// The N and D of least loss with `flops = per_param_token * N * D`, as [`Chinchilla::optimum`].
    ///
    /// ```
    /// use triaxis_laws::forms::{Chinchilla, Coupled};
    /// let plain = Coupled::from(Chinchilla::REFIT);
    /// assert_eq!(plain.optimum(1e21, 6.0), Chinchilla::REFIT.optimum(1e21, 6.0));
    /// let best = Coupled { gamma: 0.5, ..plain }.optimum(1e21, 6.0).unwrap();
    /// assert_eq!(Some(best), plain.optimum(1e21, 6.0));
    /// ```
    pub fn optimum(&self, flops: f64, per_param_token: f64) -> Option<Allocation> {
        let rising = self.gamma > 0.0 && self.gamma.is_finite();
        self.inner().optimum(flops, per_param_token).filter(|_| rising)
    }
}

/// The form for fitting.
#[derive(Debug, Clone, Copy)]
pub struct CoupledForm;

const COEFFICIENT_STARTS: &[f64] = &[2.5, 7.5, 12.5];
const EXPONENT_STARTS: &[f64] = &[-1.5, -0.7, 0.0];

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("coupled"),
    equation: Cow::Borrowed("loss = E + (A / params^alpha + B / tokens^beta)^gamma"),
    source: Cow::Borrowed("Busbridge et al. 2025, Distillation Scaling Laws, equation 1"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, 0.5]),
        Parameter::positive(
            "A",
            "loss^(1/gamma)",
            "coefficient of the parameter term",
            COEFFICIENT_STARTS,
            (1e-3, 1e40),
        ),
        Parameter::positive(
            "B",
            "loss^(1/gamma)",
            "coefficient of the data term",
            COEFFICIENT_STARTS,
            (1e-3, 1e40),
        ),
        Parameter::positive(
            "alpha",
            "1",
            "exponent of the parameter term",
            EXPONENT_STARTS,
            (1e-3, 10.0),
        ),
        Parameter::positive(
            "beta",
            "1",
            "exponent of the data term",
            EXPONENT_STARTS,
            (1e-3, 10.0),
        ),
        Parameter::positive(
            "gamma",
            "1",
            "exponent of the sum",
            &[-1.5, -0.7, 0.0],
            (1e-2, 10.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0]),
};

impl LawForm for CoupledForm {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, of_params, of_tokens, alpha, beta, gamma] =
            [0, 1, 2, 3, 4, 5].map(|at| parameters[at]);
        let (params, tokens) = (exp(-alpha * inputs[0]), exp(-beta * inputs[1]));
        let sum = of_params * params + of_tokens * tokens;
        let reducible = power(sum, gamma);
        let outer = gamma * reducible / sum;
        gradient[0] = 1.0;
        gradient[1] = outer * params;
        gradient[2] = outer * tokens;
        gradient[3] = -outer * of_params * params * inputs[0];
        gradient[4] = -outer * of_tokens * tokens * inputs[1];
        gradient[5] = reducible * ln(sum);
        irreducible + reducible
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.2, 5e3, 4e4, 0.55, 0.6, 0.6],
            rows: grid(&[&[1e6, 1e7, 1e8, 1e9, 1e10], &[1e7, 1e8, 1e9, 1e10, 1e11, 1e12]]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::LawForm;
    use crate::forms::{ChinchillaForm, Kaplan};

    fn close(one: f64, other: f64) {
        assert!((one / other - 1.0).abs() < 1e-12, "{one} {other}");
    }

    #[test]
    fn it_holds_chinchilla_and_kaplan() {
        for form in [&ChinchillaForm as &dyn LawForm, &Kaplan, &CoupledForm] {
            let example = form.example();
            let law = Coupled::from_form(form.name(), &example.parameters);
            let law = law.expect("all three have a coupled form");
            let mut gradient = vec![0.0; example.parameters.len()];
            for row in &example.rows {
                let inputs: Vec<f64> = row.iter().map(|value| value.ln()).collect();
                close(
                    law.loss(row[0], row[1]),
                    form.value(&example.parameters, &inputs, &mut gradient),
                );
            }
        }
        assert_eq!(Coupled::from_form("power-law", &[1.0, 1.0]), None);
    }

    #[test]
    fn the_optimum_is_where_the_loss_is_least() {
        let law = Coupled {
            gamma: 0.4,
            ..Coupled::from(Chinchilla::REFIT)
        };
        let best = law.optimum(1e20, 6.0).expect("all exponents are positive");
        let least = law.loss(best.params, best.tokens);
        close(law.inner_at(least), law.inner().loss(best.params, best.tokens));
        for factor in [0.5, 0.9, 1.1, 2.0] {
            assert!(law.loss(best.params * factor, best.tokens / factor) > least);
        }
    }
}
