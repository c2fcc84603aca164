//! What is taken from counts for what was not seen.

/// What is taken from the counts of n-grams of one length: from those seen once, twice, and more often.
pub type Discounts = [f64; 3];

/// Those for lengths of which too few n-grams were seen to tell.
pub const FALLBACK: Discounts = [0.5, 1.0, 1.5];

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
