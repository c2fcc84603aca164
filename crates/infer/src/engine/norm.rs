//! Normalisation of a column.

use std::ops::Range;

use triaxis_kernels::cpu::{layer_norm, rms_norm};
use triaxis_model::{Norm, NormKind};

use super::load::Load;
use super::stream::Stream;
use crate::error::InferError;

/// A normalisation with its weights.
#[derive(Debug)]
pub(super) struct Normalised {
    gain: Vec<f32>,
    /// That of LayerNorm.
    bias: Option<Vec<f32>>,
    epsilon: f32,
}

impl Normalised {
    /// That by the weights of a name.
    pub(super) fn load(load: &Load<'_>, name: &str) -> Result<Self, InferError> {
        let norm = load.norm();
        let gain = gain(load, norm, name)?;
        let bias = match norm.kind {
            NormKind::Layer => Some(load.vector(&format!("{name}_bias"))?),
            NormKind::Rms | NormKind::ZeroCentred => None,
        };
        Ok(Self {
            gain,
            bias,
            epsilon: norm.epsilon as f32,
        })
    }

    /// Writes some columns of a stream as they are after it, one after the other.
    pub(super) fn gather(&self, stream: &Stream, columns: Range<usize>, out: &mut [f32]) {
        let width = self.gain.len();
        stream.gather_all(columns, out);
        let mut before = vec![0.0; width];
        for column in out.chunks_exact_mut(width) {
            before.copy_from_slice(column);
            self.apply(&before, column);
        }
    }

    /// Writes a column as it is after it.
    fn apply(&self, column: &[f32], out: &mut [f32]) {
        match &self.bias {
            None => rms_norm::forward(column, &self.gain, self.epsilon, out, &mut [0.0]),
            Some(bias) => {
                let affine = layer_norm::Affine {
                    gain: &self.gain,
                    bias,
                };
                layer_norm::forward(column, affine, self.epsilon, out, &mut [0.0; 2]);
            }
        }
    }
}

/// A gain as it multiplies.
pub(super) fn gain(load: &Load<'_>, norm: Norm, name: &str) -> Result<Vec<f32>, InferError> {
    let mut gain = load.vector(name)?;
    if norm.kind == NormKind::ZeroCentred {
        gain.iter_mut().for_each(|gain| *gain += 1.0);
    }
    Ok(gain)
}
