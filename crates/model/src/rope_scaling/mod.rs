//! Rotary positions beyond those that a network was trained at.

mod frequencies;

use serde::{Deserialize, Serialize};

use crate::error::{ModelError, rule};
pub(crate) use frequencies::{rotation, turns};

/// A change of the rotary frequencies for longer contexts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RopeScaling {
    /// Positions over a factor (Chen et al. 2023, arXiv 2306.15595).
    Linear {
        /// How much longer the context is.
        factor: f64,
    },
    /// Another base, by which the slowest pair turns as linear scaling has it and the fastest as before ("NTK-aware").
    Ntk {
        /// How much longer the context is.
        factor: f64,
    },
    /// The same, by as much as the network's context is longer than the original one: the base is that of the whole
    /// context at every length, so that what is remembered stays valid.
    Dynamic {
        /// By what the growth of the context is multiplied.
        factor: f64,
        /// The context that the network was trained at.
        original_context: usize,
    },
    /// Fast pairs as before, slow ones as linear scaling has them, those between in part, and larger scores (Peng et al.
    /// 2023, arXiv 2309.00071).
    Yarn {
        /// How much longer the context is.
        factor: f64,
        /// The context that the network was trained at.
        original_context: usize,
        /// Turns within the original context from which on a pair is fast.
        #[serde(default = "beta_fast")]
        beta_fast: f64,
        /// Turns within the original context up to which a pair is slow.
        #[serde(default = "beta_slow")]
        beta_slow: f64,
        /// What turned queries and keys are multiplied by: `0.1 ln(factor) + 1` unless it is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attention_factor: Option<f64>,
    },
    /// Short wavelengths as before, long ones multiplied by the factor, those between in part (Llama 3.1, arXiv
    /// 2407.21783).
    Llama3 {
        /// How much longer the context is.
        factor: f64,
        /// The context that the network was trained at.
        original_context: usize,
        /// Wavelengths in the original context up to which one is long.
        #[serde(default = "low_frequency_factor")]
        low_frequency_factor: f64,
        /// Wavelengths in the original context from which on one is short.
        #[serde(default = "high_frequency_factor")]
        high_frequency_factor: f64,
    },
}

fn beta_fast() -> f64 {
    32.0
}

fn beta_slow() -> f64 {
    1.0
}

fn low_frequency_factor() -> f64 {
    1.0
}

fn high_frequency_factor() -> f64 {
    4.0
}

/// Rules on a base of rotary angles and on how they are scaled, where so many coordinates turn.
pub(crate) fn check(theta: f64, scaling: Option<RopeScaling>, turning: usize) -> Result<(), ModelError> {
    rule(
        theta.is_finite() && theta > 1.0,
        "rope_theta",
        theta,
        "must be a finite number above 1",
        "leave it out for 10000",
    )?;
    scaling.map_or(Ok(()), |scaling| scaling.validate(turning))
}

impl RopeScaling {
    /// One of each kind, for a context of about six positions.
    pub(crate) fn examples() -> Vec<Self> {
        let (factor, original_context) = (4.0, 3);
        vec![
            Self::Linear { factor },
            Self::Ntk { factor },
            Self::Dynamic {
                factor,
                original_context,
            },
            Self::Yarn {
                factor,
                original_context,
                beta_fast: 0.4,
                beta_slow: 0.01,
                attention_factor: None,
            },
            Self::Llama3 {
                factor,
                original_context,
                low_frequency_factor: 0.02,
                high_frequency_factor: 0.3,
            },
        ]
    }

    fn validate(&self, turning: usize) -> Result<(), ModelError> {
        let (Self::Linear { factor }
        | Self::Ntk { factor }
        | Self::Dynamic { factor, .. }
        | Self::Yarn { factor, .. }
        | Self::Llama3 { factor, .. }) = *self;
        rule(
            (1.0..=1e6).contains(&factor),
            "rope_scaling.factor",
            factor,
            "must be from 1 to 1000000",
            "give how much longer the context is",
        )?;
        if let Self::Ntk { .. } | Self::Dynamic { .. } = self {
            rule(
                turning > 2,
                "rope_scaling.kind",
                if matches!(self, Self::Ntk { .. }) {
                    "\"ntk\""
                } else {
                    "\"dynamic\""
                },
                format!("changes the base, which {turning} turning coordinates do not tell"),
                "choose `linear`",
            )?;
        }
        if let Self::Dynamic { original_context, .. }
        | Self::Yarn { original_context, .. }
        | Self::Llama3 { original_context, .. } = *self
        {
            rule(
                original_context > 0,
                "rope_scaling.original_context",
                original_context,
                "must be at least 1",
                "give the context that the network was trained at",
            )?;
        }
        match *self {
            Self::Yarn {
                beta_fast,
                beta_slow,
                attention_factor,
                ..
            } => {
                rule(
                    beta_slow > 0.0 && beta_fast > beta_slow && beta_fast.is_finite(),
                    "rope_scaling.beta_fast",
                    beta_fast,
                    format!("must be above `beta_slow = {beta_slow}`, and that above 0"),
                    "leave both out for 32 and 1",
                )?;
                let magnitude = attention_factor.unwrap_or(1.0);
                rule(
                    magnitude > 0.0 && magnitude.is_finite(),
                    "rope_scaling.attention_factor",
                    magnitude,
                    "must be a finite number above 0",
                    "leave it out for 0.1 ln(factor) + 1",
                )
            }
            Self::Llama3 {
                low_frequency_factor: low,
                high_frequency_factor: high,
                ..
            } => rule(
                low > 0.0 && high > low && high.is_finite(),
                "rope_scaling.high_frequency_factor",
                high,
                format!("must be above `low_frequency_factor = {low}`, and that above 0"),
                "leave both out for 4 and 1",
            ),
            _ => Ok(()),
        }
    }
}
