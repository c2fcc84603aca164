//! A gate by GELU of the rows that a recurrent mixer reads: `y ∘ gelu(gate)`, in the form with `tanh`.

use super::gelu::{Form, distribution};
use super::row_gate::RowGate;
use crate::simd::{Simd, each_vector};

/// It has no gain.
#[derive(Clone, Copy)]
pub(super) struct GeluGate;

impl RowGate for GeluGate {
    #[inline(always)]
    fn forward<S: Simd>(self, simd: S, y: &[f32], gate: &[f32], output: &mut [f32]) {
        each_vector(
            simd,
            [y, gate],
            [output],
            0.0,
            #[inline(always)]
            |[y, gate], _| {
                let [distribution, _] = distribution(simd, Form::Tanh, gate);
                [simd.mul(y, simd.mul(gate, distribution))]
            },
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
                let [distribution, density] = distribution(simd, Form::Tanh, gate);
                let slope = simd.mul_add(gate, density, distribution);
                [
                    simd.mul(d, simd.mul(gate, distribution)),
                    simd.mul(simd.mul(d, y), slope),
                ]
            },
        );
    }
}
