//! Products of an engine's matrices, shared among the threads of its team.

use std::ops::Range;

use triaxis_blocks::{Activations, Format, Matrix, PanelMut, Precision, Rows, STRIP, Team};
use triaxis_kernels::simd::Level;

use super::stream::Stream;
use crate::error::InferError;

/// Bytes times columns below which a product is not shared.
const SMALL: usize = 1 << 15;

/// Pieces of a product for each thread: a few, so that one that is held up leaves the rest to the others.
const PIECES: usize = 2;

/// A matrix, in pieces where its rows are stored in several formats.
#[derive(Debug)]
pub(super) struct Projection {
    pieces: Vec<Matrix>,
}

/// Columns that are multiplied: in eight bits, in single precision, or both, as the matrices need them.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    eight: Activations,
    single: Activations,
}

/// Part of a product.
struct Part<'a> {
    matrix: &'a Matrix,
    strips: Range<usize>,
    out: &'a mut [f32],
}

impl Inputs {
    /// Fills columns of so many numbers by what `make` writes of each.
    pub(super) fn fill(
        &mut self,
        team: &mut Team,
        level: Level,
        (inputs, columns): (usize, usize),
        precisions: &[Precision],
        make: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        for (activations, precision) in [
            (&mut self.eight, Precision::Eight),
            (&mut self.single, Precision::Single),
        ] {
            if !precisions.contains(&precision) {
                continue;
            }
            activations.resize(inputs, columns, precision);
            let mut panels: Vec<PanelMut<'_>> = activations.panels_mut(level).collect();
            team.each(&mut panels, |panel| {
                let mut row = vec![0.0; inputs];
                let all = panel.columns.clone();
                for column in all.clone() {
                    make(column, &mut row);
                    panel.set(column - all.start, &row);
                }
            });
        }
    }

    fn of(&self, precision: Precision) -> &Activations {
        match precision {
            Precision::Eight => &self.eight,
            Precision::Single => &self.single,
        }
    }
}

impl Projection {
    /// The rows of some pieces one after the other.
    ///
    /// # Errors
    /// When the system gives no memory.
    pub(super) fn new(pieces: Vec<Rows>) -> Result<Self, InferError> {
        let mut groups: Vec<Vec<Rows>> = Vec::new();
        for piece in pieces {
            match groups.last_mut() {
                Some(group) if group[0].format == piece.format => group.push(piece),
                _ => groups.push(vec![piece]),
            }
        }
        // A strip is of one format. Where a piece ends within one, all become numbers.
        let ends_within = |group: &Vec<Rows>| {
            !group
                .iter()
                .map(|piece| piece.rows)
                .sum::<usize>()
                .is_multiple_of(STRIP)
        };
        if groups.iter().rev().skip(1).any(ends_within) {
            groups = vec![
                groups
                    .into_iter()
                    .flatten()
                    .map(|piece| in_single(&piece))
                    .collect(),
            ];
        }
        let pack = |group: Vec<Rows>| {
            Matrix::pack(&group).map_err(|error| InferError::machine("making room for weights", &error))
        };
        Ok(Self {
            pieces: groups.into_iter().map(pack).collect::<Result<_, _>>()?,
        })
    }

    /// Its pieces.
    pub(super) fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        self.pieces.iter()
    }

    pub(super) fn strips(&self) -> usize {
        self.pieces.iter().map(Matrix::strips).sum()
    }

    pub(super) fn rows(&self) -> usize {
        self.pieces.iter().map(Matrix::rows).sum()
    }

    pub(super) fn columns(&self) -> usize {
        self.pieces.first().map_or(0, Matrix::columns)
    }

    /// Bytes that a product reads.
    fn bytes(&self) -> usize {
        self.pieces.iter().map(Matrix::bytes).sum()
    }

    /// What columns must be given in.
    pub(super) fn precisions(&self, asked: Precision) -> impl Iterator<Item = Precision> {
        self.pieces.iter().map(move |piece| piece.precision(asked))
    }

    /// Writes a row as numbers.
    pub(super) fn row(&self, row: usize, out: &mut [f32]) {
        let mut first = 0;
        for piece in &self.pieces {
            if row - first < piece.rows() {
                return piece.row(row - first, out);
            }
            first += piece.rows();
        }
    }

    /// Writes, or adds, the products with all columns.
    pub(super) fn multiply(&self, run: &mut Run<'_>, x: &Inputs, adds: bool, out: &mut Stream) {
        let columns = out.columns();
        let (asked, level) = (run.precision, run.level);
        let size = columns * STRIP;
        let total = self.strips();
        let each = match self.bytes().saturating_mul(columns) < SMALL {
            true => total,
            false => total.div_ceil(PIECES * run.team.threads()),
        };
        let mut rest = &mut out.values[..];
        let mut parts = Vec::with_capacity(PIECES * run.team.threads() + self.pieces.len());
        for matrix in &self.pieces {
            let mut first = 0;
            while first < matrix.strips() {
                let strips = first..matrix.strips().min(first + each);
                first = strips.end;
                let (out, later) = rest.split_at_mut(strips.len() * size);
                rest = later;
                parts.push(Part { matrix, strips, out });
            }
        }
        run.team.each(&mut parts, |part| {
            let x = x.of(part.matrix.precision(asked));
            part.matrix
                .multiply(level, part.strips.clone(), x, adds, part.out);
        });
    }
}

/// Two matrices of as many rows, each row of one of which passes through those of the other.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) gate: Projection,
    pub(super) up: Projection,
}

/// Part of the products of a pair.
struct PairPart<'a> {
    strips: Range<usize>,
    gate: &'a mut [f32],
    up: &'a mut [f32],
}

impl Pair {
    /// Writes what `combine` makes of the products of both, the first ones with the second ones, in the place of the first.
    pub(super) fn multiply(
        &self,
        run: &mut Run<'_>,
        x: &Inputs,
        [gate, up]: [&mut Stream; 2],
        combine: impl Fn(&mut [f32], &[f32]) + Sync,
    ) {
        let ([gate_of], [up_of]) = (&self.gate.pieces[..], &self.up.pieces[..]) else {
            self.gate.multiply(run, x, false, gate);
            self.up.multiply(run, x, false, up);
            return combine(&mut gate.values, &up.values);
        };
        let (size, (asked, level)) = (gate.columns() * STRIP, (run.precision, run.level));
        let total = gate_of.strips();
        let each = match 2 * self.gate.bytes().saturating_mul(gate.columns()) < SMALL {
            true => total,
            false => total.div_ceil(PIECES * run.team.threads()),
        };
        let outs = gate
            .values
            .chunks_mut((each * size).max(1))
            .zip(up.values.chunks_mut((each * size).max(1)));
        let mut parts: Vec<PairPart<'_>> = outs
            .enumerate()
            .map(|(index, (gate, up))| PairPart {
                strips: index * each..total.min((index + 1) * each),
                gate,
                up,
            })
            .collect();
        run.team.each(&mut parts, |part| {
            for (matrix, out) in [(gate_of, &mut *part.gate), (up_of, &mut *part.up)] {
                let x = x.of(matrix.precision(asked));
                matrix.multiply(level, part.strips.clone(), x, false, out);
            }
            combine(part.gate, part.up);
        });
    }
}

/// What an engine computes with.
pub(super) struct Run<'a> {
    pub(super) team: &'a mut Team,
    pub(super) level: Level,
    pub(super) precision: Precision,
}

/// The same rows in single precision.
fn in_single(rows: &Rows) -> Rows {
    Rows {
        format: Format::F32,
        bytes: rows
            .values()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
        ..*rows
    }
}

/// The first rows of some pieces, and the others.
pub(super) fn split(pieces: Vec<Rows>, at: usize) -> [Vec<Rows>; 2] {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut before = 0;
    for piece in pieces {
        let cut = at.saturating_sub(before).min(piece.rows);
        before += piece.rows;
        let row = piece.bytes.len() / piece.rows.max(1);
        let (bytes, rest) = piece.bytes.split_at(cut * row);
        let part = |rows, bytes: &[u8]| Rows {
            rows,
            bytes: bytes.to_vec(),
            ..piece
        };
        first.extend((cut > 0).then(|| part(cut, bytes)));
        second.extend((cut < piece.rows).then(|| part(piece.rows - cut, rest)));
    }
    [first, second]
}
