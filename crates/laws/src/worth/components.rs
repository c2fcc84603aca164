//! Noise of runs around a law in two parts: what those of a cell share, the law's miss and luck, and what each has of its
//! own.

use crate::fit::scale_of_noise;
use crate::numeric::Stream;

/// Degrees of freedom between pairs below which all rows are taken as independent: so few tell their noise worse than
/// the rows together do, and pairs that have something in common only differ by less.
const LEAST_FREEDOM: usize = 3;

/// Variance components of residuals by cell. Around the mean of its cell a row varies by its own part alone, and cells of
/// `n` rows vary by this and `n` times what they share, which is so the difference of the two mean squares over `n`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Components {
    /// Variance of a run's own part.
    pub(super) within: f64,
    /// Degrees of freedom that it is known by; 0 where nothing tells it.
    pub(super) freedom: usize,
    between: Option<Between>,
}

/// What the means of cells vary by.
#[derive(Debug, Clone, PartialEq)]
struct Between {
    mean_square: f64,
    freedom: usize,
    /// Rows of a cell, on average.
    rows: f64,
}

/// The part that cells share, by mean squares between them and within.
fn shared(between: f64, within: f64, rows: f64) -> f64 {
    ((between - within) / rows).max(0.0)
}

/// The sum of `values` over the rows of each cell that has some, and how many those are.
fn by_cell(values: &[f64], cells: &[usize]) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); cells.iter().max().map_or(0, |last| last + 1)];
    for (value, cell) in values.iter().zip(cells) {
        sums[*cell].0 += value;
        sums[*cell].1 += 1.0;
    }
    sums.retain(|(_, count)| *count > 0.0);
    sums
}

impl Components {
    /// Of `residuals` after a fit of parameters that all rows share, and of contrasts between the rows of a cell.
    pub(super) fn of(residuals: &[f64], cells: &[usize], (parameters, contrasts): (usize, usize)) -> Self {
        let sums = by_cell(residuals, cells);
        let rows = residuals.len();
        let squares = residuals.iter().map(|residual| residual * residual).sum::<f64>();
        let of_means = sums.iter().map(|(sum, count)| sum * sum / count).sum::<f64>();
        let freedom = (rows - sums.len()).saturating_sub(contrasts);
        if freedom < LEAST_FREEDOM {
            let freedom = rows.saturating_sub(parameters + contrasts);
            let within = squares / freedom.max(1) as f64;
            return Self {
                within,
                freedom,
                between: None,
            };
        }
        let between = sums.len().checked_sub(parameters).filter(|freedom| *freedom > 0);
        let uneven = sums.iter().map(|(_, count)| count * count).sum::<f64>() / rows as f64;
        Self {
            within: (squares - of_means).max(0.0) / freedom as f64,
            freedom,
            between: between.map(|freedom| Between {
                mean_square: of_means / freedom as f64,
                freedom,
                rows: (rows as f64 - uneven) / (sums.len() as f64 - 1.0),
            }),
        }
    }

    /// Variance of what the rows of a cell have in common.
    pub(super) fn shared(&self) -> f64 {
        let of = |between: &Between| shared(between.mean_square, self.within, between.rows);
        self.between.as_ref().map_or(0.0, of)
    }

    /// Noise of every row for one sample, by variances that are themselves drawn from what the degrees of freedom
    /// leave open, so that what a linear law finds in samples follows Student's distribution.
    pub(super) fn draw(&self, cells: &[usize], stream: &mut Stream) -> Vec<f64> {
        let mut variance =
            |mean_square: f64, freedom: usize| mean_square * scale_of_noise(freedom, stream).powi(2);
        let within = variance(self.within, self.freedom);
        let of_cells = self.between.as_ref().map_or(0.0, |between| {
            let mean_square = variance(between.mean_square, between.freedom);
            shared(mean_square, within, between.rows)
        });
        let count = cells.iter().max().map_or(0, |last| last + 1);
        let luck: Vec<f64> = (0..count).map(|_| of_cells.sqrt() * stream.normal()).collect();
        let row = |cell: &usize| luck[*cell] + within.sqrt() * stream.normal();
        cells.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_and_drawn_as_they_were() {
        let cells: Vec<usize> = (0..400).map(|row| row / 2).collect();
        let mut stream = Stream::new(1, "parts", 0);
        let luck: Vec<f64> = (0..200).map(|_| 3.0 * stream.normal()).collect();
        let mut noise: Vec<f64> = cells.iter().map(|cell| luck[*cell] + stream.normal()).collect();
        for _ in 0..3 {
            let parts = Components::of(&noise, &cells, (5, 1));
            assert_eq!(parts.freedom, 199);
            assert!((parts.within - 1.0).abs() < 0.25, "{parts:?}");
            assert!((parts.shared() - 9.0).abs() < 2.5, "{parts:?}");
            noise = Components {
                within: 1.0,
                freedom: 10_000,
                between: Some(Between {
                    mean_square: 19.0,
                    freedom: 10_000,
                    rows: 2.0,
                }),
            }
            .draw(&cells, &mut stream);
        }
    }

    #[test]
    fn rows_without_pairs_are_independent() {
        let residuals = [1.0, -1.0, 2.0, -2.0, 1.0, -1.0];
        let parts = Components::of(&residuals, &[0, 1, 2, 3, 4, 5], (3, 1));
        assert_eq!((parts.freedom, parts.within, parts.shared()), (2, 6.0, 0.0));
    }
}
