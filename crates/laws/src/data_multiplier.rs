//! What a recipe makes of the same data, in data (Kim et al. 2025, Pre-training under infinite compute).

use crate::error::{FitError, Refusal};
use crate::fit::{Estimate, FitOptions, Starts, fit};
use crate::forms::SaturatingPowerLaw;
use crate::objective::Objective;
use crate::observations::Observations;

/// How many times its tokens a recipe is worth: the data at which the standard recipe, of the law
/// `E + A / D^alpha` with this `floor` and `exponent`, would have `loss`, over those at which it has `standard`.
///
/// `None` where a loss is not above the floor, or the exponent not above 0.
///
/// ```
/// let twice = triaxis_laws::data_multiplier(3.0, 2.5, 2.0, 1.0);
/// assert_eq!(twice, Some(2.0));
/// assert_eq!(triaxis_laws::data_multiplier(3.0, 2.0, 2.0, 1.0), None);
/// ```
pub fn data_multiplier(standard: f64, loss: f64, floor: f64, exponent: f64) -> Option<f64> {
    let is_above = |loss: f64| loss > floor && loss.is_finite();
    let usable = is_above(standard) && is_above(loss) && exponent > 0.0;
    let multiplier = usable.then(|| ((standard - floor) / (loss - floor)).powf(exponent.recip()));
    multiplier.filter(|multiplier| multiplier.is_finite())
}

/// One trained ensemble.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnsembleRun {
    /// Parameters of a member.
    pub params: f64,
    /// Members.
    pub members: f64,
    /// Loss of the members together.
    pub loss: f64,
}

/// The loss that endless ensembles of endless models come to, and how it was reached.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleLimit {
    /// The limit, with an interval where the limits of every size have one.
    pub loss: Estimate,
    /// The limit in members of each size: its parameters, and the loss.
    pub of_sizes: Vec<(f64, Estimate)>,
}

/// Least rows of a law of three parameters.
const NEEDED: usize = 4;

/// The loss of endless ensembles of endless models: first the limit in members at every size, then the limit of these
/// in size, each by `E + A / x^alpha` (Kim et al. 2025, section 4). An extrapolation of extrapolations from few runs:
/// each sample of the bootstrap goes through both, so that the interval says how little that tells.
///
/// # Errors
/// [`FitError`] of a law that cannot be fitted: at every size there must be four numbers of members, and four sizes.
pub fn ensemble_limit(runs: &[EnsembleRun], options: &FitOptions) -> Result<EnsembleLimit, FitError> {
    let mut sizes: Vec<f64> = runs.iter().map(|run| run.params).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    if sizes.len() < NEEDED {
        return Err(Refusal::TooFewRows {
            rows: sizes.len(),
            parameters: 3,
            needed: NEEDED,
        }
        .into());
    }
    let mut of_sizes = Vec::with_capacity(sizes.len());
    let mut drawn: Vec<Vec<f64>> = Vec::new();
    for size in &sizes {
        let own = runs.iter().filter(|run| run.params == *size);
        let points: Vec<(f64, f64)> = own.map(|run| (run.members, run.loss)).collect();
        let (limit, draws) = limit(&points, options)?;
        of_sizes.push((*size, limit));
        drawn.push(draws);
    }
    let points: Vec<(f64, f64)> = of_sizes
        .iter()
        .map(|(size, limit)| (*size, limit.value))
        .collect();
    let (best, own) = limit(&points, options)?;
    let point = FitOptions {
        replicates: 0,
        profile: false,
        starts: Starts::Projected,
        ..options.clone()
    };
    // The law of sizes has errors of its own, which its draws tell around its best.
    let samples = drawn.iter().map(Vec::len).chain([own.len()]).min().unwrap_or(0);
    let through: Vec<f64> = (0..samples)
        .map(|sample| {
            let limits = sizes.iter().zip(&drawn);
            let points: Vec<(f64, f64)> = limits.map(|(size, draws)| (*size, draws[sample])).collect();
            let inner = limit(&points, &point).map_or(f64::NAN, |(limit, _)| limit.value);
            inner + own[sample] - best.value
        })
        .collect();
    Ok(EnsembleLimit {
        loss: match samples {
            0 => Estimate::point(best.value),
            _ => Estimate::of_samples(best.value, through.into_iter(), options.level),
        },
        of_sizes,
    })
}

/// The floor of the law through points, and its draws.
fn limit(points: &[(f64, f64)], options: &FitOptions) -> Result<(Estimate, Vec<f64>), FitError> {
    let form = &SaturatingPowerLaw::OF_PARAMS;
    let table = Observations::new()
        .with("params", points.iter().map(|(at, _)| *at).collect())?
        .with("loss", points.iter().map(|(_, loss)| *loss).collect())?;
    let options = FitOptions {
        objective: options.objective.or(Some(Objective::log_huber())),
        ..options.clone()
    };
    let found = fit(form, &table, &options)?;
    let estimate = found.derived(|parameters| parameters[0]);
    let draws = match found.freedom {
        0 => Vec::new(),
        _ => found.replicates.iter().map(|draw| draw[0]).collect(),
    };
    Ok((estimate, draws))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::HeldOut;
    use crate::numeric::Stream;

    fn runs(noise: f64) -> Vec<EnsembleRun> {
        let mut stream = Stream::new(3, "ensembles", 0);
        let mut runs = Vec::new();
        for params in [1.5e8_f64, 3e8, 6e8, 1.2e9, 2.4e9] {
            for members in [1.0_f64, 2.0, 4.0, 8.0, 16.0] {
                let law = 3.1 + 600.0 * params.powf(-0.4) + 0.25 / members;
                runs.push(EnsembleRun {
                    params,
                    members,
                    loss: law * (noise * stream.normal()).exp(),
                });
            }
        }
        runs
    }

    fn options(replicates: usize) -> FitOptions {
        FitOptions {
            replicates,
            profile: false,
            holdout: HeldOut::None,
            ..FitOptions::default()
        }
    }

    #[test]
    fn the_limit_of_limits_is_found() {
        let found = ensemble_limit(&runs(0.0), &options(0)).unwrap();
        assert!((found.loss.value / 3.1 - 1.0).abs() < 1e-3, "{found:?}");
        let (size, limit) = found.of_sizes[0];
        let expected = 3.1 + 600.0 * size.powf(-0.4);
        assert!((limit.value / expected - 1.0).abs() < 1e-3, "{found:?}");
        let noisy = ensemble_limit(&runs(5e-4), &options(60)).unwrap();
        assert!(noisy.loss.covers(3.1), "{noisy:?}");
        let width = |of: &Estimate| of.interval.unwrap().width();
        assert!(width(&noisy.loss) > width(&noisy.of_sizes[4].1), "{noisy:?}");
    }

    #[test]
    fn too_few_sizes_or_members_are_refused() {
        let few: Vec<EnsembleRun> = runs(0.0).into_iter().filter(|run| run.params < 1e9).collect();
        let said = |runs: &[EnsembleRun]| ensemble_limit(runs, &options(0)).unwrap_err().to_string();
        assert!(
            said(&few).contains("3 rows cannot determine 3 parameters"),
            "{}",
            said(&few)
        );
        let few: Vec<EnsembleRun> = runs(0.0).into_iter().filter(|run| run.members < 3.0).collect();
        assert!(said(&few).contains("2 rows"), "{}", said(&few));
        assert!(said(&[]).contains("0 rows"), "{}", said(&[]));
    }

    #[test]
    fn a_multiplier_needs_losses_above_the_floor() {
        assert_eq!(data_multiplier(3.0, 3.0, 2.0, 0.3), Some(1.0));
        for (standard, loss, floor, exponent) in [
            (2.0, 3.0, 2.0, 0.3),
            (3.0, 1.0, 2.0, 0.3),
            (3.0, 2.5, 2.0, 0.0),
            (3.0, 2.5, f64::NAN, 0.3),
            (f64::INFINITY, 2.5, 2.0, 0.3),
            (1e300, 2.0 + 1e-15, 2.0, 1e-3),
        ] {
            assert_eq!(data_multiplier(standard, loss, floor, exponent), None);
        }
    }
}
