use serde::{Deserialize, Serialize};
use triaxis_units::{Flops, Params, Tokens};

use crate::evidence::{Measured, Span};

/// How far a choice lies from the runs behind its law, and what to think of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// Planned training operations by the largest measured run's; below 1 inside or below the range.
    pub compute: f64,
    /// Planned parameters by the largest measured.
    pub params: f64,
    /// Planned tokens by the largest measured.
    pub tokens: f64,
    /// The worst of the three, on either side of what was measured.
    pub verdict: Verdict,
    /// The same in plain words.
    pub sentence: String,
}

/// How much an extrapolation may be believed.
///
/// | verdict | compute | parameters, tokens | because |
/// |---|---|---|---|
/// | within range | up to 1 | up to 1 | it is an interpolation |
/// | short | up to 10 | up to 10 | a study's own held-out run tests this far; the OLMo ladder predicted models 7 to 13 times larger than its own (Bhagia et al. 2024) |
/// | far | up to 10,000 | up to 100 | published at its best: 300 times the compute (Gadre et al. 2024), the loss of GPT-4 from at most 10,000 times less (OpenAI 2023, section 3.1), by teams that had tuned every rung |
/// | absurd | beyond | beyond | no published prediction reached this far and was checked |
///
/// Below the smallest run the same factors count downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Between the smallest and the largest measured run.
    WithinRange,
    /// As far as a held-out run can test.
    Short,
    /// As far as the best published predictions went.
    Far,
    /// Farther than any prediction was ever checked.
    Absurd,
}

/// How many times more parameters, or tokens, a checked prediction ever had.
pub(crate) const FAR_COUNT: f64 = 100.0;

impl Verdict {
    /// The verdict in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WithinRange => "within the measured range",
            Self::Short => "a short extrapolation",
            Self::Far => "a far extrapolation",
            Self::Absurd => "an absurd extrapolation",
        }
    }

    /// The verdict in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::WithinRange => "within",
            Self::Short => "short",
            Self::Far => "far",
            Self::Absurd => "absurd",
        }
    }

    fn of(outside: f64, short: f64, far: f64) -> Self {
        // A planned budget equal to a measured one may differ in the last digits.
        match outside {
            factor if factor <= 1.0 + 1e-6 => Self::WithinRange,
            factor if factor <= short => Self::Short,
            factor if factor <= far => Self::Far,
            _ => Self::Absurd,
        }
    }
}

impl Reach {
    /// How far it is, without what to think of that.
    pub(crate) fn distance(&self) -> &str {
        self.sentence.split(':').next().unwrap_or_default()
    }

    /// How far a choice lies from `measured`.
    pub fn of(params: Params, tokens: Tokens, flops: Flops, measured: &Measured) -> Self {
        let spans = [
            (
                "compute",
                flops.0,
                floats(measured.flops, |flops| flops.0),
                (10.0, 1e4),
            ),
            (
                "parameters",
                params.as_f64(),
                floats(measured.params, Params::as_f64),
                (10.0, FAR_COUNT),
            ),
            (
                "tokens",
                tokens.as_f64(),
                floats(measured.tokens, Tokens::as_f64),
                (10.0, FAR_COUNT),
            ),
        ];
        let mut verdict = Verdict::WithinRange;
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for (name, planned, span, (short, far)) in spans {
            let (over, under) = (planned / span.largest, span.smallest / planned);
            let one = Verdict::of(over.max(under), short, far);
            verdict = verdict.max(one);
            if one != Verdict::WithinRange {
                if over > 1.0 {
                    above.push(format!("{} {name}", times(over)));
                } else {
                    below.push(format!("{} less {name}", times(under)));
                }
            }
        }
        Self {
            compute: flops.0 / measured.flops.largest.0,
            params: params / measured.params.largest,
            tokens: tokens / measured.tokens.largest,
            verdict,
            sentence: sentence(verdict, &above, &below),
        }
    }
}

fn sentence(verdict: Verdict, above: &[String], below: &[String]) -> String {
    let mut parts = Vec::new();
    if !above.is_empty() {
        parts.push(format!("{} beyond the largest measured run", above.join(", ")));
    }
    if !below.is_empty() {
        parts.push(format!("{} than the smallest", below.join(", ")));
    }
    let end = match verdict {
        Verdict::WithinRange => {
            return "Within the measured range in compute, parameters and tokens.".to_owned();
        }
        Verdict::Short => "as far as a held-out run can test; hold one out.",
        Verdict::Far => {
            "as far as the best published predictions went, made by teams that had tuned every rung."
        }
        Verdict::Absurd => {
            "no published prediction that reached this far was ever checked. Take the numbers as \
                            arithmetic, not as a forecast."
        }
    };
    format!("{}: {}, {end}", parts.join(", and "), verdict.as_str())
}

fn floats<T: Copy>(span: Span<T>, convert: impl Fn(T) -> f64) -> Span<f64> {
    Span {
        smallest: convert(span.smallest),
        largest: convert(span.largest),
    }
}

/// `× 3.1`, `× 4,200`, `× 3.1e9`.
pub(crate) fn times(factor: f64) -> String {
    match factor {
        factor if factor < 10.0 => format!("× {factor:.1}"),
        factor if factor < 1000.0 => format!("× {factor:.0}"),
        factor if factor < 9999.5 => {
            let whole = factor.round() as u64;
            format!("× {},{:03}", whole / 1000, whole % 1000)
        }
        factor => format!("× {factor:.1e}"),
    }
}
