use serde::{Deserialize, Serialize};

/// A number somebody computed, or why it was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding<T = Estimate> {
    /// The number.
    Found(T),
    /// Why there is none.
    Refused(String),
}

impl<T> Finding<T> {
    /// The number, if there is one.
    pub fn found(&self) -> Option<&T> {
        match self {
            Finding::Found(value) => Some(value),
            Finding::Refused(_) => None,
        }
    }
}

/// A number with, where it is known, the interval it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// What a law says, at the level that its interval was asked for.
    pub fn told(of: &triaxis_laws::Estimate, level: f64) -> Self {
        Self {
            value: of.value,
            interval: of.interval.map(|of| Interval {
                low: of.low,
                high: of.high,
                level,
            }),
        }
    }
}

/// A range and the confidence that it holds the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Confidence level, between 0 and 1.
    pub level: f64,
}
