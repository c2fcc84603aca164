//! The rows of a file that are fitted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use triaxis_laws::approach::{Run, merge_budgets};
use triaxis_laws::coverage::{Curve, Problem, fit_curve, no_difficulty};
use triaxis_laws::form::LawForm;
use triaxis_laws::forms::{FLOPS_PER_PARAM_TOKEN, registry};
use triaxis_laws::numeric::Stream;
use triaxis_laws::{ComputeCurve, Fit, FitError, FitOptions, HeldOut, Observations, fit};
use triaxis_tables::{
    CellError, Condition, LabelsWanted, Query, Rule, Source, Table, TableError, TableFile, Wanted,
};

use crate::caution::OfRows;
use crate::columns::{COVERAGE, Columns, Named};
use crate::comparison::FormCompared;
use crate::equation::number;
use crate::form::Chosen;
use crate::group::{self, may_name_runs};
use crate::names::canonical;
use crate::settings::Settings;
use crate::sweep::Sweep;
use crate::wanted::{SIZES, own, wanted};
use crate::{Misuse, counts, plausible};

/// The name under which weights are read.
const WEIGHTS: &str = "weights";

/// Different values at most of a column that parts the rows.
const BY: u16 = 256;

/// Which rows are fitted.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Rows that meet it are read, others not.
    pub filter: Option<Condition>,
    /// How many rows of the highest response are left out.
    pub drop_worst: usize,
    /// Rows that meet it check the law instead of the largest fifth.
    pub holdout: Option<Condition>,
    /// Rows fitted at most: more are drawn from.
    pub most_rows: usize,
    /// A column whose values are to be fitted each, too.
    pub by: Option<String>,
    /// The column that names the run of each row; `none` makes every row a run of its own.
    pub group: Option<String>,
}

/// Counts of problems, and coverage against samples by them.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(crate) problems: Vec<Problem>,
    curve: Curve,
    table: Observations,
}

/// The rows to be fitted, under canonical names.
#[derive(Debug, Clone)]
pub struct Data {
    /// The file.
    pub file: PathBuf,
    /// Where its columns come from.
    pub columns: Columns,
    /// The table, rows left out already.
    pub table: Table,
    /// The response that is fitted.
    pub response: String,
    /// Rows of the highest response that were dropped.
    pub dropped: usize,
    /// How many rows those fitted were drawn from, when they were.
    pub drawn_from: Option<usize>,
    /// What was tried, when the rows fitted are the best of a sweep.
    pub sweep: Option<Sweep>,
    /// What a reader must know of the rows.
    pub cautions: Vec<OfRows>,
    /// The column whose values are to be fitted each, too.
    pub by: Option<String>,
    /// The column that names the run of each row, where rows share runs.
    pub group: Option<String>,
    pub(crate) held_out: Option<Vec<bool>>,
    /// The problems, when the rows are counts of them.
    pub(crate) counted: Option<Counted>,
}

impl Data {
    /// Reads what the chosen form needs, or all forms.
    pub fn read(
        file: &Path,
        named: &Named,
        rows: &Selection,
        chosen: &Chosen,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let file = TableFile::open(file)?;
        let mut columns = Columns::assign(file.columns()?.to_vec(), named, &own(chosen))?;
        if settings.budget_tolerance > 0.0 {
            columns.spend();
        }
        let (response, mut wanted) = wanted(chosen, &columns, settings.residual)?;
        let counted = columns.count_for(&response);
        if counted && rows.by.is_some() {
            return Err(Misuse::OfCounts("--by").into());
        }
        if counted && rows.group.is_some() {
            return Err(Misuse::OfCounts("--group").into());
        }
        let is_frontier = matches!(chosen, Chosen::Frontier(_));
        if is_frontier && rows.group.as_deref().is_some_and(|asked| asked != group::NONE) {
            return Err(Misuse::NotOfFrontiers("--group").into());
        }
        if let Some(weights) = &named.weights {
            wanted.push(Wanted {
                name: WEIGHTS.into(),
                source: Source::Column(weights.clone()),
                rule: Rule::NotNegative,
            });
        }
        let by = rows.by.iter().map(|column| (column.as_str(), true));
        let others = columns
            .others()
            .filter(|column| rows.by.as_deref() != Some(*column));
        let asked = rows.group.as_deref();
        let others = others.map(|column| (column, may_name_runs(column, asked)));
        let labels = by
            .map(|(column, numbers)| (column, numbers, BY))
            .chain(others.map(|(column, runs)| (column, runs, if runs { group::MOST } else { BY })));
        let query = Query {
            columns: wanted,
            units: columns.units.clone(),
            labels: labels
                .map(|(column, numbers, most)| LabelsWanted {
                    column: column.into(),
                    numbers,
                    most,
                })
                .collect(),
            filter: rows.filter.clone(),
            mark: rows.holdout.clone().filter(|_| !counted),
            names: columns.names(),
        };
        let table = file.read(&query)?;
        let mut data = Self {
            file: file.name().to_owned(),
            columns,
            table,
            response,
            dropped: 0,
            drawn_from: None,
            sweep: None,
            cautions: Vec::new(),
            by: rows.by.clone(),
            group: None,
            held_out: None,
            counted: None,
        };
        if counted {
            data.count(rows)?;
            return Ok(data);
        }
        data.usable(&data.response)?;
        if named.weights.is_some() {
            data.usable(WEIGHTS)?;
        }
        plausible::check(&data)?;
        let inputs = chosen.definition().map_or(&[][..], |law| &law.inputs);
        data.tune(inputs)?;
        data.drop_worst(rows.drop_worst)?;
        data.draw(rows.most_rows, settings.seed);
        data.held_out = rows.holdout.is_some().then(|| data.table.marked().to_vec());
        if !is_frontier {
            data.group(asked)?;
        }
        data.caution();
        Ok(data)
    }

    /// Turns counts of problems into coverage against samples.
    fn count(&mut self, rows: &Selection) -> anyhow::Result<()> {
        if rows.drop_worst > 0 {
            return Err(Misuse::OfCounts("--drop-worst").into());
        }
        let problems = counts::problems(
            self.usable("samples")?,
            self.usable("correct")?,
            self.usable("problem").unwrap_or_default(),
            |row| self.table.place(row),
        )?;
        let curve = Curve::new(&problems)?;
        let table = curve.table();
        if let Some(condition) = &rows.holdout {
            if let Some(name) = condition
                .names()
                .into_iter()
                .find(|name| table.column(canonical(name)).is_err())
            {
                return Err(Misuse::HoldoutOfCounts(name.into()).into());
            }
            let of = |name: &str, row: usize| table.column(canonical(name)).ok().map(|column| column[row]);
            let held = (0..table.rows()).map(|row| condition.meets(|name| of(name, row)));
            self.held_out = Some(held.collect());
        }
        self.columns.notes.push(format!(
            "coverage by the likelihood of the counts of {} problems, {}; predictions are of these problems",
            problems.len(),
            counts::samples(&problems),
        ));
        self.counted = Some(Counted {
            problems,
            curve,
            table,
        });
        Ok(())
    }

    /// The numbers of a column as fitted; none of one that is not there.
    pub fn numbers(&self, name: &str) -> &[f64] {
        match &self.counted {
            Some(Counted { table, .. }) => table.column(name).unwrap_or_default(),
            None => self.usable(name).unwrap_or_default(),
        }
    }

    /// The names of the columns that were read, weights aside.
    pub fn read_columns(&self) -> Vec<String> {
        let names = self.table.columns().map(|(name, _)| name);
        let spoiled = self.table.spoiled().map(|(name, _)| name);
        let mut names: Vec<String> = names
            .chain(spoiled)
            .filter(|name| *name != WEIGHTS)
            .map(String::from)
            .collect();
        names.sort();
        names
    }

    /// Where a row that is fitted comes from.
    pub fn place(&self, row: usize) -> String {
        match &self.counted {
            Some(Counted { curve, .. }) => format!("pass@{}", curve.samples[row]),
            None => self.table.place(row),
        }
    }

    /// Whether the rows are counts of problems.
    pub fn is_counted(&self) -> bool {
        self.counted.is_some()
    }

    /// Fits one form to what it needs of the table.
    pub fn fit(&self, form: &dyn LawForm, options: &FitOptions) -> anyhow::Result<Fit> {
        match &self.counted {
            Some(_) => Err(FitError::from(no_difficulty(form)).into()),
            None if self.response == COVERAGE => Ok(fit_curve(form, &self.observations(form)?, options)?),
            None => Ok(fit(form, &self.observations(form)?, options)?),
        }
    }

    /// The rows as runs of a ladder, and what was assumed of their budgets, in words.
    ///
    /// A run's budget is that of the column of budgets, else its compute where that is a column of its own; budgets
    /// that differ by no more than `tolerance` become one.
    ///
    /// # Errors
    /// [`TableError::Cell`] for a column that is needed and has an unusable value.
    pub fn runs(&self, tolerance: f64) -> Result<(Vec<Run>, Vec<String>), TableError> {
        let [params, tokens, loss] = ["params", "tokens", "loss"].map(|name| self.usable(name));
        let (params, tokens, loss) = (params?, tokens?, loss?);
        let flops = self.numbers("flops");
        let declared = self.usable("budget")?;
        let budgets = match declared {
            [] if self.spent_is_a_column() => flops,
            budgets => budgets,
        };
        let rows = 0..self.table.rows();
        let mut runs: Vec<Run> = rows
            .map(|row| Run {
                params: params[row],
                tokens: tokens[row],
                flops: flops.get(row).or(budgets.get(row)).copied().unwrap_or(f64::NAN),
                loss: loss[row],
                budget: budgets.get(row).copied(),
            })
            .collect();
        let merged = match tolerance > 0.0 {
            true => merge_budgets(&mut runs, tolerance),
            false => Vec::new(),
        };
        let mut notes: Vec<String> = (!declared.is_empty())
            .then(|| self.budgets_in_words(&runs))
            .into_iter()
            .collect();
        if !merged.is_empty() {
            let groups: Vec<String> = merged
                .iter()
                .map(|group| {
                    group
                        .iter()
                        .map(|of| number(*of))
                        .collect::<Vec<_>>()
                        .join(" and ")
                })
                .collect();
            notes.push(format!(
                "taken as one budget each, by --budget-tolerance {tolerance}: {}",
                groups.join("; ")
            ));
        }
        Ok((runs, notes))
    }

    /// Whether the compute is a column of the file, rather than 6ND.
    fn spent_is_a_column(&self) -> bool {
        matches!(self.columns.sources.get("flops"), Some(Source::Column(_)))
    }

    /// Which compute the optima of budgets are given at.
    fn budgets_in_words(&self, runs: &[Run]) -> String {
        let source = self.columns.described(&["budget".to_owned()]);
        let source = source.first().map_or("", |(_, column)| column.as_str());
        let ratios = runs.iter().filter_map(|run| {
            let six = FLOPS_PER_PARAM_TOKEN * run.params * run.tokens;
            Some(six / run.budget?)
        });
        let (low, high) = ratios.fold((f64::INFINITY, 0.0_f64), |(low, high), of| {
            (low.min(of), high.max(of))
        });
        match (self.columns.sources.get("budget"), low > 0.999 && high < 1.001) {
            (Some(Source::Product { .. }), _) => {
                "the compute of a budget is 6ND, as the file has none".to_owned()
            }
            (_, true) => format!("the compute of a budget is {source}, which is 6ND of its runs"),
            (_, false) => format!(
                "the compute of a budget is {source}; 6ND of its runs is {} to {} times that",
                number(low),
                number(high)
            ),
        }
    }

    /// Operations a parameter and token: the geometric mean of C / ND where the file has all three, else 6; and
    /// whether it is of the file.
    pub fn per_param_token(&self) -> (f64, bool) {
        let [params, tokens, flops] = ["params", "tokens", "flops"].map(|name| self.numbers(name));
        let is_own = |name| matches!(self.columns.sources.get(name), Some(Source::Column(_)));
        let count = params.len();
        let whole = count > 0 && tokens.len() == count && flops.len() == count;
        if !whole || !["params", "tokens", "flops"].into_iter().all(is_own) {
            return (FLOPS_PER_PARAM_TOKEN, false);
        }
        let logs = (0..count).map(|row| (flops[row] / (params[row] * tokens[row])).ln());
        ((logs.sum::<f64>() / count as f64).exp(), true)
    }

    /// The curve of loss against compute, where the rows have both; of rows that differ in size, too, that of the
    /// runs that spent it best.
    pub fn compute_curve(&self, tolerance: f64) -> Option<Result<ComputeCurve, FitError>> {
        if self.is_counted() || self.response != "loss" {
            return None;
        }
        let [params, tokens, flops, loss] =
            ["params", "tokens", "flops", "loss"].map(|name| self.numbers(name));
        if flops.is_empty() || loss.is_empty() {
            return None;
        }
        let last = self.last_of_runs(flops);
        match (params.is_empty(), tokens.is_empty()) {
            (false, false) => {
                let (runs, _) = self.runs(tolerance).ok()?;
                let runs: Vec<Run> = last.iter().map(|row| runs[*row]).collect();
                Some(ComputeCurve::of_runs(&runs))
            }
            _ => {
                let of = |values: &[f64]| last.iter().map(|row| values[*row]).collect::<Vec<f64>>();
                Some(Ok(ComputeCurve::of(&of(flops), &of(loss))))
            }
        }
    }

    /// The rows of most compute of each run: checkpoints before it are no further evidence.
    fn last_of_runs(&self, flops: &[f64]) -> Vec<usize> {
        let Some(runs) = self.run_of_rows() else {
            return (0..flops.len()).collect();
        };
        let mut last: BTreeMap<(u16, usize), usize> = BTreeMap::new();
        for (row, run) in runs.into_iter().enumerate() {
            let known = last.entry(run).or_insert(row);
            if flops[row] > flops[*known] {
                *known = row;
            }
        }
        let mut rows: Vec<usize> = last.into_values().collect();
        rows.sort_unstable();
        rows
    }

    /// Whether rows have weights.
    pub(crate) fn is_weighted(&self) -> bool {
        self.table.column(WEIGHTS).is_some()
    }

    /// A column, or why it cannot be used.
    pub(crate) fn usable(&self, name: &str) -> Result<&[f64], TableError> {
        match self.table.column(name) {
            Some(Ok(values)) => Ok(values),
            Some(Err(error)) => Err(TableError::Cell(CellError::clone(error))),
            None => Ok(&[]),
        }
    }

    /// Drops the rows of the highest response; of equals the last ones.
    fn drop_worst(&mut self, count: usize) -> anyhow::Result<()> {
        let values = self.usable(&self.response)?;
        if count == 0 {
            return Ok(());
        }
        if count >= values.len() {
            return Err(Misuse::NothingLeft {
                count,
                rows: values.len(),
            }
            .into());
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|first, second| values[*first].total_cmp(&values[*second]));
        let mut keep = vec![true; values.len()];
        order.iter().rev().take(count).for_each(|row| keep[*row] = false);
        self.table.retain(&keep);
        self.dropped = count;
        Ok(())
    }

    /// Draws rows evenly when there are more than `most`.
    fn draw(&mut self, most: usize, seed: u64) {
        let rows = self.table.rows();
        if rows <= most {
            return;
        }
        let mut keep = vec![false; rows];
        for row in Stream::new(seed, "rows fitted", 0).select(rows, most) {
            keep[row] = true;
        }
        self.table.retain(&keep);
        self.drawn_from = Some(rows);
    }

    /// Every usable column.
    pub fn all(&self) -> Observations {
        if let Some(Counted { table, .. }) = &self.counted {
            return table.clone();
        }
        self.of(self.table.columns().filter(|(name, _)| *name != WEIGHTS))
    }

    /// The forms that are left out of a comparison, as a column of theirs has an unusable value.
    pub fn not_compared(&self) -> Vec<FormCompared> {
        let suited = registry()
            .iter()
            .filter(|form| form.response().name == self.response && self.columns.suit(form.definition()));
        let spoiled = suited.filter_map(|form| {
            let mut names = form.inputs().iter().map(|column| column.name.as_ref());
            let error = names.find_map(|name| self.usable(name).err())?;
            Some(FormCompared {
                form: form.name().into(),
                parameters: form.parameters().len(),
                held_out_error: None,
                baseline: None,
                r_squared: None,
                unidentified: Vec::new(),
                share: None,
                refused: Some(error.to_string()),
            })
        });
        spoiled.collect()
    }

    /// The columns of `form`, all of them usable.
    pub fn observations(&self, form: &dyn LawForm) -> Result<Observations, TableError> {
        let names = form
            .inputs()
            .iter()
            .chain([form.response()])
            .map(|column| column.name.as_ref());
        let needed: Vec<&str> = names.collect();
        let mut columns = needed
            .iter()
            .map(|name| Ok((*name, self.usable(name)?)))
            .collect::<Result<Vec<_>, TableError>>()?;
        let others = SIZES.into_iter().filter(|name| !needed.contains(name));
        columns.extend(
            others
                .map(|name| (name, self.numbers(name)))
                .filter(|(_, values)| !values.is_empty()),
        );
        Ok(self.of(columns.into_iter()))
    }

    fn of<'a>(&self, columns: impl Iterator<Item = (&'a str, &'a [f64])>) -> Observations {
        let table = columns.fold(Observations::new(), |table, (name, values)| {
            table
                .with(name, values.to_vec())
                .expect("columns of one table are equally long")
        });
        let table = match self.run_of_rows() {
            Some(runs) => table.with_groups(&runs).expect("labels are as many as rows"),
            None => table,
        };
        match self.table.column(WEIGHTS) {
            Some(Ok(weights)) => table
                .with_weights(weights.to_vec())
                .expect("weights were read as zero or more"),
            _ => table,
        }
    }

    /// The rows that check the fit.
    pub fn held_out(&self) -> HeldOut {
        self.held_out.clone().map_or(HeldOut::Largest, HeldOut::Rows)
    }

    /// Whether the user chose the rows that check the fit.
    pub fn chose_held_out(&self) -> bool {
        self.held_out.is_some()
    }
}
