//! How rows are normalised.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::ops;
use crate::weights::{Group, Initial, Scope, WeightSpec};

/// A normalisation of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norm {
    /// What a row is divided by, and whether it is shifted.
    pub kind: NormKind,
    /// Added to the mean square before its root.
    pub epsilon: f64,
}

/// What a normalisation makes of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// A row over the root of its mean square, times a gain (RMSNorm, arXiv 1910.07467).
    #[default]
    Rms,
    /// A row less its mean, over the root of its variance, times a gain, plus a bias (LayerNorm, arXiv 1607.06450).
    Layer,
    /// RMSNorm whose gain is one and what its weight says, so that a weight that shrinks leaves a gain of one
    /// (Qwen3-Next). So are the gains of queries and keys; those within a mixer's own output are not.
    ZeroCentred,
}

impl NormKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Rms, Self::Layer, Self::ZeroCentred];

    /// Its name in specs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rms => "rms",
            Self::Layer => "layer",
            Self::ZeroCentred => "zero-centred",
        }
    }

    /// A gain of ones, as it is kept.
    pub(crate) fn gain(self, name: &str, shape: &[usize]) -> WeightSpec {
        WeightSpec {
            name: name.to_owned(),
            shape: shape.to_vec(),
            initial: Initial::Constant(if self == Self::ZeroCentred { 0.0 } else { 1.0 }),
            group: Group::Gain,
            hidden: None,
        }
    }

    /// Its weights.
    pub(crate) fn weights(self, name: &str, width: usize) -> Vec<WeightSpec> {
        match self {
            Self::Rms | Self::ZeroCentred => vec![self.gain(name, &[width])],
            Self::Layer => vec![
                WeightSpec::gain(name, width),
                WeightSpec::bias(&bias_of(name), width),
            ],
        }
    }
}

/// The name of the bias beside a gain of that name.
fn bias_of(name: &str) -> String {
    format!("{name}_bias")
}

impl Scope<'_> {
    /// The gain of that name, flat.
    pub(crate) fn gain(&self, name: &str) -> Tensor<1> {
        match self.norm().kind {
            NormKind::ZeroCentred => self.flat(name).add_scalar(1.0),
            NormKind::Rms | NormKind::Layer => self.flat(name),
        }
    }

    /// Rows, `[rows, width]`, normalised by the weights of that name.
    pub(crate) fn normed(&self, x: Tensor<2>, name: &str) -> Tensor<2> {
        let Norm { kind, epsilon } = self.norm();
        match kind {
            NormKind::Rms | NormKind::ZeroCentred => ops::rms_norm(x, self.gain(name), epsilon),
            NormKind::Layer => {
                let bias = self.vector(&bias_of(name));
                ops::layer_norm(x, self.vector(name), bias, epsilon)
            }
        }
    }
}
