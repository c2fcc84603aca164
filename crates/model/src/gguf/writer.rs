use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use triaxis_blocks::Format;
use triaxis_host::files;

use super::header::{ALIGNMENT, MAGIC, MOST_DIMENSIONS, MOST_NAME, VERSION, size};
use super::value::{Value, write_text};
use crate::error::ModelError;
use crate::published::PublishedError;

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

/// Writes a file, whole or not at all: keys, then tensors, each of whose bytes `content` gives when its turn comes.
///
/// # Errors
/// When a name or a shape is none that the format has, `content` fails or gives another number of bytes, or the file
/// system refuses.
pub fn write(
    path: &Path,
    keys: &BTreeMap<String, Value>,
    tensors: &[Planned],
    mut content: impl FnMut(usize) -> Result<Vec<u8>, PublishedError>,
) -> Result<(), PublishedError> {
    let sizes = tensors
        .iter()
        .map(Planned::size)
        .collect::<Result<Vec<u64>, _>>()?;
    let header = header(keys, tensors, &sizes)?;
    // What is no fault of the file system goes around it.
    let mut refused = None;
    let written = files::replace_with(path, |file| {
        file.write_all(&header)?;
        for (index, size) in sizes.iter().enumerate() {
            let bytes = content(index).and_then(|bytes| tensors[index].check(bytes, *size));
            match bytes {
                Ok(bytes) => padded(file, &bytes)?,
                Err(error) => {
                    refused = Some(error);
                    return Err(io::ErrorKind::Other.into());
                }
            }
        }
        Ok(())
    });
    match refused {
        Some(error) => Err(error),
        None => written.map_err(PublishedError::io("writing", path)),
    }
}

impl Planned {
    /// How many bytes it has.
    fn size(&self) -> Result<u64, ModelError> {
        let is_named = (1..MOST_NAME).contains(&self.name.len());
        let fitting =
            size(&self.shape, self.format).filter(|_| is_named && self.shape.len() <= MOST_DIMENSIONS);
        fitting.ok_or_else(|| {
            ModelError(format!(
                "a tensor `{}` of shape {:?} in {}: a name has 1 to {} bytes, a shape up to {MOST_DIMENSIONS} sides, and \
                 blocks of {} numbers divide the last one; choose another format",
                self.name,
                self.shape,
                self.format.name(),
                MOST_NAME - 1,
                self.format.values()
            ))
        })
    }

    fn check(&self, bytes: Vec<u8>, size: u64) -> Result<Vec<u8>, PublishedError> {
        match bytes.len() as u64 == size {
            true => Ok(bytes),
            false => Err(PublishedError::input(format!(
                "the tensor `{}` has {} bytes and must have {size}; give those of its shape and format",
                self.name,
                bytes.len()
            ))),
        }
    }
}

/// Everything before the tensors.
fn header(keys: &BTreeMap<String, Value>, tensors: &[Planned], sizes: &[u64]) -> Result<Vec<u8>, ModelError> {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((keys.len() as u64).to_le_bytes());
    for (key, value) in keys {
        if key.is_empty() || key == super::header::ALIGNMENT_KEY {
            return Err(ModelError(format!(
                "the key `{key}`: it is empty, or the writer's own; leave it out"
            )));
        }
        write_text(key, &mut out);
        value.write(&mut out);
    }
    let mut start = 0u64;
    for (tensor, size) in tensors.iter().zip(sizes) {
        write_text(&tensor.name, &mut out);
        out.extend((tensor.shape.len() as u32).to_le_bytes());
        out.extend(
            tensor
                .shape
                .iter()
                .rev()
                .flat_map(|&side| (side as u64).to_le_bytes()),
        );
        out.extend(tensor.format.id().to_le_bytes());
        out.extend(start.to_le_bytes());
        start = size
            .checked_add(ALIGNMENT - 1)
            .and_then(|size| start.checked_add(size / ALIGNMENT * ALIGNMENT))
            .ok_or_else(|| ModelError("the tensors are larger than any file; write fewer".to_owned()))?;
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT as usize), 0);
    Ok(out)
}

/// Writes bytes, and zeros up to where the next tensor begins.
fn padded(file: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    let zeros = [0; ALIGNMENT as usize];
    file.write_all(&zeros[..bytes.len().next_multiple_of(zeros.len()) - bytes.len()])
}
