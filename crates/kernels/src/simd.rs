//! Sixteen `f32` lanes at a time, on the widest instructions the processor has.
//!
//! A kernel is written once, generic over [`Simd`], and called through `dispatch!`, which picks the
//! instruction set at run time. A value of an instruction set's type is the proof that the processor
//! has it, so everything but that proof and raw pointers is safe code.

mod level;
mod portable;
mod slices;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use level::Level;
pub use portable::Portable;
pub use slices::{each_vector, fold_vectors};
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

/// Lanes of a vector, on every instruction set: reductions therefore sum in the same order everywhere.
pub const LANES: usize = 16;

/// Below the largest of some values by this much, an exponential adds nothing to their sum of one or more. As a
/// fill it serves better than minus infinity: processors are slow at results below the normal range.
pub const NEGLIGIBLE: f32 = 80.0;

/// The part of a matrix product that is held in registers, and what stays in the first-level cache.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result, and of a panel of the right-hand side: [`LANES`] or twice as many.
    pub columns: usize,
    /// What stays in the first-level cache while the other operand passes by.
    pub stays: Stays,
}

/// What stays in the first-level cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// A strip of rows of the left-hand side: its tiles are so tall that the panels may come from the second level.
    Strip,
    /// A panel of the right-hand side, while strips of some rows pass by.
    Panel,
}

/// One instruction set's vectors of [`LANES`] lanes.
///
/// `minimum` and `maximum` return their second argument when either is NaN, as x86 does.
pub trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen `f32`.
    type Floats: Copy;

    /// How matrix products are cut.
    const TILE: Tile;

    /// Calls `kernel`, compiled for this instruction set as far as it is inlined.
    fn call<R>(self, kernel: impl FnOnce() -> R) -> R;

    /// All lanes equal to `value`.
    fn splat(self, value: f32) -> Self::Floats;

    /// Reads sixteen values.
    ///
    /// # Safety
    /// `from` must be valid for reading sixteen `f32`; it need not be aligned.
    unsafe fn load_pointer(self, from: *const f32) -> Self::Floats;

    /// Writes sixteen values.
    ///
    /// # Safety
    /// `to` must be valid for writing sixteen `f32`; it need not be aligned.
    unsafe fn store_pointer(self, value: Self::Floats, to: *mut f32);

    /// Reads sixteen values in half precision.
    ///
    /// # Safety
    /// `from` must be valid for reading sixteen `u16`; it need not be aligned.
    unsafe fn load_half(self, from: *const u16) -> Self::Floats;

    /// Writes sixteen values in half precision, each rounded to the nearest, ties to even.
    ///
    /// # Safety
    /// `to` must be valid for writing sixteen `u16`; it need not be aligned.
    unsafe fn store_half(self, value: Self::Floats, to: *mut u16);

    /// Asks for the cache line of an address, which need not be readable.
    #[inline(always)]
    fn prefetch(self, _: *const f32) {}

    /// `a + b`
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a - b`
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a × b`
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a ÷ b`
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a × b + c`, rounded once where the processor can.
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The smaller; `b` when either is NaN.
    fn minimum(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The larger; `b` when either is NaN.
    fn maximum(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The square root.
    fn sqrt(self, a: Self::Floats) -> Self::Floats;
    /// `a × 2^power` for whole numbers `power` in -152..=129.
    fn scale(self, a: Self::Floats, power: Self::Floats) -> Self::Floats;

    /// Exchanges rows and columns of sixteen vectors.
    #[inline(always)]
    fn transpose(self, rows: [Self::Floats; LANES]) -> [Self::Floats; LANES] {
        let mut values = [[0.0; LANES]; LANES];
        for (row, values) in rows.into_iter().zip(&mut values) {
            self.store(row, values);
        }
        let (mut lanes, mut columns) = ([0.0; LANES], rows);
        for (column, vector) in columns.iter_mut().enumerate() {
            for (lane, values) in lanes.iter_mut().zip(&values) {
                *lane = values[column];
            }
            *vector = self.load(&lanes);
        }
        columns
    }

    /// Reads sixteen values.
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Floats {
        // SAFETY: the reference is to sixteen readable values.
        unsafe { self.load_pointer(from.as_ptr()) }
    }

    /// Writes sixteen values.
    #[inline(always)]
    fn store(self, value: Self::Floats, to: &mut [f32; LANES]) {
        // SAFETY: the reference is to sixteen writable values.
        unsafe { self.store_pointer(value, to.as_mut_ptr()) }
    }

    /// Reads at most sixteen values; the lanes beyond hold `fill`.
    #[inline(always)]
    fn load_partial(self, from: &[f32], fill: f32) -> Self::Floats {
        if let Some(from) = from.first_chunk() {
            return self.load(from);
        }
        let mut lanes = [fill; LANES];
        lanes[..from.len()].copy_from_slice(from);
        self.load(&lanes)
    }

    /// Writes the first `to.len()` (at most sixteen) lanes.
    #[inline(always)]
    fn store_partial(self, value: Self::Floats, to: &mut [f32]) {
        if let Some(to) = to.first_chunk_mut() {
            return self.store(value, to);
        }
        let mut lanes = [0.0; LANES];
        self.store(value, &mut lanes);
        to.copy_from_slice(&lanes[..to.len()]);
    }

    /// The sum of all lanes, added in pairs: lane i with lane i + 8, then i + 4, i + 2, i + 1.
    #[inline(always)]
    fn sum(self, value: Self::Floats) -> f32 {
        self.fold(value, |a, b| a + b)
    }

    /// The sum of all lanes of each vector, as [`sum`](Self::sum) adds them.
    #[inline(always)]
    fn sum_each(self, vectors: [Self::Floats; LANES]) -> Self::Floats {
        let mut lanes = self.transpose(vectors);
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                lanes[i] = self.add(lanes[i], lanes[i + half]);
            }
        }
        lanes[0]
    }

    /// The largest lane; unspecified when a lane is NaN.
    #[inline(always)]
    fn largest(self, value: Self::Floats) -> f32 {
        self.fold(value, |a, b| if a > b { a } else { b })
    }

    /// All lanes combined in pairs.
    #[inline(always)]
    fn fold(self, value: Self::Floats, combine: impl Fn(f32, f32) -> f32) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(value, &mut lanes);
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                lanes[i] = combine(lanes[i], lanes[i + half]);
            }
        }
        lanes[0]
    }

    /// `e^x`, within 2 units in the last place; NaN, infinities, overflow and underflow as `f32::exp`.
    #[inline(always)]
    fn exp(self, x: Self::Floats) -> Self::Floats {
        // Beyond these the result is infinite or rounds to zero. NaN stays, being the second argument.
        let x = self.minimum(self.splat(90.0), x);
        let x = self.maximum(self.splat(-105.0), x);
        // e^x = 2^n e^r with n whole and |r| ≤ ln 2 / 2. Adding 1.5 × 2^23 rounds to a whole number.
        let magic = self.splat(12_582_912.0);
        let n = self.sub(
            self.mul_add(x, self.splat(std::f32::consts::LOG2_E), magic),
            magic,
        );
        // ln 2 in two parts, the first with few enough bits that n times it is exact.
        let r = self.mul_add(n, self.splat(-0.693_359_4), x);
        let r = self.mul_add(n, self.splat(2.121_944_4e-4), r);
        // The Taylor series to r^7: its error at |r| = 0.3466 is 5e-9.
        let mut y = self.splat(1.0 / 5040.0);
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            y = self.mul_add(y, r, self.splat(coefficient));
        }
        self.scale(y, n)
    }

    /// `1 ÷ (1 + e^-x)`
    #[inline(always)]
    fn sigmoid(self, x: Self::Floats) -> Self::Floats {
        let one = self.splat(1.0);
        self.div(one, self.add(one, self.exp(self.sub(self.splat(0.0), x))))
    }

    /// `tanh(x) = 2 σ(2x) - 1`, whose error is that of one.
    #[inline(always)]
    fn tanh(self, x: Self::Floats) -> Self::Floats {
        let sigmoid = self.sigmoid(self.add(x, x));
        self.sub(self.add(sigmoid, sigmoid), self.splat(1.0))
    }

    /// `ln(1 + e^x)`, within 4 units in the last place.
    #[inline(always)]
    fn softplus(self, x: Self::Floats) -> Self::Floats {
        // Of e = e^-|x|: ln(1 + e) = 2 artanh(s) with s = e ÷ (2 + e) ≤ 1/3, whose series to s^13 is within 2e-8.
        let (zero, two) = (self.splat(0.0), self.splat(2.0));
        let magnitude = self.maximum(self.sub(zero, x), x);
        let e = self.exp(self.sub(zero, magnitude));
        let s = self.div(e, self.add(two, e));
        let square = self.mul(s, s);
        let mut sum = self.splat(2.0 / 13.0);
        for coefficient in [2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0, 2.0] {
            sum = self.mul_add(sum, square, self.splat(coefficient));
        }
        self.mul_add(sum, s, self.maximum(zero, x))
    }

    /// `silu(x) = x ÷ (1 + e^-x)`
    #[inline(always)]
    fn silu(self, x: Self::Floats) -> Self::Floats {
        self.mul(x, self.sigmoid(x))
    }

    /// `[silu(x), silu'(x)]`
    #[inline(always)]
    fn silu_with_slope(self, x: Self::Floats) -> [Self::Floats; 2] {
        let (one, sigma) = (self.splat(1.0), self.sigmoid(x));
        let slope = self.mul(sigma, self.mul_add(x, self.sub(one, sigma), one));
        [self.mul(x, sigma), slope]
    }
}

/// Calls a kernel, generic over [`Simd`] in its first argument, compiled for the given [`Level`].
macro_rules! dispatch_at {
    ($level:expr, $($kernel:ident)::+($($argument:expr),* $(,)?)) => {
        match $level {
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Level::Avx512(simd) => $crate::simd::Simd::call(simd, #[inline(always)] || $($kernel)::+(simd, $($argument),*)),
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Level::Avx2(simd) => $crate::simd::Simd::call(simd, #[inline(always)] || $($kernel)::+(simd, $($argument),*)),
            $crate::simd::Level::Portable(simd) => $($kernel)::+(simd, $($argument),*),
        }
    };
}

/// Calls a kernel compiled for [`Level::current`].
macro_rules! dispatch {
    ($($kernel:ident)::+($($argument:expr),* $(,)?)) => {
        $crate::simd::dispatch_at!($crate::simd::Level::current(), $($kernel)::+($($argument),*))
    };
}

pub(crate) use {dispatch, dispatch_at};

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(always)]
    fn exp_all<S: Simd>(simd: S, x: &[f32; LANES], y: &mut [f32; LANES]) {
        simd.store(simd.exp(simd.load(x)), y);
    }

    #[inline(always)]
    fn halves<S: Simd>(simd: S, x: &[u16; LANES]) -> ([f32; LANES], [u16; LANES]) {
        let (mut single, mut back) = ([0.0; LANES], [0; LANES]);
        // SAFETY: both are sixteen values.
        unsafe {
            let value = simd.load_half(x.as_ptr());
            simd.store(value, &mut single);
            simd.store_half(value, back.as_mut_ptr());
        }
        (single, back)
    }

    #[test]
    fn halves_are_read_and_written_alike_on_every_level() {
        for level in Level::available() {
            for first in (0..=u16::MAX).step_by(LANES) {
                let x: [u16; LANES] = std::array::from_fn(|i| first + i as u16);
                let (single, back) = dispatch_at!(level, halves(&x));
                let is_number = x.map(|bits| bits & 0x7fff <= 0x7c00);
                for i in (0..LANES).filter(|&i| is_number[i]) {
                    assert_eq!(single[i], half::f16::from_bits(x[i]).to_f32(), "{level:?}");
                    assert_eq!(back[i], x[i], "{level:?}");
                }
            }
        }
    }

    #[test]
    fn halves_are_rounded_to_the_nearest_on_every_level() {
        let x: [f32; LANES] = std::array::from_fn(|i| (i as f32 - 7.5) * 0.100_037 + 1.0 / 4096.0);
        #[inline(always)]
        fn round<S: Simd>(simd: S, x: &[f32; LANES]) -> [u16; LANES] {
            let mut y = [0; LANES];
            // SAFETY: it is sixteen values.
            unsafe { simd.store_half(simd.load(x), y.as_mut_ptr()) };
            y
        }
        for level in Level::available() {
            let expected = x.map(|value| half::f16::from_f32(value).to_bits());
            assert_eq!(dispatch_at!(level, round(&x)), expected, "{level:?}");
        }
    }

    #[inline(always)]
    fn sum_and_largest<S: Simd>(simd: S, x: &[f32]) -> (f32, f32) {
        let value = simd.load_partial(x, -3.0);
        (simd.sum(value), simd.largest(value))
    }

    #[test]
    fn exp_matches_the_library_on_every_level() {
        for level in Level::available() {
            let mut x = -103.0f32;
            while x < 89.0 {
                let input = std::array::from_fn(|i| x + i as f32 * 0.0137);
                let mut output = [0.0; LANES];
                dispatch_at!(level, exp_all(&input, &mut output));
                for (x, y) in input.iter().zip(output) {
                    let expected = (*x as f64).exp();
                    let close = if (-87.0..88.7).contains(x) {
                        (y as f64 / expected - 1.0).abs() < 2.4e-7
                    } else {
                        (y - expected as f32).abs() <= 3e-45 || y == expected as f32
                    };
                    assert!(close, "{level:?} {x} {y}");
                }
                x += 0.21;
            }
        }
    }

    #[test]
    fn exp_keeps_what_is_not_finite() {
        for level in Level::available() {
            let mut input = [0.0; LANES];
            input[..6].copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, -104.5]);
            let mut output = [1.0; LANES];
            dispatch_at!(level, exp_all(&input, &mut output));
            assert!(output[0].is_nan());
            assert_eq!(output[1..6], [f32::INFINITY, 0.0, f32::INFINITY, 0.0, 0.0]);
            assert_eq!(output[6..], [1.0; 10]);
        }
    }

    #[inline(always)]
    fn softplus_all<S: Simd>(simd: S, x: &[f32; LANES], y: &mut [f32; LANES]) {
        simd.store(simd.softplus(simd.load(x)), y);
    }

    #[test]
    fn softplus_matches_the_library_on_every_level() {
        for level in Level::available() {
            let mut output = [0.0; LANES];
            for first in -5400..5400 {
                let input = std::array::from_fn(|i| (first * 16 + i as i32) as f32 * 0.001);
                dispatch_at!(level, softplus_all(&input, &mut output));
                for (x, y) in input.iter().zip(output) {
                    let x = f64::from(*x);
                    let expected = x.max(0.0) + (-x.abs()).exp().ln_1p();
                    assert!(
                        (f64::from(y) / expected - 1.0).abs() < 4.8e-7,
                        "{level:?} {x} {y}"
                    );
                }
            }
            let mut input = [0.0; LANES];
            input[..4].copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30]);
            dispatch_at!(level, softplus_all(&input, &mut output));
            assert!(output[0].is_nan(), "{level:?}");
            assert_eq!(output[1..4], [f32::INFINITY, 0.0, 1e30], "{level:?}");
        }
    }

    #[inline(always)]
    fn transpose_all<S: Simd>(simd: S, x: &[[f32; LANES]; LANES]) -> [[f32; LANES]; LANES] {
        let mut y = [[0.0; LANES]; LANES];
        let columns = simd.transpose(std::array::from_fn(|row| simd.load(&x[row])));
        columns
            .into_iter()
            .zip(&mut y)
            .for_each(|(column, y)| simd.store(column, y));
        y
    }

    #[test]
    fn transposes_exchange_rows_and_columns() {
        let x: [[f32; LANES]; LANES] =
            std::array::from_fn(|i| std::array::from_fn(|j| (i * LANES + j) as f32));
        for level in Level::available() {
            let y = dispatch_at!(level, transpose_all(&x));
            assert!(
                (0..256).all(|index| y[index % 16][index / 16] == x[index / 16][index % 16]),
                "{level:?}"
            );
        }
    }

    #[inline(always)]
    fn sums_each_way<S: Simd>(simd: S, x: &[[f32; LANES]; LANES]) -> [[f32; LANES]; 2] {
        let vectors = std::array::from_fn(|row| simd.load(&x[row]));
        let mut together = [0.0; LANES];
        simd.store(simd.sum_each(vectors), &mut together);
        [together, vectors.map(|vector| simd.sum(vector))]
    }

    #[test]
    fn sums_of_many_vectors_are_those_of_each() {
        let x: [[f32; LANES]; LANES] =
            std::array::from_fn(|i| std::array::from_fn(|j| ((i * 7919 + j * 104_729) % 1009) as f32 / 7.0));
        for level in Level::available() {
            let [together, each] = dispatch_at!(level, sums_each_way(&x));
            assert_eq!(together.map(f32::to_bits), each.map(f32::to_bits), "{level:?}");
        }
    }

    #[test]
    fn partial_loads_fill_and_fold() {
        for level in Level::available() {
            let (sum, largest) = dispatch_at!(level, sum_and_largest(&[1.0, 2.0, 4.0]));
            assert_eq!((sum, largest), (7.0 - 39.0, 4.0));
        }
    }

    #[test]
    fn reductions_have_the_same_bits_on_every_level() {
        let x: Vec<f32> = (0..16)
            .map(|i| ((i * 7919 + 5) % 101) as f32 / 7.0 - 6.0)
            .collect();
        let expected = sum_and_largest(Portable, &x);
        assert_eq!(expected.1, x.iter().copied().fold(f32::MIN, f32::max));
        for level in Level::available() {
            let (sum, largest) = dispatch_at!(level, sum_and_largest(&x));
            assert_eq!(
                (sum.to_bits(), largest.to_bits()),
                (expected.0.to_bits(), expected.1.to_bits()),
                "{level:?}"
            );
        }
    }
}
