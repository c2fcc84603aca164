//! What a sweep of small runs over drawn mixtures says of the best one.

use serde::{Deserialize, Serialize};

use super::{
    BestDrawn, Dirichlet, DrawOptions, MixtureForm, MixtureOptions, Mixtures, cross_validated, fit_mixture,
};
use crate::error::{FitError, Refusal};
use crate::fit::Estimate;

/// What runs at drawn mixtures say of the best ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixtureSweep {
    /// Names of the domains.
    pub domains: Vec<String>,
    /// Runs.
    pub runs: usize,
    /// The form that predicts runs left out best.
    pub form: MixtureForm,
    /// Root mean square error on those.
    pub error: f64,
    /// The mixture that the runs are drawn around.
    pub mean: Vec<f64>,
    /// The largest share of each domain, by what there is of it and how often it may be repeated.
    pub caps: Vec<f64>,
    /// The best mixtures.
    pub best: BestDrawn,
    /// Loss of the best less that of the mean.
    pub gain: Estimate,
    /// Level of all intervals.
    pub level: f64,
}

/// Fits every form, and finds the best mixtures of `domains` within `caps` by the one that predicts best.
///
/// # Errors
/// As [`fit_mixture`], where every form is refused, and as [`MixtureFit::best_drawn`](super::MixtureFit::best_drawn).
pub fn mixture_sweep(
    domains: &[String],
    runs: &Mixtures,
    mean: &[f64],
    caps: &[f64],
    options: &MixtureOptions,
) -> Result<MixtureSweep, FitError> {
    let (mut checked, mut refused) = (Vec::new(), None);
    for form in MixtureForm::ALL {
        match cross_validated(form, runs) {
            Ok(error) => checked.push((form, error)),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let lowest = checked.into_iter().min_by(|one, other| one.1.total_cmp(&other.1));
    let (form, error) =
        lowest.ok_or_else(|| refused.unwrap_or(Refusal::NoFiniteObjective { starts: 1 }.into()))?;
    let fit = fit_mixture(form, runs, options)?;
    // As likely all over the simplex as the number of domains makes an even mean.
    let from = Dirichlet::new(mean, mean.len() as f64)?;
    let drawn = DrawOptions {
        seed: options.seed,
        ..DrawOptions::default()
    };
    let best = fit.best_drawn(&from, caps, &drawn)?;
    let gain = |parameters: &Vec<f64>| form.loss(parameters, &best.shares) - form.loss(parameters, mean);
    Ok(MixtureSweep {
        domains: domains.to_vec(),
        runs: runs.rows(),
        gain: Estimate::of_samples(gain(&fit.best), fit.draws.iter().map(gain), options.level),
        form,
        error,
        mean: mean.to_vec(),
        caps: caps.to_vec(),
        best,
        level: options.level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Stream;

    fn truth(shares: &[f64]) -> f64 {
        3.0 - 0.2 * (shares[0] + 0.01).ln() - 0.1 * (shares[1] + 0.01).ln() - 0.02 * (shares[2] + 0.01).ln()
    }

    /// Runs of a world, at mixtures drawn around an even one.
    fn told(world: u64, caps: &[f64; 3]) -> MixtureSweep {
        let mean = [1.0 / 3.0; 3];
        let from = Dirichlet::new(&mean, 3.0).unwrap();
        let mut stream = Stream::new(world, "world", 0);
        let shares: Vec<Vec<f64>> = (0..40).map(|_| from.draw(&mut stream)).collect();
        let losses: Vec<f64> = shares
            .iter()
            .map(|shares| truth(shares) + 0.01 * stream.normal())
            .collect();
        let runs = Mixtures::new(&shares, &losses).unwrap();
        let domains = ["a", "b", "c"].map(str::to_owned);
        let options = MixtureOptions {
            replicates: 40,
            seed: world,
            ..MixtureOptions::default()
        };
        mixture_sweep(&domains, &runs, &mean, caps, &options).unwrap()
    }

    #[test]
    fn the_best_mixtures_of_noisy_runs_lie_about_the_true_one() {
        // By the derivatives of the truth: shares with 0.01 each stand as 20 to 10 to 2.
        let best = [20.0, 10.0, 2.0].map(|part| 1.03 * part / 32.0 - 0.01);
        let worlds = 12;
        let (mut held, mut gained) = (0, 0);
        for world in 0..worlds {
            let found = told(world, &[1.0; 3]);
            let ends = best.iter().zip(&found.best.spread);
            held += usize::from(
                ends.clone()
                    .all(|(share, ends)| (ends.low..=ends.high).contains(share)),
            );
            let gain = truth(&found.best.shares) - truth(&found.mean);
            gained += usize::from(gain < 0.0 && found.gain.interval.is_some_and(|ends| ends.high < 0.0));
        }
        assert!(held >= 9 && gained >= 11, "{held} and {gained} of {worlds}");
    }

    #[test]
    fn what_there_is_of_a_domain_caps_its_share() {
        let found = told(1, &[0.4, 1.0, 1.0]);
        assert!(
            found.best.shares[0] <= 0.4 && found.best.spread[0].high <= 0.4,
            "{found:?}"
        );
    }
}
