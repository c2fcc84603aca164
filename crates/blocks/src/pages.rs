//! What attention remembers, in pages of a few positions: keys and values of all layers.
//!
//! A page that is full never changes, so sequences with the same beginning can share it. Within a page each head of each
//! layer lies in one piece: its keys by coordinate, so that a vector holds one coordinate of sixteen positions, then its
//! values by position.

use half::f16;
use triaxis_kernels::simd::LANES;

/// Positions of a page.
pub const PAGE: usize = 2 * LANES;

/// How remembered numbers are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// In half precision.
    #[default]
    Half,
    /// In single precision.
    Single,
}

impl Kept {
    /// Bytes of a number.
    fn bytes(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Single => 4,
        }
    }
}

/// The heads of a layer whose keys and values are remembered, if it has any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// How many.
    pub count: usize,
    /// Coordinates of a key, and of a value.
    pub dimension: usize,
}

impl Heads {
    /// Coordinates of a value as it lies: whole vectors.
    pub(crate) fn padded(self) -> usize {
        self.dimension.next_multiple_of(LANES)
    }

    /// Numbers of a head's keys in a page.
    pub(crate) fn keys(self) -> usize {
        PAGE * self.dimension
    }

    /// Numbers of a head in a page.
    pub(crate) fn numbers(self) -> usize {
        self.keys() + PAGE * self.padded()
    }
}

/// How the pages of a model are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLayout {
    kept: Kept,
    layers: Vec<Heads>,
    starts: Vec<usize>,
    numbers: usize,
}

impl PageLayout {
    /// Pages of layers with such heads.
    pub fn new(layers: Vec<Heads>, kept: Kept) -> Self {
        let mut numbers = 0;
        let start = |heads: &Heads| {
            let start = numbers;
            // Not a power of two apart, so that layers do not meet in the same lines of a cache.
            numbers += heads.count * heads.numbers() + LANES;
            start
        };
        Self {
            kept,
            starts: layers.iter().map(start).collect(),
            layers,
            numbers,
        }
    }

    /// The heads of a layer.
    pub fn heads(&self, layer: usize) -> Heads {
        self.layers[layer]
    }

    /// Bytes of a page.
    pub fn bytes(&self) -> usize {
        self.numbers * self.kept.bytes()
    }

    /// Bytes of a layer's keys and values in a page.
    pub fn layer_bytes(&self, layer: usize) -> usize {
        let heads = self.layers[layer];
        heads.count * heads.numbers() * self.kept.bytes()
    }

    /// An empty page.
    pub fn page(&self) -> Page {
        Page(match self.kept {
            Kept::Half => Numbers::Half(vec![f16::ZERO; self.numbers]),
            Kept::Single => Numbers::Single(vec![0.0; self.numbers]),
        })
    }

    fn range(&self, layer: usize, head: usize) -> std::ops::Range<usize> {
        let numbers = self.layers[layer].numbers();
        let start = self.starts[layer] + head * numbers;
        start..start + numbers
    }
}

/// Keys and values of [`PAGE`] positions.
#[derive(Debug, Clone)]
pub struct Page(Numbers);

#[derive(Debug, Clone)]
enum Numbers {
    Half(Vec<f16>),
    Single(Vec<f32>),
}

/// The keys, then the values, of a head.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HeadNumbers<'a> {
    Half(&'a [f16]),
    Single(&'a [f32]),
}

impl Page {
    /// Writes what a layer remembers of a position of the page: `[heads, dimension]` keys, and as many values.
    ///
    /// # Panics
    /// If the page is of another layout, has no such position, or there are not as many numbers.
    pub fn write(
        &mut self,
        layout: &PageLayout,
        layer: usize,
        position: usize,
        keys: &[f32],
        values: &[f32],
    ) {
        let heads = layout.heads(layer);
        assert!(
            position < PAGE && keys.len() == heads.count * heads.dimension && values.len() == keys.len(),
            "a position of the page, and a number for each coordinate"
        );
        let pairs = keys
            .chunks_exact(heads.dimension)
            .zip(values.chunks_exact(heads.dimension));
        for (head, (keys, values)) in pairs.enumerate() {
            let range = layout.range(layer, head);
            match &mut self.0 {
                Numbers::Half(all) => put(&mut all[range], heads, position, keys, values, f16::from_f32),
                Numbers::Single(all) => put(&mut all[range], heads, position, keys, values, |value| value),
            }
        }
    }

    /// The keys and values of a head.
    pub(crate) fn head(&self, layout: &PageLayout, layer: usize, head: usize) -> HeadNumbers<'_> {
        let range = layout.range(layer, head);
        match &self.0 {
            Numbers::Half(all) => HeadNumbers::Half(&all[range]),
            Numbers::Single(all) => HeadNumbers::Single(&all[range]),
        }
    }
}

/// Writes a head's key and value of a position.
fn put<T>(
    to: &mut [T],
    heads: Heads,
    position: usize,
    keys: &[f32],
    values: &[f32],
    keep: impl Fn(f32) -> T,
) {
    let (to_keys, to_values) = to.split_at_mut(heads.keys());
    let (vector, lane) = (position / LANES, position % LANES);
    let places = to_keys[vector * heads.dimension * LANES..].chunks_exact_mut(LANES);
    for (place, &key) in places.zip(keys) {
        place[lane] = keep(key);
    }
    for (place, &value) in to_values[position * heads.padded()..].iter_mut().zip(values) {
        *place = keep(value);
    }
}
