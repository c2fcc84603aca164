//! What coding loses, what comes back as it was, and blocks of any bytes and numbers.

use proptest::collection::vec;
use proptest::num::f32::{ANY, NORMAL};
use proptest::prelude::*;
use triaxis_blocks::{Format, Rows};

fn coded(format: Format, values: &[f32]) -> Vec<f32> {
    Rows::quantised(values, values.len(), format).values()
}

fn error(format: Format, values: &[f32]) -> f64 {
    let pairs = values.iter().zip(coded(format, values));
    pairs
        .map(|(value, found)| f64::from(value - found).powi(2))
        .sum::<f64>()
}

/// The error of codes of so many bits that begin at `least` and end at `largest` of each part, a part being as long, with
/// scales that are not rounded: the simple coding of the same shape.
fn simple(values: &[f32], part: usize, bits: u32, range: impl Fn(&[f32]) -> [f32; 2]) -> f64 {
    let of_part = |values: &[f32]| {
        let [least, largest] = range(values).map(f64::from);
        let scale = (largest - least) / f64::from((1u32 << bits) - 1);
        let lost = |value: &f32| {
            let value = f64::from(*value) - least;
            (value - scale * (value / scale).round()).powi(2)
        };
        values.iter().map(lost).sum::<f64>()
    };
    values.chunks(part).map(of_part).sum()
}

/// From the least number to the largest.
fn whole(values: &[f32]) -> [f32; 2] {
    [f32::min, f32::max].map(|of| values.iter().copied().fold(values[0], of))
}

/// As far below 0 as the largest magnitude, and a code less far above it.
fn around_zero(values: &[f32]) -> [f32; 2] {
    let most = values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    [-most, most * 31.0 / 32.0]
}

/// Numbers as weights are, from a sum of twelve uniform ones.
fn weights(count: usize) -> Vec<f32> {
    let mut state = 15u64;
    let mut uniform = move || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..count)
        .map(|_| 0.02 * ((0..12).map(|_| uniform()).sum::<f32>() - 6.0))
        .collect()
}

#[test]
fn encoders_of_super_blocks_lose_less_than_the_range_alone() {
    let values = weights(256 * 64);
    for (format, simple) in [
        (Format::Q4K, simple(&values, 32, 4, whole)),
        (Format::Q5K, simple(&values, 32, 5, whole)),
        (Format::Q6K, simple(&values, 16, 6, around_zero)),
    ] {
        let found = error(format, &values);
        assert!(
            found < simple,
            "{}: {found} is above {simple} of the range alone",
            format.name()
        );
    }
}

#[test]
fn more_bits_lose_less() {
    let values = weights(256 * 64);
    let [q4_0, q4_1, q4k, q5_0, q5k, q6k, q8_0] = [
        Format::Q4_0,
        Format::Q4_1,
        Format::Q4K,
        Format::Q5_0,
        Format::Q5K,
        Format::Q6K,
        Format::Q8_0,
    ]
    .map(|format| error(format, &values));
    assert!(q4_0 > q4_1 && q4_1 > q4k && q4k > q5_0 && q5_0 > q5k && q5k > q6k && q6k > q8_0);
}

#[test]
fn what_a_format_has_comes_back_as_it_was() {
    // All codes of four bits around 0, and of eight with the largest magnitude in every block.
    let steps: Vec<f32> = (0..256).map(|step| (step % 16 - 8) as f32 / 8.0).collect();
    for format in [Format::F32, Format::F16, Format::Bf16, Format::Q4_0, Format::Q4_1] {
        assert_eq!(coded(format, &steps), steps, "{}", format.name());
    }
    let wide: Vec<f32> = (0..256).map(|step| (step - 127).min(127) as f32).collect();
    let wide: Vec<f32> = wide
        .chunks(32)
        .flat_map(|part| [&[127.0], &part[1..]].concat())
        .collect();
    assert_eq!(coded(Format::Q8_0, &wide), wide);
    for &format in Format::ALL {
        assert_eq!(coded(format, &[0.0; 256]), [0.0; 256], "{}", format.name());
    }
}

#[test]
fn rows_that_blocks_do_not_divide_have_no_bytes() {
    for &format in Format::ALL {
        let (values, bytes) = (format.values(), format.bytes());
        assert_eq!(format.row_bytes(3 * values), Some(3 * bytes));
        assert_eq!(format.row_bytes(3 * values + 1).is_some(), values == 1);
        let most = usize::MAX / values * values;
        assert_eq!(format.row_bytes(most), (most / values).checked_mul(bytes));
        assert_eq!(Format::of_id(format.id()), Some(format));
    }
    assert_eq!(Format::F32.row_bytes(usize::MAX), None);
    assert_eq!(Format::of_id(4), None);
}

proptest! {
    #[test]
    fn any_bytes_are_numbers(bytes in vec(any::<u8>(), 2 * 256)) {
        for &format in Format::ALL {
            let blocks = &bytes[..bytes.len() / format.bytes() * format.bytes()];
            let mut out = vec![0.0; blocks.len() / format.bytes() * format.values()];
            format.dequantise(blocks, &mut out);
        }
    }

    #[test]
    fn any_numbers_are_whole_blocks(values in vec(ANY, 512)) {
        for &format in Format::ALL {
            let mut out = vec![7];
            format.quantise(&values, &mut out);
            prop_assert_eq!(out.len(), 1 + format.row_bytes(512).unwrap());
            prop_assert_eq!(out[0], 7);
        }
    }

    /// A number is at most a step of its block away, but for scales that half precision rounds.
    #[test]
    fn numbers_of_a_range_come_back_nearly(values in vec(NORMAL.prop_map(|value| (value % 100.0).clamp(-100.0, 100.0)), 256)) {
        for (format, codes) in [(Format::Q4_0, 16.0), (Format::Q4_1, 15.0), (Format::Q5_0, 32.0), (Format::Q5_1, 31.0), (Format::Q8_0, 254.0)] {
            for (values, found) in values.chunks(32).zip(coded(format, &values).chunks(32)) {
                let most = values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
                let step = 2.0 * most / codes * 1.001 + 1e-6;
                let far = values.iter().zip(found).find(|(value, found)| (*value - *found).abs() > step);
                prop_assert!(far.is_none(), "{} {:?} step {}", format.name(), far, step);
            }
        }
    }
}
