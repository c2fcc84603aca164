//! Quantiles of samples and of the normal and Student distributions.

use statrs::distribution::{ContinuousCDF, FisherSnedecor, Normal, StudentsT};
use triaxis_units::{Estimate, Interval};

/// The values in ascending order, non-finite ones left out.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The quantile of an ascending sample by linear interpolation (Hyndman and Fan's type 7); NaN when empty.
pub fn quantile_sorted(values: &[f64], probability: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = probability.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    values[below] + (position - below as f64) * (values[above] - values[below])
}

/// The standard normal distribution function.
pub fn normal_cdf(at: f64) -> f64 {
    Normal::standard().cdf(at)
}

/// The standard normal quantile.
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The quantile of Student's distribution; the normal one when `freedom` is below 1.
pub(crate) fn student_quantile(probability: f64, freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) if freedom >= 1.0 => student.inverse_cdf(probability),
        _ => normal_quantile(probability),
    }
}

/// The mean of some values, with its interval by Student's distribution where they are two or more; `None` of none.
pub fn mean(values: &[f64], level: f64) -> Option<Estimate> {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let freedom = count - 1.0;
    let variance = values.iter().map(|other| (other - value).powi(2)).sum::<f64>() / freedom;
    let half = student_quantile(0.5 * (1.0 + level), freedom) * (variance / count).sqrt();
    let interval = Interval {
        low: value - half,
        high: value + half,
        level,
    };
    (!values.is_empty()).then(|| Estimate {
        value,
        interval: (values.len() > 1).then_some(interval),
    })
}

/// The chance that Student's distribution is as far from zero on either side; 1 without degrees of freedom.
pub(crate) fn student_chance(at: f64, freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) if freedom >= 1.0 && !at.is_nan() => 2.0 * student.sf(at.abs()),
        _ => 1.0,
    }
}

/// The chance of an F statistic as large, of `more` parameters against `freedom` degrees of freedom; `None` without
/// these, or where nothing is left to compare with.
pub(crate) fn chance_of_f(statistic: f64, more: usize, freedom: usize) -> Option<f64> {
    let distribution = FisherSnedecor::new(more as f64, freedom as f64).ok()?;
    // The upper tail itself: 1 less the lower one is 0 from 1e-16 on.
    statistic.is_finite().then(|| distribution.sf(statistic.max(0.0)))
}

/// How many times as wide as the normal interval of a level Student's is.
pub fn student_over_normal(level: f64, freedom: f64) -> f64 {
    let upper = 0.5 * (1.0 + level);
    student_quantile(upper, freedom) / normal_quantile(upper)
}

/// The level at which percentiles of a bootstrap are read so that the interval holds with `freedom`
/// degrees of freedom: that of the normal interval as wide as Student's (Hesterberg 2015, section 5.3).
pub(crate) fn expanded_level(level: f64, freedom: f64) -> f64 {
    2.0 * normal_cdf(student_quantile(0.5 * (1.0 + level), freedom)) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_interval_of_the_tables_of_student() {
        let of_three = mean(&[1.0, 2.0, 3.0], 0.95).unwrap();
        let range = of_three.interval.unwrap();
        // 4.302653 is the two-sided quantile of two degrees of freedom, and 1/sqrt(3) the error of the mean.
        assert!(
            (range.high - 2.0 - 4.302_653 / 3f64.sqrt()).abs() < 1e-5,
            "{of_three:?}"
        );
        assert!((range.low + range.high - 2.0 * of_three.value).abs() < 1e-12);
        assert_eq!(mean(&[7.0], 0.95), Some(Estimate::point(7.0)));
        assert_eq!(mean(&[], 0.95), None);
    }

    #[test]
    fn interpolates_between_order_statistics() {
        let values = sorted([3.0, 1.0, f64::NAN, 2.0]);
        assert_eq!(quantile_sorted(&values, 0.0), 1.0);
        assert_eq!(quantile_sorted(&values, 0.75), 2.5);
        assert_eq!(quantile_sorted(&values, 1.0), 3.0);
        assert!(quantile_sorted(&[], 0.5).is_nan());
    }

    #[test]
    fn distribution_quantiles_match_tables() {
        assert!((normal_quantile(0.975) - 1.959_963_985).abs() < 1e-8);
        assert!(
            (expanded_level(0.95, 5.0) - 0.989_846).abs() < 1e-5,
            "{}",
            expanded_level(0.95, 5.0)
        );
        assert!((expanded_level(0.9, 1e6) - 0.9).abs() < 1e-5);
        assert!((student_quantile(0.975, 5.0) - 2.570_581_836).abs() < 1e-6);
        assert!((student_chance(-2.570_581_836, 5.0) - 0.05).abs() < 1e-8);
        assert_eq!(
            [student_chance(3.0, 0.0), student_chance(f64::NAN, 5.0)],
            [1.0; 2]
        );
    }
}
