//! Intervals of the parameters: bootstrap, profile, and what they say together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::bootstrap::{Sampler, bca, enough, percentile};
use super::groups::Groups;
use super::noise::{Noise, SMOOTH};
use super::profile::Walk;
use super::search::Searcher;
use super::{
    Estimate, Fit, FitOptions, Interval, LocalMinimum, ParameterEstimate, Resampling, natural, profile, range,
};
use crate::error::Warning;
use crate::form::{LawForm, Scale};
use crate::numeric::Minimum;
use crate::objective::{Objective, Robust};
use crate::problem::Problem;
use crate::rows::Rows;

/// How much worse a local minimum may be to be tried on bootstrap samples too, and how many are.
const RIVAL: f64 = 1.5;
const MOST_RIVALS: usize = 3;

/// Rows beyond which intervals are those of this many chosen at random, narrowed by the root of their share.
const MOST_ROWS: usize = 20_000;

/// The rows that intervals come from, and the minima and residuals of a fit to them.
pub(super) struct View<'a> {
    pub(super) rows: Cow<'a, Rows>,
    pub(super) minima: Vec<Vec<f64>>,
    residuals: Vec<f64>,
    /// The best of all rows, and by how much less it varies than the best of these.
    best: &'a [f64],
    narrowed: f64,
}

impl<'a> View<'a> {
    fn new(searcher: &Searcher<'_>, rows: &'a Rows, minima: &'a [Vec<f64>], residuals: &[f64]) -> Self {
        // Some of the rows of every run know as much of it as all of them do.
        let most = if rows.groups().is_some() {
            rows.len()
        } else {
            MOST_ROWS
        };
        match rows.thinned(most) {
            Cow::Borrowed(rows) => Self {
                rows: Cow::Borrowed(rows),
                minima: minima.to_vec(),
                residuals: residuals.to_vec(),
                best: &minima[0],
                narrowed: 1.0,
            },
            Cow::Owned(thin) => {
                let polished = searcher.polish(&thin, &minima[0], &[]);
                let own = range::settled(searcher, &thin, vec![polished])
                    .swap_remove(0)
                    .point;
                Self {
                    residuals: Problem::new(searcher.form, &thin, searcher.objective, SMOOTH).residuals(&own),
                    narrowed: (thin.len() as f64 / rows.len() as f64).sqrt(),
                    rows: Cow::Owned(thin),
                    minima: vec![own],
                    best: &minima[0],
                }
            }
        }
    }

    fn is_thinned(&self) -> bool {
        self.narrowed < 1.0
    }

    /// Where parameter `index` of a fit to these rows, at a search coordinate, would be of a fit to all.
    pub(super) fn settled(&self, index: usize, at: f64) -> f64 {
        match self.is_thinned() {
            false => at,
            true => self.best[index] + self.narrowed * (at - self.minima[0][index]),
        }
    }
}

/// Degrees of freedom below which intervals are those of least squares. A robust loss goes through as many
/// rows as there are parameters, and of the few that are left it cannot tell noise from an outlier.
pub(super) const ROBUST: usize = 10;

/// Fills in replicates, parameter intervals and what they say.
pub(super) fn intervals(
    searcher: &Searcher<'_>,
    rows: &Rows,
    minima: &[Vec<f64>],
    residuals: &[f64],
    options: &FitOptions,
    fit: &mut Fit,
) {
    if fit.freedom == 0 {
        fit.parameters = points(searcher.form, &fit.best);
        return;
    }
    // Another minimum can be the best one of a sample only if it is not far worse on all rows.
    let near = |minimum: &LocalMinimum| minimum.objective <= RIVAL * fit.objective;
    let rivals = fit
        .minima
        .iter()
        .take(MOST_RIVALS)
        .take_while(|minimum| near(minimum))
        .count()
        .max(1);
    let minima = &minima[..rivals];
    // Of a few runs, each with its own luck in all its rows, a robust loss goes through some.
    let few_runs = fit.runs.is_some() && fit.resampling == Resampling::Residual;
    if fit.freedom >= ROBUST && !few_runs {
        let view = View::new(searcher, rows, minima, residuals);
        let noise = Noise::new(&view.residuals, searcher.objective, fit.best.len());
        return of_view(searcher, &view, &noise, options, fit);
    }
    let objective = Objective {
        robust: Robust::Squares,
        ..*searcher.objective
    };
    let searcher = Searcher {
        objective: &objective,
        ..*searcher
    };
    let polished = minima.iter().map(|minimum| searcher.polish(rows, minimum, &[]));
    let mut polished: Vec<Minimum> = polished.collect();
    polished.sort_by(|first, second| first.value.total_cmp(&second.value));
    let settled = range::settled(&searcher, rows, polished);
    let minima: Vec<Vec<f64>> = settled.into_iter().map(|minimum| minimum.point).collect();
    let residuals = Problem::new(searcher.form, rows, &objective, SMOOTH).residuals(&minima[0]);
    let view = View::new(&searcher, rows, &minima, &residuals);
    of_view(
        &searcher,
        &view,
        &Noise::normal(&residuals, rows.len().saturating_sub(fit.best.len()).max(1)),
        options,
        fit,
    );
}

/// Values without intervals.
fn points(form: &dyn LawForm, best: &[f64]) -> BTreeMap<String, ParameterEstimate> {
    let named = form.parameters().iter().zip(best);
    let point = |value: f64| ParameterEstimate {
        estimate: Estimate::point(value),
        intervals: BTreeMap::new(),
    };
    named
        .map(|(parameter, value)| (parameter.name.to_string(), point(*value)))
        .collect()
}

/// The same by what a view of the rows shows, and its noise.
fn of_view(searcher: &Searcher<'_>, view: &View<'_>, noise: &Noise, options: &FitOptions, fit: &mut Fit) {
    let form = searcher.form;
    if view.is_thinned() {
        fit.warnings.push(Warning::ThinnedRows {
            rows: view.rows.len(),
            of: fit.rows,
        });
    }
    let (rows, best) = (view.rows.as_ref(), &view.minima[0]);
    let groups = Groups::of(searcher, rows, &view.minima);
    let mut problem = Problem::new(form, rows, searcher.objective, SMOOTH);
    let least = problem.value(best, &mut vec![0.0; best.len()]);
    let walk = Walk {
        searcher,
        rows,
        least,
        ceiling: profile::ceiling(searcher, rows, noise, least, options.level, fit.freedom),
        held: &[],
    };
    let profiles = options
        .profile
        .then(|| profile::profiles(view, searcher, &walk, groups.as_ref()));
    let mut starts = view.minima.clone();
    if options.replicates > 0 {
        starts.extend(range::inner_starts(&walk, best));
        starts.extend(profiles.iter().flat_map(|profiles| profile::ridge(profiles)));
    }
    let sampler = Sampler {
        searcher: *searcher,
        rows,
        starts: &starts,
        noise,
        residuals: &view.residuals,
        groups: groups.as_ref(),
        freedom: fit.freedom,
        seed: options.seed,
    };
    let (drawn, failed) = enough(sampler.replicates(fit.resampling, options.replicates), options);
    fit.warnings.extend(failed);
    let settled = |point: &[f64]| (0..point.len()).map(|at| view.settled(at, point[at])).collect();
    let replicates: Vec<Vec<f64>> = drawn.iter().map(|replicate| settled(&replicate.point)).collect();
    let deviation = groups
        .as_ref()
        .map_or_else(|| noise.deviation(), |groups| groups.deviation);
    let scales = drawn.iter().filter_map(|replicate| replicate.scale);
    fit.replicate_noise = scales.map(|scale| scale * deviation).collect();
    // How skewed rows are says nothing of residuals drawn for a fixed design.
    let accelerations = (fit.resampling == Resampling::Case).then(|| sampler.accelerations());
    for (index, parameter) in form.parameters().iter().enumerate() {
        let natural = |at: f64| parameter.scale.inverse(at);
        let found = Found {
            value: fit.best[index],
            draws: replicates.iter().map(|point| natural(point[index])).collect(),
            acceleration: accelerations.as_ref().map(|of| of[index]),
            profile: profiles.as_ref().map(|of| {
                let [low, high] = &of[index];
                (natural(low.at), natural(high.at))
            }),
        };
        let (lowest, highest) = range::range(parameter, view.best[index]);
        let edges = (natural(lowest), natural(highest));
        let intervals = found.by_method(fit.percentile_level(), edges);
        let (estimate, beside) = combined(parameter.scale, found.value, &intervals, edges);
        fit.parameters.insert(
            parameter.name.to_string(),
            ParameterEstimate { estimate, intervals },
        );
        report(&parameter.name, beside, fit);
    }
    fit.replicates = replicates
        .iter()
        .map(|replicate| natural(form, replicate))
        .collect();
}

/// What was found of one parameter, in natural units.
struct Found {
    value: f64,
    /// Its values in samples of the data, and how skewed these are.
    draws: Vec<f64>,
    acceleration: Option<f64>,
    /// The ends of its profile.
    profile: Option<(f64, f64)>,
}

impl Found {
    /// The interval by each method, within the `edges` of what was searched.
    fn by_method(&self, level: f64, edges: (f64, f64)) -> BTreeMap<String, (f64, f64)> {
        let inside = |(low, high): (f64, f64)| (low.max(edges.0), high.min(edges.1));
        let skewed = self
            .acceleration
            .map(|acceleration| bca(&self.draws, self.value, acceleration, level));
        let methods = [
            ("percentile", percentile(&self.draws, level)),
            ("bca", skewed.flatten()),
            ("profile", self.profile),
        ];
        let told = methods
            .into_iter()
            .filter_map(|(method, ends)| Some((method.to_owned(), inside(ends?))));
        told.collect()
    }
}

/// The interval to be used: the bootstrap's where the profile is closed, what either allows where it is open or where
/// the bootstrap's does not hold the value, as of few rows, where the value is that of a robust loss and intervals are
/// those of least squares. And its ends where they still do not hold it and were stretched: few rows do not tell which
/// of the two losses is right. An end at an edge of the range is open: nothing beyond was searched. Ends too far apart
/// tell as little.
fn combined(
    scale: Scale,
    value: f64,
    methods: &BTreeMap<String, (f64, f64)>,
    edges: (f64, f64),
) -> (Estimate, Option<(f64, f64)>) {
    let is_open = |(low, high): (f64, f64)| (low <= edges.0, high >= edges.1);
    let bootstrap = methods.get("bca").or_else(|| methods.get("percentile")).copied();
    let profile = methods.get("profile").copied();
    let ends = match (bootstrap, profile) {
        (Some((low, high)), Some(profile))
            if is_open(profile) != (false, false) || !(low..=high).contains(&value) =>
        {
            (low.min(profile.0), high.max(profile.1))
        }
        (Some(ends), _) | (None, Some(ends)) => ends,
        (None, None) => return (Estimate::point(value), None),
    };
    let (open_below, open_above) = is_open(ends);
    let is_open = open_below || open_above;
    let beside = Some(ends).filter(|ends| !is_open && is_beside(scale, value, *ends));
    let identified = !is_open && is_told(scale, ends) && beside.is_none();
    let estimate = Estimate {
        open_below,
        open_above,
        ..Estimate::within(value, ends, identified)
    };
    (estimate, beside)
}

/// Whether a value lies outside ends, by more than the searches for them are exact to.
fn is_beside(scale: Scale, value: f64, (low, high): (f64, f64)) -> bool {
    let [value, low, high] = [value, low, high].map(|at| scale.forward(at));
    let beside = (low - value).max(value - high);
    beside > 0.01 * (high - low) && beside > 1e-6 * value.abs()
}

/// Whether ends tell what a positive number is: those a million times apart do not.
pub(crate) fn is_told(scale: Scale, (low, high): (f64, f64)) -> bool {
    scale == Scale::Linear || high <= 1e6 * low
}

/// Warns of a parameter that is unidentified, that is beside the ends of its interval, or whose intervals disagree.
fn report(name: &str, beside: Option<(f64, f64)>, fit: &mut Fit) {
    let Some(parameter) = fit.parameters.get(name) else {
        return;
    };
    let Estimate {
        value,
        interval: Some(Interval { low, high }),
        identified,
        open_below,
        open_above,
        ..
    } = parameter.estimate
    else {
        return;
    };
    if let Some((low, high)) = beside {
        fit.warnings.push(Warning::OutsideInterval {
            quantity: name.into(),
            value,
            low,
            high,
        });
        return;
    }
    if !identified {
        fit.warnings.push(Warning::Unidentified {
            parameter: name.into(),
            low,
            high,
            open_below,
            open_above,
        });
        return;
    }
    let mut widths: Vec<(&String, f64)> = parameter
        .intervals
        .iter()
        .map(|(method, (low, high))| (method, high - low))
        .collect();
    widths.sort_by(|first, second| first.1.total_cmp(&second.1));
    if let (Some((narrow, narrow_width)), Some((wide, wide_width))) = (widths.first(), widths.last())
        && *wide_width > 2.0 * narrow_width
    {
        let warning = Warning::IntervalsDisagree {
            parameter: name.into(),
            narrow: narrow.to_string(),
            narrow_width: *narrow_width,
            wide: wide.to_string(),
            wide_width: *wide_width,
        };
        fit.warnings.push(warning);
    }
}
