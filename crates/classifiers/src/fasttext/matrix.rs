//! Matrices of a model, as their files hold them: numbers, or codes for pieces of rows.

use std::io::BufRead;

use super::reader::{Damage, Reader};

/// What a code chooses from.
const CENTROIDS: usize = 256;

/// Rows of numbers.
#[derive(Debug)]
pub(super) enum Matrix {
    Dense(Vec<f32>),
    Quantised(Quantised),
}

/// Rows as codes, one a piece of a row (Jégou et al. 2011), and of the norms that the rows were divided by, if they were.
#[derive(Debug)]
pub(super) struct Quantised {
    codes: Vec<u8>,
    pieces: Pieces,
    norms: Option<(Vec<u8>, Vec<f32>)>,
}

/// For each piece of a row what its codes stand for.
#[derive(Debug)]
struct Pieces {
    /// Columns of every piece but the last.
    width: usize,
    /// Columns of the last.
    last: usize,
    /// How many there are.
    count: usize,
    centroids: Vec<f32>,
}

impl Matrix {
    /// Reads a matrix with so many columns; also tells its rows.
    pub(super) fn read<R: BufRead>(
        reader: &mut Reader<R>,
        is_quantised: bool,
        columns: usize,
        what: &str,
    ) -> Result<(Self, usize), Damage> {
        if is_quantised {
            let (quantised, rows) = Quantised::read(reader, columns, what)?;
            return Ok((Self::Quantised(quantised), rows));
        }
        let rows = shape(reader, columns, what)?;
        let rows = reader.count(rows, 4 * columns as u64, what)?;
        Ok((Self::Dense(reader.floats(rows * columns, what)?), rows))
    }

    /// Adds a row to a vector.
    #[inline]
    pub(super) fn add(&self, row: usize, to: &mut [f32]) {
        match self {
            Self::Dense(values) => {
                let values = &values[row * to.len()..][..to.len()];
                to.iter_mut().zip(values).for_each(|(to, value)| *to += value);
            }
            Self::Quantised(quantised) => {
                let norm = quantised.norm(row);
                let mut to = to.iter_mut();
                for centroid in quantised.row(row) {
                    centroid
                        .iter()
                        .zip(&mut to)
                        .for_each(|(value, to)| *to += norm * value);
                }
            }
        }
    }

    /// The product of a row and a vector, from the first column to the last.
    pub(super) fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        match self {
            Self::Dense(values) => {
                let values = &values[row * vector.len()..][..vector.len()];
                values
                    .iter()
                    .zip(vector)
                    .fold(0.0, |sum, (left, right)| sum + left * right)
            }
            Self::Quantised(quantised) => {
                let values = quantised.row(row).flatten();
                let product = values
                    .zip(vector)
                    .fold(0.0, |sum, (left, right)| sum + right * left);
                product * quantised.norm(row)
            }
        }
    }
}

/// Reads the sides of a matrix: its columns must be those of the model. Gives its rows.
fn shape<R: BufRead>(reader: &mut Reader<R>, columns: usize, what: &str) -> Result<i64, Damage> {
    let rows = reader.long(what)?;
    let found = reader.long(what)?;
    match usize::try_from(found) == Ok(columns) {
        true => Ok(rows),
        false => Err(Damage::Format(format!(
            "{what} have {found} columns, and the model has {columns}"
        ))),
    }
}

impl Quantised {
    fn read<R: BufRead>(reader: &mut Reader<R>, columns: usize, what: &str) -> Result<(Self, usize), Damage> {
        let has_norms = reader.flag(what)?;
        let rows = shape(reader, columns, what)?;
        let rows = reader.count(rows, 1, what)?;
        let size = reader.int(what)?;
        let size = reader.count(size.into(), 1, what)?;
        let codes = reader.bytes(size, what)?;
        let pieces = Pieces::read(reader, columns, what)?;
        if rows.checked_mul(pieces.count) != Some(size) {
            return Err(Damage::Format(format!(
                "{what} have {size} codes for {rows} rows of {} pieces",
                pieces.count
            )));
        }
        let norms = match has_norms {
            false => None,
            true => {
                let codes = reader.bytes(rows, what)?;
                Some((codes, Pieces::read(reader, 1, what)?.centroids))
            }
        };
        let quantised = Self { codes, pieces, norms };
        Ok((quantised, rows))
    }

    #[inline]
    fn norm(&self, row: usize) -> f32 {
        let norm = |(codes, values): &(Vec<u8>, Vec<f32>)| values[usize::from(codes[row])];
        self.norms.as_ref().map_or(1.0, norm)
    }

    /// The pieces of a row.
    #[inline]
    fn row(&self, row: usize) -> impl Iterator<Item = &[f32]> {
        let Pieces {
            width,
            last,
            count,
            centroids,
        } = &self.pieces;
        let codes = &self.codes[row * count..][..*count];
        codes.iter().enumerate().map(move |(piece, code)| {
            let width_here = if piece + 1 == *count { last } else { width };
            &centroids[piece * CENTROIDS * width + usize::from(*code) * width_here..][..*width_here]
        })
    }
}

impl Pieces {
    fn read<R: BufRead>(reader: &mut Reader<R>, columns: usize, what: &str) -> Result<Self, Damage> {
        let said = [
            reader.int(what)?,
            reader.int(what)?,
            reader.int(what)?,
            reader.int(what)?,
        ];
        let [dimension, count, width, last] = said.map(|said| usize::try_from(said).unwrap_or(0));
        let all = width.checked_mul(count.saturating_sub(1));
        let all = all.and_then(|most| most.checked_add(last));
        if dimension != columns || all != Some(columns) || count == 0 || last == 0 || last > width {
            return Err(Damage::Format(format!(
                "{what} are in {} pieces of {} columns, the last of {}, which are not the {columns} of a row",
                said[1], said[2], said[3]
            )));
        }
        let centroids = columns.checked_mul(CENTROIDS);
        let centroids = centroids.ok_or_else(|| Damage::Format(format!("{columns} columns are too many")))?;
        Ok(Self {
            width,
            last,
            count,
            centroids: reader.floats(centroids, what)?,
        })
    }
}
