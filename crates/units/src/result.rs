//! Results as they are told: a number with its interval, or why there is none.

use serde::{Deserialize, Serialize};

/// A range and the confidence that it holds the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval<T = f64> {
    /// Lower end.
    pub low: T,
    /// Upper end.
    pub high: T,
    /// Confidence level, between 0 and 1.
    pub level: f64,
}

impl Interval {
    /// Wilson's interval (1927) of a share that is told from a sample of `count`, at the level whose quantile of the normal
    /// distribution, on both sides, is `deviations`.
    ///
    /// ```
    /// use triaxis_units::Interval;
    /// // Newcombe 1998 (Statistics in Medicine 17), table I, method 3.
    /// let interval = Interval::of_share(81.0 / 263.0, 263.0, 1.959_963_984_540_054, 0.95);
    /// assert!((interval.low - 0.2553).abs() < 5e-5 && (interval.high - 0.3662).abs() < 5e-5);
    /// ```
    pub fn of_share(share: f64, count: f64, deviations: f64, level: f64) -> Self {
        let squared = deviations * deviations / count;
        let middle = (share + squared / 2.0) / (1.0 + squared);
        let half = (squared * (share * (1.0 - share) + squared / 4.0)).sqrt() / (1.0 + squared);
        Self {
            low: (middle - half).max(0.0),
            high: (middle + half).min(1.0),
            level,
        }
    }
}

/// A number with, where it is known, the interval it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate<T = f64> {
    /// The point estimate.
    pub value: T,
    /// Its interval.
    pub interval: Option<Interval<T>>,
}

impl<T> Estimate<T> {
    /// A number of which nothing is known but itself.
    pub fn point(value: T) -> Self {
        Self {
            value,
            interval: None,
        }
    }

    /// The same estimate in another type or unit; `convert` must not turn the order round.
    pub fn map<U>(self, convert: impl Fn(T) -> U) -> Estimate<U> {
        Estimate {
            value: convert(self.value),
            interval: self.interval.map(|interval| Interval {
                low: convert(interval.low),
                high: convert(interval.high),
                level: interval.level,
            }),
        }
    }
}

/// A result, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding<T = Estimate> {
    /// The result.
    Found(T),
    /// Why there is none.
    Refused(String),
}

impl<T> Finding<T> {
    /// The result, or the error in words.
    pub fn of<E: std::fmt::Display>(result: Result<T, E>) -> Self {
        result.map_or_else(|error| Self::Refused(error.to_string()), Self::Found)
    }

    /// The result, if there is one.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(value) => Some(value),
            Self::Refused(_) => None,
        }
    }

    /// The same of something else about the result.
    pub fn map<U>(&self, of: impl FnOnce(&T) -> U) -> Finding<U> {
        match self {
            Self::Found(value) => Finding::Found(of(value)),
            Self::Refused(reason) => Finding::Refused(reason.clone()),
        }
    }
}

/// How many times beyond the largest measured run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// In training compute.
    pub compute: f64,
    /// In parameters.
    pub params: f64,
    /// In tokens.
    pub tokens: f64,
}
