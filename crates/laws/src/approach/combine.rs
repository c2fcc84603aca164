//! What several laws say of one run, as one prediction.

use crate::numeric::normal_quantile;

/// What one law says of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// Predicted response.
    pub value: f64,
    /// Low end of its interval.
    pub low: f64,
    /// High end.
    pub high: f64,
    /// Relative error of the law on runs held out from its fit; not finite if it was not checked.
    pub held_out_error: f64,
}

/// The opinions of several laws as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Combined {
    /// Weight of each opinion; they sum to one.
    pub weights: Vec<f64>,
    /// The weighted mean.
    pub value: f64,
    /// Low end of the interval.
    pub low: f64,
    /// High end.
    pub high: f64,
}

/// The weighted mean of what laws say of one run, each weighted by the inverse of its squared held-out error
/// (Bates and Granger 1969, the combination of forecasts with independent errors).
///
/// The variance is the mean of the laws' own and the spread between them (Hoeting et al. 1999), so that laws
/// which disagree give a wider interval than any of them. Laws without a finite error count only when
/// none has one, and then equally. An error below a thousandth counts as one, so that a lucky law does not
/// silence the others. `level` is the coverage of all intervals. `None` without opinions.
///
/// ```
/// use triaxis_laws::approach::{Opinion, combine};
/// let law = |value, held_out_error| Opinion { value, low: value - 0.1, high: value + 0.1, held_out_error };
/// let both = combine(&[law(2.0, 0.01), law(2.5, 0.02)], 0.9).unwrap();
/// assert!((both.value - 2.1).abs() < 1e-12);
/// assert!(both.high - both.low > 0.2);
/// ```
pub fn combine(opinions: &[Opinion], level: f64) -> Option<Combined> {
    let weights = weights(opinions);
    let mean = |of: &dyn Fn(&Opinion) -> f64| -> f64 {
        let terms = opinions.iter().zip(&weights);
        terms.map(|(opinion, weight)| weight * of(opinion)).sum()
    };
    let quantile = normal_quantile(0.5 + level / 2.0);
    let value = mean(&|opinion| opinion.value);
    let variance = mean(&|opinion| {
        let own = (opinion.high - opinion.low) / (2.0 * quantile);
        own * own + (opinion.value - value).powi(2)
    });
    let reach = quantile * variance.sqrt();
    (!opinions.is_empty()).then_some(Combined {
        weights,
        value,
        low: value - reach,
        high: value + reach,
    })
}

fn weights(opinions: &[Opinion]) -> Vec<f64> {
    let inverse = |opinion: &Opinion| {
        let error = opinion.held_out_error;
        if error.is_finite() {
            error.abs().max(1e-3).powi(-2)
        } else {
            0.0
        }
    };
    let raw: Vec<f64> = opinions.iter().map(inverse).collect();
    let sum: f64 = raw.iter().sum();
    match sum > 0.0 {
        true => raw.iter().map(|weight| weight / sum).collect(),
        false => vec![1.0 / opinions.len().max(1) as f64; opinions.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinion(value: f64, reach: f64, held_out_error: f64) -> Opinion {
        Opinion {
            value,
            low: value - reach,
            high: value + reach,
            held_out_error,
        }
    }

    #[test]
    fn one_law_speaks_for_itself() {
        let alone = combine(&[opinion(2.0, 0.3, f64::NAN)], 0.9).unwrap();
        assert_eq!(alone.weights, [1.0]);
        assert!((alone.low - 1.7).abs() < 1e-12 && (alone.high - 2.3).abs() < 1e-12);
        assert_eq!(combine(&[], 0.9), None);
    }

    #[test]
    fn an_unchecked_law_is_silent_beside_a_checked_one() {
        let opinions = [opinion(2.0, 0.1, 0.05), opinion(9.0, 0.1, f64::NAN)];
        let combined = combine(&opinions, 0.9).unwrap();
        assert_eq!(combined.weights, [1.0, 0.0]);
        assert_eq!(combined.value, 2.0);
        let unchecked = opinions.map(|one| Opinion {
            held_out_error: f64::INFINITY,
            ..one
        });
        assert_eq!(combine(&unchecked, 0.9).unwrap().weights, [0.5, 0.5]);
    }

    #[test]
    fn laws_that_disagree_widen_the_interval() {
        let near = combine(&[opinion(2.0, 0.1, 0.01), opinion(2.0, 0.1, 0.01)], 0.9).unwrap();
        let far = combine(&[opinion(1.9, 0.1, 0.01), opinion(2.1, 0.1, 0.01)], 0.9).unwrap();
        assert_eq!(near.value, far.value);
        assert!((near.high - near.low - 0.2).abs() < 1e-12);
        // Variances: 0.1² / 1.645² of each, and 0.1² between them.
        let expected = 2.0 * 1.6448536269514722 * (0.01f64 / 1.6448536269514722f64.powi(2) + 0.01).sqrt();
        assert!((far.high - far.low - expected).abs() < 1e-9);
    }

    #[test]
    fn a_law_that_was_right_by_luck_does_not_silence_the_others() {
        let combined = combine(&[opinion(2.0, 0.1, 0.0), opinion(2.2, 0.1, 0.002)], 0.9).unwrap();
        assert!((combined.weights[0] - 0.8).abs() < 1e-12);
    }
}
