//! A gate before a normalisation: `norm(y ∘ silu(gate)) ∘ gain` (Dao and Gu 2024, arXiv 2405.21060, section 7), of a row
//! or of each of some equal parts of it.

use super::rms_norm::scale_of;
use super::row_gate::RowGate;
use crate::simd::{Simd, each_vector};

/// The normalisation's gain and ε, and how many parts of a row are normalised each by itself.
#[derive(Clone, Copy)]
pub(super) struct GatedNorm<'a> {
    pub(super) gain: &'a [f32],
    pub(super) epsilon: f32,
    pub(super) groups: usize,
}

impl RowGate for GatedNorm<'_> {
    #[inline(always)]
    fn forward<S: Simd>(self, simd: S, y: &[f32], gate: &[f32], output: &mut [f32]) {
        let size = self.gain.len() / self.groups;
        let inputs = y
            .chunks_exact(size)
            .zip(gate.chunks_exact(size))
            .zip(self.gain.chunks_exact(size));
        for (((y, gate), gain), output) in inputs.zip(output.chunks_exact_mut(size)) {
            forward_part(simd, self.epsilon, [y, gate, gain], output);
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        simd: S,
        inputs: [&[f32]; 3],
        dy: &mut [f32],
        dgate: &mut [f32],
        dgain: &mut [f32],
    ) {
        let size = self.gain.len() / self.groups;
        let outputs = dy.chunks_exact_mut(size).zip(dgate.chunks_exact_mut(size));
        for (part, ((dy, dgate), dgain)) in outputs.zip(dgain.chunks_exact_mut(size)).enumerate() {
            let values = part * size..(part + 1) * size;
            let [y, gate, doutput] = inputs.map(|input| &input[values.clone()]);
            let inputs = [y, gate, doutput, &self.gain[values.clone()]];
            backward_part(simd, self.epsilon, inputs, dy, dgate, dgain);
        }
    }
}

#[inline(always)]
fn forward_part<S: Simd>(simd: S, epsilon: f32, [y, gate, gain]: [&[f32]; 3], output: &mut [f32]) {
    let scale = simd.splat(gated(simd, epsilon, y, gate, output));
    each_vector(
        simd,
        [gain],
        [output],
        0.0,
        #[inline(always)]
        |[gain], [x]| [simd.mul(simd.mul(x, scale), gain)],
    );
}

/// With `s` the scale of a part, `n = y silu(gate) s` and `g = doutput × gain`: the gradient of what is gated is
/// `s (g - n mean(g n))`.
#[inline(always)]
fn backward_part<S: Simd>(
    simd: S,
    epsilon: f32,
    [y, gate, doutput, gain]: [&[f32]; 4],
    dy: &mut [f32],
    dgate: &mut [f32],
    dgain: &mut [f32],
) {
    // `dy` is `n` at first.
    let scale = simd.splat(gated(simd, epsilon, y, gate, dy));
    let mut projection = simd.splat(0.0);
    each_vector(
        simd,
        [doutput, gain],
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
    each_vector(
        simd,
        [y, gate, doutput, gain],
        [dy, dgate],
        0.0,
        #[inline(always)]
        |[y, gate, d, gain], [normed, _]| {
            let gradient = simd.mul(scale, simd.mul_add(normed, mean, simd.mul(d, gain)));
            let [silu, slope] = simd.silu_with_slope(gate);
            [simd.mul(gradient, silu), simd.mul(simd.mul(gradient, y), slope)]
        },
    );
}

/// Writes the gated values, and returns `1 ÷ √(mean of their squares + ε)`.
#[inline(always)]
fn gated<S: Simd>(simd: S, epsilon: f32, y: &[f32], gate: &[f32], values: &mut [f32]) -> f32 {
    each_vector(
        simd,
        [y, gate],
        [&mut *values],
        0.0,
        #[inline(always)]
        |[y, gate], _| [simd.mul(y, simd.silu(gate))],
    );
    scale_of(simd, values, epsilon)
}
