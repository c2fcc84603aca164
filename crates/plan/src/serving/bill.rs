use serde::{Deserialize, Serialize};
use triaxis_units::Seconds;

use super::Server;
use crate::PlanError;
use crate::power::watt_hours;

/// A request as it is served.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// Tokens of the prompt.
    pub prompt: f64,
    /// Share of them that is in a cache of prefixes already.
    #[serde(default)]
    pub cached: f64,
    /// Tokens that each answer has.
    pub output: f64,
    /// Answers to each prompt, written side by side; they share its prefill and its cache.
    #[serde(default = "one")]
    pub samples: f64,
}

fn one() -> f64 {
    1.0
}

impl Traffic {
    /// Requests with one answer and nothing cached.
    pub fn of(prompt: f64, output: f64) -> Self {
        Self {
            prompt,
            cached: 0.0,
            output,
            samples: 1.0,
        }
    }

    /// Tokens that an answer sees on average while it is written.
    pub fn context(&self) -> f64 {
        self.prompt + 0.5 * self.output
    }

    /// Tokens that an answer keeps at its end: its own, and its share of the prompt.
    fn kept(&self) -> f64 {
        self.prompt / self.samples + self.output
    }

    fn validate(&self) -> Result<(), PlanError> {
        for (field, value) in [
            ("prompt", self.prompt),
            ("output", self.output),
            ("samples", self.samples),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(PlanError::not_positive(
                    &format!("traffic.{field}"),
                    value,
                    "give the tokens of a request as it is served",
                ));
            }
        }
        match (0.0..=1.0).contains(&self.cached) {
            true => Ok(()),
            false => Err(PlanError(format!(
                "traffic.cached is {}: it must be from 0 to 1, the share of a prompt that is in the cache already",
                self.cached
            ))),
        }
    }
}

/// What a request may take at most.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Between two tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Seconds>,
    /// From the prompt to the last token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Seconds>,
}

/// What serving costs at one batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// Answers that are written together.
    pub batch: f64,
    /// Seconds between two tokens, prompts of others that are read in between included.
    pub token_seconds: f64,
    /// Seconds from the prompt to the last token.
    pub request_seconds: f64,
    /// Seconds of reading one prompt: to its first token, where nothing else waits.
    pub prefill_seconds: f64,
    /// Tokens that are written a second, all requests together.
    pub tokens_per_second: f64,
    /// Dollars for a million tokens of prompts that are not cached.
    pub dollars_per_million_in: f64,
    /// Dollars for a million tokens written.
    pub dollars_per_million_out: f64,
    /// Dollars for a request.
    pub dollars_per_request: f64,
    /// Watt-hours for a request at the site's meter, where the server's power is known.
    pub watt_hours_per_request: Option<f64>,
}

impl Server {
    /// What requests cost where so many answers are written together by devices that read prompts
    /// between steps.
    ///
    /// # Errors
    /// When a figure of the traffic breaks its rule, or the batch does not fit.
    pub fn bill(&self, traffic: &Traffic, batch: f64) -> Result<Bill, PlanError> {
        traffic.validate()?;
        let limit = self.batch_limit(traffic.kept());
        if !(batch > 0.0 && batch <= limit) {
            return Err(self.does_not_fit(traffic, batch, limit));
        }
        Ok(self.reckoned(traffic, batch))
    }

    /// The cheapest batch within a limit of latency: the largest, since each answer more shares the
    /// reading of the weights.
    ///
    /// # Errors
    /// When not even one answer at a time fits, or is fast enough.
    pub fn cheapest(&self, traffic: &Traffic, limit: Limit) -> Result<Bill, PlanError> {
        traffic.validate()?;
        let fits = self.batch_limit(traffic.kept()).floor();
        // A request brings all its samples at once.
        let least = traffic.samples;
        if fits < least {
            return Err(self.does_not_fit(traffic, least, fits));
        }
        let within = |bill: &Bill| {
            limit.token.is_none_or(|most| bill.token_seconds <= most.0)
                && limit.request.is_none_or(|most| bill.request_seconds <= most.0)
        };
        let fastest = self.reckoned(traffic, least);
        if !within(&fastest) {
            return Err(PlanError(format!(
                "the latency limit is out of reach: alone on its devices a request takes {} a token and {} in all; \
                 allow more, take more or faster devices, a smaller model, or fewer bytes a weight",
                Seconds(fastest.token_seconds),
                Seconds(fastest.request_seconds)
            )));
        }
        // No cache grows without bound in time that anyone waits: beyond this a batch saves nothing.
        let (mut inside, mut outside) = (least, fits.min(1e7) + 1.0);
        while outside - inside > 1.0 {
            let middle = (0.5 * (inside + outside)).floor();
            match within(&self.reckoned(traffic, middle)) {
                true => inside = middle,
                false => outside = middle,
            }
        }
        Ok(self.reckoned(traffic, inside))
    }

    /// By Little's law: answers leave as fast as their share of a prompt and of the steps takes, and
    /// stay for as long as all of the batch takes to leave.
    fn reckoned(&self, traffic: &Traffic, batch: f64) -> Bill {
        let token = self.token_seconds(batch, traffic.context());
        let fresh = traffic.prompt * (1.0 - traffic.cached);
        let prefill = match fresh > 0.0 {
            true => self.prefill_step(fresh, traffic.prompt).seconds(),
            false => 0.0,
        };
        let answer = prefill / traffic.samples + traffic.output * token / batch;
        let in_system = batch * answer;
        let busy = traffic.samples * answer;
        let dollars = |seconds: f64| self.dollars_per_second * seconds / self.utilisation;
        Bill {
            batch,
            token_seconds: (in_system - prefill) / traffic.output,
            request_seconds: in_system,
            prefill_seconds: prefill,
            tokens_per_second: traffic.output / answer,
            dollars_per_million_in: 1e6 * dollars(prefill) / fresh.max(1.0),
            dollars_per_million_out: 1e6 * dollars(token / batch),
            dollars_per_request: dollars(busy),
            watt_hours_per_request: self.watts.map(|watts| watt_hours(watts / 1e3, 1.0, busy)),
        }
    }

    fn does_not_fit(&self, traffic: &Traffic, batch: f64, limit: f64) -> PlanError {
        PlanError(format!(
            "a batch of {batch} does not fit: beside {:.1} GB of weights, {:.1} GB hold {limit:.1} answers of {:.0} \
             tokens at {:.0} bytes each; take more devices, a shorter context, or fewer bytes a value",
            self.weights() / 1e9,
            (self.memory - self.weights()).max(0.0) / 1e9,
            traffic.kept(),
            self.cache_bytes_per_token()
        ))
    }
}
