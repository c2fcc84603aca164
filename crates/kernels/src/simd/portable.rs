//! Plain Rust, for processors without AVX2.

use super::{LANES, Simd, Stays, Tile};

/// The instruction set every processor has.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

#[inline(always)]
fn zip(a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Simd for Portable {
    type Floats = [f32; LANES];

    // Of 32 registers of four lanes, 24 sums; of 16, 12.
    const TILE: Tile = Tile {
        rows: if cfg!(target_arch = "aarch64") { 6 } else { 3 },
        columns: LANES,
        stays: Stays::Panel,
    };

    #[inline(always)]
    fn call<R>(self, kernel: impl FnOnce() -> R) -> R {
        kernel()
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Floats {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load_pointer(self, from: *const f32) -> Self::Floats {
        // SAFETY: the caller promises sixteen readable values; an array of f32 has the alignment of f32.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store_pointer(self, value: Self::Floats, to: *mut f32) {
        // SAFETY: the caller promises sixteen writable values.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn load_half(self, from: *const u16) -> Self::Floats {
        // SAFETY: the caller promises sixteen readable values.
        let bits = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        bits.map(|bits| half::f16::from_bits(bits).to_f32())
    }

    #[inline(always)]
    unsafe fn store_half(self, value: Self::Floats, to: *mut u16) {
        let bits = value.map(|value| half::f16::from_f32(value).to_bits());
        // SAFETY: the caller promises sixteen writable values.
        unsafe { to.cast::<[u16; LANES]>().write_unaligned(bits) }
    }

    #[inline(always)]
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        // Where the target has no fused instruction, `f32::mul_add` is a slow library call.
        let fused = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        std::array::from_fn(|i| {
            if fused {
                a[i].mul_add(b[i], c[i])
            } else {
                a[i] * b[i] + c[i]
            }
        })
    }

    #[inline(always)]
    fn minimum(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn maximum(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn sqrt(self, a: Self::Floats) -> Self::Floats {
        a.map(f32::sqrt)
    }

    #[inline(always)]
    fn scale(self, a: Self::Floats, power: Self::Floats) -> Self::Floats {
        // In two steps, so that results below the normal range round as they should.
        zip(a, power, |a, power| {
            let power = power as i32;
            let first = power / 2;
            let factor = |power: i32| f32::from_bits(((power + 127) as u32) << 23);
            a * factor(first) * factor(power - first)
        })
    }
}
