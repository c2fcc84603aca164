//! What multiplies rows: columns of activations, as they are or in eight bits.

use triaxis_kernels::simd::{LANES, Level, Simd};

use crate::lanes::Lanes;
use crate::products::{GROUP, PANEL};

/// How activations are multiplied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// In eight bits, 32 of a column with a scale of their own. Products with rows in quantised blocks are sums of integers.
    #[default]
    Eight,
    /// In single precision.
    Single,
}

/// What a group of a column in eight bits is multiplied by, and the sums of what it is then.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Scale {
    pub(crate) scale: f32,
    pub(crate) sum: f32,
    pub(crate) halves: [f32; 2],
}

/// Columns of so many inputs, in panels of a few that lie side by side, group by group.
#[derive(Debug, Clone, Default)]
pub struct Activations {
    precision: Precision,
    groups: usize,
    columns: usize,
    codes: Vec<i8>,
    scales: Vec<Scale>,
    values: Vec<f32>,
}

/// A panel, to be filled.
#[derive(Debug)]
pub struct PanelMut<'a> {
    level: Level,
    /// Its columns.
    pub columns: std::ops::Range<usize>,
    codes: &'a mut [i8],
    scales: &'a mut [Scale],
    values: &'a mut [f32],
}

impl Activations {
    /// Room for so many columns of so many inputs, in place of what was there. Inputs beyond the last of a column are zeros.
    pub fn resize(&mut self, inputs: usize, columns: usize, precision: Precision) {
        let groups = inputs.div_ceil(GROUP);
        (self.groups, self.columns, self.precision) = (groups, columns, precision);
        let size = groups * GROUP * columns;
        let (codes, values) = match precision {
            Precision::Eight => (size, 0),
            Precision::Single => (0, size),
        };
        self.codes.resize(codes, 0);
        self.scales.resize(codes / GROUP, Scale::default());
        self.values.resize(values, 0.0);
    }

    /// How they are multiplied.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Panels of columns.
    pub(crate) fn panels(&self) -> usize {
        self.columns.div_ceil(PANEL)
    }

    /// Groups of a column.
    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// Its panels, each to be filled by whoever has it, for instructions of `level`.
    pub fn panels_mut(&mut self, level: Level) -> impl Iterator<Item = PanelMut<'_>> {
        let per_panel = self.groups * PANEL;
        let (columns, precision) = (self.columns, self.precision);
        let mut codes = self.codes.chunks_mut((per_panel * GROUP).max(1));
        let mut scales = self.scales.chunks_mut(per_panel.max(1));
        let mut values = self.values.chunks_mut((per_panel * GROUP).max(1));
        (0..columns.div_ceil(PANEL)).map(move |panel| {
            let is_eight = precision == Precision::Eight;
            PanelMut {
                level,
                columns: panel * PANEL..columns.min((panel + 1) * PANEL),
                codes: codes.next().filter(|_| is_eight).unwrap_or_default(),
                scales: scales.next().filter(|_| is_eight).unwrap_or_default(),
                values: values.next().filter(|_| !is_eight).unwrap_or_default(),
            }
        })
    }

    /// A panel, or several that follow one another, whole but for the last one.
    #[inline(always)]
    pub(crate) fn panels_from(&self, panel: usize, count: usize) -> Panel<'_> {
        let first = panel * PANEL;
        let width = (self.columns - first).min(count * PANEL);
        let (start, end) = (first * self.groups, (first + width) * self.groups);
        match self.precision {
            Precision::Eight => Panel {
                width,
                codes: &self.codes[start * GROUP..end * GROUP],
                scales: &self.scales[start..end],
                values: &[],
            },
            Precision::Single => Panel {
                width,
                codes: &[],
                scales: &[],
                values: &self.values[start * GROUP..end * GROUP],
            },
        }
    }
}

/// A few columns side by side: of each group the inputs of the first column, then of the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel<'a> {
    pub(crate) width: usize,
    pub(crate) codes: &'a [i8],
    pub(crate) scales: &'a [Scale],
    pub(crate) values: &'a [f32],
}

impl PanelMut<'_> {
    /// Fills one of its columns, counted from its first: inputs beyond those given are zeros.
    ///
    /// # Panics
    /// If it has no such column, or there are more inputs than there is room for.
    pub fn set(&mut self, column: usize, inputs: &[f32]) {
        match self.level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(simd) => simd.call(
                #[inline(always)]
                || self.set_by(simd, column, inputs),
            ),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(simd) => simd.call(
                #[inline(always)]
                || self.set_by(simd, column, inputs),
            ),
            Level::Portable(simd) => self.set_by(simd, column, inputs),
        }
    }

    #[inline(always)]
    fn set_by<S: Lanes>(&mut self, simd: S, column: usize, inputs: &[f32]) {
        let width = self.columns.len();
        let groups = self.scales.len().max(self.values.len() / GROUP) / width.max(1);
        assert!(
            column < width && inputs.len() <= groups * GROUP,
            "a column of the panel, and room for its inputs"
        );
        let mut group = 0;
        while group < groups {
            let first = (group * GROUP).min(inputs.len());
            let inputs = &inputs[first..inputs.len().min(first + GROUP)];
            let at = group * width + column;
            if self.scales.is_empty() {
                let (given, rest) = self.values[at * GROUP..][..GROUP].split_at_mut(inputs.len());
                given.copy_from_slice(inputs);
                rest.fill(0.0);
            } else {
                self.scales[at] = quantise(simd, inputs, &mut self.codes[at * GROUP..][..GROUP]);
            }
            group += 1;
        }
    }
}

/// At most 32 numbers as whole multiples, from -127 to 127, of the 127th part of the largest, halves to the even one.
#[inline(always)]
fn quantise<S: Lanes>(simd: S, inputs: &[f32], codes: &mut [i8]) -> Scale {
    // Adding and taking away 1.5 × 2^23 rounds to a whole number, halves to the even one.
    const MAGIC: f32 = 12_582_912.0;
    let (first, second) = inputs.split_at(inputs.len().min(LANES));
    let (first, second) = (simd.load_partial(first, 0.0), simd.load_partial(second, 0.0));
    let size = simd.maximum(
        simd.maximum(first, simd.sub(simd.splat(0.0), first)),
        simd.maximum(second, simd.sub(simd.splat(0.0), second)),
    );
    let largest = simd.largest(size);
    // Zero, unless one is infinite or no number: then all products of the group are no numbers.
    let nothing = simd.sum(simd.mul(simd.add(first, second), simd.splat(0.0)));
    // Of numbers so small that their scale has no inverse nothing is left.
    let inverse = 127.0 / largest;
    let (scale, inverse) = match nothing == 0.0 && inverse.is_finite() {
        true => (largest / 127.0, inverse),
        false => (nothing, 0.0),
    };
    let (magic, inverse) = (simd.splat(MAGIC), simd.splat(inverse));
    let (first_whole, second_whole) = (
        simd.sub(simd.mul_add(first, inverse, magic), magic),
        simd.sub(simd.mul_add(second, inverse, magic), magic),
    );
    let codes: &mut [i8; GROUP] = codes.first_chunk_mut().expect("a group has as many");
    // SAFETY: there is room for two vectors.
    unsafe {
        simd.put_whole(first_whole, codes.as_mut_ptr());
        simd.put_whole(second_whole, codes.as_mut_ptr().add(LANES));
    }
    let halves = [scale * simd.sum(first_whole), scale * simd.sum(second_whole)];
    Scale {
        scale,
        sum: halves[0] + halves[1],
        halves,
    }
}
