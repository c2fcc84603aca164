//! Where a training comes to a level, or what bounds it.

/// The logarithm of the compute at which a training comes to a level: a number where it was seen to, else bounds of which
/// one is infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Crossing {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Crossing {
    /// A known one.
    pub(super) fn at(logarithm: f64) -> Self {
        Self {
            low: logarithm,
            high: logarithm,
        }
    }

    /// The first at which a curve is at `share` or above, on the line from the point before in the logarithm of compute.
    pub(super) fn of(points: &[(f64, f64)], share: f64) -> Self {
        let mut before: Option<(f64, f64)> = None;
        for &(compute, learnt) in points {
            let at = compute.ln();
            if learnt >= share {
                return match before {
                    None => Self {
                        low: f64::NEG_INFINITY,
                        high: at,
                    },
                    Some((from, least)) => {
                        // What is no number has learnt nothing, and lies at the point itself.
                        let part = (share - least) / (learnt - least);
                        Self::at(if part.is_finite() {
                            from + part * (at - from)
                        } else {
                            at
                        })
                    }
                };
            }
            before = Some((at, learnt));
        }
        Self {
            low: before.map_or(f64::NEG_INFINITY, |(last, _)| last),
            high: f64::INFINITY,
        }
    }

    /// Whether the training came to the level.
    pub(super) fn is_reached(&self) -> bool {
        self.high.is_finite()
    }

    /// How far it is after another of the same training.
    pub(super) fn after(&self, other: &Self) -> Self {
        // What cannot be told apart is bounded by neither.
        let less = |one: f64, other: f64, open: f64| match one - other {
            gap if gap.is_nan() => open,
            gap => gap,
        };
        Self {
            low: less(self.low, other.high, f64::NEG_INFINITY).max(0.0),
            high: less(self.high, other.low, f64::INFINITY),
        }
    }
}
