//! A law at every minimum of its fit that the runs leave open: what a run tells of the parameters within each basin, and of
//! which basin it is.

use triaxis_laws::form::LawForm;

use super::{COST_POWER, Design, dot};

/// A basin is left open while its mean square is below so many times the least (arXiv 2604.22753).
const OPEN: f64 = 1.5;
/// And while it is believed by this much.
const LEAST_WEIGHT: f64 = 1e-3;
/// Points by which what a run may show is weighed.
const POINTS: usize = 500;
/// Standard deviations about the outermost basins to which they go.
const TAILS: f64 = 5.0;

/// Designs at several minima, each with how much it is believed.
#[derive(Clone)]
pub struct Basins<'a> {
    basins: Vec<(f64, Design<'a>)>,
}

/// What one basin says of a run, or of a target beside it: the mean of the log loss, and the variance around it.
#[derive(Clone, Copy)]
struct Said {
    weight: f64,
    mean: f64,
    variance: f64,
}

impl<'a> Basins<'a> {
    /// The basins of `minima`, the first of them the best fit, by `runs` (natural inputs of the form) with their losses,
    /// which lie `noise` around the law. Each is believed by its Bayesian information, exp(-BIC / 2): of one form, by its
    /// mean square to the power of half the runs.
    pub fn of(
        form: &'a dyn LawForm,
        minima: &[Vec<f64>],
        noise: f64,
        runs: &[Vec<f64>],
        losses: &[f64],
    ) -> Self {
        let designs = minima
            .iter()
            .map(|minimum| Design::of(form, minimum, noise, runs));
        let squares = |design: &Design<'_>| -> f64 {
            let off = runs
                .iter()
                .zip(losses)
                .map(|(run, loss)| loss.ln() - design.told(run));
            off.map(|off| off * off).sum()
        };
        let known: Vec<(f64, Design<'_>)> = designs.map(|design| (squares(&design), design)).collect();
        let least = known
            .iter()
            .map(|(squares, _)| *squares)
            .fold(f64::INFINITY, f64::min);
        // Runs that a law goes through tell no basin from another.
        let believed = |squares: f64| match least > 0.0 {
            true => (squares / least).powf(-0.5 * runs.len() as f64),
            false => 1.0,
        };
        let mut basins: Vec<(f64, Design<'_>)> = known
            .into_iter()
            .enumerate()
            .filter(|(at, (squares, _))| *at == 0 || *squares < OPEN * least)
            .map(|(_, (squares, design))| (believed(squares), design))
            .collect();
        let most = basins.iter().map(|(weight, _)| *weight).fold(0.0, f64::max);
        basins.retain(|(weight, _)| *weight >= LEAST_WEIGHT * most);
        let sum: f64 = basins.iter().map(|(weight, _)| weight).sum();
        basins.iter_mut().for_each(|(weight, _)| *weight /= sum);
        Self { basins }
    }

    /// How many basins are left open.
    pub fn open(&self) -> usize {
        self.basins.len()
    }

    /// One more run, of which nothing is known but that it is made.
    pub fn learn(&mut self, run: &[f64]) {
        self.basins.iter_mut().for_each(|(_, design)| design.learn(run));
    }

    /// Variance of the log loss at a run, without its own noise: within the basins, and between them.
    pub fn variance(&self, run: &[f64]) -> f64 {
        let said: Vec<Said> = self
            .basins
            .iter()
            .map(|(weight, design)| Said {
                weight: *weight,
                mean: design.told(run),
                variance: design.variance(run),
            })
            .collect();
        variance(&said)
    }

    /// The run of a pool that lowers the variance at the targets most for its cost, by its place, with by how much it does;
    /// `None` of an empty pool.
    pub fn next(&self, pool: &[(Vec<f64>, f64)], targets: &[Vec<f64>]) -> Option<(usize, f64)> {
        let told = pool.iter().map(|(run, cost)| {
            let gained: f64 = targets.iter().map(|target| self.gained(run, target)).sum();
            gained / cost.powf(COST_POWER)
        });
        told.enumerate().max_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// By how much a run is expected to lower the variance at a target: that within each basin falls whatever it shows, and
    /// what it shows moves the basins' means and says which of them is likely.
    fn gained(&self, run: &[f64], target: &[f64]) -> f64 {
        // What each basin says of the run, of the target, and of both together.
        let said: Vec<(Said, Said, f64)> = self
            .basins
            .iter()
            .map(|(weight, design)| {
                let of = |at: &[f64], noise: f64| Said {
                    weight: *weight,
                    mean: design.told(at),
                    variance: design.variance(at) + noise,
                };
                let noise = design.noise * design.noise;
                let together = dot(&design.slope(target), &design.across(&design.slope(run)));
                (of(run, noise), of(target, 0.0), together)
            })
            .collect();
        let after =
            |(seen, at, together): &(Said, Said, f64)| at.variance - together * together / seen.variance;
        if let [only] = &said[..] {
            return only.1.variance - after(only);
        }
        let now: Vec<Said> = said.iter().map(|(_, target, _)| *target).collect();
        let end = |sign: f64| {
            let ends = said
                .iter()
                .map(|(seen, ..)| seen.mean + sign * TAILS * seen.variance.sqrt());
            if sign < 0.0 {
                ends.fold(f64::INFINITY, f64::min)
            } else {
                ends.fold(f64::NEG_INFINITY, f64::max)
            }
        };
        let (low, high) = (end(-1.0), end(1.0));
        let (mut left, mut all) = (0.0, 0.0);
        for point in 0..POINTS {
            let shown = low + (high - low) * (point as f64 + 0.5) / POINTS as f64;
            let then: Vec<Said> = said
                .iter()
                .map(|basin @ (seen, target, together)| {
                    let off = shown - seen.mean;
                    let density = (-0.5 * off * off / seen.variance).exp() / seen.variance.sqrt();
                    Said {
                        weight: target.weight * density,
                        mean: target.mean + together * off / seen.variance,
                        variance: after(basin),
                    }
                })
                .collect();
            let chance: f64 = then.iter().map(|basin| basin.weight).sum();
            if chance > 0.0 {
                left += chance * variance(&then);
                all += chance;
            }
        }
        variance(&now) - left / all
    }
}

/// The variance of a mixture: the mean of those within, and that of the means.
fn variance(said: &[Said]) -> f64 {
    let sum: f64 = said.iter().map(|basin| basin.weight).sum();
    let mean =
        |of: &dyn Fn(&Said) -> f64| said.iter().map(|basin| basin.weight * of(basin)).sum::<f64>() / sum;
    let centre = mean(&|basin| basin.mean);
    mean(&|basin| basin.variance + (basin.mean - centre).powi(2))
}

#[cfg(test)]
mod tests {
    use triaxis_laws::forms::ChinchillaForm;

    use super::*;
    use crate::design::Criterion;

    const LAW: [f64; 5] = [1.8, 480.0, 2100.0, 0.35, 0.366];
    /// A law that says nearly the same of small runs, and less of large ones.
    const OTHER: [f64; 5] = [1.45, 260.0, 1400.0, 0.29, 0.34];

    fn loss(law: &[f64], run: &[f64]) -> f64 {
        law[0] + law[1] / run[0].powf(law[3]) + law[2] / run[1].powf(law[4])
    }

    fn runs() -> Vec<Vec<f64>> {
        let sizes = [1e7, 3e7, 1e8];
        let runs = sizes
            .iter()
            .flat_map(|size| [10.0, 40.0].map(|ratio| vec![*size, ratio * size]));
        runs.collect()
    }

    fn pool() -> Vec<(Vec<f64>, f64)> {
        let sizes = [2e7, 1e8, 3e8, 1e9];
        sizes
            .iter()
            .map(|size| (vec![*size, 20.0 * size], 120.0 * size * size))
            .collect()
    }

    #[test]
    fn one_basin_is_the_design_at_it() {
        let losses: Vec<f64> = runs().iter().map(|run| loss(&LAW, run) * 1.002).collect();
        let basins = Basins::of(&ChinchillaForm, &[LAW.to_vec()], 0.005, &runs(), &losses);
        let design = Design::of(&ChinchillaForm, &LAW, 0.005, &runs());
        let target = vec![1e10, 2e11];
        assert_eq!(basins.open(), 1);
        assert!((basins.variance(&target) / design.variance(&target) - 1.0).abs() < 1e-12);
        let (place, told) = basins.next(&pool(), std::slice::from_ref(&target)).unwrap();
        let (own, by_design) = design.next(Criterion::Targets, &pool(), &[target]).unwrap();
        assert_eq!(place, own);
        assert!((told / by_design - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_tells_basins_apart_counts() {
        // Runs that lie between both laws, each as far off.
        let between = |run: &Vec<f64>| (loss(&LAW, run) * loss(&OTHER, run)).sqrt();
        let losses: Vec<f64> = runs().iter().map(between).collect();
        let minima = [LAW.to_vec(), OTHER.to_vec()];
        let both = Basins::of(&ChinchillaForm, &minima, 0.005, &runs(), &losses);
        let target = vec![1e10, 2e11];
        assert_eq!(both.open(), 2);
        let apart = (loss(&LAW, &target) / loss(&OTHER, &target)).ln();
        // Both laws are as likely: half of their distance is a standard deviation.
        assert!(both.variance(&target) > 0.249 * apart * apart);
        // No run is expected to leave more open than there is, and a large one tells the basins apart.
        for (run, _) in pool() {
            let gained = both.gained(&run, &target);
            assert!(
                gained > 0.0 && gained < both.variance(&target),
                "{run:?}: {gained}"
            );
        }
        let of = |at: usize| both.gained(&pool()[at].0, &target);
        assert!(of(3) > of(0), "{} {}", of(3), of(0));
        // By far the worse of two is closed.
        let exact: Vec<f64> = runs().iter().map(|run| loss(&LAW, run) * 1.0001).collect();
        let closed = Basins::of(&ChinchillaForm, &minima, 0.005, &runs(), &exact);
        assert_eq!(closed.open(), 1);
    }
}
