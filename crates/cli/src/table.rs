//! Plain tables for a terminal.

use std::fmt;

/// Rows of cells under a heading, columns aligned: text to the left, numbers to the right.
pub struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(heading: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            heading: heading.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, as many cells as there are columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        debug_assert_eq!(cells.len(), self.heading.len());
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([self.heading[column].chars().count()])
            .max()
            .unwrap_or(0)
    }

    fn is_number(&self, column: usize) -> bool {
        let mut cells = self
            .rows
            .iter()
            .map(|row| row[column].as_str())
            .filter(|cell| *cell != "-")
            .peekable();
        cells.peek().is_some()
            && cells.all(|cell| {
                cell.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '$' | '≤' | '≥'))
            })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<_> = (0..self.heading.len())
            .map(|column| (self.width(column), self.is_number(column)))
            .collect();
        for row in std::iter::once(&self.heading).chain(&self.rows) {
            let mut line = String::new();
            for (cell, &(width, is_number)) in row.iter().zip(&columns) {
                let padded = if is_number {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                };
                line.push_str(&padded);
                line.push_str("  ");
            }
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_text_to_the_left() {
        let mut table = Table::new(["trial", "loss"]);
        table.row(["a".to_owned(), "1.5".to_owned()]);
        table.row(["bcd".to_owned(), "-".to_owned()]);
        table.row(["e".to_owned(), "10.25".to_owned()]);
        assert_eq!(
            table.to_string(),
            "trial   loss\na        1.5\nbcd        -\ne      10.25\n"
        );
    }
}
