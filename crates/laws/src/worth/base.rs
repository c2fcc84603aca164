//! The law that all arms share: of parameters and tokens, or of compute where these do not vary apart.

use super::Place;
use crate::error::InputError;
use crate::form::LawForm;
use crate::forms::{ChinchillaForm, Grouped, SaturatingPowerLaw};

/// What factors are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// All of Chinchilla above its floor: `E + k (A / N^alpha + B / D^beta)`.
    Joint,
    /// Its data term: `E + A / N^alpha + k B / D^beta`.
    Tokens,
    /// `E + k A / C^alpha`.
    Compute,
}

impl Base {
    /// The law of one arm.
    pub(super) fn form(self) -> &'static dyn LawForm {
        match self {
            Self::Joint | Self::Tokens => &ChinchillaForm,
            Self::Compute => &SaturatingPowerLaw::OF_COMPUTE,
        }
    }

    /// That of so many.
    pub(super) fn grouped(self, arms: usize) -> Result<Grouped, InputError> {
        match self {
            Self::Joint | Self::Compute => Grouped::new(self.form(), arms),
            Self::Tokens => Grouped::of_tokens(arms),
        }
    }

    /// The power of a factor that the least loss of a compute has above the floor, and its derivatives by the natural
    /// parameters: of the data term, the rest is met by another split (Hoffmann et al. 2022, equation 4).
    pub(super) fn power(self, parameters: &[f64]) -> (f64, Vec<f64>) {
        match self {
            Self::Joint | Self::Compute => (1.0, vec![0.0; parameters.len()]),
            Self::Tokens => {
                let (alpha, beta) = (parameters[3], parameters[4]);
                let sum = alpha + beta;
                let by = [beta / (sum * sum), -alpha / (sum * sum)];
                (alpha / sum, vec![0.0, 0.0, 0.0, by[0], by[1]])
            }
        }
    }

    /// The exponent with which the reducible loss falls along the compute-optimal path, and its derivatives by the
    /// natural parameters.
    pub(super) fn exponent(self, parameters: &[f64]) -> (f64, Vec<f64>) {
        match self {
            Self::Joint | Self::Tokens => {
                let (alpha, beta) = (parameters[3], parameters[4]);
                let sum = alpha + beta;
                let slopes = vec![0.0, 0.0, 0.0, (beta / sum).powi(2), (alpha / sum).powi(2)];
                (alpha * beta / sum, slopes)
            }
            Self::Compute => (parameters[2], vec![0.0, 0.0, 1.0]),
        }
    }

    /// The exponent of the tokens; `None` of a law of compute.
    pub(super) fn data_exponent(self, parameters: &[f64]) -> Option<f64> {
        (self != Self::Compute).then(|| parameters[4])
    }

    /// The terms of the reducible loss of the baseline at a place: that of the parameters, and that of the tokens or
    /// of the compute.
    pub(super) fn terms(self, parameters: &[f64], at: &Place) -> (f64, f64) {
        match self {
            Self::Joint | Self::Tokens => (
                parameters[1] * at.params.powf(-parameters[3]),
                parameters[2] * at.tokens.powf(-parameters[4]),
            ),
            Self::Compute => (0.0, parameters[1] * at.flops.powf(-parameters[2])),
        }
    }

    /// What an arm has above the floor where the baseline has these terms, by its factor.
    pub(super) fn reducible(self, (of_params, rest): (f64, f64), factor: f64) -> f64 {
        match self {
            Self::Joint | Self::Compute => factor * (of_params + rest),
            Self::Tokens => of_params + factor * rest,
        }
    }
}
