//! Golden-section search (Kiefer 1953): the best place of a function with one basin, a value a step.

/// What is left of a range, and the last two places in it with what is there.
pub(crate) struct Narrowed<T> {
    /// The ends.
    pub ends: (f64, f64),
    /// The places and their values, the lower first.
    pub places: [(f64, T); 2],
}

/// The range between two ends brought by so many steps around the place where `function` is best, by `is_better`: each
/// step leaves 0.618 of it.
pub(crate) fn narrowed<T>(
    [mut low, mut high]: [f64; 2],
    steps: usize,
    function: impl Fn(f64) -> T,
    is_better: impl Fn(&T, &T) -> bool,
) -> Narrowed<T> {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (function(left), function(right));
    for _ in 0..steps {
        if is_better(&at_left, &at_right) {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = function(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = function(right);
        }
    }
    Narrowed {
        ends: (low, high),
        places: [(left, at_left), (right, at_right)],
    }
}
