//! The surface that arms share: of parameters and tokens, or of compute where these do not vary apart.

use super::{Multiplied, Place};
use crate::form::LawForm;
use crate::forms::{ChinchillaForm, CoupledForm, SaturatingPowerLaw};

/// The law of the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// `E + A / N^alpha + B / D^beta`.
    Additive,
    /// `E + (A / N^alpha + B / D^beta)^gamma`.
    Coupled,
    /// `E + A / C^alpha`.
    Compute,
}

/// A base with parameters, in natural units.
#[derive(Clone, Copy)]
pub(super) struct Surface<'a> {
    pub(super) base: Base,
    pub(super) parameters: &'a [f64],
}

impl Base {
    pub(super) fn form(self) -> &'static dyn LawForm {
        match self {
            Self::Additive => &ChinchillaForm,
            Self::Coupled => &CoupledForm,
            Self::Compute => &SaturatingPowerLaw::OF_COMPUTE,
        }
    }

    /// What factors may be of.
    pub(super) fn multiplied(self) -> &'static [Multiplied] {
        match self {
            Self::Additive | Self::Coupled => &[Multiplied::Reducible, Multiplied::Data],
            Self::Compute => &[Multiplied::Reducible],
        }
    }
}

impl Surface<'_> {
    pub(super) fn floor(&self) -> f64 {
        self.parameters[0]
    }

    /// The exponent of the sum of the terms.
    fn outer(&self) -> f64 {
        match self.base {
            Base::Coupled => self.parameters[5],
            Base::Additive | Base::Compute => 1.0,
        }
    }

    /// The exponents of parameters and tokens.
    fn exponents(&self) -> (f64, f64) {
        (self.parameters[3], self.parameters[4])
    }

    /// The terms at a place: that of the parameters, and that of the tokens or of the compute.
    pub(super) fn terms(&self, at: &Place) -> (f64, f64) {
        match self.base {
            Base::Additive | Base::Coupled => {
                let (alpha, beta) = self.exponents();
                (
                    self.parameters[1] * at.params.powf(-alpha),
                    self.parameters[2] * at.tokens.powf(-beta),
                )
            }
            Base::Compute => (0.0, self.parameters[1] * at.flops.powf(-self.parameters[2])),
        }
    }

    /// What an arm has above the floor where the baseline has such terms, by the logarithm of its factor, and the
    /// derivative by that.
    pub(super) fn reducible(&self, (of_params, rest): (f64, f64), of: Multiplied, factor: f64) -> (f64, f64) {
        let power = |sum: f64| match self.base {
            Base::Coupled => sum.powf(self.outer()),
            Base::Additive | Base::Compute => sum,
        };
        match of {
            Multiplied::Reducible => {
                let reducible = factor.exp() * power(of_params + rest);
                (reducible, reducible)
            }
            Multiplied::Data => {
                let data = factor.exp() * rest;
                let reducible = power(of_params + data);
                (reducible, self.outer() * data / (of_params + data) * reducible)
            }
        }
    }

    /// How many times the tokens at a place the baseline takes there to have `reducible` above its floor; infinite
    /// where no tokens make up for its parameters, `None` by a law of compute.
    pub(super) fn tokens_for(&self, at: &Place, reducible: f64) -> Option<f64> {
        let (of_params, of_tokens) = self.terms(at);
        let left = reducible.powf(self.outer().recip()) - of_params;
        let times = || (of_tokens / left).powf(self.exponents().1.recip());
        (self.base != Base::Compute).then(|| if left > 0.0 { times() } else { f64::INFINITY })
    }

    /// The power of a factor that the least loss of a compute has above the floor: of the data term, the rest is met by
    /// another split (Hoffmann et al. 2022, equation 4).
    pub(super) fn power(&self, of: Multiplied) -> f64 {
        let (alpha, beta) = match of {
            Multiplied::Reducible => return 1.0,
            Multiplied::Data => self.exponents(),
        };
        self.outer() * alpha / (alpha + beta)
    }

    /// The exponent with which the reducible loss falls along the compute-optimal path.
    pub(super) fn exponent(&self) -> f64 {
        match self.base {
            Base::Additive | Base::Coupled => {
                let (alpha, beta) = self.exponents();
                self.outer() * alpha * beta / (alpha + beta)
            }
            Base::Compute => self.parameters[2],
        }
    }

    /// A place with its compute scaled to `flops`, along the split that the law is best with.
    pub(super) fn scaled(&self, end: Place, flops: f64) -> Place {
        let times = flops / end.flops;
        let share = match self.base {
            Base::Additive | Base::Coupled => {
                let (alpha, beta) = self.exponents();
                Some(beta / (alpha + beta)).filter(|share| share.is_finite())
            }
            Base::Compute => None,
        };
        let share = share.unwrap_or(0.5).clamp(0.0, 1.0);
        Place {
            flops,
            params: end.params * times.powf(share),
            tokens: end.tokens * times.powf(1.0 - share),
        }
    }
}
