//! Draws from a stream.

use triaxis_random::Stream;

/// A number below `count`, which is above 0.
pub fn below(stream: &mut Stream, count: usize) -> usize {
    // A product with a uniform number below one rounds to `count` at most where that is beyond 2^53.
    ((stream.uniform() * count as f64) as usize).min(count - 1)
}

/// A token from `first` on, before `end`.
pub fn token(stream: &mut Stream, first: usize, end: usize) -> u32 {
    (first + below(stream, end - first)) as u32
}

/// `count` different numbers below `all`, in random order.
pub fn distinct(stream: &mut Stream, count: usize, all: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..all).collect();
    for place in 0..count {
        let other = place + below(stream, all - place);
        numbers.swap(place, other);
    }
    numbers.truncate(count);
    numbers
}

/// `count` different numbers below `all`, drawn one after the other with chances in proportion to `weight`: the largest
/// of uniform numbers to the power of one over the weight (Efraimidis and Spirakis 2006, algorithm A).
pub fn weighted(stream: &mut Stream, count: usize, all: usize, weight: impl Fn(usize) -> f64) -> Vec<usize> {
    let key = |number| (1.0 - stream.uniform()).ln() / weight(number);
    let mut keyed: Vec<(f64, usize)> = (0..all).map(key).zip(0..all).collect();
    keyed.sort_by(|one, other| other.0.total_cmp(&one.0));
    keyed.into_iter().take(count).map(|(_, number)| number).collect()
}
