//! The rows of a file that are fitted.

use std::path::{Path, PathBuf};

use clap::Args;
use triaxis_laws::form::{Column, LawForm, Residual, Scale};
use triaxis_laws::forms::registry;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{HeldOut, Observations};
use triaxis_report::view::FitCompared;
use triaxis_tables::{CellError, Condition, Query, Rule, Source, Table, TableError, Wanted, read};

use super::columns::{self, Columns};
use super::options;
use super::{Chosen, Misuse};

/// The name under which weights are read.
const WEIGHTS: &str = "weights";

/// Which rows are fitted.
#[derive(Args)]
#[command(next_help_heading = "Rows")]
pub struct Arguments {
    /// Fit only rows that meet a condition, as in `loss < 4 && corpus == "c4"`
    ///
    /// Comparisons are < <= > >= == != of columns with numbers, texts in quotes or columns, joined by
    /// && and ||. N, D, C, compute and loss stand for the chosen columns where the file has none of that
    /// name; other names go between backticks, as in `Model Size`. Numbers may be written 7B.
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition)]
    filter: Option<Condition>,
    /// Leave out the K rows of the highest loss
    ///
    /// Besiroglu et al. 2024 do so with the five highest of the 245 Chinchilla runs.
    #[arg(long, value_name = "K", default_value_t = 0, hide_default_value = true)]
    drop_worst: usize,
    /// Check the law on rows that meet a condition, as in `compute > 1e21` [default: the largest fifth]
    ///
    /// A second fit without these rows predicts them. The law that is printed is of all rows.
    #[arg(long, value_name = "CONDITION", value_parser = condition)]
    holdout: Option<Condition>,
    /// Rows fitted at most: more are drawn from, at random by --seed
    ///
    /// Time and memory grow with the rows fitted, intervals shrink with their root only.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    most_rows: u64,
}

fn condition(text: &str) -> Result<Condition, String> {
    text.parse()
        .map_err(|error: triaxis_tables::ConditionError| error.to_string())
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
}

impl Data {
    /// Reads what the chosen form needs, or all forms.
    pub fn read(
        file: &Path,
        named: &columns::Arguments,
        rows: &Arguments,
        chosen: &Chosen,
        options: &options::Arguments,
    ) -> anyhow::Result<Self> {
        let available = triaxis_tables::columns(file)?;
        let columns = Columns::assign(available, named, &own(chosen))?;
        let (response, mut wanted) = match chosen.form() {
            Some(form) => (
                form.response().name.to_string(),
                of_form(form, &columns, options.residual())?,
            ),
            None => of_all(&columns)?,
        };
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
            mark: rows.holdout.clone(),
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
        };
        data.usable(&data.response)?;
        if named.weights.is_some() {
            data.usable(WEIGHTS)?;
        }
        data.drop_worst(rows.drop_worst)?;
        data.draw(rows.most_rows as usize, options.seed());
        data.held_out = rows.holdout.is_some().then(|| data.table.marked().to_vec());
        Ok(data)
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

    /// Draws rows evenly when there are more than `most` (selection sampling: Knuth 1997, section 3.4.2).
    fn draw(&mut self, most: usize, seed: u64) {
        let rows = self.table.rows();
        if rows <= most {
            return;
        }
        let mut stream = Stream::new(seed, "rows fitted", 0);
        let mut left = most;
        let keep: Vec<bool> = (0..rows)
            .map(|row| {
                let drawn = stream.below(rows - row) < left;
                left -= usize::from(drawn);
                drawn
            })
            .collect();
        self.table.retain(&keep);
        self.drawn_from = Some(rows);
    }

    /// Every usable column.
    pub fn all(&self) -> Observations {
        self.of(self.table.columns().filter(|(name, _)| *name != WEIGHTS))
    }

    /// The forms that are left out of a comparison, as a column of theirs has an unusable value.
    pub fn not_compared(&self) -> Vec<FitCompared> {
        let suited = registry()
            .iter()
            .filter(|form| form.response().name == self.response && self.columns.suit(**form));
        let spoiled = suited.filter_map(|form| {
            let mut names = form.inputs().iter().map(|column| column.name.as_ref());
            let error = names.find_map(|name| self.usable(name).err())?;
            Some(FitCompared {
                form: form.name().into(),
                parameters: form.parameters().len(),
                held_out_error: None,
                baseline: None,
                r_squared: None,
                unidentified: Vec::new(),
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
        let columns = names
            .map(|name| Ok((name, self.usable(name)?)))
            .collect::<Result<Vec<_>, TableError>>()?;
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

/// The columns of a user's form.
fn own(chosen: &Chosen) -> Vec<String> {
    let columns = chosen
        .form()
        .into_iter()
        .flat_map(|form| form.inputs().iter().chain([form.response()]));
    columns.map(|column| column.name.to_string()).collect()
}

fn of_form(form: &dyn LawForm, columns: &Columns, residual: Option<Residual>) -> Result<Vec<Wanted>, Misuse> {
    let residual = residual.unwrap_or(form.definition().residual);
    let wanted = |column: &Column, rule: Rule| {
        let source = columns.needed(form, &column.name, column.meaning)?.clone();
        Ok(Wanted {
            name: column.name.to_string(),
            source,
            rule,
        })
    };
    let is_own = form.definition().source == "the user's";
    let response = match residual {
        Residual::Log => Rule::Positive,
        Residual::Linear if is_own => Rule::Finite,
        Residual::Linear => rule(form.response()),
    };
    let inputs = form.inputs().iter().map(|column| wanted(column, rule(column)));
    inputs.chain([wanted(form.response(), response)]).collect()
}

/// Every input of every form that has all its columns, and the response that is compared.
fn of_all(columns: &Columns) -> Result<(String, Vec<Wanted>), Misuse> {
    if let Some(input) = columns.first_ambiguous() {
        columns.unambiguous(input)?;
    }
    // Most forms predict a loss; another response is taken only where there is none.
    let suited: Vec<_> = registry().iter().filter(|form| columns.suit(**form)).collect();
    let response = suited
        .iter()
        .map(|form| form.response())
        .find(|response| response.name == "loss");
    let Some(response) = response.or(suited.first().map(|form| form.response())) else {
        return Err(Misuse::NothingSuits {
            recognised: columns.recognised(),
            missing: columns.missing(),
            available: columns.available(),
        });
    };
    let mut wanted: Vec<Wanted> = Vec::new();
    for form in suited.iter().filter(|form| form.response().name == response.name) {
        for column in form.inputs().iter().chain([response]) {
            let known = wanted.iter_mut().find(|wanted| wanted.name == column.name);
            match known {
                Some(known) if rule(column) == Rule::Positive => known.rule = Rule::Positive,
                Some(_) => {}
                None => wanted.push(Wanted {
                    name: column.name.to_string(),
                    source: columns.needed(**form, &column.name, column.meaning)?.clone(),
                    rule: rule(column),
                }),
            }
        }
    }
    Ok((response.name.to_string(), wanted))
}

fn rule(column: &Column) -> Rule {
    match column.scale {
        Scale::Log => Rule::Positive,
        Scale::Linear => Rule::Finite,
    }
}
