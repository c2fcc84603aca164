use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use triaxis_blocks::Format;

use crate::error::ContainerError;

/// A tensor that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// Its sides, the slowest first.
    pub shape: Vec<usize>,
    /// How it is stored.
    pub format: Format,
}

/// What a container holds of one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// How it is stored.
    pub format: Format,
    /// Its blocks.
    pub bytes: Vec<u8>,
}

impl Planned {
    /// How many bytes it has, unless blocks do not divide its rows, or no memory could hold it.
    pub(crate) fn size(&self) -> Option<u64> {
        size(&self.shape, self.format)
    }
}

impl Stored {
    /// Its numbers.
    pub fn values(&self) -> Vec<f32> {
        let count = self.bytes.len() / self.format.bytes() * self.format.values();
        let mut values = vec![0.0; count];
        self.format.dequantise(&self.bytes, &mut values);
        values
    }
}

/// The bytes of a file from one on, unless it ends before. No memory is taken that a file which has become shorter does not
/// fill.
pub(crate) fn bytes_at(path: &Path, start: u64, size: u64) -> Result<Option<Vec<u8>>, ContainerError> {
    let io = || ContainerError::io("reading", path);
    let mut file = File::open(path).map_err(io())?;
    file.seek(SeekFrom::Start(start)).map_err(io())?;
    let left = file.metadata().map_err(io())?.len().saturating_sub(start);
    let mut bytes = Vec::with_capacity(usize::try_from(left.min(size)).unwrap_or(0));
    file.take(size).read_to_end(&mut bytes).map_err(io())?;
    Ok((bytes.len() as u64 == size).then_some(bytes))
}

/// The bytes of a tensor of that shape and format: whole rows of whole blocks.
pub(crate) fn size(shape: &[usize], format: Format) -> Option<u64> {
    let columns = shape.last().copied().unwrap_or(1);
    let mut rows = shape.iter().copied().rev().skip(1);
    let row = format.row_bytes(columns)?;
    let bytes = rows.try_fold(row, usize::checked_mul)?;
    // Numbers are counted in memory, too.
    let numbers = shape
        .iter()
        .try_fold(4usize, |size, &side| size.checked_mul(side));
    numbers.and(u64::try_from(bytes).ok())
}
