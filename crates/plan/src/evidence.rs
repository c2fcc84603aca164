use std::fmt;

use serde::{Deserialize, Serialize};
use triaxis_laws::forms::Coupled;
use triaxis_units::{Flops, Params, Tokens};

use crate::PlanError;
use crate::spec::Goal;

/// What a study's own runs showed: a law, its draws, and the runs behind them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyLaw {
    /// What to call it, as in `own runs, approach 3`.
    pub name: String,
    /// The fit.
    pub law: Coupled,
    /// Fits to resampled runs, from which every interval comes; may be empty.
    pub draws: Vec<Coupled>,
    /// The unit of the loss it was fitted to.
    pub unit: LossUnit,
    /// Bytes of validation text for each of its tokens, to bring a goal to the law's unit.
    pub bytes_per_token: Option<f64>,
    /// What counts as a parameter.
    pub parameters: ParameterCount,
    /// The runs.
    pub measured: Measured,
    /// Unique training tokens of the corpus.
    pub unique_tokens: Option<Tokens>,
}

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

/// What counts as a parameter in a law's `N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterCount {
    /// All parameters.
    WithEmbeddings,
    /// All but the embedding tables.
    WithoutEmbeddings,
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

impl StudyLaw {
    /// The goal in the law's unit.
    ///
    /// # Errors
    /// When the units differ and the bytes per token are not known.
    pub(crate) fn goal(&self, goal: Goal) -> Result<Target, PlanError> {
        let (given, unit) = match goal {
            Goal::NatsPerToken(nats) => (nats.0, LossUnit::NatsPerToken),
            Goal::BitsPerByte(bits) => (bits.0, LossUnit::BitsPerByte),
        };
        let nats_per_bit_per_byte = self
            .bytes_per_token
            .filter(|bytes| *bytes > 0.0 && bytes.is_finite())
            .map(|bytes| bytes * std::f64::consts::LN_2);
        let scale = match (unit, self.unit) {
            (given, law) if given == law => Some(1.0),
            (LossUnit::BitsPerByte, _) => nats_per_bit_per_byte,
            (LossUnit::NatsPerToken, _) => nats_per_bit_per_byte.map(|ratio| 1.0 / ratio),
        };
        let scale = scale.ok_or_else(|| {
            let (given, law, wanted) = (unit.as_str(), &self.name, self.unit.as_str());
            PlanError(format!(
                "the goal is in {given}, the law `{law}` in {wanted}: give the goal in {wanted}, or give the law the \
                 bytes per token of its validation text"
            ))
        })?;
        let loss = given * scale;
        Ok(Target { loss, unit, scale })
    }
}

/// A goal in a law's unit, and the unit it was given in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Target {
    pub(crate) loss: f64,
    unit: LossUnit,
    /// The law's unit for one of the goal's.
    scale: f64,
}

impl Target {
    /// A loss of the law in the goal's unit, in words.
    pub(crate) fn told(&self, loss: f64) -> String {
        let loss = loss / self.scale;
        match (1e-3..1e6).contains(&loss) {
            true => format!("{loss:.4} {}", self.unit),
            false => format!("{loss:.3e} {}", self.unit),
        }
    }
}
