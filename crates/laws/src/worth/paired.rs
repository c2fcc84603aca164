//! Losses of pairs at the ladder's end: the direct measurement, without a law between.

use super::Paired;
use super::contrast::Contrast;
use super::ladder::Ladder;
use crate::error::Refusal;
use crate::fit::Estimate;
use crate::numeric::student_quantile;

/// The mean difference of an arm's pairs of one seed with the baseline, with Student's interval by their noise.
pub(super) fn paired(
    ladder: &Ladder<'_>,
    arm: usize,
    contrast: &Contrast,
    level: f64,
) -> Result<Paired, Refusal> {
    let mut pairs = ladder.pairs(arm);
    pairs.retain(|pair| pair.budget == ladder.last_budget && pair.is_of_a_seed);
    if pairs.is_empty() {
        return Err(Refusal::NoPairs {
            arm: ladder.arms[arm].name.clone(),
            baseline: ladder.arms[0].name.clone(),
            budget: ladder.last_budget,
        });
    }
    let count = pairs.len() as f64;
    let baseline = pairs.iter().map(|pair| pair.base).sum::<f64>() / count;
    let ratio = pairs.iter().map(|pair| pair.difference).sum::<f64>() / count;
    let difference = |ratio: f64| baseline * ratio.exp_m1();
    let noise = contrast.of_means;
    let half = student_quantile(0.5 * (1.0 + level), noise.freedom as f64) * (noise.variance / count).sqrt();
    Ok(Paired {
        pairs: pairs.len(),
        better: pairs.iter().filter(|pair| pair.difference < 0.0).count(),
        difference: match noise.freedom {
            0 => Estimate::point(difference(ratio)),
            _ => {
                let ends = (difference(ratio - half), difference(ratio + half));
                Estimate::within(difference(ratio), ends, true)
            }
        },
    })
}
