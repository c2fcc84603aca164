//! From the cells of a file to columns of numbers.

use std::cell::RefCell;
use std::collections::BTreeMap;

use triaxis_names::suggestion;
use triaxis_units::Written;

use crate::condition::{Condition, Row};
use crate::error::{CellError, TableError};
use crate::file::TableFile;
use crate::formats::{self, Cell};
use crate::labels::{Collecting, Labels};
use crate::query::{Query, Rule, Source};

/// How many names of columns a message lists.
const LISTED: usize = 24;

/// What was read: columns of numbers, and where each row stood in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// By name. A column with an unusable value has none, and says which one.
    columns: BTreeMap<String, Result<Vec<f64>, CellError>>,
    labels: BTreeMap<String, Labels>,
    places: Vec<u64>,
    marked: Vec<bool>,
    counted_in: &'static str,
    found: usize,
}

/// Texts that stand for a value that is not there.
const NO_VALUE: [&str; 12] = [
    "na",
    "n/a",
    "#n/a",
    "null",
    "none",
    "nil",
    "missing",
    "undefined",
    "-",
    "--",
    "–",
    "?",
];

/// Reads what `query` asks for.
pub(crate) fn read(file: &TableFile, query: &Query) -> Result<Table, TableError> {
    let path = file.name();
    let files = needed(file, query)?;
    let opened = formats::open(file)?;
    let counted_in = opened.counted_in();
    let compared = RefCell::new(BTreeMap::new());
    let wanted = query.columns.iter().map(|wanted| Filling {
        name: &wanted.name,
        source: &wanted.source,
        rule: wanted.rule,
        values: Ok(Vec::new()),
    });
    let mut filling: Vec<Filling<'_>> = wanted.collect();
    let mut collecting: Vec<Collecting<'_>> = query.labels.iter().map(Collecting::new).collect();
    let (mut places, mut marked, mut found) = (Vec::new(), Vec::new(), 0);
    opened.rows(&files, &mut |place, cells| {
        found += 1;
        let row = Cells {
            cells,
            files: &files,
            query,
            compared: &compared,
            counted_in,
            place,
        };
        let meets = |condition: &Option<Condition>, otherwise| {
            condition
                .as_ref()
                .map_or(Ok(otherwise), |condition| condition.holds(&row))
        };
        if !meets(&query.filter, true)? {
            return Ok(());
        }
        marked.push(meets(&query.mark, false)?);
        places.push(place);
        filling.iter_mut().for_each(|column| column.push(&row));
        for labels in &mut collecting {
            labels.push(row.cell(labels.column()));
        }
        Ok(())
    })?;
    if let Some(error) = compared.into_inner().into_values().find_map(Result::err) {
        return Err(error.into());
    }
    match &query.filter {
        Some(condition) if places.is_empty() && found > 0 => {
            return Err(TableError::NothingSelected {
                path: path.into(),
                condition: condition.to_string(),
                rows: found,
            });
        }
        _ if places.is_empty() => return Err(TableError::Empty { path: path.into() }),
        _ => {}
    }
    Ok(Table {
        columns: filling
            .into_iter()
            .map(|column| (column.name.to_owned(), column.values))
            .collect(),
        labels: collecting.into_iter().filter_map(Collecting::finish).collect(),
        places,
        marked,
        counted_in,
        found,
    })
}

/// The columns of the file that a query reads, each once and all of them there.
fn needed(file: &TableFile, query: &Query) -> Result<Vec<String>, TableError> {
    let path = file.name();
    let mut files: Vec<String> = Vec::new();
    let mut need = |name: &str| {
        if !files.iter().any(|file| file == name) {
            files.push(name.to_owned());
        }
    };
    query
        .columns
        .iter()
        .flat_map(|wanted| wanted.source.columns())
        .chain(query.labels.iter().map(|labels| labels.column.as_str()))
        .for_each(&mut need);
    for name in [&query.filter, &query.mark]
        .into_iter()
        .flatten()
        .flat_map(Condition::names)
    {
        match query.names.get(name) {
            Some(source) => source.columns().for_each(&mut need),
            None => need(name),
        }
    }
    let available = file.columns()?;
    for column in &files {
        let count = available.iter().filter(|name| *name == column).count();
        if count > 1 {
            return Err(TableError::RepeatedColumn {
                path: path.into(),
                column: column.clone(),
                count,
            });
        }
        if count == 0 {
            return Err(TableError::MissingColumn {
                path: path.into(),
                column: column.clone(),
                available: listed(available, LISTED),
                hint: suggestion(column, available.iter().map(String::as_str)),
            });
        }
    }
    Ok(files)
}

/// The first `most` names in a sentence, and how many more there are.
pub fn listed(names: &[String], most: usize) -> String {
    let shown = names
        .iter()
        .take(most)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A column being filled.
struct Filling<'q> {
    name: &'q str,
    source: &'q Source,
    rule: Rule,
    values: Result<Vec<f64>, CellError>,
}

impl Filling<'_> {
    fn push(&mut self, row: &Cells<'_>) {
        let Ok(values) = &mut self.values else { return };
        match row.value(self.source, self.rule) {
            Ok(value) => values.push(value),
            Err(error) => self.values = Err(error),
        }
    }
}

/// The cells of a row, by the names of the file's columns.
struct Cells<'a> {
    cells: &'a [Cell<'a>],
    files: &'a [String],
    query: &'a Query,
    /// Of each column that a condition compares with numbers: whether it has any, or its first text.
    compared: &'a RefCell<BTreeMap<String, Result<(), CellError>>>,
    counted_in: &'static str,
    place: u64,
}

impl Cells<'_> {
    fn cell(&self, column: &str) -> &Cell<'_> {
        let at = self.files.iter().position(|file| file == column);
        at.map_or(&Cell::Missing, |at| &self.cells[at])
    }

    fn wrong(&self, column: &str, value: String, rule: &'static str) -> CellError {
        CellError {
            column: column.to_owned(),
            place: format!("{} {}", self.counted_in, self.place),
            value,
            rule,
        }
    }

    /// The number in a column of the file, `None` when missing.
    fn number_in(&self, column: &str) -> Result<Option<f64>, CellError> {
        let unit = self.query.units.get(column).copied().unwrap_or(1.0);
        match self.cell(column) {
            Cell::Missing => Ok(None),
            Cell::Number(number) => Ok(Some(number * unit)),
            Cell::Text(text) => match Written::read(text) {
                Some(written) if written.unit.is_some() => Ok(Some(written.value())),
                Some(written) => Ok(Some(written.number * unit)),
                None if is_no_value(text) => Ok(None),
                None => Err(self.wrong(column, format!("`{}` is a text", shortened(text)), "a number")),
            },
            Cell::Other(what) => Err(self.wrong(column, format!("it is {what}"), "a number")),
        }
    }

    /// The number that a condition compares: a text is none, unless the column has nothing else.
    fn compared_in(&self, column: &str) -> Option<f64> {
        let number = self.number_in(column);
        let mut compared = self.compared.borrow_mut();
        match (&number, compared.get_mut(column)) {
            (Ok(Some(_)), Some(known)) => *known = Ok(()),
            (Ok(Some(_)), None) => drop(compared.insert(column.to_owned(), Ok(()))),
            (Err(error), None) => drop(compared.insert(column.to_owned(), Err(error.clone()))),
            _ => {}
        }
        number.ok().flatten()
    }

    /// The number that a column of the result gets.
    fn value(&self, source: &Source, rule: Rule) -> Result<f64, CellError> {
        let checked = |column: &str, rule: Rule| match (self.number_in(column)?, self.cell(column)) {
            (Some(number), _) if rule.holds(number) => Ok(number),
            (Some(number), _) => Err(self.wrong(column, format!("it is {}", short(number)), rule.words())),
            (None, Cell::Text(text)) => {
                Err(self.wrong(column, format!("`{text}` is no value"), rule.words()))
            }
            (None, _) => Err(self.wrong(column, "it is empty".into(), rule.words())),
        };
        match source {
            Source::Column(column) => checked(column, rule),
            Source::Product { factor, over, under } => {
                let product = |columns: &[String]| {
                    columns.iter().try_fold(1.0, |product, column| {
                        Ok(product * checked(column, Rule::Positive)?)
                    })
                };
                Ok(factor * product(over)? / product(under)?)
            }
        }
    }
}

impl Row for Cells<'_> {
    type Error = CellError;

    fn number(&self, column: &str) -> Result<Option<f64>, CellError> {
        let number = match self.query.names.get(column) {
            None => self.compared_in(column),
            Some(Source::Column(column)) => self.compared_in(column),
            Some(source) => self.value(source, Rule::Finite).ok(),
        };
        Ok(number.filter(|number| !number.is_nan()))
    }

    fn text(&self, column: &str) -> Result<String, CellError> {
        let column = match self.query.names.get(column) {
            Some(Source::Column(column)) => column,
            _ => column,
        };
        match self.cell(column) {
            Cell::Missing => Ok(String::new()),
            Cell::Number(number) => Ok(number.to_string()),
            Cell::Text(text) => Ok(text.clone().into_owned()),
            Cell::Other(what) => Err(self.wrong(column, format!("it is {what}"), "a text to be compared")),
        }
    }
}

/// Whether a text says that there is no value.
fn is_no_value(text: &str) -> bool {
    NO_VALUE.iter().any(|known| known.eq_ignore_ascii_case(text))
}

/// A number in as many signs as a message can hold.
fn short(number: f64) -> String {
    match number.abs() {
        size if size == 0.0 || !size.is_finite() || (1e-5..1e15).contains(&size) => number.to_string(),
        _ => format!("{number:e}"),
    }
}

/// As much of a text as a message can hold.
fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

impl Table {
    /// Number of rows kept.
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    /// Number of rows of the file.
    pub fn found(&self) -> usize {
        self.found
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// Its first unusable value; `None` for a column that was not asked for.
    pub fn column(&self, name: &str) -> Option<Result<&[f64], &CellError>> {
        self.columns
            .get(name)
            .map(|values| values.as_ref().map(Vec::as_slice))
    }

    /// The columns without an unusable value.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.columns
            .iter()
            .filter_map(|(name, values)| Some((name.as_str(), values.as_deref().ok()?)))
    }

    /// The columns with an unusable value, and their first one.
    pub fn spoiled(&self) -> impl Iterator<Item = (&str, &CellError)> {
        self.columns
            .iter()
            .filter_map(|(name, values)| Some((name.as_str(), values.as_ref().err()?)))
    }

    /// The labels of a column, if it has such.
    pub fn labels(&self, column: &str) -> Option<&Labels> {
        self.labels.get(column)
    }

    /// Which rows meet the query's `mark`.
    pub fn marked(&self) -> &[bool] {
        &self.marked
    }

    /// Where a row stood in the file: `line 7`, or `row 7` of Parquet.
    pub fn place(&self, row: usize) -> String {
        self.places
            .get(row)
            .map_or_else(String::new, |place| format!("{} {place}", self.counted_in))
    }

    /// Keeps the rows for which `keep` is true; `keep` has a value for each row.
    pub fn retain(&mut self, keep: &[bool]) {
        fn sieve<T>(values: &mut Vec<T>, keep: &[bool]) {
            let mut keep = keep.iter();
            values.retain(|_| keep.next().copied().unwrap_or(false));
        }
        self.columns
            .values_mut()
            .flatten()
            .for_each(|values| sieve(values, keep));
        self.labels
            .values_mut()
            .for_each(|labels| sieve(labels.rows_mut(), keep));
        sieve(&mut self.places, keep);
        sieve(&mut self.marked, keep);
    }
}
