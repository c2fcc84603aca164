use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::whole_steps;
use crate::generator::Generator;
use crate::problem::Question;
use crate::verdict::Verdict;

/// What parts rows, and ends a step.
const SPACE: &str = " ";
/// Cells, row by row.
type Grid = [u8; 16];

/// Every full grid, of which there are 288.
static GRIDS: LazyLock<Vec<Grid>> = LazyLock::new(|| {
    let mut grids = Vec::new();
    fill(&mut [0; 16], 0, &mut grids);
    grids
});

fn fill(grid: &mut Grid, cell: usize, grids: &mut Vec<Grid>) {
    if cell == grid.len() {
        grids.push(*grid);
        return;
    }
    for digit in b'1'..=b'4' {
        if (0..cell).all(|other| !sees(cell, other) || grid[other] != digit) {
            grid[cell] = digit;
            fill(grid, cell + 1, grids);
        }
    }
}

/// Whether two cells are of one row, column or block, so that they hold different digits.
fn sees(one: usize, other: usize) -> bool {
    let place = |cell: usize| (cell / 4, cell % 4);
    let ((row, column), (other_row, other_column)) = (place(one), place(other));
    row == other_row || column == other_column || (row / 2, column / 2) == (other_row / 2, other_column / 2)
}

/// Sudoku of four by four cells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sudoku {}

impl Sudoku {
    pub(super) const ABOUT: &str = "Sudoku of four by four cells in four blocks, to be filled so that no row, column or \
        block holds a digit twice; where it can be filled in several ways, all are right. Each row is a step";
}

impl Generator for Sudoku {
    fn dial(&self) -> &'static str {
        "empty cells"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        3..=14
    }

    fn instructions(&self) -> String {
        "Fill the cells that are dots with digits from 1 to 4, so that no row, no column and no block of two by two holds \
         a digit twice. Write the four rows with spaces between them, and end the line."
            .to_owned()
    }

    fn step(&self) -> Option<&'static str> {
        Some(SPACE)
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let full = GRIDS[stream.below(GRIDS.len())];
        let mut given = full;
        let mut cells: Vec<usize> = (0..given.len()).collect();
        stream.draw_first(&mut cells, level as usize);
        for &cell in &cells[..level as usize] {
            given[cell] = b'.';
        }
        Arc::new(Given { given, full })
    }
}

#[derive(Debug)]
struct Given {
    given: Grid,
    /// One way to fill it.
    full: Grid,
}

impl Given {
    /// Whether cells, from the first on, stand in a grid that has what is given.
    fn fits(&self, cells: &[u8]) -> bool {
        let has_given = |grid: &Grid| {
            grid.iter()
                .zip(&self.given)
                .all(|(digit, given)| *given == b'.' || digit == given)
        };
        GRIDS
            .iter()
            .any(|grid| grid.starts_with(cells) && has_given(grid))
    }
}

fn written(grid: &Grid) -> String {
    let rows: Vec<String> = grid
        .chunks(4)
        .map(|row| row.iter().copied().map(char::from).collect())
        .collect();
    rows.join(SPACE)
}

impl Question for Given {
    fn prompt(&self) -> String {
        format!("{}:", written(&self.given))
    }

    fn worked(&self) -> Option<String> {
        Some(written(&self.full))
    }

    fn check(&self, answer: &str) -> Verdict {
        let is_between = |sign: char| sign.is_whitespace() || matches!(sign, ',' | ';' | '|');
        let signs = answer.chars().filter(|sign| !is_between(*sign));
        let cells: Vec<u8> = signs
            .take(17)
            .map(|sign| u8::try_from(sign).unwrap_or(b'?'))
            .collect();
        if cells.len() != 16 || !cells.iter().all(u8::is_ascii_digit) {
            return Verdict::unparsable("the answer is not of 16 digits");
        }
        Verdict::of(self.fits(&cells))
    }

    fn partial(&self, prefix: &str) -> Option<f64> {
        let rows = whole_steps(prefix, SPACE).filter(|row| !row.is_empty()).take(5);
        let cells: Vec<u8> = rows.flat_map(|row| row.bytes().take(5)).collect();
        Some(f64::from(cells.len().is_multiple_of(4) && self.fits(&cells)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_grids_as_are_known() {
        assert_eq!(GRIDS.len(), 288);
        let is_full =
            |grid: &Grid| (0..4).all(|row| (b'1'..=b'4').all(|digit| grid[4 * row..][..4].contains(&digit)));
        assert!(GRIDS.iter().all(is_full));
    }
}
