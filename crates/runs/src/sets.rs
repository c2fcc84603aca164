//! Several data sets in one file: a text that tells rows of one size and length apart.

use std::collections::BTreeMap;

use triaxis_tables::{Labels, Table};

use crate::caution::OfRows;

/// Sizes and lengths at which a text must tell rows apart before it is said.
const LEAST: usize = 2;

/// The column of texts that tells most rows of equal `inputs` apart, if one does.
pub fn several(
    table: &Table,
    columns: impl Iterator<Item = impl AsRef<str>>,
    inputs: &[(&str, &[f64])],
) -> Option<OfRows> {
    if inputs.is_empty() {
        return None;
    }
    let key = |row: usize| -> Vec<u64> { inputs.iter().map(|(_, column)| column[row].to_bits()).collect() };
    let mut groups: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
    for row in 0..table.rows() {
        groups.entry(key(row)).or_default().push(row);
    }
    let repeated: Vec<&Vec<usize>> = groups.values().filter(|rows| rows.len() > 1).collect();
    let apart = |labels: &Labels| {
        let differs = |rows: &&&Vec<usize>| {
            let codes = labels.rows();
            rows.iter().any(|row| codes[*row] != codes[rows[0]])
        };
        repeated.iter().filter(differs).count()
    };
    let best = columns
        .filter_map(|column| {
            let labels = table.labels(column.as_ref())?;
            let values = present(labels);
            // Names of runs are no names of sets.
            let is_shared = 2 * values.len() <= table.rows();
            Some((apart(labels), column.as_ref().to_owned(), values)).filter(|_| is_shared)
        })
        .max_by_key(|(apart, ..)| *apart)?;
    let (apart, column, values) = best;
    (apart >= LEAST).then(|| OfRows::SeveralSets {
        inputs: inputs
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(" and "),
        column,
        values,
    })
}

/// The labels that rows have, in the order of the file.
pub fn present(labels: &Labels) -> Vec<String> {
    let mut found = vec![false; labels.values().len()];
    labels
        .rows()
        .iter()
        .for_each(|code| found[usize::from(*code)] = true);
    let values = labels.values().iter().zip(found);
    values
        .filter(|(_, found)| *found)
        .map(|(value, _)| value.clone())
        .collect()
}
