//! The forms of a mixture's loss.

use serde::{Deserialize, Serialize};

/// What is added to a share before its logarithm is taken, so that an absent domain has one.
const ADDED: f64 = 0.01;

/// How loss hangs on shares `r_j`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MixtureForm {
    /// `L = sum_j w_j r_j` (Liu et al. 2024, RegMix, section 3.2).
    Linear,
    /// `L = sum_j (w_j r_j + v_j ln(r_j + 0.01))`: what the first part of a domain is worth more.
    Logarithmic,
    /// `L = c + exp(k + sum_j t_j r_j)` (Ye et al. 2024, Data Mixing Laws, equation 7).
    Exponential,
}

impl MixtureForm {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Logarithmic, Self::Exponential];

    /// Its name, as in data.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Logarithmic => "logarithmic",
            Self::Exponential => "exponential",
        }
    }

    /// The number of parameters for so many domains.
    pub fn parameters(self, domains: usize) -> usize {
        match self {
            Self::Linear => domains,
            Self::Logarithmic => 2 * domains,
            Self::Exponential => domains + 2,
        }
    }

    /// The loss of a mixture, and its derivative by each parameter.
    pub(super) fn value(self, parameters: &[f64], shares: &[f64], gradient: &mut [f64]) -> f64 {
        match self {
            Self::Linear => {
                gradient.copy_from_slice(shares);
                product(parameters, shares)
            }
            Self::Logarithmic => {
                let (plain, logarithms) = gradient.split_at_mut(shares.len());
                plain.copy_from_slice(shares);
                for (logarithm, share) in logarithms.iter_mut().zip(shares) {
                    *logarithm = (share + ADDED).ln();
                }
                product(parameters, gradient)
            }
            Self::Exponential => {
                let removable = (parameters[1] + product(&parameters[2..], shares)).exp();
                gradient[0] = 1.0;
                gradient[1] = removable;
                for (slope, share) in gradient[2..].iter_mut().zip(shares) {
                    *slope = removable * share;
                }
                parameters[0] + removable
            }
        }
    }

    /// The loss of a mixture.
    pub(super) fn loss(self, parameters: &[f64], shares: &[f64]) -> f64 {
        match self {
            Self::Linear => product(parameters, shares),
            Self::Logarithmic => {
                let (plain, of_logarithms) = parameters.split_at(shares.len());
                let logarithms = shares.iter().map(|share| (share + ADDED).ln());
                let logarithms = logarithms
                    .zip(of_logarithms)
                    .map(|(value, weight)| value * weight);
                product(plain, shares) + logarithms.sum::<f64>()
            }
            Self::Exponential => parameters[0] + (parameters[1] + product(&parameters[2..], shares)).exp(),
        }
    }

    /// The derivative of the loss by each share.
    pub(super) fn slopes(self, parameters: &[f64], shares: &[f64]) -> Vec<f64> {
        match self {
            Self::Linear => parameters.to_vec(),
            Self::Logarithmic => {
                let (plain, of_logarithms) = parameters.split_at(shares.len());
                let each = plain.iter().zip(of_logarithms).zip(shares);
                each.map(|((plain, weight), share)| plain + weight / (share + ADDED))
                    .collect()
            }
            Self::Exponential => {
                let removable = self.loss(parameters, shares) - parameters[0];
                parameters[2..].iter().map(|t| t * removable).collect()
            }
        }
    }

    /// Whether a mixture from which no exchange gains is the best: not where the first part of a domain costs most.
    pub(super) fn is_convex(self, parameters: &[f64], domains: usize) -> bool {
        self != Self::Logarithmic || parameters[domains..].iter().all(|weight| *weight <= 0.0)
    }

    /// Whether the law is linear in its parameters.
    pub(super) fn is_linear(self) -> bool {
        self != Self::Exponential
    }
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
