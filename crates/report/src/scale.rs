//! Where the ticks of an axis stand.

/// The smallest and largest finite value, or `None` without any.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
        })
}

/// Ticks that an axis shows at least.
const FEWEST: usize = 3;

/// Ticks of a logarithmic axis: of decades, then 1 and 3, then 1, 2 and 5 of each the first that put three between
/// `low` and `high`, over less than that evenly spaced values. They go on a little beyond, where an interval may
/// reach; empty when the range is not positive.
pub(crate) fn logarithmic_ticks(low: f64, high: f64) -> Vec<f64> {
    if !(low > 0.0 && high >= low && high.is_finite()) {
        return Vec::new();
    }
    // Of a single value plotly.js shows a decade to both sides.
    let (low, high) = if high > low {
        (low, high)
    } else {
        (low / 10.0, high * 10.0)
    };
    let first = (low.log10().floor() as i32).max(-306) - 1;
    let last = (high.log10().ceil() as i32).min(306) + 1;
    // So few that their labels do not touch.
    let step = ((high.log10() - low.log10()) / 7.0).ceil() as usize;
    let grids: [(usize, &[f64]); 3] = [(step.max(1), &[1.0]), (1, &[1.0, 3.0]), (1, &[1.0, 2.0, 5.0])];
    let of_grid = |(step, mantissas): (usize, &[f64])| -> Vec<f64> {
        let powers = (first..=last).filter(|power| (power.unsigned_abs() as usize).is_multiple_of(step));
        powers
            .flat_map(|power| mantissas.iter().map(move |mantissa| mantissa * 10f64.powi(power)))
            .collect()
    };
    let is_enough =
        |ticks: &Vec<f64>| ticks.iter().filter(|tick| (low..=high).contains(*tick)).count() >= FEWEST;
    let found = grids.into_iter().map(of_grid).find(is_enough);
    found.unwrap_or_else(|| {
        linear_ticks(low, high, LINEAR)
            .into_iter()
            .filter(|tick| *tick > 0.0)
            .collect()
    })
}

/// Intervals between ticks of a linear axis, about: steps are at most twice as long, so that three ticks lie inside.
pub(crate) const LINEAR: usize = 6;

/// What is written at ticks: by `print`, or where that would write two alike with as many digits as tell them apart.
pub(crate) fn labels(ticks: &[f64], print: impl Fn(f64) -> String) -> Vec<String> {
    let distinct = |labels: &Vec<String>| {
        let mut sorted = labels.clone();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.len() == labels.len()
    };
    let printed: Vec<String> = ticks.iter().map(|tick| print(*tick)).collect();
    let is_plain = ticks.iter().all(|tick| (1e-3..1e6).contains(tick));
    let digits = |digits: usize| -> Vec<String> {
        let write = |tick: &f64| match is_plain {
            true => format!("{tick:.digits$}"),
            false => format!("{tick:.digits$e}"),
        };
        ticks.iter().map(write).collect()
    };
    std::iter::once(printed.clone())
        .chain((0..16).map(digits))
        .find(distinct)
        .unwrap_or(printed)
}

/// The small ticks between those of [`logarithmic_ticks`]: every whole multiple of a power of ten.
pub(crate) fn minor_ticks(low: f64, high: f64) -> Vec<f64> {
    if !(low > 0.0 && high >= low && high.is_finite()) || high / low > 1e9 {
        return Vec::new();
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let all =
        (first..=last).flat_map(|power| (1..10).map(move |multiple| f64::from(multiple) * 10f64.powi(power)));
    all.filter(|tick| (low..=high).contains(tick)).collect()
}

/// Colours of an ordered ramp, in the page's style and the picture's.
const RAMP_STEPS: usize = 6;

/// The step of the ramp for one of `count` ordered things; a single one stands in the middle.
pub(crate) fn ramp_step(index: usize, count: usize) -> usize {
    match count {
        0 | 1 => RAMP_STEPS / 2,
        _ => (index * (RAMP_STEPS - 1) / (count - 1)).min(RAMP_STEPS - 1),
    }
}

/// About `target` round ticks from at or below `low` to at or above `high`.
pub(crate) fn linear_ticks(low: f64, high: f64, target: usize) -> Vec<f64> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) || target == 0 {
        return Vec::new();
    }
    let rough = span / target as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|multiple| multiple * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power);
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    (first..=last).map(|index| index as f64 * step).collect()
}

/// The range widened on both sides by a fraction of its length; a single point gets some room too.
pub(crate) fn padded((low, high): (f64, f64), fraction: f64) -> (f64, f64) {
    let span = high - low;
    let room = if span > 0.0 {
        span * fraction
    } else {
        low.abs().max(1e-9) * fraction
    };
    (low - room, high + room)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_cover_the_range() {
        let inside = |low: f64, high: f64| {
            let mut ticks = logarithmic_ticks(low, high);
            ticks.retain(|tick| (low..=high).contains(tick));
            ticks
        };
        assert_eq!(inside(3e5, 4e6), vec![3e5, 1e6, 3e6]);
        assert_eq!(inside(4e5, 4e6), vec![5e5, 1e6, 2e6]);
        assert_eq!(inside(1e5, 1e9).len(), 5);
        assert_eq!(inside(1e5, 2e6), vec![1e5, 3e5, 1e6]);
        // Losses of a training: less than a decade, and no power of ten in it.
        assert_eq!(inside(2.3, 6.9), vec![3.0, 4.0, 5.0, 6.0]);
        assert_eq!(inside(4.0, 9.0), vec![4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        assert_eq!(minor_ticks(8.0, 30.0), vec![8.0, 9.0, 10.0, 20.0, 30.0]);
        assert_eq!(minor_ticks(0.0, 30.0), Vec::<f64>::new());
        assert_eq!(logarithmic_ticks(0.0, 1.0), Vec::<f64>::new());
        let texts = |ticks: Vec<f64>| ticks.iter().map(|tick| format!("{tick:.1}")).collect::<Vec<_>>();
        assert_eq!(
            texts(linear_ticks(3.9, 4.6, 5)),
            ["3.8", "4.0", "4.2", "4.4", "4.6"]
        );
        assert_eq!(linear_ticks(1.0, 1.0, 5), Vec::<f64>::new());
        assert_eq!(linear_ticks(f64::NAN, 1.0, 5), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn an_axis_has_three_ticks_with_labels_of_their_own(low in -300.0..300.0_f64, log in -7.0..1.3_f64) {
            let low = 10f64.powf(low);
            let high = 10f64.powf((low.log10() + 10f64.powf(log)).min(300.0));
            prop_assume!(high > low * (1.0 + 1e-7));
            let ticks = logarithmic_ticks(low, high);
            let inside = ticks.iter().filter(|tick| (low..=high).contains(*tick)).count();
            prop_assert!((3..=12).contains(&inside), "{inside} ticks from {low} to {high}");
            let mut labels = labels(&ticks, crate::text::count);
            let all = labels.len();
            labels.sort_unstable();
            labels.dedup();
            prop_assert_eq!(labels.len(), all);
        }

        #[test]
        fn any_range_has_ticks_or_none_and_never_panics(low in any::<f64>(), high in any::<f64>()) {
            prop_assert!(logarithmic_ticks(low, high).len() < 100);
            prop_assert!(logarithmic_ticks(low, low).len() < 100);
        }

        #[test]
        fn a_linear_axis_has_three_ticks(low in -1e6..1e6_f64, span in 1e-6..1e6_f64) {
            let ticks = linear_ticks(low, low + span, LINEAR);
            prop_assert!((3..=7).contains(&ticks.iter().filter(|tick| (low..=low + span).contains(*tick)).count()));
        }
    }

    #[test]
    fn ramp_runs_from_first_to_last() {
        assert_eq!([0, 1, 2].map(|index| ramp_step(index, 3)), [0, 2, 5]);
        assert_eq!(ramp_step(0, 1), 3);
        assert_eq!(ramp_step(9, 3), 5);
    }

    #[test]
    fn extent_ignores_what_is_not_finite() {
        assert_eq!(extent([2.0, f64::NAN, 1.0, f64::INFINITY]), Some((1.0, 2.0)));
        assert_eq!(extent([]), None);
        assert_eq!(padded((1.0, 2.0), 0.1), (0.9, 2.1));
        assert!(padded((2.0, 2.0), 0.1).0 < 2.0);
    }
}
