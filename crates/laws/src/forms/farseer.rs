//! Li et al. 2025 (Farseer): the worth of data depends on the size of the model.

use std::borrow::Cow;

use super::{LOSS, PARAMS, TOKENS, grid};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, exp_m1};

/// `L(N, D) = exp(s N^q + S) + exp(B N^b + Q) D^(-exp(A N^a + E))` with each exponent's law of the size written
/// around a billion parameters, as `S + s (n^q - 1) / q` for `n = N / 1e9`.
///
/// The floor, the coefficient and the exponent of the data term each follow the size of the model by a law of
/// their own. Written so, S is the logarithm of the floor at a billion parameters and s how it changes there,
/// which runs tell; of `s`, `S` and `q` as the paper has them they tell little more than one combination.
#[derive(Debug, Clone, Copy)]
pub struct Farseer;

/// Logarithm of the parameters around which sizes are written.
const BILLION: f64 = 20.723_265_836_946_41;

impl Farseer {
    /// The published constants `s, q, S, B, b, Q, A, a, E` as the paper writes them, for the loss of its table.
    pub const PUBLISHED: [f64; 9] = [
        -0.062465, 0.13, 0.128488, 230.734, -0.1729, -1.54421, -1.665631, 0.0459, 3.133347,
    ];

    /// The parameters of the form from constants as the paper writes them.
    ///
    /// ```
    /// use triaxis_laws::form::LawForm;
    /// use triaxis_laws::forms::Farseer;
    /// let parameters = Farseer::from_paper(Farseer::PUBLISHED);
    /// let (params, tokens) = (2.8e9_f64, 4.2e11_f64);
    /// let floor = (-0.062465 * params.powf(0.13) + 0.128488).exp();
    /// let exponent = (-1.665631 * params.powf(0.0459) + 3.133347).exp();
    /// let data = (230.734 * params.powf(-0.1729) - 1.54421).exp() * tokens.powf(-exponent);
    /// let value = Farseer.value(&parameters, &[params.ln(), tokens.ln()], &mut [0.0; 9]);
    /// assert!((value / (floor + data) - 1.0).abs() < 1e-9);
    /// ```
    pub fn from_paper(constants: [f64; 9]) -> [f64; 9] {
        let mut parameters = constants;
        for of in parameters.chunks_exact_mut(3) {
            let (factor, exponent) = (of[0] * (BILLION * of[1]).exp(), of[1]);
            of[0] = factor * exponent;
            of[2] += factor;
        }
        parameters
    }
}

const fn slope(name: &'static str, meaning: &'static str, starts: &'static [f64]) -> Parameter {
    Parameter::real(name, "1", meaning, starts, (-20.0, 20.0))
}

const fn bend(name: &'static str, start: &'static [f64]) -> Parameter {
    Parameter::real(
        name,
        "1",
        "how that changes with the size: 0 for a power law",
        start,
        (-3.0, 3.0),
    )
}

const fn level(name: &'static str, meaning: &'static str, starts: &'static [f64]) -> Parameter {
    Parameter::real(name, "1", meaning, starts, (-50.0, 50.0))
}

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("farseer"),
    equation: Cow::Borrowed(
        "loss = exp(S + s (n^q - 1) / q) + exp(Q + B (n^b - 1) / b) tokens^(-exp(E + A (n^a - 1) / a)), \
         n = params / 1e9",
    ),
    source: Cow::Borrowed("Li et al. 2025, Farseer: A Refined Scaling Law in Large Language Models"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        slope("s", "exponent of the floor at a billion parameters", &[-0.1]),
        bend("q", &[0.1]),
        level(
            "S",
            "logarithm of the floor at a billion parameters",
            &[-1.0, 0.5],
        ),
        slope(
            "B",
            "exponent of the data term's coefficient at a billion parameters",
            &[-1.0, 0.0],
        ),
        bend("b", &[-0.1]),
        level(
            "Q",
            "logarithm of the data term's coefficient at a billion parameters",
            &[3.0, 7.0],
        ),
        slope(
            "A",
            "how the logarithm of the data's exponent changes at a billion parameters",
            &[-0.2, 0.0],
        ),
        bend("a", &[0.05]),
        level(
            "E",
            "logarithm of the data's exponent at a billion parameters",
            &[-1.2, -0.5],
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

/// `(exp(bend x) - 1) / bend`, which is `x` where nothing bends, and its derivative by `bend`.
#[inline(always)]
fn bent(x: f64, bend: f64) -> (f64, f64) {
    let turn = bend * x;
    // The closed forms lose their digits to cancellation near 0: three terms of the series have them there.
    let is_straight = turn.abs() < 1e-3;
    let bend = if is_straight { 1.0 } else { bend };
    let grown = exp_m1(turn);
    let value = grown / bend;
    let by_bend = (x * (grown + 1.0) - value) / bend;
    let straight = x * (1.0 + turn * (0.5 + turn / 6.0));
    let straight_by_bend = x * x * (0.5 + turn * (1.0 / 3.0 + 0.125 * turn));
    match is_straight {
        true => (straight, straight_by_bend),
        false => (value, by_bend),
    }
}

impl LawForm for Farseer {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [s, q, of_floor, b_slope, b, of_size, a_slope, a, of_exponent] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|at| parameters[at]);
        let (size, tokens) = (inputs[0] - BILLION, inputs[1]);
        let [(by_s, by_q), (by_slope, by_b), (by_decay, by_a)] = [q, b, a].map(|bend| bent(size, bend));
        let floor = exp(of_floor + s * by_s);
        let exponent = exp(of_exponent + a_slope * by_decay);
        let data = exp(of_size + b_slope * by_slope - exponent * tokens);
        let by_exponent = -data * exponent * tokens;
        gradient[0] = floor * by_s;
        gradient[1] = floor * s * by_q;
        gradient[2] = floor;
        gradient[3] = data * by_slope;
        gradient[4] = data * b_slope * by_b;
        gradient[5] = data;
        gradient[6] = by_exponent * by_decay;
        gradient[7] = by_exponent * a_slope * by_a;
        gradient[8] = by_exponent;
        floor + data
    }

    fn example(&self) -> Example {
        Example {
            parameters: Self::from_paper(Self::PUBLISHED).to_vec(),
            rows: grid(&[
                &[1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12],
                &[1e8, 1e9, 1e10, 1e11, 1e12, 1e13],
            ]),
        }
    }
}
