//! The rows of a file that are fitted.

use std::path::{Path, PathBuf};

use triaxis_laws::coverage::{Curve, Problem, fit_curve, no_difficulty};
use triaxis_laws::form::LawForm;
use triaxis_laws::forms::registry;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{Fit, FitError, FitOptions, HeldOut, Observations, fit};
use triaxis_tables::{Condition, LabelsWanted, Query, Rule, Source, Table, TableError, TableFile, Wanted};

use crate::caution::OfRows;
use crate::columns::{Columns, Named};
use crate::comparison::FormCompared;
use crate::coverage::is_curve;
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
            None if is_curve(form) => Ok(fit_curve(form, &self.observations(form)?, options)?),
            None => Ok(fit(form, &self.observations(form)?, options)?),
        }
    }

    /// Whether rows have weights.
    pub(crate) fn is_weighted(&self) -> bool {
        self.table.column(WEIGHTS).is_some()
    }

    /// A column, or why it cannot be used.
    pub(crate) fn usable(&self, name: &str) -> Result<&[f64], TableError> {
        match self.table.column(name) {
            Some(Ok(values)) => Ok(values),
            Some(Err(error)) => Err(error.clone().into()),
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
