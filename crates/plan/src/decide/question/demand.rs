//! What is asked of a model, and who serves it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use triaxis_units::{Dollars, Params, Requests, Seconds, Tokens};

use super::{all, exactly_one, free};
use crate::api::{ApiPrice, ApiPrices};
use crate::decide::answer_rate::Chosen;
use crate::{Date, PlanError, Share, Uncertain};

/// A model that was timed where it is served.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timed {
    /// Its parameters, a dense transformer's.
    pub params: Params,
    /// Time between two tokens of a request.
    pub token: Seconds,
    /// Requests that were decoded together.
    pub batch: f64,
    /// Tokens that each had in its cache.
    pub context: Tokens,
    /// Time to the first token of a prompt of so many tokens alone, if it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefill: Option<Seconds>,
}

/// What is asked of a model over its life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// Months until it is replaced.
    pub months: Uncertain<f64>,
    /// Queries in the first month; as often as in the trace of the only class, unless said.
    #[serde(default = "none")]
    pub queries_per_month: Uncertain<Requests>,
    /// Queries a year from now for one now.
    #[serde(default = "exactly_one")]
    pub growth_per_year: Uncertain<f64>,
    /// Prices of computing a year from now for one dollar now.
    #[serde(default = "exactly_one")]
    pub price_per_year: Uncertain<f64>,
    /// Kinds of queries.
    pub classes: Vec<Class>,
}

/// A kind of queries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Share of all queries; those of all classes add up to one.
    #[serde(default = "all")]
    pub share: Share,
    /// A table of requests to it as a server saw them, a request a row, from which the tokens are taken: see
    /// [`Trace`](crate::demand::Trace).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<PathBuf>,
    /// Tokens of a prompt.
    #[serde(default)]
    pub tokens_in: f64,
    /// Share of a prompt that is in the cache of prefixes already.
    #[serde(default)]
    pub cached: Share,
    /// Tokens of one sample.
    #[serde(default)]
    pub tokens_out: f64,
    /// Log odds of a right sample less those of the task.
    #[serde(default)]
    pub easier_by: f64,
    /// What a right answer is worth.
    #[serde(default = "free")]
    pub value: Uncertain<Dollars>,
    /// How one answer is chosen from several; without it, several are never drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
    /// Dollars for checking a sample.
    #[serde(default)]
    pub check: Dollars,
    /// The longest that a query may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Seconds>,
}

/// How often a sample is right, as a logistic curve of the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// A loss at which it was measured, in the laws' unit.
    pub loss: f64,
    /// Share of samples that were right there.
    pub right: Uncertain<Share>,
    /// Rise of the log odds for each unit of loss less.
    pub slope: Uncertain<f64>,
    /// How alike queries are: `a + b` of the Beta distribution of their chances. Small where some are easy and some out
    /// of reach. Fit it with `triaxis fit` to counts of right samples a query.
    pub alike: Uncertain<f64>,
}

/// A way to bring the context to the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// Share of the prompt that is read.
    #[serde(default = "all")]
    pub read: Share,
    /// Change of the log odds of a right sample.
    #[serde(default)]
    pub easier_by: f64,
    /// Dollars a query, as for the search of an index.
    #[serde(default)]
    pub price: Dollars,
}

/// Serving by somebody else, at a price for tokens in place of devices by the hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosted {
    /// The model that the price is of.
    pub model: String,
    /// Its parameters: what another size costs is in proportion.
    pub params: Params,
    /// The day that the price is of.
    pub date: Date,
    /// A table of prices, in which the model is looked up: see [`ApiPrices`](crate::api::ApiPrices).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<PathBuf>,
    /// Dollars for a million tokens of prompts, in place of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Dollars>,
    /// Dollars for a million tokens of prompts that are in the vendor's cache; `input` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Dollars>,
    /// Dollars for a million tokens written, in place of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Dollars>,
    /// Whether one request may ask for several answers (an `n` option), so that its prompt is billed once; each sample
    /// bills it again unless said.
    #[serde(default)]
    pub several_answers: bool,
    /// The model's rows of the table, of which long prompts may have their own.
    #[serde(skip)]
    pub table: Option<ApiPrices>,
}

impl Hosted {
    /// The price of requests with so many tokens of prompts: a row of the table, where it was read.
    ///
    /// # Errors
    /// As [`Hosted::price`], and when the table has none for the day.
    pub fn price_of(&self, prompt: f64) -> Result<ApiPrice, PlanError> {
        match &self.table {
            Some(table) => table.at(&self.model, self.date, prompt).cloned(),
            None => self.price(),
        }
    }

    /// The price that is given with it.
    ///
    /// # Errors
    /// When it has none, as where the table was not looked up, or one that is not above zero.
    pub fn price(&self) -> Result<ApiPrice, PlanError> {
        let (Some(input), Some(output)) = (self.input, self.output) else {
            return Err(PlanError(format!(
                "hosted has no price of `{}`: give `input` and `output`, dollars for a million tokens, or `prices`, a table of \
                 them",
                self.model
            )));
        };
        for (field, price) in [
            ("input", Some(input)),
            ("cached_input", self.cached_input),
            ("output", Some(output)),
        ] {
            if let Some(price) = price.filter(|price| !(price.0 > 0.0 && price.0.is_finite())) {
                let remedy = "give dollars for a million tokens";
                return Err(PlanError::not_positive(
                    &format!("hosted.{field}"),
                    price.0,
                    remedy,
                ));
            }
        }
        if let Some(cached) = self.cached_input.filter(|cached| *cached > input) {
            return Err(PlanError(format!(
                "hosted.cached_input is {cached} and hosted.input {input}: what is in the cache costs no more than what is \
                 read anew; exchange them, or leave `cached_input` out"
            )));
        }
        Ok(ApiPrice {
            vendor: String::new(),
            model: self.model.clone(),
            input,
            cached_input: self.cached_input,
            output,
            from: Some(self.date),
            to: None,
            above: None,
        })
    }
}

fn none() -> Uncertain<Requests> {
    Uncertain::certain(Requests(0))
}
