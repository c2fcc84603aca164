//! What is said of a document.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a filter says of a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// It stays as it is.
    Keep,
    /// It stays, with the text that the filter's room holds.
    Edit,
    /// It goes: the first bound in the filter's order that it breaks.
    Drop(Check),
}

/// A measured value and what it must be for a document to stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// What was measured, and the reason of a drop.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// What it must be.
    pub bound: Bound,
}

/// What a value must be for a document to stay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Check {
    /// A value that must be at least something.
    pub fn at_least(name: &'static str, value: f64, bound: f64) -> Self {
        let bound = Bound::AtLeast(bound);
        Self { name, value, bound }
    }

    /// A value that must be at most something.
    pub fn at_most(name: &'static str, value: f64, bound: f64) -> Self {
        let bound = Bound::AtMost(bound);
        Self { name, value, bound }
    }

    /// Whether the value breaks its bound.
    pub fn is_broken(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.value < bound,
            Bound::AtMost(bound) => self.value > bound,
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = (self.value * 1e4).round() / 1e4;
        write!(out, "{} {value}, {}", self.name, self.bound)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(out, "at least {bound}"),
            Self::AtMost(bound) => write!(out, "at most {bound}"),
        }
    }
}

/// A part of a whole; of nothing it is none.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
