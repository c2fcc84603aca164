//! Eight rows at a time: what products of quantised rows are made of, on each instruction set.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use triaxis_kernels::simd::Simd;

/// Rows of a strip, one a lane.
pub(crate) const ROWS: usize = 8;

/// Bytes of a vector of codes: four a lane, of four inputs that follow one another.
pub(crate) const BYTES: usize = 4 * ROWS;

/// Vectors of codes, four inputs each, that are read one by one: all at once would leave no registers for sums.
pub(crate) trait Vectors<L: Lanes>: Copy {
    /// One of them.
    ///
    /// # Safety
    /// It must be there.
    unsafe fn vector(self, lanes: L, vector: usize) -> L::Codes;
}

/// One instruction set's vectors of eight rows.
///
/// Sums of integers are exact, so that every instruction set has the same ones.
///
/// # Safety of its methods
/// Pointers must be valid for what they read or write; they need not be aligned.
pub(crate) trait Lanes: Simd {
    /// Eight `f32`.
    type Eight: Copy;
    /// Thirty-two bytes.
    type Codes: Copy;
    /// Eight `i32`.
    type Sums: Copy;

    /// All lanes equal to `value`.
    fn eight(self, value: f32) -> Self::Eight;
    /// Eight numbers.
    unsafe fn eight_at(self, from: *const f32) -> Self::Eight;
    /// Eight numbers in half precision.
    unsafe fn eight_halves(self, from: *const u16) -> Self::Eight;
    /// Eight numbers of which only the upper half of the bits is kept.
    unsafe fn eight_brain(self, from: *const u16) -> Self::Eight;
    /// Eight whole numbers from 0 to 255.
    unsafe fn eight_bytes(self, from: *const u8) -> Self::Eight;
    /// Eight whole numbers from -128 to 127.
    unsafe fn eight_signed(self, from: *const u8) -> Self::Eight;
    /// Writes eight numbers.
    unsafe fn put_eight(self, value: Self::Eight, to: *mut f32);
    /// `a + b`
    fn plus(self, a: Self::Eight, b: Self::Eight) -> Self::Eight;
    /// `a × b`
    fn times(self, a: Self::Eight, b: Self::Eight) -> Self::Eight;
    /// `a × b + c`, rounded once where the processor can.
    fn times_plus(self, a: Self::Eight, b: Self::Eight, c: Self::Eight) -> Self::Eight;
    /// Whole numbers as floating-point ones.
    fn numbers(self, sums: Self::Sums) -> Self::Eight;

    /// Writes sixteen whole numbers from -128 to 127 as bytes.
    unsafe fn put_whole(self, whole: Self::Floats, to: *mut i8);

    /// Thirty-two bytes.
    unsafe fn codes(self, from: *const u8) -> Self::Codes;
    /// Writes thirty-two bytes.
    unsafe fn put_codes(self, codes: Self::Codes, to: *mut u8);
    /// The lower four bits of each byte.
    fn low(self, codes: Self::Codes) -> Self::Codes;
    /// The upper four bits of each byte.
    fn high(self, codes: Self::Codes) -> Self::Codes;
    /// Each of `codes` and, above its `BELOW` bits, those `MASK` of a byte of `bits` after it was shifted right by `SHIFT`.
    fn above<const SHIFT: i32, const MASK: u8, const BELOW: i32>(
        self,
        codes: Self::Codes,
        bits: Self::Codes,
    ) -> Self::Codes;
    /// The `INDEX`-th byte of each lane as a number, from 0 to 255 or, if it is `SIGNED`, from -128 to 127.
    fn code<const INDEX: usize, const SIGNED: bool>(self, codes: Self::Codes) -> Self::Eight;

    /// Of each column, whose inputs `x` begin where its pointer says, the sum of codes from 0 to 63 times inputs from -127
    /// to 127, four a vector. `TOGETHER` vectors may be added in 16 bits: 8 of codes up to 15, 4 up to 31, 2 up to 63.
    unsafe fn unsigned<const COLUMNS: usize, const VECTORS: usize, const TOGETHER: usize>(
        self,
        codes: impl Vectors<Self>,
        x: [*const i8; COLUMNS],
    ) -> [Self::Sums; COLUMNS];

    /// The same of codes from -128 to 127.
    unsafe fn signed<const COLUMNS: usize, const VECTORS: usize>(
        self,
        codes: impl Vectors<Self>,
        x: [*const i8; COLUMNS],
    ) -> [Self::Sums; COLUMNS];
}
