//! Approach 2: at each compute budget the best size, from a parabola or an Akima curve through the losses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EnvelopePoint, Laws, PowerLaw, Run, check_runs, give_intervals, through};
use crate::error::{FitError, Refusal, Warning};
use crate::fit::{FitOptions, resampled, scale_of_noise};
use crate::numeric::{Akima, ParabolaFit, Stream, fit_parabola};

/// How the minimum at a budget is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Least squares parabola of the loss in the logarithm of size (Hoffmann et al. 2022, section 3.2).
    Parabola,
    /// Akima interpolation of the log loss in the logarithm of size (Porian et al. 2024).
    Akima,
}

/// The runs of one budget and where they are best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// The exact budget that the runs were grouped by: the compute of its optimum, whatever 6ND of its runs is.
    pub budget: f64,
    /// `(params, tokens, loss)` of its runs, by size.
    pub points: Vec<(f64, f64, f64)>,
    /// Loss in `ln(params)`, when a parabola was asked for and could be fitted.
    pub by_params: Option<ParabolaFit>,
    /// Loss in `ln(tokens)`.
    pub by_tokens: Option<ParabolaFit>,
    /// Best parameters, tokens and the loss there; `None` when the data refuse.
    pub optimum: Option<Optimum>,
    /// Residuals `observed - fitted` of the parabola in parameters, in the order of `points`.
    pub residuals: Vec<f64>,
}

/// The best run of one budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// Parameters N*.
    pub params: f64,
    /// Tokens D*.
    pub tokens: f64,
    /// Loss there.
    pub loss: f64,
}

impl Budget {
    /// The curve through its losses at `steps` sizes from the smallest to the largest: parameters and loss. Empty
    /// where there is none.
    pub fn curve(&self, kind: Curve, steps: usize) -> Vec<(f64, f64)> {
        let params: Vec<f64> = self.points.iter().map(|(params, ..)| params.ln()).collect();
        let losses: Vec<f64> = self.points.iter().map(|(.., loss)| loss.ln()).collect();
        let (low, high) = ends(&params);
        let parabola = self.by_params;
        let akima = Akima::new(&params, &losses);
        let at = |at: f64| match kind {
            Curve::Parabola => parabola.map(|parabola| parabola.at(at)),
            Curve::Akima => akima.as_ref().map(|akima| akima.at(at).exp()),
        };
        let steps = (0..steps).map(|step| low + (high - low) * step as f64 / (steps.max(2) - 1) as f64);
        steps
            .filter_map(|params| Some((params.exp(), at(params)?)))
            .collect()
    }
}

/// Makes budgets equal that differ by no more than a share `tolerance` of the smallest of them: each becomes the
/// geometric mean of theirs. Gives the budgets that were merged, those that became one together.
///
/// ```
/// use triaxis_laws::approach::{Run, merge_budgets};
/// let run = |budget| Run { params: 1e8, tokens: 1e9, flops: 6e17, loss: 3.0, budget: Some(budget) };
/// let mut runs = [run(1.00e18), run(1.01e18), run(3e18)];
/// assert_eq!(merge_budgets(&mut runs, 0.02), [vec![1.00e18, 1.01e18]]);
/// assert!((runs[0].budget.unwrap() / 1.005e18 - 1.0).abs() < 1e-4);
/// assert_eq!((runs[0].budget, runs[2].budget), (runs[1].budget, Some(3e18)));
/// ```
pub fn merge_budgets(runs: &mut [Run], tolerance: f64) -> Vec<Vec<f64>> {
    let mut budgets: Vec<f64> = runs.iter().filter_map(|run| run.budget).collect();
    budgets.sort_by(f64::total_cmp);
    budgets.dedup();
    let mut groups: Vec<Vec<f64>> = Vec::new();
    for budget in budgets {
        match groups.last_mut() {
            Some(group) if budget <= group[0] * (1.0 + tolerance) => group.push(budget),
            _ => groups.push(vec![budget]),
        }
    }
    groups.retain(|group| group.len() > 1);
    for group in &groups {
        let mean = group.iter().map(|budget| budget.ln()).sum::<f64>() / group.len() as f64;
        for run in runs.iter_mut() {
            if run.budget.is_some_and(|budget| group.contains(&budget)) {
                run.budget = Some(mean.exp());
            }
        }
    }
    groups
}

/// What approach 2 found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approach2 {
    /// How the minima were found.
    pub curve: Curve,
    /// Every budget, ascending.
    pub budgets: Vec<Budget>,
    /// `N*(C)`, when enough budgets have an accepted optimum.
    pub params: Option<PowerLaw>,
    /// `D*(C)`, likewise; fitted to the token optima, never derived from `params`.
    pub tokens: Option<PowerLaw>,
    /// The laws of bootstrap samples.
    #[serde(skip)]
    pub replicates: Vec<Laws>,
    /// Noise of one loss, pooled over the parabolas; `None` where none has a residual to tell it by.
    pub noise: Option<f64>,
    /// Degrees of freedom that tell it: runs beyond three a budget.
    pub freedom: usize,
    /// What the data refused.
    pub refusals: Vec<Refusal>,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

impl Approach2 {
    /// The optima of the budgets that were accepted, by compute.
    pub fn optima(&self) -> Vec<EnvelopePoint> {
        accepted(&self.budgets)
    }
}

const LEAST_SIZES: usize = 3;
const LEAST_BUDGETS: usize = 2;

/// Fits one curve a budget and power laws through the minima.
///
/// Runs are grouped by the exact value of [`Run::budget`], which is their compute ([`merge_budgets`] makes near
/// ones equal first); runs without one are not used, and a run given twice counts once. Intervals come
/// from a parametric bootstrap: losses drawn anew around the parabolas with the pooled noise. A budget
/// that cannot be trusted is refused with its reason and the others go on.
///
/// # Errors
/// [`crate::InputError`] for numbers that are not positive and finite, or options out of range.
pub fn approach2(runs: &[Run], curve: Curve, options: &FitOptions) -> Result<Approach2, FitError> {
    options.check()?;
    check_runs(runs)?;
    let mut groups: BTreeMap<u64, Vec<Run>> = BTreeMap::new();
    for run in runs {
        if let Some(budget) = run.budget {
            // Positive floats order as their bits do, so the map is by exact value and ascending.
            groups.entry(budget.to_bits()).or_default().push(*run);
        }
    }
    let (mut refusals, mut warnings) = (Vec::new(), Vec::new());
    let duplicates: usize = groups.values_mut().map(once).sum();
    if duplicates > 0 {
        warnings.push(Warning::DuplicatedRows { rows: duplicates });
    }
    let budgets: Vec<Budget> = groups
        .values()
        .map(|group| {
            let (budget, refused) = fit_budget(group, curve);
            if budget.points.len() == LEAST_SIZES && budget.optimum.is_some() {
                warnings.push(Warning::ExactParabola {
                    budget: budget.budget,
                });
            }
            refusals.extend(refused);
            budget
        })
        .collect();
    let (params, tokens) = match laws(&budgets) {
        Some((params, tokens)) => (Some(params), Some(tokens)),
        None => {
            let accepted = budgets.iter().filter(|budget| budget.optimum.is_some()).count();
            refusals.push(Refusal::TooFewBudgets {
                budgets: accepted,
                needed: LEAST_BUDGETS,
            });
            (None, None)
        }
    };
    let (freedom, noise) = pooled_noise(&budgets);
    let mut result = Approach2 {
        curve,
        noise,
        freedom,
        budgets,
        params,
        tokens,
        replicates: Vec::new(),
        refusals,
        warnings,
    };
    intervals(&mut result, options);
    Ok(result)
}

/// Orders the runs of a budget by size and leaves out those that repeat another one: as many as it gives.
fn once(group: &mut Vec<Run>) -> usize {
    let order = |one: &Run, other: &Run| {
        let sizes = one.params.total_cmp(&other.params);
        let lengths = || one.tokens.total_cmp(&other.tokens);
        sizes
            .then_with(lengths)
            .then_with(|| one.loss.total_cmp(&other.loss))
    };
    let given = group.len();
    group.sort_by(order);
    group.dedup_by(|later, earlier| order(later, earlier).is_eq());
    given - group.len()
}

/// The curve of one budget, and why it was refused if it was.
fn fit_budget(group: &[Run], curve: Curve) -> (Budget, Option<Refusal>) {
    let budget = group[0].budget.unwrap_or(f64::NAN);
    let mut distinct: Vec<f64> = group.iter().map(|run| run.params).collect();
    distinct.dedup();
    let mut result = Budget {
        budget,
        points: group
            .iter()
            .map(|run| (run.params, run.tokens, run.loss))
            .collect(),
        by_params: None,
        by_tokens: None,
        optimum: None,
        residuals: Vec::new(),
    };
    if distinct.len() < LEAST_SIZES {
        return (
            result,
            Some(Refusal::TooFewPoints {
                budget,
                points: distinct.len(),
                needed: LEAST_SIZES,
            }),
        );
    }
    let logs = |pick: fn(&Run) -> f64| group.iter().map(|run| pick(run).ln()).collect::<Vec<f64>>();
    let (params, tokens) = (logs(|run| run.params), logs(|run| run.tokens));
    let losses: Vec<f64> = group.iter().map(|run| run.loss).collect();
    result.by_params = fit_parabola(&params, &losses);
    result.by_tokens = fit_parabola(&tokens, &losses);
    if let Some(parabola) = result.by_params {
        result.residuals = params
            .iter()
            .zip(&losses)
            .map(|(at, loss)| loss - parabola.at(*at))
            .collect();
    }
    let found = match curve {
        Curve::Parabola => vertices(budget, &result, &params, &tokens),
        Curve::Akima => interpolated(budget, &params, &tokens, &losses),
    };
    match found {
        Ok(optimum) => {
            result.optimum = Some(optimum);
            (result, None)
        }
        Err(refusal) => (result, Some(refusal)),
    }
}

fn vertices(budget: f64, fitted: &Budget, params: &[f64], tokens: &[f64]) -> Result<Optimum, Refusal> {
    let vertex = |parabola: Option<ParabolaFit>, logs: &[f64], unit: &str| {
        let curvature = parabola.map_or(0.0, |parabola| parabola.curvature);
        let Some(parabola) = parabola.filter(|parabola| parabola.curvature > 0.0) else {
            return Err(Refusal::NoInteriorMinimum { budget, curvature });
        };
        let (low, high) = ends(logs);
        if !(low..=high).contains(&parabola.vertex) {
            let (optimum, low, high) = (parabola.vertex.exp(), low.exp(), high.exp());
            return Err(Refusal::OptimumOutOfRange {
                budget,
                unit: unit.into(),
                optimum,
                low,
                high,
            });
        }
        Ok(parabola)
    };
    let by_params = vertex(fitted.by_params, params, "parameters")?;
    let by_tokens = vertex(fitted.by_tokens, tokens, "tokens")?;
    Ok(Optimum {
        params: by_params.vertex.exp(),
        tokens: by_tokens.vertex.exp(),
        loss: by_params.minimum,
    })
}

fn ends(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        })
}

fn interpolated(budget: f64, params: &[f64], tokens: &[f64], losses: &[f64]) -> Result<Optimum, Refusal> {
    let log_losses: Vec<f64> = losses.iter().map(|loss| loss.ln()).collect();
    let refusal = Refusal::NoInteriorMinimum {
        budget,
        curvature: 0.0,
    };
    let Some(akima) = Akima::new(params, &log_losses) else {
        return Err(refusal);
    };
    let Some((at, log_loss)) = akima.interior_minimum() else {
        return Err(refusal);
    };
    let Some(of_tokens) = Akima::new(params, tokens) else {
        return Err(refusal);
    };
    Ok(Optimum {
        params: at.exp(),
        tokens: of_tokens.at(at).exp(),
        loss: log_loss.exp(),
    })
}

/// The accepted optima.
fn accepted(budgets: &[Budget]) -> Vec<EnvelopePoint> {
    let point = |budget: &Budget| {
        let Optimum { params, tokens, loss } = budget.optimum?;
        Some(EnvelopePoint {
            flops: budget.budget,
            params,
            tokens,
            loss,
        })
    };
    budgets.iter().filter_map(point).collect()
}

/// Power laws through the accepted optima, when there are enough.
fn laws(budgets: &[Budget]) -> Option<Laws> {
    let optima = accepted(budgets);
    (optima.len() >= LEAST_BUDGETS)
        .then(|| through(&optima))
        .flatten()
}

/// Degrees of freedom of the residuals of all parabolas that gave an optimum, and the root of their mean square.
fn pooled_noise(budgets: &[Budget]) -> (usize, Option<f64>) {
    let accepted = || budgets.iter().filter(|budget| budget.optimum.is_some());
    let freedom: usize = accepted()
        .map(|budget| budget.residuals.len().saturating_sub(LEAST_SIZES))
        .sum();
    let squares: f64 = accepted()
        .flat_map(|budget| &budget.residuals)
        .map(|residual| residual * residual)
        .sum();
    (freedom, (freedom > 0).then(|| (squares / freedom as f64).sqrt()))
}

/// Gives both power laws their intervals by a parametric bootstrap of the losses.
fn intervals(result: &mut Approach2, options: &FitOptions) {
    let Some(noise) = result.noise else {
        result.warnings.push(Warning::NoNoiseEstimate);
        return;
    };
    let (replicates, warning) = resampled(options, "approach 2", |stream| {
        let noise = noise * scale_of_noise(result.freedom, stream);
        let drawn = result.budgets.iter().filter(|budget| budget.optimum.is_some());
        let drawn: Option<Vec<Budget>> = drawn
            .map(|budget| redraw(budget, result.curve, noise, stream))
            .collect();
        laws(&drawn?)
    });
    result.warnings.extend(warning);
    if let Some(mut laws) = result.params.zip(result.tokens) {
        let outside = give_intervals(&mut laws, &replicates, options.level);
        result.warnings.extend(outside);
        (result.params, result.tokens) = (Some(laws.0), Some(laws.1));
    }
    result.replicates = replicates;
}

/// Draws of a budget of which one must have an optimum.
const MOST_DRAWS: usize = 100;

/// The budget with losses drawn around its parabola: one that has an optimum, since without one it would not be
/// in the law whose scatter is asked for.
fn redraw(budget: &Budget, curve: Curve, noise: f64, stream: &mut Stream) -> Option<Budget> {
    let run = |(params, tokens, loss): &(f64, f64, f64), noise: f64| {
        let fitted = budget
            .by_params
            .map_or(*loss, |parabola| parabola.at(params.ln()));
        Run {
            params: *params,
            tokens: *tokens,
            flops: budget.budget,
            loss: (fitted + noise).max(1e-9),
            budget: Some(budget.budget),
        }
    };
    let mut draw = || {
        let runs = budget
            .points
            .iter()
            .map(|point| run(point, noise * stream.normal()));
        fit_budget(&runs.collect::<Vec<Run>>(), curve).0
    };
    (0..MOST_DRAWS)
        .map(|_| draw())
        .find(|drawn| drawn.optimum.is_some())
}
