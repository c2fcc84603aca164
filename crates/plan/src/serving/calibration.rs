use serde::{Deserialize, Serialize};
use triaxis_units::{Seconds, Tokens};

use super::Server;
use crate::{PlanError, Uncertain};

/// Half the width of the 90% interval of a time that rests on data sheets alone. Of six published
/// latencies the reckoning misses five by less than this, and one by 53%; a simulator with fixed
/// shares of the peak missed by 48% on average (inference-sim, issue 436).
pub const UNCALIBRATED: f64 = 0.40;
/// The same beside a measured point. Calibrated on one device, a published latency of two came out
/// 12% off.
const AT_POINT: f64 = 0.15;
/// What each factor of ten between the measured batch or context and the asked one adds.
const BY_DECADE: f64 = 0.15;

/// What a server was seen to do: one point that brings the reckoning to your engine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Time between two tokens of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Seconds>,
    /// Or tokens that all requests together were written a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// Requests that were decoded together.
    pub batch: f64,
    /// Tokens that each had in its cache.
    pub context: Tokens,
    /// Time to the first token of a prompt of `context` tokens alone, if measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefill: Option<Seconds>,
}

/// Factors on the reckoned times, with their intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    decode: f64,
    prefill: Option<f64>,
    /// Batch and context of the measured point.
    point: Option<(f64, f64)>,
}

impl Calibration {
    /// Nothing was measured.
    pub const NONE: Self = Self {
        decode: 1.0,
        prefill: None,
        point: None,
    };

    /// From what was measured on a server that is reckoned without.
    ///
    /// # Errors
    /// When a time is missing, not positive, shorter than memory can be read in, or so long that its
    /// unit is in doubt.
    pub(crate) fn of(table: &str, measured: &Measured, server: &Server) -> Result<Self, PlanError> {
        let (batch, context) = (measured.batch, measured.context.as_f64());
        if !(batch >= 1.0 && batch.is_finite()) {
            return Err(PlanError(format!(
                "{table}.batch is {batch}: it must be 1 or more, the requests that were decoded together"
            )));
        }
        let token = match (measured.token, measured.tokens_per_second) {
            (Some(token), None) => token.0,
            (None, Some(rate)) => batch / rate,
            _ => {
                return Err(PlanError(format!(
                    "[{table}] needs one of `token`, the time between two tokens of a request, and \
                     `tokens_per_second`, of all requests together"
                )));
            }
        };
        let step = server.step(batch, context);
        // With drafts several tokens come of one check.
        let (drafts, reckoned) = (server.speculation, server.token_seconds(batch, context));
        let tokens = drafts.map_or(1.0, |drafts| drafts.tokens());
        let decode = factor(
            &format!("{table}.token"),
            token,
            reckoned,
            step.memory * server.mbu / tokens,
        )?;
        let prefill = measured.prefill.map(|time| {
            let reckoned = server.prefill_step(context, context);
            factor(
                &format!("{table}.prefill"),
                time.0,
                reckoned.seconds(),
                reckoned.arithmetic * server.mfu,
            )
        });
        Ok(Self {
            decode,
            prefill: prefill.transpose()?,
            point: Some((batch, context)),
        })
    }

    /// The factor on the time of a step of `batch` requests of `context` tokens.
    pub fn decode(&self, batch: f64, context: f64) -> Uncertain {
        around(self.decode, self.decode_width(batch, context))
    }

    /// The same at the measured point, where it is surest.
    pub fn decode_at_best(&self) -> Uncertain {
        let (batch, context) = self.point.unwrap_or((1.0, 1.0));
        self.decode(batch, context)
    }

    /// Half the width of that interval, as a share of the factor.
    pub(crate) fn least_width(&self) -> f64 {
        self.point.map_or(UNCALIBRATED, |_| AT_POINT)
    }

    /// Half the width of the interval of [`decode`](Self::decode), as a share of the factor.
    pub(crate) fn decode_width(&self, batch: f64, context: f64) -> f64 {
        let decades = |one: f64, other: f64| (one.max(1.0) / other.max(1.0)).log10().abs();
        self.point.map_or(UNCALIBRATED, |(at, seen)| {
            (AT_POINT + BY_DECADE * decades(batch, at).max(decades(context, seen))).min(UNCALIBRATED)
        })
    }

    /// The factor on the time of reading a prompt.
    pub fn prefill(&self) -> Uncertain {
        self.prefill
            .map_or(around(1.0, UNCALIBRATED), |factor| around(factor, AT_POINT))
    }
}

/// A factor and the interval of this half width around it.
fn around(factor: f64, width: f64) -> Uncertain {
    Uncertain::new(factor, factor * (1.0 - width), factor * (1.0 + width))
        .unwrap_or(Uncertain::certain(factor))
}

/// How many times longer a measured time is than the reckoned one.
fn factor(field: &str, measured: f64, reckoned: f64, least: f64) -> Result<f64, PlanError> {
    let shown = Seconds(measured);
    if !(measured > 0.0 && measured.is_finite()) {
        return Err(PlanError::not_positive(
            field,
            measured,
            "give a time, as in \"12ms\", or leave the table out",
        ));
    }
    if measured < least {
        return Err(PlanError(format!(
            "{field} is {shown}: the devices cannot be faster than {} by their data sheet; is it the time of \
             one step, and are model, devices, bytes and batch those that were measured?",
            Seconds(least)
        )));
    }
    if measured > 20.0 * reckoned {
        return Err(PlanError(format!(
            "{field} is {shown}, {:.0} times the {} that is reckoned: is its unit right, as in \"12ms\", and \
             the batch that of the measurement?",
            measured / reckoned,
            Seconds(reckoned)
        )));
    }
    Ok(measured / reckoned)
}
