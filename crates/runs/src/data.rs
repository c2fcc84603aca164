//! The rows of a file that are fitted.

use std::path::{Path, PathBuf};

use triaxis_laws::approach::Run;
use triaxis_laws::coverage::{Curve, Problem, fit_curve, no_difficulty};
use triaxis_laws::form::LawForm;
use triaxis_laws::forms::registry;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{Fit, FitError, FitOptions, HeldOut, Observations, fit};
use triaxis_tables::{CellError, Condition, Query, Rule, Source, Table, TableError, Wanted, read};

use crate::columns::{COVERAGE, Columns, Named};
use crate::comparison::FormCompared;
use crate::form::Chosen;
use crate::names::canonical;
use crate::settings::Settings;
use crate::wanted::{SIZES, own, wanted};
use crate::{Misuse, counts};

/// The name under which weights are read.
const WEIGHTS: &str = "weights";

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
}

/// Counts of problems, and coverage against samples by them.
pub(crate) struct Counted {
    pub(crate) problems: Vec<Problem>,
    curve: Curve,
    table: Observations,
}

/// The rows to be fitted, under canonical names.
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
    held_out: Option<Vec<bool>>,
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
        let available = triaxis_tables::columns(file)?;
        let columns = Columns::assign(available, named, &own(chosen))?;
        let (response, mut wanted) = wanted(chosen, &columns, settings.residual)?;
        let counted = columns.count_for(&response);
        if let Some(weights) = &named.weights {
            wanted.push(Wanted {
                name: WEIGHTS.into(),
                source: Source::Column(weights.clone()),
                rule: Rule::NotNegative,
            });
        }
        let query = Query {
            columns: wanted,
            filter: rows.filter.clone(),
            mark: rows.holdout.clone().filter(|_| !counted),
            names: columns.names(),
        };
        let table = read(file, &query)?;
        let mut data = Self {
            file: file.to_owned(),
            columns,
            table,
            response,
            dropped: 0,
            drawn_from: None,
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
        data.drop_worst(rows.drop_worst)?;
        data.draw(rows.most_rows, settings.seed);
        data.held_out = rows.holdout.is_some().then(|| data.table.marked().to_vec());
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

    /// The rows as runs of a ladder; a run's budget is that of the column of budgets.
    pub fn runs(&self) -> Result<Vec<Run>, TableError> {
        let [params, tokens, loss] = ["params", "tokens", "loss"].map(|name| self.usable(name));
        let (params, tokens, loss) = (params?, tokens?, loss?);
        let budgets = self.usable("budget")?;
        let flops = match self.numbers("flops") {
            [] => budgets,
            flops => flops,
        };
        let rows = 0..self.table.rows();
        Ok(rows
            .map(|row| Run {
                params: params[row],
                tokens: tokens[row],
                flops: flops[row],
                loss: loss[row],
                budget: budgets.get(row).copied(),
            })
            .collect())
    }

    /// A column, or why it cannot be used.
    fn usable(&self, name: &str) -> Result<&[f64], TableError> {
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
