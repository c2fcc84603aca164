//! Products of an engine's matrices, shared among the threads of its team.

use std::cell::Cell;
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

/// What writes some columns, one after the other.
pub(super) type Make<'a> = dyn Fn(Range<usize>, &mut [f32]) + Sync + 'a;

thread_local! {
    /// A column that a thread made for itself.
    static OWN: Cell<Inputs> = Cell::default();

    /// Columns as they are made.
    static ROWS: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

impl Inputs {
    /// Does parts of products with the columns that `make` writes, `(inputs, columns)`, each on one of the threads.
    ///
    /// A single column is made by each thread for itself, which takes less than waiting for one that does.
    fn share<T: Send>(
        &mut self,
        run: &mut Run<'_>,
        shape: (usize, usize),
        precisions: &[Precision],
        make: &Make<'_>,
        parts: &mut [T],
        task: impl Fn(&Self, &mut T) + Sync,
    ) {
        let level = run.level;
        run.expect_next();
        if shape.1 == 1 {
            return run.team.share(parts, |mut taken| {
                let Some(first) = taken.next() else { return };
                let mut own = OWN.take();
                for panel in &mut own.panels_mut(level, shape, precisions) {
                    fill(panel, shape.0, make);
                }
                task(&own, first);
                taken.for_each(|part| task(&own, part));
                OWN.set(own);
            });
        }
        let mut panels = self.panels_mut(level, shape, precisions);
        run.team.each(&mut panels, |panel| fill(panel, shape.0, make));
        drop(panels);
        run.team.each(parts, |part| task(self, part));
    }

    /// Room for columns, in panels.
    fn panels_mut(
        &mut self,
        level: Level,
        (inputs, columns): (usize, usize),
        precisions: &[Precision],
    ) -> Vec<PanelMut<'_>> {
        let mut panels = Vec::with_capacity(columns);
        for (activations, precision) in [
            (&mut self.eight, Precision::Eight),
            (&mut self.single, Precision::Single),
        ] {
            if precisions.contains(&precision) {
                activations.resize(inputs, columns, precision);
                panels.extend(activations.panels_mut(level));
            }
        }
        panels
    }

    fn of(&self, precision: Precision) -> &Activations {
        match precision {
            Precision::Eight => &self.eight,
            Precision::Single => &self.single,
        }
    }
}

/// Fills a panel by what `make` writes of its columns.
fn fill(panel: &mut PanelMut<'_>, inputs: usize, make: &Make<'_>) {
    let columns = panel.columns.clone();
    let mut rows = ROWS.take();
    rows.resize(columns.len() * inputs, 0.0);
    make(columns, &mut rows);
    for (column, row) in rows.chunks_exact(inputs.max(1)).enumerate() {
        panel.set(column, row);
    }
    ROWS.set(rows);
}

/// Part of a product, or of two with the same columns.
struct Part<'a> {
    matrix: &'a Matrix,
    strips: Range<usize>,
    out: &'a mut [f32],
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

    /// What each of so many threads reads first in a product with a few columns.
    fn first_reads(&self, threads: usize) -> impl Iterator<Item = &[u8]> {
        let each = each(threads, self.strips(), self.bytes()).max(1);
        self.pieces.iter().flat_map(move |matrix| {
            let firsts = (0..matrix.strips()).step_by(each);
            firsts.map(move |first| matrix.bytes_of(first..matrix.strips().min(first + each)))
        })
    }

    /// What columns must be given in.
    pub(super) fn precisions(&self, asked: Precision) -> impl Iterator<Item = Precision> {
        self.pieces.iter().map(move |piece| piece.precision(asked))
    }

    /// Writes a row as numbers.
    pub(super) fn row(&self, level: Level, row: usize, out: &mut [f32]) {
        let mut first = 0;
        for piece in &self.pieces {
            if row - first < piece.rows() {
                return piece.row(level, row - first, out);
            }
            first += piece.rows();
        }
    }

    /// Writes, or adds, the products with all columns, which `make` writes.
    pub(super) fn multiply(
        &self,
        run: &mut Run<'_>,
        x: &mut Inputs,
        make: &Make<'_>,
        adds: bool,
        out: &mut Stream,
    ) {
        multiply(run, x, make, adds, &mut [(self, out)]);
    }

    /// Its strips in parts of `each`.
    fn parts<'a>(&'a self, each: usize, out: &'a mut Stream, parts: &mut Vec<Part<'a>>) {
        let size = out.columns() * STRIP;
        let mut rest = &mut out.values[..];
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
    }
}

/// Writes, or adds, the products of matrices with the same columns, which `make` writes.
pub(super) fn multiply(
    run: &mut Run<'_>,
    x: &mut Inputs,
    make: &Make<'_>,
    adds: bool,
    products: &mut [(&Projection, &mut Stream)],
) {
    let (asked, level) = (run.precision, run.level);
    let (mut parts, mut precisions, mut shape) = (Vec::new(), Vec::new(), (0, 0));
    for (projection, out) in products {
        shape = (projection.columns(), out.columns());
        precisions.extend(projection.precisions(asked));
        let bytes = projection.bytes().saturating_mul(out.columns());
        projection.parts(run.each(projection.strips(), bytes), out, &mut parts);
    }
    x.share(run, shape, &precisions, make, &mut parts, |x, part| {
        let x = x.of(part.matrix.precision(asked));
        part.matrix
            .multiply(level, part.strips.clone(), x, adds, part.out);
    });
}

/// Two matrices of as many rows, each row of one of which passes through those of the other.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) gate: Projection,
    pub(super) up: Projection,
}

impl Pair {
    /// Writes what `combine` makes of the products of both with the columns that `make` writes, the first ones with the
    /// second ones, in the place of the first.
    pub(super) fn multiply(
        &self,
        run: &mut Run<'_>,
        x: &mut Inputs,
        make: &Make<'_>,
        [gate, up]: [&mut Stream; 2],
        combine: impl Fn(&mut [f32], &[f32]) + Sync,
    ) {
        if self.gate.pieces.len() != 1 || self.up.pieces.len() != 1 {
            multiply(
                run,
                x,
                make,
                false,
                &mut [(&self.gate, &mut *gate), (&self.up, &mut *up)],
            );
            return combine(&mut gate.values, &up.values);
        }
        let (asked, level) = (run.precision, run.level);
        let shape = (self.gate.columns(), gate.columns());
        let both = self.gate.precisions(asked).chain(self.up.precisions(asked));
        let precisions: Vec<Precision> = both.collect();
        let (mut gates, mut ups) = (Vec::new(), Vec::new());
        // Cut alike, whatever their formats.
        let bytes = (self.gate.bytes() + self.up.bytes()).saturating_mul(gate.columns());
        let each = run.each(self.gate.strips(), bytes);
        self.gate.parts(each, gate, &mut gates);
        self.up.parts(each, up, &mut ups);
        let mut parts: Vec<_> = gates.into_iter().zip(ups).collect();
        x.share(run, shape, &precisions, make, &mut parts, |x, (gate, up)| {
            for part in [&mut *gate, &mut *up] {
                let x = x.of(part.matrix.precision(asked));
                part.matrix
                    .multiply(level, part.strips.clone(), x, false, part.out);
            }
            combine(gate.out, up.out);
        });
    }
}

/// What an engine computes with.
pub(super) struct Run<'a> {
    pub(super) team: &'a mut Team,
    pub(super) level: Level,
    pub(super) precision: Precision,
    /// The first matrices of the products after the next one.
    pub(super) upcoming: Upcoming<'a>,
}

/// Matrices in the order in which products begin with them, around from the second one on.
pub(super) type Upcoming<'a> = std::iter::Skip<std::iter::Cycle<std::slice::Iter<'a, &'a Projection>>>;

impl Run<'_> {
    /// Tells the team what is read after the product that comes.
    fn expect_next(&mut self) {
        let threads = self.team.threads();
        if let Some(projection) = self.upcoming.next() {
            self.team.expect(projection.first_reads(threads));
        }
    }

    /// How many of so many strips, whose product reads so many bytes, a part of it has.
    fn each(&self, strips: usize, bytes: usize) -> usize {
        each(self.team.threads(), strips, bytes)
    }
}

/// How many of so many strips, whose product reads so many bytes, a part of it has on so many threads.
fn each(threads: usize, strips: usize, bytes: usize) -> usize {
    match bytes < SMALL {
        true => strips,
        false => strips.div_ceil(PIECES * threads),
    }
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
    for mut piece in pieces {
        let cut = at.saturating_sub(before).min(piece.rows);
        before += piece.rows;
        if cut == piece.rows {
            first.push(piece);
        } else if cut == 0 {
            second.push(piece);
        } else {
            let bytes = piece.bytes.split_off(cut * (piece.bytes.len() / piece.rows));
            second.push(Rows {
                rows: piece.rows - cut,
                bytes,
                ..piece
            });
            piece.rows = cut;
            first.push(piece);
        }
    }
    [first, second]
}
