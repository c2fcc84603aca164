use serde::{Deserialize, Serialize};
use triaxis_units::{BitsPerByte, Dollars, Flops, Nats, Requests, Seconds, Tokens};

use crate::PlanError;
use crate::hardware::Hardware;
use crate::published;

/// What a team asks of a plan: its budget, the demand it will serve, its hardware and its goal.
///
/// Only the budget must be given:
///
/// ```
/// let spec: triaxis_plan::PlanSpec = toml::from_str(r#"
///     budget = { dollars = "$50K" }
///     demand = { requests = "200M", tokens_in_per_request = 800, tokens_out_per_request = 200 }
///     training = { hardware = "H100 SXM", devices = 64, price_per_hour = "$2.10" }
///     serving = { hardware = "L40S" }
/// "#)?;
/// assert_eq!(spec.level, 0.9);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// What may be spent on training.
    pub budget: Budget,
    /// What will be served over the model's life; nothing unless said.
    #[serde(default)]
    pub demand: Demand,
    /// Where and how well it trains.
    #[serde(default)]
    pub training: TrainingSpec,
    /// Where and how well it serves.
    #[serde(default)]
    pub serving: ServingSpec,
    /// The quality to reach; without it the quality that the training budget reaches at best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// Unique training tokens at hand; the study's own corpus unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_tokens: Option<Tokens>,
    /// The share of the law's draws that an interval holds.
    #[serde(default = "default_level")]
    pub level: f64,
    /// Published laws to plan with beside the study's own.
    #[serde(default = "published::default_names")]
    pub published: Vec<String>,
    /// Devices of your own, beside the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hardware: Vec<Hardware>,
}

/// What may be spent on training, in exactly one currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Budget {
    /// Floating-point operations.
    Flops(Flops),
    /// Money, at the training hardware's price.
    Dollars(Dollars),
    /// Time on the training hardware, on as many devices as `training.devices` says (one unless said).
    Time(Seconds),
}

/// What will be served over the model's life: all tokens, or requests with tokens for each.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Tokens read, all requests together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<Tokens>,
    /// Tokens written, all requests together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<Tokens>,
    /// Number of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
    /// Tokens read for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in_per_request: Option<Tokens>,
    /// Tokens written for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_out_per_request: Option<Tokens>,
}

impl Demand {
    /// All tokens read and all tokens written.
    ///
    /// # Errors
    /// When both ways are mixed, one is incomplete, or the product is beyond counting.
    ///
    /// ```
    /// use triaxis_plan::Demand;
    /// use triaxis_units::{Requests, Tokens};
    /// let demand = Demand {
    ///     requests: Some(Requests(1_000)),
    ///     tokens_in_per_request: Some(Tokens(70)),
    ///     tokens_out_per_request: Some(Tokens(215)),
    ///     ..Demand::default()
    /// };
    /// assert_eq!(demand.tokens()?, (Tokens(70_000), Tokens(215_000)));
    /// # Ok::<(), triaxis_plan::PlanError>(())
    /// ```
    pub fn tokens(&self) -> Result<(Tokens, Tokens), PlanError> {
        let per_request = self.tokens_in_per_request.is_some() || self.tokens_out_per_request.is_some();
        let whole = self.tokens_in.is_some() || self.tokens_out.is_some();
        let refuse = |given: &str, rule: &str| Err(PlanError(format!("the demand {given}: {rule}")));
        match (self.requests, per_request, whole) {
            (Some(_), true, true) | (None, true, true) => refuse(
                "mixes totals and tokens per request",
                "give `tokens_in` and `tokens_out`, or `requests` with tokens per request",
            ),
            (None, true, false) => refuse(
                "has tokens per request but no `requests`",
                "say how many requests the model will serve over its life",
            ),
            (Some(_), false, false) => refuse(
                "has `requests` but no tokens per request",
                "give `tokens_in_per_request`, `tokens_out_per_request` or both",
            ),
            (Some(_), false, true) => refuse(
                "has `requests` beside totals",
                "leave `requests` out, or give tokens per request in place of totals",
            ),
            (None, false, _) => Ok((
                self.tokens_in.unwrap_or_default(),
                self.tokens_out.unwrap_or_default(),
            )),
            (Some(requests), true, false) => {
                let times = |tokens: Option<Tokens>| {
                    let each = tokens.unwrap_or_default().0;
                    requests
                        .0
                        .checked_mul(each)
                        .filter(|total| *total <= 1 << 53)
                        .map(Tokens)
                };
                match (
                    times(self.tokens_in_per_request),
                    times(self.tokens_out_per_request),
                ) {
                    (Some(tokens_in), Some(tokens_out)) => Ok((tokens_in, tokens_out)),
                    _ => refuse(
                        &format!("of {requests} requests is beyond counting"),
                        "requests times tokens per request must stay below 2^53",
                    ),
                }
            }
        }
    }
}

/// Where and how well training runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSpec {
    /// A device of the catalogue.
    pub hardware: String,
    /// How many train together; unless said, one for a time budget and else as many as the training
    /// state needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
    /// Your price in place of the catalogue's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_hour: Option<Dollars>,
    /// Share of the peak that `6 N D` runs at. Default 0.40: Llama 3 405B trained at 0.38 to 0.43
    /// (Grattafiori et al. 2024, table 4).
    pub mfu: f64,
    /// Share of the paid hours that train. Default 0.90: "more than 90% effective training time"
    /// (Grattafiori et al. 2024, section 3.3.4).
    pub utilisation: f64,
    /// Bytes of training state for each parameter. Default 16: AdamW in mixed precision keeps the
    /// weight and gradient in 2 bytes each, and weight, mean and variance in 4 each (Rajbhandari et
    /// al. 2020, section 3.1). Activations come on top.
    pub bytes_per_parameter: f64,
}

/// Where and how well serving runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServingSpec {
    /// A device of the catalogue.
    pub hardware: String,
    /// Your price in place of the catalogue's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_hour: Option<Dollars>,
    /// Share of the peak while reading a prompt. Default 0.50 (Sardana et al. 2023, real-world cost).
    pub prefill_mfu: f64,
    /// Share of the peak while writing. Default 0.01, as decoding waits for memory (Sardana et al.
    /// 2023, real-world cost). A large batch does better: `Hardware::decode_mfu_limit` says how much.
    pub decode_mfu: f64,
    /// Share of the paid hours that serve. Default 1: every paid hour is used, which flatters; real
    /// traffic has nights.
    pub utilisation: f64,
    /// Bytes a weight takes. Default 2 (bf16).
    pub bytes_per_parameter: f64,
}

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            hardware: "H100 SXM".to_owned(),
            devices: None,
            price_per_hour: None,
            mfu: 0.40,
            utilisation: 0.90,
            bytes_per_parameter: 16.0,
        }
    }
}

impl Default for ServingSpec {
    fn default() -> Self {
        Self {
            hardware: "H100 SXM".to_owned(),
            price_per_hour: None,
            prefill_mfu: 0.50,
            decode_mfu: 0.01,
            utilisation: 1.0,
            bytes_per_parameter: 2.0,
        }
    }
}

/// A loss to reach on the study's validation text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Goal {
    /// Nats per token of the study's tokenizer.
    NatsPerToken(Nats),
    /// Bits per byte of the validation text.
    BitsPerByte(BitsPerByte),
}

impl PlanSpec {
    /// A spec with every default: `budget` and nothing served.
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            demand: Demand::default(),
            training: TrainingSpec::default(),
            serving: ServingSpec::default(),
            goal: None,
            unique_tokens: None,
            level: default_level(),
            published: published::default_names(),
            hardware: Vec::new(),
        }
    }

    /// Checks everything that can be checked without a law, so that a study with a bad plan section
    /// is refused before it trains.
    ///
    /// # Errors
    /// The first quantity that breaks its rule, or name that is in no catalogue.
    pub fn validate(&self) -> Result<(), PlanError> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(PlanError::not_a_share("level", self.level, "below 1, as in 0.9"));
        }
        for name in &self.published {
            published::find(name)?;
        }
        let goal = self.goal.map(|goal| match goal {
            Goal::NatsPerToken(nats) => ("goal.nats_per_token", nats.0),
            Goal::BitsPerByte(bits) => ("goal.bits_per_byte", bits.0),
        });
        let unique = self
            .unique_tokens
            .map(|tokens| ("unique_tokens", tokens.as_f64()));
        for (field, value) in [goal, unique].into_iter().flatten() {
            if !(value > 0.0 && value.is_finite()) {
                return Err(PlanError::not_positive(
                    field,
                    value,
                    "leave it out to plan without it",
                ));
            }
        }
        if let Some(Goal::BitsPerByte(bits)) = self.goal
            && bits.0 >= GUESS
        {
            return Err(PlanError(format!(
                "goal.bits_per_byte is {bits}: a guess among all bytes costs {GUESS} without any training; choose a goal \
                 below that"
            )));
        }
        crate::cost::Economics::resolve(self).map(|_| ())
    }
}

/// Bits that a byte costs who knows nothing of the text.
const GUESS: f64 = 8.0;

fn default_level() -> f64 {
    0.9
}
