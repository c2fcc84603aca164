//! Golden-section search (Kiefer 1953).

/// The part of a range that is left of it where it is cut in the golden section; also the part of a circle between
/// neighbours that spreads any number of points most evenly.
pub(crate) const GOLDEN_PART: f64 = 0.618_033_988_749_894_9;

/// What is left of a range, and the last two places in it with what is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Narrowed<T> {
    /// The ends.
    pub ends: [f64; 2],
    /// The places and their values, the lower first.
    pub places: [(f64, T); 2],
}

impl<T> Narrowed<T> {
    /// The middle of what is left.
    pub fn middle(&self) -> f64 {
        let [low, high] = self.ends;
        low + (high - low) / 2.0
    }
}

/// The range between two ends narrowed in so many steps to where a function of one basin is best by `is_better`: a value
/// a step, which leaves 0.618 of the range. 60 steps leave less than a double's flat bottom can resolve.
///
/// ```
/// let found = triaxis_laws::numeric::golden_section([0.0, 3.0], 60, |x| (x - 1.0) * (x - 1.0), |one, other| one < other);
/// assert!((found.middle() - 1.0).abs() < 1e-7);
/// ```
pub fn golden_section<T>(
    [mut low, mut high]: [f64; 2],
    steps: usize,
    function: impl Fn(f64) -> T,
    is_better: impl Fn(&T, &T) -> bool,
) -> Narrowed<T> {
    let (mut left, mut right) = (
        high - GOLDEN_PART * (high - low),
        low + GOLDEN_PART * (high - low),
    );
    let (mut at_left, mut at_right) = (function(left), function(right));
    for _ in 0..steps {
        if is_better(&at_left, &at_right) {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN_PART * (high - low);
            at_left = function(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN_PART * (high - low);
            at_right = function(right);
        }
    }
    Narrowed {
        ends: [low, high],
        places: [(left, at_left), (right, at_right)],
    }
}
