//! Formats against the field's own readers and writers (`golden/blocks.py` made the blocks of `golden/*.bin`), and products
//! and attention against their definitions.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

mod attention;
mod golden;
mod products;
mod quality;

/// Numbers between -1 and 1 that look like chance.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
