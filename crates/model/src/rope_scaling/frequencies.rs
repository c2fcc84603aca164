//! What each pair of coordinates turns by.

use std::f64::consts::TAU;

use burn::tensor::Device;

use super::RopeScaling;
use crate::ops::Rotation;

impl RopeScaling {
    /// What base a pair's frequency is reckoned from.
    fn base(self, turning: usize, base: f64, context: usize) -> f64 {
        let stretched = |factor: f64| base * factor.powf(turning as f64 / (turning as f64 - 2.0));
        match self {
            Self::Ntk { factor } => stretched(factor),
            Self::Dynamic {
                factor,
                original_context,
            } if context > original_context => {
                stretched(factor * context as f64 / original_context as f64 - (factor - 1.0))
            }
            _ => base,
        }
    }

    /// What the frequency of a pair becomes.
    fn scaled(self, frequency: f64, pair: usize, turning: usize, base: f64) -> f64 {
        match self {
            Self::Linear { factor } => frequency / factor,
            Self::Ntk { .. } | Self::Dynamic { .. } => frequency,
            Self::Yarn {
                factor,
                original_context,
                beta_fast,
                beta_slow,
                ..
            } => {
                // The pair that turns so often in the original context.
                let pair_of = |turns: f64| {
                    let ratio = original_context as f64 / (TAU * turns);
                    turning as f64 * ratio.ln() / (2.0 * base.ln())
                };
                let low = pair_of(beta_fast).floor().max(0.0);
                let high = pair_of(beta_slow).ceil().min(turning as f64 - 1.0);
                // Where all is at one pair, a step.
                let high = if low == high { high + 0.001 } else { high };
                let slow = ((pair as f64 - low) / (high - low)).clamp(0.0, 1.0);
                frequency * (1.0 - slow) + frequency / factor * slow
            }
            Self::Llama3 {
                factor,
                original_context,
                low_frequency_factor: low,
                high_frequency_factor: high,
            } => {
                let wavelengths = original_context as f64 * frequency / TAU;
                let fast = ((wavelengths - low) / (high - low)).clamp(0.0, 1.0);
                frequency * fast + frequency / factor * (1.0 - fast)
            }
        }
    }

    /// What the frequencies of as many turning coordinates are divided by, a pair each.
    pub(crate) fn divisors(self, turning: usize, base: f64) -> Vec<f64> {
        let plain = |pair: usize| base.powf(-2.0 * pair as f64 / turning as f64);
        let divisor = |pair| plain(pair) / self.scaled(plain(pair), pair, turning, base);
        (0..turning / 2).map(divisor).collect()
    }

    /// What turned queries and keys are multiplied by.
    fn magnitude(self) -> f64 {
        match self {
            Self::Yarn {
                factor,
                attention_factor,
                ..
            } => attention_factor.unwrap_or_else(|| 0.1 * factor.ln() + 1.0),
            _ => 1.0,
        }
    }
}

/// The angles of `context` positions where so many coordinates turn.
pub(crate) fn rotation(
    context: usize,
    turning: usize,
    base: f64,
    scaling: Option<RopeScaling>,
    device: &Device,
) -> Rotation {
    let (frequencies, magnitude) = turns(context, turning, base, scaling);
    Rotation::of(context, &frequencies, magnitude, device)
}

/// What each pair turns by from a position to the next, and what turned queries and keys are multiplied by.
pub(crate) fn turns(
    context: usize,
    turning: usize,
    base: f64,
    scaling: Option<RopeScaling>,
) -> (Vec<f64>, f64) {
    match scaling {
        None => {
            let pair = |pair: usize| base.powf(-2.0 * pair as f64 / turning as f64);
            ((0..turning / 2).map(pair).collect(), 1.0)
        }
        Some(scaling) => (frequencies(context, turning, base, scaling), scaling.magnitude()),
    }
}

/// What each pair turns by from a position to the next.
fn frequencies(context: usize, turning: usize, base: f64, scaling: RopeScaling) -> Vec<f64> {
    let base = scaling.base(turning, base, context);
    let frequency = |pair: usize| {
        let frequency = base.powf(-2.0 * pair as f64 / turning as f64);
        scaling.scaled(frequency, pair, turning, base)
    };
    (0..turning / 2).map(frequency).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of 32 pairs is multiplied by.
    fn factors(scaling: RopeScaling, base: f64, context: usize) -> Vec<f64> {
        let scaled = frequencies(context, 64, base, scaling);
        let plain = |pair: usize| base.powf(-2.0 * pair as f64 / 64.0);
        scaled
            .iter()
            .enumerate()
            .map(|(pair, &frequency)| frequency / plain(pair))
            .collect()
    }

    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found / expected - 1.0).abs() < 1e-9,
            "{found} against {expected}"
        );
    }

    #[test]
    fn yarn_keeps_fast_pairs_and_slows_slow_ones() {
        let yarn = RopeScaling::Yarn {
            factor: 4.0,
            original_context: 8192,
            beta_fast: 32.0,
            beta_slow: 1.0,
            attention_factor: None,
        };
        let factors = factors(yarn, 1e5, 32_768);
        assert!(factors[..=10].iter().all(|&factor| factor == 1.0), "{factors:?}");
        assert_close(factors[15], 0.625);
        for &factor in &factors[20..] {
            assert_close(factor, 0.25);
        }
        assert_close(yarn.magnitude(), 1.138_629_436_111_989);
    }

    #[test]
    fn a_linear_factor_divides_every_frequency() {
        for factor in factors(RopeScaling::Linear { factor: 8.0 }, 1e4, 64) {
            assert_close(factor, 0.125);
        }
    }

    #[test]
    fn another_base_keeps_the_fastest_pair_and_divides_the_slowest() {
        let factors_of = factors(RopeScaling::Ntk { factor: 8.0 }, 1e4, 64);
        assert_close(factors_of[0], 1.0);
        assert_close(factors_of[31], 0.125);
        let dynamic = RopeScaling::Dynamic {
            factor: 2.0,
            original_context: 1024,
        };
        // As before up to the original context; at four times it, 2 × 4 - 1.
        assert!(factors(dynamic, 1e4, 1024).iter().all(|&factor| factor == 1.0));
        assert_close(factors(dynamic, 1e4, 4096)[31], 1.0 / 7.0);
    }

    /// By `modeling_rope_utils` of transformers 5.24.0, to the digits that are printed.
    #[test]
    fn factors_are_those_of_the_field() {
        let llama = RopeScaling::Llama3 {
            factor: 8.0,
            original_context: 8192,
            low_frequency_factor: 1.0,
            high_frequency_factor: 4.0,
        };
        // DeepSeek-V3's.
        let yarn = RopeScaling::Yarn {
            factor: 40.0,
            original_context: 4096,
            beta_fast: 32.0,
            beta_slow: 1.0,
            attention_factor: Some(1.0),
        };
        let dynamic = RopeScaling::Dynamic {
            factor: 2.0,
            original_context: 1024,
        };
        let check = |scaling, base, context, expected: &[(usize, f64)]| {
            let found = factors(scaling, base, context);
            for &(pair, expected) in expected {
                let found = found[pair];
                assert!((found - expected).abs() < 2e-6, "{scaling:?}: {found} at {pair}");
            }
        };
        let of_llama = [
            (0, 1.0),
            (14, 1.0),
            (15, 0.643_743),
            (16, 0.371_122),
            (17, 0.190_211),
            (18, 0.125),
        ];
        check(llama, 5e5, 131_072, &of_llama);
        let of_yarn = [
            (10, 1.0),
            (11, 0.925),
            (16, 0.55),
            (22, 0.1),
            (23, 0.025),
            (31, 0.025),
        ];
        check(yarn, 1e4, 163_840, &of_yarn);
        check(
            dynamic,
            1e4,
            4096,
            &[(1, 0.939_158), (16, 0.366_286), (31, 0.142_857)],
        );
    }
}
