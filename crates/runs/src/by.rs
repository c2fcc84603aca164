//! Whether one law does for several sets of runs: each fitted alone, and all together.

use std::collections::BTreeMap;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, FisherSnedecor};
use triaxis_laws::form::LawForm;
use triaxis_laws::{Fit, HeldOut, ParameterEstimate, Robust};

use crate::data::Data;
use crate::equation::percent;
use crate::settings::Settings;

/// Below this probability of such a difference by chance, one law does not do.
const CHANCE: f64 = 0.05;

/// Why there is no test where nothing else forbids it.
const TOO_FEW: &str = "too few rows to fit each set and compare";

/// The sets that a column parts the rows into, each with a law of its own.
#[derive(Debug, Clone, Serialize)]
pub struct By {
    /// The column.
    pub column: String,
    /// The sets.
    pub sets: Vec<Set>,
    /// How one law compares with one for each set; none where a set could not be fitted, or rows are not
    /// independent and of one weight.
    pub test: Option<Pooling>,
    /// Whether one law does, in words.
    pub verdict: String,
}

/// One of the sets.
#[derive(Debug, Clone, Serialize)]
pub struct Set {
    /// Its value in the column.
    pub value: String,
    /// Its rows.
    pub rows: usize,
    /// Its parameters; none when the fit was refused.
    pub parameters: BTreeMap<String, ParameterEstimate>,
    /// Share of the variance explained.
    pub r_squared: Option<f64>,
    /// Mean absolute relative error on its runs held out.
    pub held_out_error: Option<f64>,
    /// Why there is no fit.
    pub refused: Option<String>,
}

/// One law against one for each set, by least squares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pooling {
    /// F statistic of the parameters that one law does without.
    pub f: f64,
    /// Its degrees of freedom: of those parameters, and of the residuals of the separate laws.
    pub freedom: (usize, usize),
    /// Probability of such a statistic where one law holds for all.
    pub probability: f64,
    /// Akaike's criterion of one law, less that of the separate ones: above zero the separate ones are better.
    pub aic_difference: f64,
    /// Mean absolute relative error of one law on the runs that each set holds out.
    pub held_out_joint: Option<f64>,
    /// The same of the separate laws.
    pub held_out_separate: Option<f64>,
}

impl By {
    /// Fits `form` to each set and compares with one law for all of `data`.
    ///
    /// # Errors
    /// [`Misuse::By`](crate::Misuse::By) for a column that parts the rows into no few sets.
    pub fn of(column: &str, form: &dyn LawForm, data: &Data, settings: &Settings) -> anyhow::Result<Self> {
        let parts = data.parts(column)?;
        let sets = parts
            .iter()
            .map(|(value, part)| set(value, form, part, settings))
            .collect::<anyhow::Result<Vec<Set>>>()?;
        let test = pooling(column, &parts, form, data, settings)?;
        let verdict = verdict(&sets, test.as_ref().map_err(|unlike| *unlike));
        Ok(Self {
            column: column.into(),
            sets,
            test: test.ok(),
            verdict,
        })
    }
}

fn set(value: &str, form: &dyn LawForm, part: &Data, settings: &Settings) -> anyhow::Result<Set> {
    let options = settings.of(form.definition(), part.held_out())?;
    let mut set = Set {
        value: value.into(),
        rows: part.table.rows(),
        parameters: BTreeMap::new(),
        r_squared: None,
        held_out_error: None,
        refused: None,
    };
    match part.fit(form, &options) {
        Ok(fit) => {
            set.held_out_error = fit.holdout.as_ref().map(|holdout| holdout.mean_absolute);
            set.refused = fit.refusals.first().map(ToString::to_string);
            set.r_squared = Some(fit.r_squared);
            set.parameters = fit.parameters;
        }
        Err(error) => set.refused = Some(error.to_string()),
    }
    Ok(set)
}

/// The comparison by least squares, whose residuals an F test is of; else why there is none.
fn pooling(
    column: &str,
    parts: &[(String, Data)],
    form: &dyn LawForm,
    data: &Data,
    settings: &Settings,
) -> anyhow::Result<Result<Pooling, &'static str>> {
    if data.is_weighted() || settings.weight_above != 1.0 {
        return Ok(Err("rows are weighted, and the test is of rows that count alike"));
    }
    let squares = Settings {
        robust: Some(Robust::Squares),
        replicates: 0,
        ..settings.clone()
    };
    let fit = |data: &Data, held_out| -> anyhow::Result<Option<Fit>> {
        let options = squares.of(form.definition(), held_out)?;
        Ok(data.fit(form, &options).ok())
    };
    let mut separate = Vec::new();
    for (_, part) in parts {
        let Some(fit) = fit(part, part.held_out())? else {
            return Ok(Err(TOO_FEW));
        };
        separate.push(fit);
    }
    let held_out = marks(column, parts, &separate, data);
    let Some(joint) = fit(data, held_out)? else {
        return Ok(Err(TOO_FEW));
    };
    let fits = || separate.iter().chain([&joint]);
    if fits().any(|fit| fit.runs.is_some()) {
        return Ok(Err("rows share runs, and the test is of independent ones"));
    }
    if fits().any(|fit| !fit.refusals.is_empty()) {
        return Ok(Err("the rows do not tell the parameters apart"));
    }
    let squares = |fit: &Fit| {
        fit.used_residuals
            .iter()
            .map(|residual| residual * residual)
            .sum::<f64>()
    };
    let (one, each) = (squares(&joint), separate.iter().map(squares).sum::<f64>());
    let rows: usize = separate.iter().map(|fit| fit.rows).sum();
    let parameters = form.parameters().len();
    let more = parameters * (separate.len() - 1);
    let Some(free) = rows
        .checked_sub(parameters * separate.len())
        .filter(|free| *free > 0 && each > 0.0)
    else {
        return Ok(Err(TOO_FEW));
    };
    let f = ((one - each) / more as f64).max(0.0) / (each / free as f64);
    let Ok(distribution) = FisherSnedecor::new(more as f64, free as f64) else {
        return Ok(Err(TOO_FEW));
    };
    Ok(Ok(Pooling {
        f,
        freedom: (more, free),
        probability: distribution.sf(f),
        aic_difference: rows as f64 * (one / each).ln() - 2.0 * more as f64,
        held_out_joint: joint.holdout.as_ref().map(|holdout| holdout.mean_absolute),
        held_out_separate: mean_error(&separate),
    }))
}

/// The rows that each set holds out, as rows of all.
fn marks(column: &str, parts: &[(String, Data)], fits: &[Fit], data: &Data) -> HeldOut {
    let mut out: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for ((value, part), fit) in parts.iter().zip(fits) {
        let Some(holdout) = &fit.holdout else {
            return HeldOut::None;
        };
        let mut marks = vec![false; part.table.rows()];
        holdout.rows.iter().for_each(|row| marks[*row] = true);
        out.insert(value, marks);
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let rows = data.part_of_rows(column).into_iter().map(|value| {
        let at = taken.entry(value.clone()).or_default();
        *at += 1;
        out.get(value.as_str())
            .and_then(|marks| marks.get(*at - 1))
            .copied()
            .unwrap_or(false)
    });
    HeldOut::Rows(rows.collect())
}

/// Over all rows held out, whatever their set.
fn mean_error(fits: &[Fit]) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for fit in fits {
        let holdout = fit.holdout.as_ref()?;
        sum += holdout.mean_absolute * holdout.rows.len() as f64;
        count += holdout.rows.len();
    }
    (count > 0).then(|| sum / f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
}

fn verdict(sets: &[Set], test: Result<&Pooling, &str>) -> String {
    let test = match test {
        Ok(test) => test,
        Err(unlike) => {
            let refused = sets.iter().find(|set| set.refused.is_some());
            return match refused {
                Some(set) => format!(
                    "cannot tell: `{}` cannot be fitted alone: {}",
                    set.value,
                    set.refused.as_deref().unwrap_or_default()
                ),
                None => format!("cannot tell: {unlike}"),
            };
        }
    };
    let Pooling {
        f,
        freedom: (more, free),
        probability,
        ..
    } = test;
    let chance = match probability {
        below if *below < 1e-4 => format!("{below:.0e}"),
        above => format!("{above:.4}"),
    };
    let does = match *probability < CHANCE {
        true => "one law does not do",
        false => "one law does",
    };
    let error = |share: Option<f64>| share.map(|share| percent(share, 2));
    let held_out = error(test.held_out_joint).zip(error(test.held_out_separate));
    let held_out = held_out.map_or_else(String::new, |(joint, separate)| {
        format!("; the runs held out are {joint} off by one law, {separate} by separate ones")
    });
    format!(
        "{does}: F({more}, {free}) = {f:.2}, by chance with probability {chance}; AIC {:+.1} for separate laws{held_out}",
        -test.aic_difference
    )
}
