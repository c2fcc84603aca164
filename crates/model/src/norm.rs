//! How rows are normalised.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::ops;
use crate::weights::{Scope, WeightSpec};

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
}

impl NormKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Rms, Self::Layer];

    /// Its name in specs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rms => "rms",
            Self::Layer => "layer",
        }
    }

    /// Its weights.
    pub(crate) fn weights(self, name: &str, width: usize) -> Vec<WeightSpec> {
        match self {
            Self::Rms => vec![WeightSpec::gain(name, width)],
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
    /// Rows, `[rows, width]`, normalised by the weights of that name.
    pub(crate) fn normed(&self, x: Tensor<2>, name: &str) -> Tensor<2> {
        let Norm { kind, epsilon } = self.norm();
        match kind {
            NormKind::Rms => ops::rms_norm(x, self.vector(name), epsilon),
            NormKind::Layer => {
                let bias = self.vector(&bias_of(name));
                ops::layer_norm(x, self.vector(name), bias, epsilon)
            }
        }
    }
}
