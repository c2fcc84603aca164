//! Plain Rust.

use half::{bf16, f16};
use triaxis_kernels::simd::{LANES, Portable};

use super::{BYTES, Lanes, ROWS, Vectors};

#[inline(always)]
fn zip(a: [f32; ROWS], b: [f32; ROWS], f: impl Fn(f32, f32) -> f32) -> [f32; ROWS] {
    std::array::from_fn(|row| f(a[row], b[row]))
}

/// Sums over vectors of codes, each byte of which `value` reads.
///
/// # Safety
/// The vectors must be there, and every pointer valid for reading four bytes a vector.
#[inline(always)]
unsafe fn sums<const COLUMNS: usize, const VECTORS: usize>(
    codes: impl Vectors<Portable>,
    x: [*const i8; COLUMNS],
    value: impl Fn(u8) -> i32,
) -> [[i32; ROWS]; COLUMNS] {
    // SAFETY: the caller promises the vectors.
    let codes: [_; VECTORS] = std::array::from_fn(|vector| unsafe { codes.vector(Portable, vector) });
    x.map(|x| {
        let mut sums = [0; ROWS];
        for (vector, codes) in codes.iter().enumerate() {
            // SAFETY: four bytes a vector are readable.
            let x = unsafe { x.add(4 * vector).cast::<[i8; 4]>().read_unaligned() };
            for (sum, codes) in sums.iter_mut().zip(codes.chunks_exact(4)) {
                let products = codes.iter().zip(x).map(|(&code, x)| value(code) * i32::from(x));
                *sum += products.sum::<i32>();
            }
        }
        sums
    })
}

impl Lanes for Portable {
    type Eight = [f32; ROWS];
    type Codes = [u8; BYTES];
    type Sums = [i32; ROWS];

    #[inline(always)]
    fn eight(self, value: f32) -> Self::Eight {
        [value; ROWS]
    }

    #[inline(always)]
    unsafe fn eight_at(self, from: *const f32) -> Self::Eight {
        // SAFETY: the caller promises eight readable values.
        unsafe { from.cast::<Self::Eight>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn eight_halves(self, from: *const u16) -> Self::Eight {
        // SAFETY: the caller promises eight readable values.
        let bits = unsafe { from.cast::<[u16; ROWS]>().read_unaligned() };
        bits.map(|bits| f16::from_bits(bits).to_f32())
    }

    #[inline(always)]
    unsafe fn eight_brain(self, from: *const u16) -> Self::Eight {
        // SAFETY: the caller promises eight readable values.
        let bits = unsafe { from.cast::<[u16; ROWS]>().read_unaligned() };
        bits.map(|bits| bf16::from_bits(bits).to_f32())
    }

    #[inline(always)]
    unsafe fn eight_bytes(self, from: *const u8) -> Self::Eight {
        // SAFETY: the caller promises eight readable values.
        let bytes = unsafe { from.cast::<[u8; ROWS]>().read_unaligned() };
        bytes.map(f32::from)
    }

    #[inline(always)]
    unsafe fn eight_signed(self, from: *const u8) -> Self::Eight {
        // SAFETY: the caller promises eight readable values.
        let bytes = unsafe { from.cast::<[i8; ROWS]>().read_unaligned() };
        bytes.map(f32::from)
    }

    #[inline(always)]
    unsafe fn put_eight(self, value: Self::Eight, to: *mut f32) {
        // SAFETY: the caller promises eight writable values.
        unsafe { to.cast::<Self::Eight>().write_unaligned(value) }
    }

    #[inline(always)]
    fn plus(self, a: Self::Eight, b: Self::Eight) -> Self::Eight {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn times(self, a: Self::Eight, b: Self::Eight) -> Self::Eight {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn times_plus(self, a: Self::Eight, b: Self::Eight, c: Self::Eight) -> Self::Eight {
        zip(zip(a, b, |a, b| a * b), c, |product, c| product + c)
    }

    #[inline(always)]
    fn numbers(self, sums: Self::Sums) -> Self::Eight {
        sums.map(|sum| sum as f32)
    }

    #[inline(always)]
    unsafe fn put_whole(self, whole: Self::Floats, to: *mut i8) {
        // SAFETY: the caller promises sixteen writable bytes.
        unsafe {
            to.cast::<[i8; LANES]>()
                .write_unaligned(whole.map(|whole| whole as i8))
        }
    }

    #[inline(always)]
    unsafe fn codes(self, from: *const u8) -> Self::Codes {
        // SAFETY: the caller promises as many readable bytes.
        unsafe { from.cast::<Self::Codes>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn put_codes(self, codes: Self::Codes, to: *mut u8) {
        // SAFETY: the caller promises as many writable bytes.
        unsafe { to.cast::<Self::Codes>().write_unaligned(codes) }
    }

    #[inline(always)]
    fn low(self, codes: Self::Codes) -> Self::Codes {
        codes.map(|code| code & 15)
    }

    #[inline(always)]
    fn high(self, codes: Self::Codes) -> Self::Codes {
        codes.map(|code| code >> 4)
    }

    #[inline(always)]
    fn above<const SHIFT: i32, const MASK: u8, const BELOW: i32>(
        self,
        codes: Self::Codes,
        bits: Self::Codes,
    ) -> Self::Codes {
        std::array::from_fn(|byte| codes[byte] | (bits[byte] >> SHIFT & MASK) << BELOW)
    }

    #[inline(always)]
    fn code<const INDEX: usize, const SIGNED: bool>(self, codes: Self::Codes) -> Self::Eight {
        std::array::from_fn(|row| match (codes[4 * row + INDEX], SIGNED) {
            (code, true) => f32::from(code as i8),
            (code, false) => f32::from(code),
        })
    }

    #[inline(always)]
    unsafe fn unsigned<const COLUMNS: usize, const VECTORS: usize, const TOGETHER: usize>(
        self,
        codes: impl Vectors<Self>,
        x: [*const i8; COLUMNS],
    ) -> [Self::Sums; COLUMNS] {
        // SAFETY: as the caller promises.
        unsafe { sums::<COLUMNS, VECTORS>(codes, x, i32::from) }
    }

    #[inline(always)]
    unsafe fn signed<const COLUMNS: usize, const VECTORS: usize>(
        self,
        codes: impl Vectors<Self>,
        x: [*const i8; COLUMNS],
    ) -> [Self::Sums; COLUMNS] {
        // SAFETY: as the caller promises.
        unsafe { sums::<COLUMNS, VECTORS>(codes, x, |code| i32::from(code as i8)) }
    }
}
