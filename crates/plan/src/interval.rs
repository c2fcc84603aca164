use triaxis_laws::numeric::quantile_sorted;
use triaxis_units::Interval;

/// The fewest draws an interval of share `level` is read from: `2 / (1 - level)`, so that at least
/// one draw lies beyond each end.
pub(crate) fn draws_needed(level: f64) -> usize {
    // The small step down keeps 2 / (1 - 0.9) = 20.000000000000004 at 20.
    (2.0 / (1.0 - level) - 1e-9).ceil() as usize
}

/// The central interval that holds the share `level` of `draws`, by linear interpolation between
/// order statistics (Hyndman and Fan 1996, type 7).
pub(crate) fn central(draws: impl IntoIterator<Item = f64>, level: f64) -> Option<Interval> {
    let mut sorted: Vec<f64> = draws.into_iter().collect();
    if sorted.len() < draws_needed(level) {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let quantile = |share: f64| quantile_sorted(&sorted, share);
    Some(Interval {
        low: quantile((1.0 - level) / 2.0),
        high: quantile((1.0 + level) / 2.0),
        level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_draws() {
        let interval = central((0..=100).rev().map(f64::from), 0.9).unwrap();
        assert!((interval.low - 5.0).abs() < 1e-12 && (interval.high - 95.0).abs() < 1e-12);
    }

    #[test]
    fn too_few_draws_give_no_interval() {
        assert_eq!(draws_needed(0.9), 20);
        assert_eq!(draws_needed(0.5), 4);
        assert!(central((0..19).map(f64::from), 0.9).is_none());
        assert!(central((0..20).map(f64::from), 0.9).is_some());
    }
}
