//! Records of fixed width in sorted files: how what is larger than memory is sorted, kept and found again.

mod file;
mod lookup;
mod merge;
mod sorter;
#[cfg(test)]
mod tests;

pub(crate) use file::{Reader, write_whole};
pub(crate) use lookup::Lookup;
pub(crate) use merge::{Merge, Source};
pub use sorter::{Sorted, Sorter};

/// What a sorted file holds: so many bytes each, that come back as they were.
pub trait Record: Copy + Ord + Send {
    /// Bytes of one.
    const WIDTH: usize;

    /// Puts it into `WIDTH` bytes.
    fn write(&self, bytes: &mut [u8]);

    /// Takes it from `WIDTH` bytes.
    fn read(bytes: &[u8]) -> Self;
}

/// Whole numbers, little end first.
macro_rules! whole_numbers {
    ($($number:ty),+) => {
        $(impl Record for $number {
            const WIDTH: usize = size_of::<Self>();

            fn write(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }

            fn read(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("a record has as many bytes as its width"))
            }
        })+
    };
}

whole_numbers!(u8, u32, u64, u128);

/// Sorted records, each once.
pub(crate) fn distinct<R: Record, E>(
    records: impl Iterator<Item = Result<R, E>>,
) -> impl Iterator<Item = Result<R, E>> {
    let mut last = None;
    records.filter(move |record| match record {
        Ok(record) => last.replace(*record) != Some(*record),
        Err(_) => true,
    })
}
