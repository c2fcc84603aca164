//! A normalisation of each head and a gate after it: `norm(y) ∘ gain ∘ silu(gate)`.

use super::rms_norm::scale_of;
use super::row_gate::RowGate;
use crate::simd::{Simd, each_vector};

/// The normalisation's gain, which all heads share, and ε.
#[derive(Clone, Copy)]
pub(super) struct NormedGate<'a> {
    pub(super) gain: &'a [f32],
    pub(super) epsilon: f32,
}

impl RowGate for NormedGate<'_> {
    #[inline(always)]
    fn forward<S: Simd>(self, simd: S, y: &[f32], gate: &[f32], output: &mut [f32]) {
        let size = self.gain.len();
        let heads = y.chunks_exact(size).zip(gate.chunks_exact(size));
        for ((y, gate), output) in heads.zip(output.chunks_exact_mut(size)) {
            let scale = simd.splat(scale_of(simd, y, self.epsilon));
            each_vector(
                simd,
                [y, gate, self.gain],
                [output],
                0.0,
                #[inline(always)]
                |[y, gate, gain], _| {
                    let normed = simd.mul(simd.mul(y, scale), gain);
                    [simd.mul(normed, simd.silu(gate))]
                },
            );
        }
    }

    /// With `s` the scale of a head, `n = y s` and `g = doutput × gain × silu(gate)`: the gradient of `y` is
    /// `s (g - n mean(g n))`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        simd: S,
        inputs: [&[f32]; 3],
        dy: &mut [f32],
        dgate: &mut [f32],
        dgain: &mut [f32],
    ) {
        let size = self.gain.len();
        for (head, (dy, dgate)) in dy
            .chunks_exact_mut(size)
            .zip(dgate.chunks_exact_mut(size))
            .enumerate()
        {
            let [y, gate, doutput] = inputs.map(|input| &input[head * size..(head + 1) * size]);
            let scale = simd.splat(scale_of(simd, y, self.epsilon));
            let mut projection = simd.splat(0.0);
            // `dy` is `g` at first.
            each_vector(
                simd,
                [y, gate, doutput, self.gain],
                [&mut *dy, dgate, &mut *dgain],
                0.0,
                #[inline(always)]
                |[y, gate, d, gain], [_, _, sum]| {
                    let (normed, [silu, slope]) = (simd.mul(y, scale), simd.silu_with_slope(gate));
                    let (gained, product) = (simd.mul(d, gain), simd.mul(d, normed));
                    let g = simd.mul(gained, silu);
                    projection = simd.mul_add(g, normed, projection);
                    [
                        g,
                        simd.mul(simd.mul(gained, normed), slope),
                        simd.mul_add(product, silu, sum),
                    ]
                },
            );
            let mean = simd.splat(-simd.sum(projection) / size as f32);
            each_vector(
                simd,
                [y],
                [dy],
                0.0,
                #[inline(always)]
                |[y], [g]| [simd.mul(scale, simd.mul_add(simd.mul(y, scale), mean, g))],
            );
        }
    }
}
