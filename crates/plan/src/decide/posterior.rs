//! Worlds in which runs were seen: draws anew, each as often as it makes them likely.

use super::question::Question;
use super::world::{Seen, Worlds, centre, noise};
use crate::PlanError;

/// The fewest draws, and replicates of a law's constants among them, that observed runs must leave likely.
const LEAST_LIKELY: f64 = 20.0;

impl Worlds<'_> {
    /// The worlds by how likely they make the runs that were made: drawn anew, each as often as it is likely.
    pub(super) fn given(mut self, question: &Question) -> Result<Self, PlanError> {
        let noise = noise(question, self.laws);
        let mut likely = vec![0.0; self.count];
        for run in &question.observed {
            let seen = Seen {
                arm: question.arm(run.arm.as_deref())?,
                tier: question.tier(&run.text)?,
                params: run.params.as_f64(),
                tokens: run.tokens.as_f64(),
                epochs: run.epochs,
            };
            for (draw, likely) in likely.iter_mut().enumerate() {
                let off = (run.loss.ln() - self.shown(&self.world(draw), seen)) / noise;
                *likely -= if off.is_finite() {
                    0.5 * off * off
                } else {
                    f64::INFINITY
                };
            }
        }
        let most = likely.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let power = self.tempered(&likely, most);
        self.widened = power.sqrt().recip();
        let weights: Vec<f64> = likely
            .iter()
            .map(|likely| (power * (likely - most)).exp())
            .collect();
        let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), weight| {
            (sum + weight, squares + weight * weight)
        });
        // Each observed run that lies where no draw does adds the square of its deviations.
        let tolerable = -0.5 * (question.observed.len() as f64 + 25.0);
        if most.is_nan() || most <= tolerable || sum * sum / squares < LEAST_LIKELY {
            return Err(PlanError(format!(
                "the observed runs ({}) lie where hardly any draw of the laws and the question does ({:.0} of {} are likely): \
                 look for a wrong unit, widen the intervals of what they measure, or fit the laws to these runs, too",
                question.observed.len(),
                sum * sum / squares,
                self.count
            )));
        }
        // Systematic resampling: evenly spaced places along the sum of the weights.
        let step = sum / question.draws as f64;
        let (mut below, mut next) = (0.0, 0.5 * step);
        let mut chosen = Vec::with_capacity(question.draws);
        for (draw, weight) in weights.iter().enumerate() {
            below += weight;
            while next < below && chosen.len() < question.draws {
                chosen.push(draw);
                next += step;
            }
        }
        // Copies of a draw lie side by side, so that halves of the draws share none but one.
        for variable in &mut self.variables {
            variable.draws = chosen.iter().map(|draw| variable.draws[*draw]).collect();
            if !variable.is_certain {
                variable.centre = super::change::quantile(&variable.draws, 0.5);
            }
        }
        for judged in &mut self.judged {
            judged.drawn = chosen.iter().map(|draw| judged.drawn[*draw]).collect();
        }
        self.count = chosen.len();
        self.centre = centre(self.laws, &self.judged, &self.variables);
        Ok(self)
    }

    /// The power of the likelihood that leaves enough replicates of every arm's laws likely, 1 where all of it does.
    ///
    /// Draws repeat replicates, so that a likelihood sharper than these lie apart picks one, and an interval of its
    /// copies has no width: runs then say no more than replicates can tell (tempering; Friel & Pettitt 2008).
    fn tempered(&self, likely: &[f64], most: f64) -> f64 {
        let arms: Vec<Vec<usize>> = (0..self.judged.len()).map(|arm| self.replicates(arm)).collect();
        let needed: Vec<f64> = arms
            .iter()
            .map(|of| LEAST_LIKELY.min(0.5 * effective(of, |_| 1.0)))
            .collect();
        let suffices = |power: f64| {
            let weight = |draw: usize| (power * (likely[draw] - most)).exp();
            let mut arms = arms.iter().zip(&needed);
            arms.all(|(of, needed)| effective(of, weight) >= *needed)
        };
        if !most.is_finite() || suffices(1.0) {
            return 1.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..24 {
            let middle = 0.5 * (low + high);
            if suffices(middle) {
                low = middle
            } else {
                high = middle
            }
        }
        // Next to nothing where the runs lie far from every replicate, which is refused.
        low.max(1e-9)
    }
}

/// How many groups of draws weigh as much as all, were they equal (Kish 1965).
fn effective(groups: &[usize], weight: impl Fn(usize) -> f64) -> f64 {
    let mut sums = vec![0.0; groups.iter().max().map_or(0, |most| most + 1)];
    for (draw, group) in groups.iter().enumerate() {
        sums[*group] += weight(draw);
    }
    let sum: f64 = sums.iter().sum();
    sum * sum / sums.iter().map(|one| one * one).sum::<f64>()
}
