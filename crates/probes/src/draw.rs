//! Draws from a stream.

use triaxis_random::Stream;

/// Tokens that are drawn to tell how often the most frequent one comes.
const COUNTED: usize = 1 << 14;

/// A token from `first` on, before `end`.
pub fn token(stream: &mut Stream, first: usize, end: usize) -> u32 {
    (first + stream.below(end - first)) as u32
}

/// `count` different numbers below `all`, in random order.
pub fn distinct(stream: &mut Stream, count: usize, all: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..all).collect();
    stream.draw_first(&mut numbers, count);
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

/// The share that the most frequent of `count` tokens has of them, each one of `all`: the mean of some draws. It is what
/// is right of answers that are always that one, where each is one of those tokens.
pub fn most_frequent(count: usize, all: usize) -> f64 {
    let mut stream = Stream::new(0, "the most frequent of random tokens", 0);
    let times = COUNTED.div_ceil(count.max(1));
    let most = |_| {
        let mut tokens: Vec<usize> = (0..count).map(|_| stream.below(all)).collect();
        tokens.sort_unstable();
        let alike = tokens.chunk_by(|one, other| one == other);
        alike.map(<[usize]>::len).max().unwrap_or(0)
    };
    let sum: usize = (0..times).map(most).sum();
    sum as f64 / (times * count.max(1)) as f64
}
