use std::collections::BTreeMap;
use std::path::Path;

use super::header::{ALIGNMENT, ALIGNMENT_KEY, MAGIC, MOST_DIMENSIONS, MOST_NAME, VERSION};
use super::value::{Value, write_text};
use crate::{ContainerError, Planned, whole};

/// Writes a file, whole or not at all: keys, then tensors, each of whose bytes `content` gives when its turn comes.
///
/// # Errors
/// When a name or a shape is none that the format has, `content` fails or gives another number of bytes, or the file
/// system refuses.
pub fn write<E: From<ContainerError>>(
    path: &Path,
    keys: &BTreeMap<String, Value>,
    tensors: &[Planned],
    content: impl FnMut(usize) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let header = header(keys, tensors)?;
    whole::write(path, &header, tensors, ALIGNMENT as usize, content)
}

/// How many bytes a tensor has.
fn size(tensor: &Planned) -> Result<u64, ContainerError> {
    let is_named = (1..MOST_NAME).contains(&tensor.name.len());
    let fitting = tensor
        .size()
        .filter(|_| is_named && tensor.shape.len() <= MOST_DIMENSIONS);
    fitting.ok_or_else(|| {
        ContainerError::input(format!(
            "a tensor `{}` of shape {:?} in {}: a name has 1 to {} bytes, a shape up to {MOST_DIMENSIONS} sides, and \
             blocks of {} numbers divide the last one; choose another format",
            tensor.name,
            tensor.shape,
            tensor.format.name(),
            MOST_NAME - 1,
            tensor.format.values()
        ))
    })
}

/// Everything before the tensors.
///
/// # Errors
/// When a name, a shape or a key is none that the format has.
pub fn header(keys: &BTreeMap<String, Value>, tensors: &[Planned]) -> Result<Vec<u8>, ContainerError> {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((keys.len() as u64).to_le_bytes());
    for (key, value) in keys {
        if key.is_empty() || key == ALIGNMENT_KEY {
            return Err(ContainerError::input(format!(
                "the key `{key}`: it is empty, or the writer's own; leave it out"
            )));
        }
        write_text(key, &mut out);
        value.write(&mut out);
    }
    let mut start = 0u64;
    for tensor in tensors {
        let size = size(tensor)?;
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
            .ok_or_else(|| {
                ContainerError::input("the tensors are larger than any file; write fewer".to_owned())
            })?;
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT as usize), 0);
    Ok(out)
}
