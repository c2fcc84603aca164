//! Losses of pairs at the ladder's end: the direct measurement, without a law between.

use super::Paired;
use super::ladder::Ladder;
use super::law::Law;
use crate::error::Refusal;
use crate::fit::Estimate;
use crate::numeric::student_quantile;

/// The mean difference of an arm's pairs with the baseline, with Student's interval by the noise of all pairs.
pub(super) fn paired(ladder: &Ladder<'_>, arm: usize, law: &Law, level: f64) -> Result<Paired, Refusal> {
    let pairs = ladder.pairs(arm);
    if pairs.is_empty() {
        return Err(Refusal::NoPairs {
            arm: ladder.arms[arm].name.clone(),
            baseline: ladder.arms[0].name.clone(),
            budget: ladder.last_budget,
        });
    }
    let count = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let baseline = mean(&|(base, _)| *base);
    let ratio = mean(&|(base, own)| (own / base).ln());
    let difference = |ratio: f64| baseline * ratio.exp_m1();
    let freedom = law.components.freedom;
    let half =
        student_quantile(0.5 * (1.0 + level), freedom as f64) * (2.0 * law.components.within / count).sqrt();
    let value = difference(ratio);
    Ok(Paired {
        pairs: pairs.len(),
        better: pairs.iter().filter(|(base, own)| own < base).count(),
        difference: match freedom {
            0 => Estimate::point(value),
            _ => Estimate::within(value, (difference(ratio - half), difference(ratio + half)), true),
        },
    })
}
