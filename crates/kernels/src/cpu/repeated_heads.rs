//! Heads of queries and keys that several heads of values share: repeated before the delta rule, which knows a query and a
//! key of each head, and their gradients added up after it.

use crate::memory::Buffer;
use crate::parallel;

/// Rows of a task.
const ROWS: usize = 64;

/// Queries, keys and values of a row, side by side: `shared × key` twice, then `heads × value`.
#[derive(Clone, Copy)]
pub(super) struct Repeated {
    /// Heads of queries, and of keys.
    pub(super) shared: usize,
    /// Heads of values, a multiple.
    pub(super) heads: usize,
    pub(super) key: usize,
    pub(super) value: usize,
}

impl Repeated {
    /// Columns of a row before.
    fn columns(&self) -> usize {
        2 * self.shared * self.key + self.heads * self.value
    }

    /// Columns of a row after.
    fn repeated(&self) -> usize {
        self.heads * (2 * self.key + self.value)
    }

    /// Columns of each query or key of `shared` heads in a row before, and of the heads that it serves in one after.
    fn parts(self) -> impl Iterator<Item = [usize; 2]> {
        let each = self.heads / self.shared;
        (0..2 * self.shared).map(move |index| [index * self.key, index * each * self.key])
    }

    /// The rows with a query and a key of each head, where that is not what they have.
    pub(super) fn repeat(self, rows: &[f32]) -> Option<Buffer> {
        (self.shared != self.heads).then(|| {
            let (columns, repeated) = (self.columns(), self.repeated());
            let mut output = Buffer::any(rows.len() / columns * repeated);
            let work = output.len();
            let tasks = rows
                .chunks(ROWS * columns)
                .zip(output.chunks_mut(ROWS * repeated))
                .collect();
            parallel::map(tasks, work, |(rows, output): (&[f32], &mut [f32])| {
                for (row, to) in rows.chunks_exact(columns).zip(output.chunks_exact_mut(repeated)) {
                    for [first, copies] in self.parts() {
                        let part = &row[first..first + self.key];
                        let copies = to[copies..]
                            .chunks_exact_mut(self.key)
                            .take(self.heads / self.shared);
                        copies.for_each(|copy| copy.copy_from_slice(part));
                    }
                    let values = self.heads * self.value;
                    to[repeated - values..].copy_from_slice(&row[columns - values..]);
                }
            });
            output
        })
    }

    /// From the gradients of repeated rows, those of the rows.
    pub(super) fn add_up(self, repeated_rows: &[f32]) -> Buffer {
        let (columns, repeated) = (self.columns(), self.repeated());
        let mut output = Buffer::any(repeated_rows.len() / repeated * columns);
        let work = repeated_rows.len();
        let tasks = repeated_rows
            .chunks(ROWS * repeated)
            .zip(output.chunks_mut(ROWS * columns))
            .collect();
        parallel::map(tasks, work, |(rows, output): (&[f32], &mut [f32])| {
            for (row, to) in rows.chunks_exact(repeated).zip(output.chunks_exact_mut(columns)) {
                for [first, copies] in self.parts() {
                    for (place, sum) in to[first..first + self.key].iter_mut().enumerate() {
                        let copies = row[copies + place..].iter().step_by(self.key);
                        *sum = copies.take(self.heads / self.shared).sum();
                    }
                }
                let values = self.heads * self.value;
                to[columns - values..].copy_from_slice(&row[repeated - values..]);
            }
        });
        output
    }
}
