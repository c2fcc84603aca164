use triaxis_laws::numeric::{quantile_sorted, sorted};

use crate::PlanError;
use crate::serving::Traffic;

/// Requests as a server saw them: tokens of each prompt and of each answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    prompts: Vec<f64>,
    outputs: Vec<f64>,
    /// Seconds from the first request to the last, where the trace says when each came.
    span: Option<f64>,
}

/// Names of the columns in traces that people publish, in the order in which they are looked for.
const PROMPTS: [&str; 5] = [
    "num_prefill_tokens",
    "ContextTokens",
    "prompt_tokens",
    "input_tokens",
    "prompt",
];
const OUTPUTS: [&str; 5] = [
    "num_decode_tokens",
    "GeneratedTokens",
    "completion_tokens",
    "output_tokens",
    "output",
];
const TIMES: [&str; 3] = ["arrived_at", "arrival_time", "timestamp_seconds"];

impl Trace {
    /// Requests from CSV, one a row: `num_prefill_tokens` and `num_decode_tokens`, or another of the usual names, and
    /// seconds in `arrived_at` if known.
    ///
    /// # Errors
    /// A missing column, the line of a cell that is no number of tokens, or a trace of nothing.
    ///
    /// ```
    /// let trace = triaxis_plan::demand::Trace::read("prompt_tokens,completion_tokens\n374,44\n396,109\n")?;
    /// assert_eq!((trace.requests(), trace.prompt_mean(), trace.output_total()), (2, 385.0, 153.0));
    /// # Ok::<(), triaxis_plan::PlanError>(())
    /// ```
    pub fn read(text: &str) -> Result<Self, PlanError> {
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let no_table = |error: csv::Error| PlanError(format!("the trace is no table: {error}"));
        let header = reader.headers().map_err(no_table)?.clone();
        let find = |names: &[&str]| {
            names.iter().find_map(|name| {
                header
                    .iter()
                    .position(|head| head.trim().eq_ignore_ascii_case(name))
            })
        };
        let needed = |names: &[&str], what: &str| {
            find(names).ok_or_else(|| {
                PlanError(format!(
                    "the trace has no column of {what}: name it one of {}; it has {}",
                    names.join(", "),
                    header.iter().collect::<Vec<_>>().join(", ")
                ))
            })
        };
        let (prompt, output) = (
            needed(&PROMPTS, "tokens of prompts")?,
            needed(&OUTPUTS, "tokens of answers")?,
        );
        let time = find(&TIMES);
        let (mut prompts, mut outputs, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(no_table)?;
            let line = record.position().map_or(0, csv::Position::line);
            let number = |place: usize, what: &str| {
                let cell = record.get(place).unwrap_or("").trim();
                let value = cell
                    .parse::<f64>()
                    .ok()
                    .filter(|value| *value >= 0.0 && value.is_finite());
                value.ok_or_else(|| {
                    PlanError(format!(
                        "line {line} of the trace: `{cell}` is not {what}: it must be a number from 0"
                    ))
                })
            };
            prompts.push(number(prompt, "a number of tokens")?);
            outputs.push(number(output, "a number of tokens")?);
            if let Some(time) = time {
                times.push(number(time, "a time in seconds")?);
            }
        }
        let trace = Self {
            span: times
                .iter()
                .copied()
                .reduce(f64::max)
                .map(|last| last - times.iter().copied().fold(f64::INFINITY, f64::min)),
            prompts: sorted(prompts),
            outputs: sorted(outputs),
        };
        match trace.prompt_total() + trace.output_total() > 0.0 {
            true => Ok(trace),
            false => Err(PlanError(
                "the trace holds no tokens: a plan needs requests that are served; leave the demand out to serve none"
                    .to_owned(),
            )),
        }
    }

    /// Requests in it.
    pub fn requests(&self) -> usize {
        self.prompts.len()
    }

    /// Tokens of all prompts.
    pub fn prompt_total(&self) -> f64 {
        self.prompts.iter().sum()
    }

    /// Tokens of all answers.
    pub fn output_total(&self) -> f64 {
        self.outputs.iter().sum()
    }

    /// Tokens of a prompt on average.
    pub fn prompt_mean(&self) -> f64 {
        self.prompt_total() / self.prompts.len() as f64
    }

    /// Tokens of an answer on average.
    pub fn output_mean(&self) -> f64 {
        self.output_total() / self.outputs.len() as f64
    }

    /// Tokens that this share of the prompts have at most.
    pub fn prompt_quantile(&self, share: f64) -> f64 {
        quantile_sorted(&self.prompts, share)
    }

    /// Tokens that this share of the answers have at most.
    pub fn output_quantile(&self, share: f64) -> f64 {
        quantile_sorted(&self.outputs, share)
    }

    /// Seconds from the first request to the last, where the trace says when each came.
    pub fn seconds(&self) -> Option<f64> {
        self.span
    }

    /// Requests a second, where the trace says when each came.
    pub fn rate(&self) -> Option<f64> {
        let gaps = self.prompts.len().checked_sub(1)? as f64;
        self.span.filter(|span| *span > 0.0).map(|span| gaps / span)
    }

    /// The request of the mean prompt and the mean answer, whose cost a token is that of the trace as far as cost is in
    /// proportion to tokens.
    pub fn traffic(&self) -> Traffic {
        Traffic::of(self.prompt_mean().max(1.0), self.output_mean().max(1.0))
    }
}
