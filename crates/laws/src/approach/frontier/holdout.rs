//! The check of a frontier on optima held out.

use super::Frontier;
use crate::approach::{EnvelopePoint, Run};
use crate::error::{FitError, InputError, Refusal};
use crate::fit::{FitOptions, HeldOut, Holdout, marked};
use crate::numeric::sorted;

impl Frontier {
    /// The rows to leave out; `None` for no check.
    fn left_out(
        self,
        runs: &[Run],
        choice: &HeldOut,
        optima: &[EnvelopePoint],
    ) -> Result<Option<Vec<usize>>, InputError> {
        let above =
            |limit: f64| -> Vec<usize> { (0..runs.len()).filter(|row| runs[*row].flops > limit).collect() };
        let out = match (choice, self) {
            (HeldOut::None, _) => return Ok(None),
            (HeldOut::Rows(marks), _) => marked(marks, runs.len())?,
            (HeldOut::Largest, Self::Envelope) => {
                let computes = sorted(runs.iter().map(|run| run.flops));
                above(computes[computes.len() * 4 / 5 - usize::from(computes.len() > 1)])
            }
            // Midway between the two largest budgets: the computes of one budget's runs may differ a little.
            (HeldOut::Largest, Self::Budgets(_)) => match optima {
                [.., before, last] => above((before.flops * last.flops).sqrt()),
                _ => Vec::new(),
            },
        };
        match out.is_empty() {
            true => Err(InputError::NothingHeldOut { rows: runs.len() }),
            false => Ok(Some(out)),
        }
    }

    /// Compares the optima beyond the runs that are left with the laws of these.
    pub(super) fn held_out(
        self,
        runs: &[Run],
        options: &FitOptions,
        optima: &[EnvelopePoint],
    ) -> Result<Option<Holdout>, FitError> {
        let Some(out) = self.left_out(runs, &options.holdout, optima)? else {
            return Ok(None);
        };
        let rows = 0..runs.len();
        let kept: Vec<Run> = rows
            .filter(|row| out.binary_search(row).is_err())
            .map(|row| runs[row])
            .collect();
        let largest = kept.iter().map(|run| run.flops).fold(0.0, f64::max);
        let beyond: Vec<&EnvelopePoint> = optima
            .iter()
            .filter(|point| point.flops > 1.000_001 * largest)
            .collect();
        if beyond.is_empty() {
            return Err(Refusal::NoOptimumBeyond.into());
        }
        let found = self.found(&kept, &FitOptions::point_only())?;
        let Some((params, tokens)) = found.laws else {
            let reason = found.refusals.into_iter().next_back();
            return Err(reason.unwrap_or(Refusal::NoOptimumBeyond).into());
        };
        let mean = |pick: fn(&EnvelopePoint) -> f64| {
            found.optima.iter().map(pick).sum::<f64>() / found.optima.len() as f64
        };
        let (mean_params, mean_tokens) = (mean(|point| point.params), mean(|point| point.tokens));
        let errors: Vec<f64> = beyond
            .iter()
            .flat_map(|point| {
                [
                    params.at(point.flops) / point.params - 1.0,
                    tokens.at(point.flops) / point.tokens - 1.0,
                ]
            })
            .collect();
        let guesses = beyond
            .iter()
            .flat_map(|point| [mean_params / point.params - 1.0, mean_tokens / point.tokens - 1.0]);
        let average =
            |values: &mut dyn Iterator<Item = f64>| values.map(f64::abs).sum::<f64>() / errors.len() as f64;
        Ok(Some(Holdout {
            reach: beyond.iter().map(|point| point.flops).fold(0.0, f64::max) / largest,
            fitted: kept.len(),
            mean_absolute: average(&mut errors.iter().copied()),
            baseline: average(&mut guesses.into_iter()),
            rows: out,
            runs: (0..errors.len()).collect(),
            errors,
        }))
    }
}
