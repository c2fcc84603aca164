//! Heads of queries, keys and values, side by side in the rows of one projection.

use std::ops::Range;

/// How the columns of a packed projection divide into heads: the query heads first, then the key heads,
/// then as many value heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionHeads {
    /// Query heads.
    pub query: usize,
    /// Key heads, and value heads: a divisor of the query heads.
    pub key_value: usize,
    /// Columns of a head.
    pub dimension: usize,
}

impl AttentionHeads {
    /// Columns of the projection that make queries, keys and values.
    pub fn shares(self) -> [usize; 3] {
        [self.query, self.key_value, self.key_value].map(|heads| heads * self.dimension)
    }

    /// Columns of the projection.
    pub fn projected(self) -> usize {
        self.shares().iter().sum()
    }

    /// Columns that attention makes of them.
    pub fn mixed(self) -> usize {
        self.query * self.dimension
    }

    /// The columns of queries, keys and values.
    pub fn parts(self) -> [Range<usize>; 3] {
        let mut end = 0;
        [self.query, self.key_value, self.key_value].map(|heads| {
            let start = end;
            end += heads * self.dimension;
            start..end
        })
    }

    /// Queries, keys and values of a row.
    pub(super) fn split_row(self, row: &[f32]) -> [&[f32]; 3] {
        self.parts().map(|columns| &row[columns])
    }

    /// As [`split_row`](Self::split_row), to be written.
    pub(super) fn split_row_mut(self, row: &mut [f32]) -> [&mut [f32]; 3] {
        row.get_disjoint_mut(self.parts())
            .expect("parts of a row, side by side")
    }
}
