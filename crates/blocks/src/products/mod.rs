//! Products of rows in quantised blocks with columns of activations.
//!
//! Rows lie in strips of eight, side by side, so that a vector holds one number of each; a file a kind of codes. The
//! kernel is one for all.

mod affine;
mod bytes;
mod k;
mod kernel;
mod single;
mod six;
mod source;
mod strip;
mod weights;

use std::cell::Cell;
use std::ops::Range;

use memmap2::{Advice, MmapMut};
use triaxis_kernels::simd::{Level, Simd};

use self::affine::Affine;
use self::k::K;
use self::kernel::Out;
pub(crate) use self::kernel::PANEL;
pub(crate) use self::strip::GROUP;
use self::strip::{Layout, Strip};
use self::weights::Values;
use crate::activations::{Activations, Precision, Scale};
use crate::format::Format;
use crate::lanes::{Lanes, ROWS};
use crate::rows::Rows;

/// Outputs that are computed at a time, and lie together in what is returned.
pub const STRIP: usize = ROWS;

/// Bytes of activations that are multiplied with one strip after the other: what a core's own cache holds beside a strip.
const CACHED: usize = 1 << 18;

/// A matrix whose rows are multiplied with columns.
#[derive(Debug)]
pub struct Matrix {
    format: Format,
    rows: usize,
    columns: usize,
    strip_bytes: usize,
    strips: MmapMut,
}

thread_local! {
    /// What a strip was taken apart to.
    static SCRATCH: Cell<(Vec<u8>, Vec<f32>)> = const { Cell::new((Vec::new(), Vec::new())) };
}

/// Evaluates an expression with the way a format's rows lie in strips.
macro_rules! by_format {
    ($format:expr, $V:ident => $value:expr) => {{
        macro_rules! of {
            ($strip:ty) => {{
                type $V = $strip;
                $value
            }};
        }
        match $format {
            Format::F32 => of!(weights::F32),
            Format::F16 => of!(weights::F16),
            Format::Bf16 => of!(weights::Bf16),
            Format::Q4_0 => of!(Affine<false, 8>),
            Format::Q4_1 => of!(Affine<false, 0>),
            Format::Q5_0 => of!(Affine<true, 16>),
            Format::Q5_1 => of!(Affine<true, 0>),
            Format::Q8_0 => of!(bytes::Q8_0),
            Format::Q4K => of!(K<false>),
            Format::Q5K => of!(K<true>),
            Format::Q6K => of!(six::Q6K),
        }
    }};
}

impl Matrix {
    /// The rows of some pieces one after the other, all of one format and width.
    ///
    /// # Errors
    /// When the system gives no memory.
    ///
    /// # Panics
    /// If the pieces are of several formats or widths, or do not hold as many bytes as their rows have.
    pub fn pack(pieces: &[Rows]) -> std::io::Result<Self> {
        let (format, columns) = pieces
            .first()
            .map_or((Format::F32, 0), |piece| (piece.format, piece.columns));
        let row_bytes = format.row_bytes(columns).unwrap_or(0);
        for piece in pieces {
            assert!(
                piece.format == format
                    && piece.columns == columns
                    && Some(piece.bytes.len()) == piece.rows.checked_mul(row_bytes),
                "rows of one format and width, all there"
            );
        }
        let rows: Vec<&[u8]> = pieces
            .iter()
            .flat_map(|piece| piece.bytes.chunks_exact(row_bytes.max(1)))
            .collect();
        let groups = columns.div_ceil(GROUP);
        let strip_bytes = by_format!(format, V => V::bytes(groups)).next_multiple_of(64);
        // An anonymous map, so that huge pages can be asked for: they are worth a tenth of the time of a product that
        // waits for memory. Where the system has none, nothing is lost.
        let mut strips = MmapMut::map_anon((rows.len().div_ceil(ROWS) * strip_bytes).max(1))?;
        #[cfg(target_os = "linux")]
        let _ = strips.advise(Advice::HugePage);
        for (rows, strip) in rows.chunks(ROWS).zip(strips.chunks_exact_mut(strip_bytes.max(1))) {
            // Written before anything of it is read: a system maps a page that is read first twice.
            strip.fill(0);
            by_format!(format, V => V::pack(rows, groups, strip));
        }
        Ok(Self {
            format,
            rows: rows.len(),
            columns,
            strip_bytes,
            strips,
        })
    }

    /// How its rows are stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Strips of [`STRIP`] outputs, the last of which may have fewer.
    pub fn strips(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }

    /// Bytes that a product reads.
    pub fn bytes(&self) -> usize {
        self.strips() * self.strip_bytes
    }

    /// The bytes that a product of some strips reads.
    ///
    /// # Panics
    /// If the matrix has no such strips.
    pub fn bytes_of(&self, strips: Range<usize>) -> &[u8] {
        &self.strips[strips.start * self.strip_bytes..strips.end * self.strip_bytes]
    }

    /// How columns are to be given: floating-point rows are multiplied in single precision.
    pub fn precision(&self, asked: Precision) -> Precision {
        match self.format {
            Format::F32 | Format::F16 | Format::Bf16 => Precision::Single,
            _ => asked,
        }
    }

    /// Writes, or adds to `out`, the products of some strips with all columns: `[strips, columns, 8]`.
    ///
    /// Every number is the same whatever other strips and columns there are.
    ///
    /// # Panics
    /// If the matrix has no such strips, the columns have other inputs, or are in eight bits where
    /// [`precision`](Self::precision) says otherwise, or `out` is not as long.
    pub fn multiply(&self, level: Level, strips: Range<usize>, x: &Activations, adds: bool, out: &mut [f32]) {
        assert!(
            strips.end <= self.strips()
                && x.groups() == self.columns.div_ceil(GROUP)
                && x.precision() == self.precision(x.precision())
                && out.len() == strips.len() * x.columns() * ROWS,
            "strips and columns of the matrix, and room for their products"
        );
        let groups = x.groups();
        let (mut apart, mut values) = SCRATCH.take();
        apart.resize(apart.len().max(source::apart(groups)), 0);
        values.resize(values.len().max(groups * GROUP * ROWS), 0.0);
        let mut work = Work {
            matrix: self,
            strips,
            x,
            adds,
            apart: &mut apart,
            values: &mut values,
        };
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(lanes) => lanes.call(
                #[inline(always)]
                || work.run(lanes, out),
            ),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(lanes) => lanes.call(
                #[inline(always)]
                || work.run(lanes, out),
            ),
            Level::Portable(lanes) => work.run(lanes, out),
        }
        SCRATCH.set((apart, values));
    }

    #[inline(always)]
    fn strip(&self, strip: usize) -> &[u8] {
        &self.strips[strip * self.strip_bytes..][..self.strip_bytes]
    }

    /// Writes a row as numbers, by instructions of `level`: a table is read so.
    ///
    /// # Panics
    /// If there is no such row, or `out` is not as long as one.
    pub fn row(&self, level: Level, row: usize, out: &mut [f32]) {
        assert!(
            row < self.rows && out.len() == self.columns,
            "a row of the matrix"
        );
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(lanes) => lanes.call(
                #[inline(always)]
                || self.row_by(lanes, row, out),
            ),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(lanes) => lanes.call(
                #[inline(always)]
                || self.row_by(lanes, row, out),
            ),
            Level::Portable(lanes) => self.row_by(lanes, row, out),
        }
    }

    #[inline(always)]
    fn row_by<L: Lanes>(&self, lanes: L, row: usize, out: &mut [f32]) {
        let groups = self.columns.div_ceil(GROUP);
        let strip = self.strip(row / ROWS);
        let mut values = [0.0; GROUP * ROWS];
        let to = values.as_mut_ptr();
        let mut group = 0;
        while group < groups {
            // SAFETY: the strip was packed with the groups, of which this is one.
            by_format!(self.format, V => unsafe { V::values(lanes, strip.as_ptr(), group, groups, to) });
            let mut input = group * GROUP;
            while input < out.len().min((group + 1) * GROUP) {
                out[input] = values[input % GROUP * ROWS + row % ROWS];
                input += 1;
            }
            group += 1;
        }
    }
}

/// What is multiplied.
struct Work<'a> {
    matrix: &'a Matrix,
    strips: Range<usize>,
    x: &'a Activations,
    adds: bool,
    apart: &'a mut [u8],
    values: &'a mut [f32],
}

impl Work<'_> {
    #[inline(always)]
    fn run<L: Lanes>(&mut self, lanes: L, out: &mut [f32]) {
        macro_rules! eight {
            ($($format:ident => $strip:ty,)+) => {
                match self.matrix.format {
                    $(Format::$format => self.eight::<L, $strip>(lanes, out),)+
                    Format::F32 | Format::F16 | Format::Bf16 => unreachable!("multiplied in single precision"),
                }
            };
        }
        match self.x.precision() {
            Precision::Single => by_format!(self.matrix.format, V => self.single::<L, V>(lanes, out)),
            Precision::Eight => eight! {
                Q4_0 => Affine<false, 8>,
                Q4_1 => Affine<false, 0>,
                Q5_0 => Affine<true, 16>,
                Q5_1 => Affine<true, 0>,
                Q8_0 => bytes::Q8_0,
                Q4K => K<false>,
                Q5K => K<true>,
                Q6K => six::Q6K,
            },
        }
    }

    #[inline(always)]
    fn eight<L: Lanes, S: Strip>(&mut self, lanes: L, out: &mut [f32]) {
        let (x, matrix) = (self.x, self.matrix);
        // As many panels at a time as stay in a core's cache while strip after strip is multiplied with them.
        let at_once = (CACHED / (x.groups() * PANEL * (GROUP + size_of::<Scale>())).max(1)).max(1);
        let mut first = 0;
        while first < x.panels() {
            let panels = first..(first + at_once).min(x.panels());
            let mut strip = self.strips.start;
            while strip < self.strips.end {
                let mut out = self.out(strip, out);
                let (rows, panels) = (matrix.strip(strip), panels.clone());
                // SAFETY: the strip was packed with the groups.
                unsafe { kernel::eight::<L, S>(lanes, rows, x, panels, self.apart, &mut out) };
                strip += 1;
            }
            first = panels.end;
        }
    }

    #[inline(always)]
    fn single<L: Lanes, V: Values>(&mut self, lanes: L, out: &mut [f32]) {
        let (mut strip, matrix) = (self.strips.start, self.matrix);
        while strip < self.strips.end {
            let mut out = self.out(strip, out);
            // SAFETY: the strip was packed with the groups.
            unsafe { single::single::<L, V>(lanes, matrix.strip(strip), self.x, self.values, &mut out) };
            strip += 1;
        }
    }

    /// Where the products of a strip go.
    #[inline(always)]
    fn out<'a>(&self, strip: usize, out: &'a mut [f32]) -> Out<'a> {
        let size = self.x.columns() * ROWS;
        Out {
            products: &mut out[(strip - self.strips.start) * size..][..size],
            adds: self.adds,
        }
    }
}
