//! A gate before a normalisation: `norm(y ∘ silu(gate)) ∘ gain` (Dao and Gu 2024, arXiv 2405.21060, section 7).

use super::rms_norm::scale_of;
use super::row_gate::RowGate;
use crate::simd::{Simd, each_vector};

/// The normalisation's gain and ε.
#[derive(Clone, Copy)]
pub(super) struct GatedNorm<'a> {
    pub(super) gain: &'a [f32],
    pub(super) epsilon: f32,
}

impl RowGate for GatedNorm<'_> {
    fn gain(&self) -> &[f32] {
        self.gain
    }

    #[inline(always)]
    fn forward<S: Simd>(self, simd: S, y: &[f32], gate: &[f32], output: &mut [f32]) {
        let scale = simd.splat(gated(simd, self, y, gate, output));
        each_vector(
            simd,
            [self.gain],
            [output],
            0.0,
            #[inline(always)]
            |[gain], [x]| [simd.mul(simd.mul(x, scale), gain)],
        );
    }

    /// With `s` the scale of a row, `n = y silu(gate) s` and `g = doutput × gain`: the gradient of what is gated is
    /// `s (g - n mean(g n))`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        simd: S,
        [y, gate, doutput]: [&[f32]; 3],
        dy: &mut [f32],
        dgate: &mut [f32],
        dgain: &mut [f32],
    ) {
        // `dy` is `n` at first.
        let scale = simd.splat(gated(simd, self, y, gate, dy));
        let mut projection = simd.splat(0.0);
        each_vector(
            simd,
            [doutput, self.gain],
            [&mut *dy, dgain],
            0.0,
            #[inline(always)]
            |[d, gain], [x, sum]| {
                let normed = simd.mul(x, scale);
                let product = simd.mul(d, normed);
                projection = simd.mul_add(product, gain, projection);
                [normed, simd.add(sum, product)]
            },
        );
        let mean = simd.splat(-simd.sum(projection) / gate.len() as f32);
        let one = simd.splat(1.0);
        each_vector(
            simd,
            [y, gate, doutput, self.gain],
            [dy, dgate],
            0.0,
            #[inline(always)]
            |[y, gate, d, gain], [normed, _]| {
                let gradient = simd.mul(scale, simd.mul_add(normed, mean, simd.mul(d, gain)));
                let sigma = simd.sigmoid(gate);
                let slope = simd.mul(sigma, simd.mul_add(gate, simd.sub(one, sigma), one));
                [
                    simd.mul(gradient, simd.mul(gate, sigma)),
                    simd.mul(simd.mul(gradient, y), slope),
                ]
            },
        );
    }
}

/// Writes the gated values, and returns `1 ÷ √(mean of their squares + ε)`.
#[inline(always)]
fn gated<S: Simd>(simd: S, layer: GatedNorm, y: &[f32], gate: &[f32], values: &mut [f32]) -> f32 {
    each_vector(
        simd,
        [y, gate],
        [&mut *values],
        0.0,
        #[inline(always)]
        |[y, gate], _| [simd.mul(y, simd.mul(gate, simd.sigmoid(gate)))],
    );
    scale_of(simd, values, layer.epsilon)
}
