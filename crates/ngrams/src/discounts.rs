//! What is taken from counts for what was not seen.

/// What is taken from the counts of n-grams of one length: from those seen once, twice, and more often.
pub type Discounts = [f64; 3];

/// Those for lengths of which too few n-grams were seen to tell.
pub const FALLBACK: Discounts = [0.5, 1.0, 1.5];

/// The discounts of n-grams of which `seen` were counted once, twice, three and four times, and whether these tell them:
/// where small counts make them impossible, or leave nothing for what was not seen, they are [`FALLBACK`].
pub fn told(seen: [f64; 4]) -> (Discounts, bool) {
    let discounts = modified(seen);
    let is_possible = |(place, discount): (usize, &f64)| *discount > 0.0 && *discount <= place as f64 + 1.0;
    match discounts.iter().enumerate().all(is_possible) {
        true => (discounts, true),
        false => (FALLBACK, false),
    }
}

/// The discounts that fit n-grams of which `seen` were counted once, twice, three and four times: equation 26 of Chen
/// and Goodman 1999 (*An empirical study of smoothing techniques for language modeling*). Where a number is missing they
/// are no numbers, or impossible.
///
/// ```
/// use triaxis_ngrams::discounts::modified;
/// assert_eq!(modified([8.0, 4.0, 2.0, 1.0]), [0.5, 1.25, 2.0]);
/// ```
pub fn modified(seen: [f64; 4]) -> Discounts {
    let common = seen[0] / (seen[0] + 2.0 * seen[1]);
    [1, 2, 3].map(|times| {
        let count = times as f64;
        count - (count + 1.0) * common * seen[times] / seen[times - 1]
    })
}

/// What is taken from a count.
pub fn of_count(discounts: &Discounts, count: u64) -> f64 {
    match count {
        0 => 0.0,
        count => discounts[count.min(3) as usize - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discounts_that_leave_nothing_are_told_by_no_counts() {
        assert_eq!(told([8.0, 4.0, 2.0, 1.0]), ([0.5, 1.25, 2.0], true));
        // 3 - 4 * 600/800 * 1: what is seen three times would leave nothing.
        let nothing = [600.0, 100.0, 80.0, 80.0];
        assert_eq!(modified(nothing)[2], 0.0);
        for seen in [nothing, [0.0; 4], [9.0, 9.0, 99.0, 1.0]] {
            assert_eq!(told(seen), (FALLBACK, false), "{seen:?}");
        }
    }
}
