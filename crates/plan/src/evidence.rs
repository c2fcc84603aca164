use std::fmt;

use serde::{Deserialize, Serialize};
use triaxis_units::{Flops, Params, Tokens};

/// The unit a law's loss is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossUnit {
    /// Nats per token; compares within one tokenizer only.
    NatsPerToken,
    /// Bits per byte of text; compares across tokenizers.
    BitsPerByte,
}

impl fmt::Display for LossUnit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl LossUnit {
    /// The unit in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NatsPerToken => "nats per token",
            Self::BitsPerByte => "bits per byte",
        }
    }
}

/// The smallest and the largest of something measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span<T> {
    /// The smallest.
    pub smallest: T,
    /// The largest.
    pub largest: T,
}

/// The runs a law stands on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// How many.
    pub runs: usize,
    /// Their training operations.
    pub flops: Span<Flops>,
    /// Their parameters, counted as the law counts them.
    pub params: Span<Params>,
    /// Their training tokens.
    pub tokens: Span<Tokens>,
}

impl Measured {
    /// The spans of runs given as parameters, tokens and operations; `None` without runs.
    ///
    /// ```
    /// use triaxis_plan::Measured;
    /// use triaxis_units::{Flops, Params, Tokens};
    /// let runs = [(Params(10), Tokens(70), Flops(1e3)), (Params(20), Tokens(50), Flops(2e3))];
    /// let measured = Measured::of(runs).ok_or("no runs")?;
    /// assert_eq!(measured.tokens.largest, Tokens(70));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn of(runs: impl IntoIterator<Item = (Params, Tokens, Flops)>) -> Option<Self> {
        let mut runs = runs.into_iter();
        let (params, tokens, flops) = runs.next()?;
        let first = Self {
            runs: 1,
            flops: Span {
                smallest: flops,
                largest: flops,
            },
            params: Span {
                smallest: params,
                largest: params,
            },
            tokens: Span {
                smallest: tokens,
                largest: tokens,
            },
        };
        Some(runs.fold(first, |seen, (params, tokens, flops)| Self {
            runs: seen.runs + 1,
            flops: Span {
                smallest: Flops(seen.flops.smallest.0.min(flops.0)),
                largest: Flops(seen.flops.largest.0.max(flops.0)),
            },
            params: Span {
                smallest: seen.params.smallest.min(params),
                largest: seen.params.largest.max(params),
            },
            tokens: Span {
                smallest: seen.tokens.smallest.min(tokens),
                largest: seen.tokens.largest.max(tokens),
            },
        }))
    }
}
