//! Reading the published runs.

use triaxis_laws::Observations;

use crate::finder::published;

/// A table read from a file: header and rows of text.
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// The position of a column.
    pub(crate) fn at(&self, name: &str) -> usize {
        self.header
            .iter()
            .position(|column| column == name)
            .unwrap_or_else(|| panic!("no column {name}"))
    }

    /// A column as numbers; empty cells are NaN.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        let at = self.at(name);
        self.rows
            .iter()
            .map(|row| {
                if row[at].is_empty() {
                    f64::NAN
                } else {
                    row[at].parse().unwrap()
                }
            })
            .collect()
    }

    /// The rows whose `column` is `value`.
    pub(crate) fn only(&self, column: &str, value: &str) -> Self {
        let at = self.at(column);
        Self {
            header: self.header.clone(),
            rows: self.rows.iter().filter(|row| row[at] == value).cloned().collect(),
        }
    }

    /// Columns under canonical names.
    pub(crate) fn observations(&self, columns: &[(&str, &str)]) -> Observations {
        columns
            .iter()
            .fold(Observations::new(), |table, (canonical, name)| {
                table.with(*canonical, self.numbers(name)).unwrap()
            })
    }
}

/// Reads a CSV file of the published runs; `None` where they are absent.
pub(crate) fn csv(file: &str) -> Option<Table> {
    let mut reader = csv::Reader::from_path(published(file)?).unwrap();
    let text = |record: &csv::StringRecord| record.iter().map(String::from).collect::<Vec<_>>();
    let header = text(reader.headers().unwrap());
    let rows = reader.records().map(|record| text(&record.unwrap())).collect();
    Some(Table { header, rows })
}

/// Reads the numbers of a JSON Lines file; `None` where the published runs are absent.
pub(crate) fn json_lines(file: &str) -> Option<Table> {
    let text = std::fs::read_to_string(published(file)?).unwrap();
    let objects: Vec<serde_json::Map<String, serde_json::Value>> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let header: Vec<String> = objects[0].keys().cloned().collect();
    let cell = |value: &serde_json::Value| {
        value
            .as_f64()
            .map_or_else(|| value.to_string(), |value| value.to_string())
    };
    let rows = objects
        .iter()
        .map(|object| header.iter().map(|name| cell(&object[name])).collect())
        .collect();
    Some(Table { header, rows })
}
