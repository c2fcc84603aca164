//! Approach 1: the lower envelope of the loss curves of all sizes, over compute.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Laws, PowerLaw, Run, check_runs, give_intervals, through};
use crate::error::{FitError, Refusal, Warning};
use crate::fit::{FitOptions, resampled};

/// A point of the lower envelope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EnvelopePoint {
    /// Compute.
    pub flops: f64,
    /// The size that is best at that compute.
    pub params: f64,
    /// Its tokens by then.
    pub tokens: f64,
    /// Its loss by then.
    pub loss: f64,
}

/// What approach 1 found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approach1 {
    /// The envelope, by compute.
    pub envelope: Vec<EnvelopePoint>,
    /// `N*(C)` through it, when enough sizes are on it.
    pub params: Option<PowerLaw>,
    /// `D*(C)` through it.
    pub tokens: Option<PowerLaw>,
    /// Degrees of freedom of the envelope: sizes on it beyond the two that a line goes through.
    pub freedom: usize,
    /// The laws of bootstrap samples.
    #[serde(skip)]
    pub replicates: Vec<Laws>,
    /// What the data refused.
    pub refusals: Vec<Refusal>,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

/// Compute levels at which the curves are compared (Hoffmann et al. 2022 take 1,500).
const LEVELS: usize = 1500;
const LEAST_SIZES: usize = 3;

/// One size's losses along its training: `ln C`, `ln D`, `ln L`, ascending in compute.
struct LossCurve {
    params: f64,
    points: Vec<[f64; 3]>,
}

/// Finds at each of 1,500 levels of compute the size of least loss, and power laws through them.
///
/// A size's curve is its runs (those of exactly the same [`Run::params`]) at increasing compute, joined
/// by straight lines in logarithms and never extended. A level counts only where a smaller and a larger
/// size than the winner also have a loss: at the border the winner is not a minimum. Intervals come from
/// a bootstrap over sizes.
///
/// # Errors
/// [`crate::InputError`] for numbers that are not positive and finite, or options out of range.
pub fn approach1(runs: &[Run], options: &FitOptions) -> Result<Approach1, FitError> {
    options.check()?;
    check_runs(runs)?;
    let curves = curves(runs);
    let all: Vec<&LossCurve> = curves.iter().collect();
    let envelope = envelope(&all);
    let sizes = winners(&envelope);
    let mut result = Approach1 {
        params: None,
        tokens: None,
        freedom: sizes.saturating_sub(2),
        replicates: Vec::new(),
        refusals: Vec::new(),
        warnings: Vec::new(),
        envelope,
    };
    if sizes < LEAST_SIZES {
        result.refusals.push(Refusal::ThinEnvelope {
            sizes,
            needed: LEAST_SIZES,
        });
        return Ok(result);
    }
    let (replicates, warning) = resampled(options, "approach 1", |stream| {
        let counts = stream.resample_counts(curves.len());
        let drawn = curves.iter().zip(&counts).filter(|(_, count)| **count > 0.0);
        let drawn: Vec<&LossCurve> = drawn.map(|(curve, _)| curve).collect();
        let points = self::envelope(&drawn);
        (winners(&points) >= 2).then(|| through(&points)).flatten()
    });
    result.warnings.extend(warning);
    if let Some(mut laws) = through(&result.envelope) {
        let outside = give_intervals(&mut laws, &replicates, options.level);
        result.warnings.extend(outside);
        (result.params, result.tokens) = (Some(laws.0), Some(laws.1));
    }
    result.replicates = replicates;
    Ok(result)
}

/// The runs of each size by compute, sizes ascending; of equal compute the lowest loss.
fn curves(runs: &[Run]) -> Vec<LossCurve> {
    let mut by_size: BTreeMap<u64, Vec<[f64; 3]>> = BTreeMap::new();
    for run in runs {
        by_size.entry(run.params.to_bits()).or_default().push([
            run.flops.ln(),
            run.tokens.ln(),
            run.loss.ln(),
        ]);
    }
    by_size
        .into_iter()
        .map(|(bits, mut points)| {
            points.sort_by(|first, second| {
                first[0]
                    .total_cmp(&second[0])
                    .then(first[2].total_cmp(&second[2]))
            });
            points.dedup_by(|second, first| second[0] == first[0]);
            LossCurve {
                params: f64::from_bits(bits),
                points,
            }
        })
        .collect()
}

impl LossCurve {
    /// `ln D` and `ln L` at `ln C`; `None` outside the curve.
    fn at(&self, flops: f64) -> Option<(f64, f64)> {
        let after = self.points.partition_point(|point| point[0] < flops);
        let next = self.points.get(after)?;
        if next[0] == flops {
            return Some((next[1], next[2]));
        }
        let last = self.points.get(after.checked_sub(1)?)?;
        let share = (flops - last[0]) / (next[0] - last[0]);
        Some((
            last[1] + share * (next[1] - last[1]),
            last[2] + share * (next[2] - last[2]),
        ))
    }
}

/// The best size at each level of compute where smaller and larger ones can be compared.
fn envelope(curves: &[&LossCurve]) -> Vec<EnvelopePoint> {
    let all = curves
        .iter()
        .flat_map(|curve| &curve.points)
        .map(|point| point[0]);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
        (low.min(at), high.max(at))
    });
    let mut points = Vec::new();
    for level in 0..LEVELS {
        let flops = low + (high - low) * level as f64 / (LEVELS - 1) as f64;
        let there: Vec<(f64, f64, f64)> = curves
            .iter()
            .filter_map(|curve| curve.at(flops).map(|(tokens, loss)| (curve.params, tokens, loss)))
            .collect();
        let best = there
            .iter()
            .enumerate()
            .min_by(|first, second| first.1.2.total_cmp(&second.1.2));
        if let Some((rank, (params, tokens, loss))) = best
            && rank > 0
            && rank + 1 < there.len()
        {
            points.push(EnvelopePoint {
                flops: flops.exp(),
                params: *params,
                tokens: tokens.exp(),
                loss: loss.exp(),
            });
        }
    }
    points
}

fn winners(envelope: &[EnvelopePoint]) -> usize {
    let mut sizes: Vec<u64> = envelope.iter().map(|point| point.params.to_bits()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.len()
}
