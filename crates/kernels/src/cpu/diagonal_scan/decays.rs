//! By what states decay.

use super::{KEYS, Tile};
use crate::cpu::matrix::Matrix;
use crate::simd::Simd;

/// How much of each number of a state stays at a position.
pub(in crate::cpu) trait Decays: Copy + Send + Sync {
    /// The decays of all heads' keys, `rows × heads × key`, if they are the same for all values.
    fn of_keys(&self) -> Option<Matrix<'_>>;

    /// What of them no position changes, of a tile.
    fn held<S: Simd>(&self, simd: S, tile: &Tile) -> [S::Floats; KEYS];

    /// The decays of a tile at a row, where those of its keys are `packed`.
    fn at<S: Simd>(
        &self,
        simd: S,
        held: &[S::Floats; KEYS],
        packed: &[f32; KEYS],
        row: usize,
        tile: &Tile,
    ) -> [S::Floats; KEYS];

    /// From the gradients of the decays' logarithms, where they differ by value: adds to those of what no position
    /// changes, and returns that of what each value has at the row.
    fn gradient<S: Simd>(
        &self,
        simd: S,
        held: &[S::Floats; KEYS],
        row: usize,
        tile: &Tile,
        logarithms: &[S::Floats; KEYS],
        totals: &mut [S::Floats; KEYS],
    ) -> S::Floats;
}

/// `exp(step × rate)`: a step of each value at each row, and a rate below zero of each number of a state.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct ByColumn<'a> {
    /// `rows × heads × value`
    pub(in crate::cpu) steps: Matrix<'a>,
    /// `heads × key × value`
    pub(in crate::cpu) rates: &'a [f32],
}

impl ByColumn<'_> {
    #[inline(always)]
    fn step<S: Simd>(&self, simd: S, row: usize, tile: &Tile) -> S::Floats {
        simd.load_partial(&self.steps.row(row)[tile.columns()], 0.0)
    }
}

impl Decays for ByColumn<'_> {
    fn of_keys(&self) -> Option<Matrix<'_>> {
        None
    }

    #[inline(always)]
    fn held<S: Simd>(&self, simd: S, tile: &Tile) -> [S::Floats; KEYS] {
        let mut rates = [simd.splat(0.0); KEYS];
        for (rate, line) in rates.iter_mut().zip(tile.lines()) {
            *rate = simd.load_partial(&self.rates[line], 0.0);
        }
        rates
    }

    #[inline(always)]
    fn at<S: Simd>(
        &self,
        simd: S,
        held: &[S::Floats; KEYS],
        _: &[f32; KEYS],
        row: usize,
        tile: &Tile,
    ) -> [S::Floats; KEYS] {
        let (step, mut decays) = (self.step(simd, row, tile), *held);
        for decay in &mut decays {
            *decay = simd.exp(simd.mul(*decay, step));
        }
        decays
    }

    #[inline(always)]
    fn gradient<S: Simd>(
        &self,
        simd: S,
        held: &[S::Floats; KEYS],
        row: usize,
        tile: &Tile,
        logarithms: &[S::Floats; KEYS],
        totals: &mut [S::Floats; KEYS],
    ) -> S::Floats {
        let (step, mut sum) = (self.step(simd, row, tile), simd.splat(0.0));
        for key in 0..KEYS {
            sum = simd.mul_add(logarithms[key], held[key], sum);
            totals[key] = simd.mul_add(logarithms[key], step, totals[key]);
        }
        sum
    }
}

/// A decay of each key at each row, the same for all values.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct ByKey<'a>(pub(in crate::cpu) Matrix<'a>);

impl Decays for ByKey<'_> {
    fn of_keys(&self) -> Option<Matrix<'_>> {
        Some(self.0)
    }

    #[inline(always)]
    fn held<S: Simd>(&self, simd: S, _: &Tile) -> [S::Floats; KEYS] {
        [simd.splat(0.0); KEYS]
    }

    #[inline(always)]
    fn at<S: Simd>(
        &self,
        simd: S,
        _: &[S::Floats; KEYS],
        packed: &[f32; KEYS],
        _: usize,
        _: &Tile,
    ) -> [S::Floats; KEYS] {
        let mut decays = [simd.splat(0.0); KEYS];
        for (decay, &value) in decays.iter_mut().zip(packed) {
            *decay = simd.splat(value);
        }
        decays
    }

    #[inline(always)]
    fn gradient<S: Simd>(
        &self,
        simd: S,
        _: &[S::Floats; KEYS],
        _: usize,
        _: &Tile,
        _: &[S::Floats; KEYS],
        _: &mut [S::Floats; KEYS],
    ) -> S::Floats {
        // No value has a decay of its own.
        simd.splat(0.0)
    }
}
