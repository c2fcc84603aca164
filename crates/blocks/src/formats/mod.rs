//! One file a format.

pub(crate) mod bfloat16;
pub(crate) mod float16;
pub(crate) mod float32;
pub(crate) mod k;
pub(crate) mod q4_0;
pub(crate) mod q4_1;
pub(crate) mod q4_k;
pub(crate) mod q5_0;
pub(crate) mod q5_1;
pub(crate) mod q5_k;
pub(crate) mod q6_k;
pub(crate) mod q8_0;
mod simple;

/// What a format is to the bit.
pub(crate) struct Coding {
    pub(crate) name: &'static str,
    pub(crate) id: u32,
    pub(crate) values: usize,
    pub(crate) bytes: usize,
    /// Reads blocks that follow one another.
    pub(crate) dequantise: fn(&[u8], &mut [f32]),
    /// Writes them over zeros.
    pub(crate) quantise: fn(&[f32], &mut [u8]),
}

/// Calls with every block and where its numbers go.
fn read<const BYTES: usize, const VALUES: usize>(
    bytes: &[u8],
    out: &mut [f32],
    block: impl Fn(&[u8; BYTES], &mut [f32; VALUES]),
) {
    let (bytes, out) = (bytes.as_chunks().0, out.as_chunks_mut().0);
    bytes.iter().zip(out).for_each(|(bytes, out)| block(bytes, out));
}

/// Calls with the numbers of every block and where its bytes go.
fn write<const BYTES: usize, const VALUES: usize>(
    values: &[f32],
    out: &mut [u8],
    block: impl Fn(&[f32; VALUES], &mut [u8; BYTES]),
) {
    let (values, out) = (values.as_chunks().0, out.as_chunks_mut().0);
    values
        .iter()
        .zip(out)
        .for_each(|(values, out)| block(values, out));
}
