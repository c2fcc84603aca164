//! Approach 1: the lower envelope of the loss curves of all sizes, over compute.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{PowerLaw, Run, check_runs, through};
use crate::error::{FitError, Refusal, Warning};
use crate::fit::FitOptions;

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
/// size than the winner also have a loss: at the border the winner is not a minimum. The best size there is
/// the vertex of the parabola through the three, as the sizes trained are but steps.
///
/// There are no intervals. Samples of so few curves mostly have no envelope, and those that have one miss what
/// matters: noise decides which size wins, and wins of sizes at the border, which are left out, move the exponent
/// by more than it scatters.
///
/// # Errors
/// [`crate::InputError`] for numbers that are not positive and finite, or options out of range.
pub fn approach1(runs: &[Run], options: &FitOptions) -> Result<Approach1, FitError> {
    options.check()?;
    check_runs(runs)?;
    let curves = curves(runs);
    let (envelope, sizes) = envelope(&curves);
    let mut result = Approach1 {
        params: None,
        tokens: None,
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
    (result.params, result.tokens) = through(&result.envelope).unzip();
    result.warnings.push(Warning::NoIntervalOfEnvelope);
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

/// The best size at each level of compute where smaller and larger ones can be compared, and how many sizes win.
fn envelope(curves: &[LossCurve]) -> (Vec<EnvelopePoint>, usize) {
    let all = curves
        .iter()
        .flat_map(|curve| &curve.points)
        .map(|point| point[0]);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
        (low.min(at), high.max(at))
    });
    let (mut points, mut winners) = (Vec::new(), BTreeSet::new());
    for level in 0..LEVELS {
        let flops = low + (high - low) * level as f64 / (LEVELS - 1) as f64;
        let there: Vec<[f64; 3]> = curves
            .iter()
            .filter_map(|curve| {
                let (tokens, loss) = curve.at(flops)?;
                Some([curve.params.ln(), tokens, loss])
            })
            .collect();
        let best = (0..there.len()).min_by(|one, other| there[*one][2].total_cmp(&there[*other][2]));
        if let Some(rank) = best.filter(|rank| *rank > 0 && rank + 1 < there.len()) {
            winners.insert(there[rank][0].to_bits());
            let [params, tokens, loss] = vertex([there[rank - 1], there[rank], there[rank + 1]]);
            points.push(EnvelopePoint {
                flops: flops.exp(),
                params: params.exp(),
                tokens: tokens.exp(),
                loss: loss.exp(),
            });
        }
    }
    (points, winners.len())
}

/// `ln N`, `ln D`, `ln L` of least loss on the parabola through three sizes, the middle one the best of them;
/// `ln D` by the straight line to the neighbour on that side.
fn vertex([below, best, above]: [[f64; 3]; 3]) -> [f64; 3] {
    let (left, right) = (below[0] - best[0], above[0] - best[0]);
    let (left_rise, right_rise) = (below[2] - best[2], above[2] - best[2]);
    let curvature = (left_rise / left - right_rise / right) / (left - right);
    let slope = right_rise / right - curvature * right;
    let step = match curvature > 0.0 {
        true => -slope / (2.0 * curvature),
        false => 0.0,
    };
    let neighbour = if step < 0.0 { below } else { above };
    let share = step / (neighbour[0] - best[0]);
    [
        best[0] + step,
        best[1] + share * (neighbour[1] - best[1]),
        best[2] + 0.5 * slope * step,
    ]
}
