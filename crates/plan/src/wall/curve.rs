use serde::{Deserialize, Serialize};
use triaxis_units::{Estimate, Interval};

use super::unique::{Growth, Vocabulary};
use crate::{PlanError, Uncertain};

/// The sizes by which growth is told: from the largest sample down to a 256th of it.
const SIZES: usize = 9;

/// How much of a corpus is new as it grows, as its preparation counted it: runs of `order` tokens.
///
/// ```
/// use triaxis_plan::wall::Curve;
/// // Heaps' law with the exponent .8, of which a new run is seen once at the most.
/// let samples = (10..=20).map(|step| (2_f64.powi(step), 2_f64.powi(step).powf(0.8))).collect::<Vec<_>>();
/// let curve = Curve::of(5, 2_f64.powi(20), &samples, [0.8 * 2_f64.powi(16), 0.1 * 2_f64.powi(16)], 1.0)?;
/// assert!((curve.heaps().value - 0.8).abs() < 1e-6);
/// assert!((curve.next_token().value - 0.05).abs() < 1e-6);
/// // Sixteen times as much text: the next run is new 16^-.2 times as often.
/// assert!((curve.beyond(2_f64.powi(24)).value - 0.05 * 16_f64.powf(-0.2)).abs() < 1e-4);
/// # Ok::<(), triaxis_plan::PlanError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Tokens of a run.
    pub order: usize,
    /// Tokens of the text that was counted.
    pub tokens: f64,
    vocabulary: Vocabulary,
    growth: Growth,
}

impl Curve {
    /// From runs and different ones of samples, each a part of the next, and the different ones of the last that were seen
    /// `[once, twice]`, of which one of `sampled` was counted.
    ///
    /// # Errors
    /// As [`Growth::of`] and [`Vocabulary::novelty`].
    pub fn of(
        order: usize,
        tokens: f64,
        samples: &[(f64, f64)],
        [once, twice]: [f64; 2],
        sampled: f64,
    ) -> Result<Self, PlanError> {
        let last = &samples[samples.len().saturating_sub(SIZES)..];
        let growth = Growth::sampled(last, sampled)?;
        let (pieces, distinct) = samples[samples.len() - 1];
        let vocabulary = Vocabulary {
            pieces,
            distinct,
            once,
            twice,
            sampled,
        };
        vocabulary.novelty()?;
        Ok(Self {
            order,
            tokens,
            vocabulary,
            growth,
        })
    }

    /// The exponent of Heaps' law at the end of the text.
    pub fn heaps(&self) -> Estimate {
        self.growth.heaps().estimate()
    }

    /// The chance that the next token ends a run that is new to the text (Good and Turing).
    pub fn next_token(&self) -> Estimate {
        let novelty = self.vocabulary.novelty();
        let found = novelty.expect("a text of which nothing can be told is refused");
        let share = |end: crate::Share| end.0;
        Estimate {
            value: share(found.value()),
            interval: Some(Interval {
                low: share(found.low()),
                high: share(found.high()),
                level: crate::uncertain::LEVEL,
            }),
        }
    }

    /// The same where there is so much of such text: by Good and Turing up to what was counted, beyond by how the curve
    /// bends, which is the less sure the farther that is.
    pub fn beyond(&self, tokens: f64) -> Estimate {
        if tokens <= self.tokens {
            return self.next_token();
        }
        // What the curve says of the end is brought to what was counted there.
        let runs = self.vocabulary.pieces * tokens / self.tokens;
        let counted = self.next_token();
        let scale = counted.value / self.growth.new_for_each(self.vocabulary.pieces);
        let found: Uncertain = self.growth.novelty(runs);
        let of = |end: f64| (scale * end).min(1.0);
        Estimate {
            value: of(found.value()),
            interval: Some(Interval {
                low: of(found.low()),
                high: of(found.high()),
                level: crate::uncertain::LEVEL,
            }),
        }
    }
}
