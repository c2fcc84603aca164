//! The law that all arms share: of parameters and tokens, or of compute where these do not vary apart.

use super::Place;
use crate::form::LawForm;
use crate::forms::{ChinchillaForm, SaturatingPowerLaw};

/// What factors are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// Chinchilla: `E + A / N^alpha + B / D^beta`.
    Joint,
    /// `E + A / C^alpha`.
    Compute,
}

impl Base {
    pub(super) fn form(self) -> &'static dyn LawForm {
        match self {
            Self::Joint => &ChinchillaForm,
            Self::Compute => &SaturatingPowerLaw::OF_COMPUTE,
        }
    }

    /// The exponent with which the reducible loss falls along the compute-optimal path, and its derivatives by the
    /// natural parameters.
    pub(super) fn exponent(self, parameters: &[f64]) -> (f64, Vec<f64>) {
        match self {
            Self::Joint => {
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
        (self == Self::Joint).then(|| parameters[4])
    }

    /// The terms of the reducible loss of the baseline at a place: that of the parameters, and that of the tokens or
    /// of the compute.
    pub(super) fn terms(self, parameters: &[f64], at: &Place) -> (f64, f64) {
        match self {
            Self::Joint => (
                parameters[1] * at.params.powf(-parameters[3]),
                parameters[2] * at.tokens.powf(-parameters[4]),
            ),
            Self::Compute => (0.0, parameters[1] * at.flops.powf(-parameters[2])),
        }
    }
}
