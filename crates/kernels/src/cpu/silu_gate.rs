//! A gate alone: `y ∘ silu(gate)` (Gu and Dao 2023, arXiv 2312.00752, section 3.4).

use super::row_gate::RowGate;
use crate::simd::{Simd, each_vector};

#[derive(Clone, Copy)]
pub(super) struct SiluGate;

impl RowGate for SiluGate {
    #[inline(always)]
    fn forward<S: Simd>(self, simd: S, y: &[f32], gate: &[f32], output: &mut [f32]) {
        each_vector(
            simd,
            [y, gate],
            [output],
            0.0,
            #[inline(always)]
            |[y, gate], _| [simd.mul(y, simd.silu(gate))],
        );
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        simd: S,
        [y, gate, doutput]: [&[f32]; 3],
        dy: &mut [f32],
        dgate: &mut [f32],
        _: &mut [f32],
    ) {
        each_vector(
            simd,
            [y, gate, doutput],
            [dy, dgate],
            0.0,
            #[inline(always)]
            |[y, gate, d], _| {
                let [silu, slope] = simd.silu_with_slope(gate);
                [simd.mul(d, silu), simd.mul(simd.mul(d, y), slope)]
            },
        );
    }
}
