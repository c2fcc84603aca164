//! A share of all that is told from a sample.

use triaxis_units::{Estimate, Interval};

/// The level of intervals.
const LEVEL: f64 = 0.95;
/// The normal distribution's quantile of that level, on both sides.
const DEVIATIONS: f64 = 1.959_963_984_540_054;

/// The share `part` of `whole`, with Wilson's interval (Wilson 1927) where that is a sample; of nothing there is none.
pub(super) fn share(part: u64, whole: u64, is_sample: bool) -> Option<Estimate> {
    if whole == 0 {
        return None;
    }
    let (value, whole) = (part as f64 / whole as f64, whole as f64);
    Some(Estimate {
        value,
        interval: is_sample.then(|| Interval::of_share(value, whole, DEVIATIONS, LEVEL)),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The interval's ends are the shares p of the whole from which `part` is just so many deviations away.
        #[test]
        fn ends_are_as_far_as_the_level_says(whole in 1_u64..5000, of in 0.0..=1.0_f64) {
            let part = (of * whole as f64).round() as u64;
            let estimate = share(part, whole, true).unwrap();
            let interval = estimate.interval.unwrap();
            prop_assert!(interval.low <= estimate.value && estimate.value <= interval.high);
            for end in [interval.low, interval.high] {
                let deviation = (end * (1.0 - end) / whole as f64).sqrt();
                let distance = (estimate.value - end).abs();
                prop_assert!((distance - DEVIATIONS * deviation).abs() < 1e-9, "{} {}", distance, deviation);
            }
        }
    }

    #[test]
    fn published_values_come_out() {
        // Newcombe 1998 (Statistics in Medicine 17), table I, method 3.
        for (part, whole, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = share(part, whole, true).unwrap().interval.unwrap();
            assert!((interval.low - low).abs() < 5.1e-5, "{interval:?}");
            assert!((interval.high - high).abs() < 5.1e-5, "{interval:?}");
        }
        assert_eq!(share(0, 0, true), None);
        assert_eq!(share(1, 4, false), Some(Estimate::point(0.25)));
    }
}
