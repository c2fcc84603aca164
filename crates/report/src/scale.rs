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

/// Ticks of a logarithmic axis: evenly spaced values within half a decade, then 1, 2 and 5, then 1
/// and 3 of each decade, over a long range whole decades: few enough that their labels do not touch. Covers `low..=high`; empty when the range is not positive.
pub(crate) fn logarithmic_ticks(low: f64, high: f64) -> Vec<f64> {
    if !(low > 0.0 && high >= low && high.is_finite()) {
        return Vec::new();
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = high.log10() - low.log10();
    if decades > 0.0 && decades <= 0.5 {
        let ticks = linear_ticks(low, high, 4);
        return ticks.into_iter().filter(|tick| *tick > 0.0).collect();
    }
    let mantissas: &[f64] = match decades {
        d if d <= 1.6 => &[1.0, 2.0, 5.0],
        d if d <= 2.4 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let step = if decades > 9.0 { 2 } else { 1 };
    (first..=last)
        .step_by(step)
        .flat_map(|power| mantissas.iter().map(move |mantissa| mantissa * 10f64.powi(power)))
        .collect()
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
    use super::*;

    #[test]
    fn ticks_cover_the_range() {
        assert_eq!(
            logarithmic_ticks(3e5, 4e6),
            vec![1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7]
        );
        assert_eq!(logarithmic_ticks(1e5, 1e9).len(), 5);
        assert_eq!(logarithmic_ticks(1e5, 1e7), vec![1e5, 3e5, 1e6, 3e6, 1e7, 3e7]);
        assert_eq!(minor_ticks(8.0, 30.0), vec![8.0, 9.0, 10.0, 20.0, 30.0]);
        assert_eq!(minor_ticks(0.0, 30.0), Vec::<f64>::new());
        assert_eq!(logarithmic_ticks(4.0, 9.0), vec![4.0, 6.0, 8.0, 10.0]);
        assert_eq!(logarithmic_ticks(0.0, 1.0), Vec::<f64>::new());
        let texts = |ticks: Vec<f64>| ticks.iter().map(|tick| format!("{tick:.1}")).collect::<Vec<_>>();
        assert_eq!(
            texts(linear_ticks(3.9, 4.6, 5)),
            ["3.8", "4.0", "4.2", "4.4", "4.6"]
        );
        assert_eq!(linear_ticks(1.0, 1.0, 5), Vec::<f64>::new());
        assert_eq!(linear_ticks(f64::NAN, 1.0, 5), Vec::<f64>::new());
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
