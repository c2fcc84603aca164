//! From the cells of a file to columns of numbers.

use std::cell::RefCell;
use std::collections::BTreeMap;

use triaxis_names::suggestion;
use triaxis_units::Written;

use crate::condition::{Condition, Node, Operand, Row};
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
    let seen = RefCell::new(BTreeMap::new());
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
            seen: &seen,
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
    let conditions = [&query.filter, &query.mark].into_iter().flatten();
    let mut compared = conditions.flat_map(Condition::comparisons);
    if let Some(clash) = compared.find_map(|node| clash(node, query, &seen.borrow())) {
        return Err(TableError::new(clash));
    }
    match &query.filter {
        Some(condition) if places.is_empty() && found > 0 => {
            return Err(TableError::new(format!(
                "none of the {found} rows of `{}` meets --where '{condition}': relax the condition",
                path.display()
            )));
        }
        _ if places.is_empty() => return Err(TableError::empty(path)),
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
    let path = file.name().display();
    let wanted = query.columns.iter().flat_map(|wanted| wanted.source.columns());
    let labels = query.labels.iter().map(|labels| labels.column.as_str());
    let conditions = [&query.filter, &query.mark].into_iter().flatten();
    let compared: Vec<&str> = conditions.flat_map(Condition::names).collect();
    let stand_in = |name: &&str| query.names.get(*name);
    let behind = compared.iter().filter_map(stand_in).flat_map(Source::columns);
    let own = compared.iter().copied().filter(|name| stand_in(name).is_none());
    let mut files: Vec<String> = Vec::new();
    for name in wanted.chain(labels).chain(behind).chain(own.clone()) {
        if !files.iter().any(|file| file == name) {
            files.push(name.to_owned());
        }
    }
    let available = file.columns()?;
    for column in &files {
        match available.iter().filter(|name| *name == column).count() {
            0 => {
                let quoted = match own.clone().any(|name| name == column) {
                    true => format!("; a text to compare with stands in quotes, \"{column}\""),
                    false => String::new(),
                };
                return Err(TableError::new(format!(
                    "no column `{column}` in `{path}`: it has {}{quoted}{}",
                    listed(available, LISTED),
                    suggestion(column, available.iter().map(String::as_str)),
                )));
            }
            1 => {}
            count => {
                return Err(TableError::new(format!(
                    "`{path}` has {count} columns named `{column}`: rename all but one"
                )));
            }
        }
    }
    Ok(files)
}

/// What a condition found in the cells of a column.
#[derive(Default)]
struct Kinds {
    /// The first number, and where it stands.
    number: Option<(f64, String)>,
    /// The first that is something else, in words, and where it stands.
    other: Option<(String, String)>,
}

/// What is wrong where numbers are compared with texts: a column without a single number as numbers, or one of
/// nothing but numbers with a text that is none.
fn clash(node: &Node, query: &Query, seen: &BTreeMap<String, Kinds>) -> Option<String> {
    let Node::Compare(left, _, right) = node else {
        return None;
    };
    let text = [left, right].into_iter().find_map(|operand| match operand {
        Operand::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let of = |operand: &Operand| {
        let Operand::Column(name) = operand else {
            return None;
        };
        let column = match query.names.get(name) {
            Some(Source::Column(column)) => column,
            _ => name,
        };
        let example = Operand::Column(name.clone());
        match (seen.get(column)?, text) {
            (
                Kinds {
                    number: None,
                    other: Some((what, place)),
                },
                None,
            ) => Some(format!(
                "column `{column}` is compared as numbers and has none ({place}: {what}): compare it with a text in \
                 quotes, as in {example} == \"...\""
            )),
            (
                Kinds {
                    number: Some((number, place)),
                    other: None,
                },
                Some(text),
            ) if !(text.is_empty() || is_no_value(text) || Written::read(text).is_some()) => Some(format!(
                "column `{column}` is compared with a text and has numbers alone ({place}: {}): compare it with a \
                 number, without quotes, as in {example} == {}",
                short(*number),
                short(*number)
            )),
            _ => None,
        }
    };
    let problem = of(left).or_else(|| of(right))?;
    Some(format!("in the condition '{node}' {problem}"))
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
    /// What is in each column that a condition compares.
    seen: &'a RefCell<BTreeMap<String, Kinds>>,
    counted_in: &'static str,
    place: u64,
}

impl Cells<'_> {
    fn cell(&self, column: &str) -> &Cell<'_> {
        let at = self.files.iter().position(|file| file == column);
        at.map_or(&Cell::Missing, |at| &self.cells[at])
    }

    /// Where the row stands.
    fn here(&self) -> String {
        format!("{} {}", self.counted_in, self.place)
    }

    fn wrong(&self, column: &str, value: String, rule: &'static str) -> CellError {
        CellError {
            column: column.to_owned(),
            place: self.here(),
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

    /// The number that a condition compares, and a text for none.
    fn compared_in(&self, column: &str) -> Option<f64> {
        let number = self.number_in(column);
        let mut seen = self.seen.borrow_mut();
        if !seen.contains_key(column) {
            seen.insert(column.to_owned(), Kinds::default());
        }
        let kinds = seen.get_mut(column)?;
        match &number {
            Ok(Some(number)) if kinds.number.is_none() => kinds.number = Some((*number, self.here())),
            Err(error) if kinds.other.is_none() => {
                kinds.other = Some((error.value.clone(), error.place.clone()));
            }
            _ => {}
        }
        number.ok().flatten()
    }

    /// The number that a column of the result gets.
    fn value(&self, source: &Source, rule: Rule) -> Result<f64, CellError> {
        let checked = |column: &str, rule: Rule| match (self.number_in(column)?, self.cell(column)) {
            (Some(number), _) => match rule.broken(number) {
                None => Ok(number),
                Some(rule) => Err(self.wrong(column, format!("it is {}", short(number)), rule)),
            },
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
                let value = factor * product(over)? / product(under)?;
                let first = source.columns().next().unwrap_or_default();
                match rule.broken(value) {
                    None => Ok(value),
                    Some(rule) => Err(self.wrong(
                        first,
                        format!("with the other columns it comes to {}", short(value)),
                        rule,
                    )),
                }
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
        self.compared_in(column);
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
