//! The recurrence of a channel.

use crate::cpu::linear_recurrence::Gates;
use crate::simd::Simd;

/// Below this, the slope of the root is that of a tangent: 1000, as Griffin's code bounds it.
const FLAT: f32 = 2.5e-7;

/// From what the gates are made of and `x`, with the gates' biases and the rate of decay.
#[derive(Clone, Copy)]
pub(super) struct RgLru;

/// The gates after `σ`, `a`, and what `i x` is multiplied by.
struct Made<F> {
    recurrence: F,
    input: F,
    decay: F,
    root: F,
}

#[inline(always)]
fn made<S: Simd>(
    simd: S,
    [recurrence, input, _]: [S::Floats; 3],
    [recurrence_bias, input_bias, rate]: [S::Floats; 3],
    is_first: bool,
) -> Made<S::Floats> {
    let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
    let recurrence = simd.sigmoid(simd.add(recurrence, recurrence_bias));
    let input = simd.sigmoid(simd.add(input, input_bias));
    let exponent = simd.sub(zero, simd.mul(recurrence, rate));
    let rest = simd.sub(one, simd.exp(simd.add(exponent, exponent)));
    Made {
        recurrence,
        input,
        decay: simd.exp(exponent),
        root: if is_first { one } else { simd.sqrt(rest) },
    }
}

impl Gates<3, 3> for RgLru {
    #[inline(always)]
    fn forward<S: Simd>(
        self,
        simd: S,
        inputs: [S::Floats; 3],
        weights: [S::Floats; 3],
        is_first: bool,
    ) -> [S::Floats; 2] {
        let made = made(simd, inputs, weights, is_first);
        [made.decay, simd.mul(simd.mul(made.root, made.input), inputs[2])]
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        simd: S,
        inputs: [S::Floats; 3],
        weights: [S::Floats; 3],
        is_first: bool,
        [da, db]: [S::Floats; 2],
    ) -> ([S::Floats; 3], [S::Floats; 3]) {
        let made = made(simd, inputs, weights, is_first);
        let (zero, one, x) = (simd.splat(0.0), simd.splat(1.0), inputs[2]);
        let through = simd.mul(db, made.root);
        let slope = |sigmoid: S::Floats| simd.mul(sigmoid, simd.sub(one, sigmoid));
        let dinput = simd.mul(simd.mul(through, x), slope(made.input));
        let dx = simd.mul(through, made.input);
        // Of the exponent, by the decay and by the root of what it leaves.
        let mut dexponent = simd.mul(da, made.decay);
        if !is_first {
            let droot = simd.mul(db, simd.mul(made.input, x));
            let root = simd.maximum(made.root, simd.splat(FLAT.sqrt()));
            let by_root = simd.div(simd.mul(droot, simd.mul(made.decay, made.decay)), root);
            dexponent = simd.sub(dexponent, by_root);
        }
        let back = simd.sub(zero, dexponent);
        let drecurrence = simd.mul(simd.mul(back, weights[2]), slope(made.recurrence));
        let drate = simd.mul(back, made.recurrence);
        ([drecurrence, dinput, dx], [drecurrence, dinput, drate])
    }
}
