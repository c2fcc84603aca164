//! Learning rate, batch and warm-up as functions of the model's size and the tokens it will see.
//!
//! A study may override each of them, or sweep around them.

use triaxis_units::{Params, Tokens};

/// What is left of Step Law's rate at the sizes of a small study; the law was fitted above 60 million
/// parameters. Best rates that `examples/sweep.rs` found on source code, as shares of the law's: with 0.3
/// million tokens 0.26 or more (the highest tried) at 25 thousand parameters outside the embedding, 0.26
/// at 101 and 0.38 at 594 thousand; with 1 million 0.13 or more and 0.18 at 25 and 101 thousand. A factor
/// of two off costs about 1% of the loss.
const SHARE_OF_LEARNING_RATE: f64 = 0.25;

/// What is left of Step Law's batch. With 1 million tokens, the law's 1,547 cost 0.5 to 0.8% of the loss
/// more than half of it, and a quarter 0.4 to 1.1% more, at 25 and 101 thousand parameters.
const SHARE_OF_BATCH: f64 = 0.5;

/// Highest learning rate that the rule gives.
const LEARNING_RATE_MOST: f64 = 0.012;

/// The peak learning rate: a quarter of `1.79 N^−0.713 D^0.307` (Step Law, Li et al. 2025, arXiv
/// 2503.04715, equation 1), where `N` is the number of parameters outside the embedding; at most 0.012.
pub fn learning_rate(non_embedding: Params, tokens: Tokens) -> f64 {
    let law = 1.79 * non_embedding.as_f64().max(1.0).powf(-0.713) * tokens.as_f64().max(1.0).powf(0.307);
    (SHARE_OF_LEARNING_RATE * law).min(LEARNING_RATE_MOST)
}

/// The batch in tokens: half of `0.58 D^0.571` (Step Law, the same equation); it does not depend on `N`.
pub fn batch(_: Params, tokens: Tokens) -> Tokens {
    let law = 0.58 * tokens.as_f64().powf(0.571);
    Tokens((SHARE_OF_BATCH * law).round().max(1.0) as u64)
}

/// Steps of warm-up: a fiftieth of the training, from 1 to 2,000.
pub fn warmup_steps(steps: u64) -> u64 {
    (steps / 50).clamp(1, 2_000)
}

/// How many times longer than the shortest of them the longest of the trainings that share a trunk is. Its
/// warm-up is then a fifth of the shortest at most, and its batch and rate are not far from what each would have
/// alone.
const SPAN: f64 = 10.0;

/// The length that the rules above are asked with for a training of `tokens` that may share its trunk with
/// others up to `longest`: `longest`, or a tenth of it, a hundredth, and so on, the least that is not below
/// `tokens`. It depends on no other training, so that any may be added below the longest.
pub fn reference(tokens: Tokens, longest: Tokens) -> Tokens {
    // Lengths in whole steps or tokens of ten to one belong together.
    let most = 1.01 * tokens.as_f64().max(1.0);
    let mut reference = longest.as_f64();
    while most < reference / SPAN {
        reference /= SPAN;
    }
    Tokens(reference.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_a_quarter_of_step_law_below_its_ceiling() {
        // The law at one billion parameters and a hundred billion tokens, by hand:
        // 1.79 × 10^(−0.713·9) × 10^(0.307·11) = 1.79 × 10^−3.04.
        let law = 1.79 * 10f64.powf(-3.04);
        let found = learning_rate(Params(1_000_000_000), Tokens(100_000_000_000));
        assert!((found / (0.25 * law) - 1.0).abs() < 1e-9, "{found}");
        assert_eq!(
            learning_rate(Params(20_000), Tokens(1_000_000)),
            LEARNING_RATE_MOST
        );
        assert_eq!(
            learning_rate(Params(0), Tokens(0)),
            LEARNING_RATE_MOST.min(0.25 * 1.79)
        );
    }

    #[test]
    fn the_batch_grows_with_the_tokens_and_is_never_nothing() {
        // 0.5 × 0.58 × 10^(0.571·6) = 0.29 × 10^3.426
        assert_eq!(batch(Params(1), Tokens(1_000_000)), Tokens(773));
        assert_eq!(batch(Params(1), Tokens(0)), Tokens(1));
    }

    #[test]
    fn trainings_of_one_decade_share_their_reference() {
        let of = |tokens: u64| reference(Tokens(tokens), Tokens(1_000_000)).0;
        assert_eq!(
            [1_000_000, 200_000, 100_000, 99_500].map(of),
            [1_000_000; 4],
            "up to a tenth"
        );
        assert_eq!(
            [98_000, 10_000, 9_000, 90].map(of),
            [100_000, 100_000, 10_000, 100]
        );
        assert_eq!(reference(Tokens(0), Tokens(50)), Tokens(5));
        assert_eq!(reference(Tokens(0), Tokens(0)), Tokens(0));
    }

    #[test]
    fn the_warm_up_is_short_but_there() {
        assert_eq!([1, 50, 5_000, 1_000_000].map(warmup_steps), [1, 1, 100, 2_000]);
    }
}
