//! The running product of permutations, each a token.

use triaxis_random::Stream;

use crate::draw;
use crate::generator::Usual;
use crate::level::{Level, Sample};

/// The permutation of `0..N` with that place in the order of the dictionary (Lehmer's code).
fn permutation<const N: usize>(mut place: usize) -> [usize; N] {
    let mut left: Vec<usize> = (0..N).collect();
    std::array::from_fn(|at| {
        let following = factorial(N - 1 - at);
        let next = left.remove(place / following);
        place %= following;
        next
    })
}

/// The inverse of [`permutation`].
fn place<const N: usize>(permutation: &[usize; N]) -> usize {
    (0..N).fold(0, |sum, at| {
        let later = &permutation[at + 1..];
        let smaller = later.iter().filter(|&&other| other < permutation[at]).count();
        sum + smaller * factorial(N - 1 - at)
    })
}

/// How many permutations of so many there are.
pub const fn factorial(count: usize) -> usize {
    if count == 0 {
        1
    } else {
        count * factorial(count - 1)
    }
}

/// Every token a permutation of `N`, and after each the product of all up to it, of which the last are scored.
pub fn word<const N: usize>(level: Level, stream: &mut Stream) -> Sample {
    let tokens = (0..level.length).map(|_| draw::token(stream, 0, factorial(N)));
    let mut sample = Sample::of(tokens.collect());
    let mut product: [usize; N] = std::array::from_fn(|at| at);
    for (token, target) in sample.tokens.iter().zip(&mut sample.targets) {
        let next = permutation::<N>(*token as usize);
        product = std::array::from_fn(|at| product[next[at]]);
        *target = Some(place(&product) as u32);
    }
    sample.last(level.answers)
}

/// The share that one of so many answers is right by chance, where the answer after the first token is that token.
pub fn guessing(level: Level, tokens: usize) -> f64 {
    let given = if level.answers == level.length { 1.0 } else { 0.0 };
    (given + (level.answers as f64 - given) / tokens as f64) / level.answers as f64
}

/// Trained on every length up to one, and tested on the second halves of longer sequences.
pub fn extrapolated(vocabulary: usize, length: usize) -> Usual {
    let longer = [2 * length, 4 * length, 8 * length].map(|longer| [longer, longer / 2]);
    let mut usual = Usual::new(vocabulary, [length, length], longer);
    usual.test.insert(0, Level::new(length, length / 2));
    usual
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_stand_in_the_order_of_the_dictionary() {
        let all: Vec<[usize; 3]> = (0..6).map(permutation).collect();
        let mut sorted = all.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted, all);
        assert!((0..factorial(5)).all(|at| place(&permutation::<5>(at)) == at));
    }
}
