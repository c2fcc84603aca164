use std::path::Path;

use serde_json::{Map, Value, json};
use triaxis_blocks::Format;

use super::header::METADATA;
use crate::{ContainerError, Planned, whole};

/// Writes a file, whole or not at all: tensors one after the other, each of whose bytes `content` gives when its turn
/// comes.
///
/// # Errors
/// When a tensor is none that the format has, `content` fails or gives another number of bytes, or the file system
/// refuses.
pub fn write<E: From<ContainerError>>(
    path: &Path,
    tensors: &[Planned],
    content: impl FnMut(usize) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let header = header(tensors)?;
    whole::write(path, &header, tensors, 1, content)
}

/// Everything before the values.
///
/// # Errors
/// When a name, a shape or a format is none that such files have.
pub fn header(tensors: &[Planned]) -> Result<Vec<u8>, ContainerError> {
    let mut fields = Map::new();
    // What readers before transformers 5 ask for.
    fields.insert(METADATA.to_owned(), json!({ "format": "pt" }));
    let mut start = 0u64;
    for tensor in tensors {
        let Planned { name, shape, .. } = tensor;
        let fitting = tensor.size().and_then(|size| start.checked_add(size));
        let (Some(end), Some(kind), false) = (fitting, kind(tensor.format), fields.contains_key(name)) else {
            return Err(ContainerError::input(format!(
                "a tensor `{name}` of shape {shape:?} in {}: each has a name of its own, which is not `{METADATA}`, and is \
                 in F32, F16 or BF16; choose another format",
                tensor.format.name()
            )));
        };
        let line = json!({ "dtype": kind, "shape": shape, "data_offsets": [start, end] });
        fields.insert(name.clone(), line);
        start = end;
    }
    let header = Value::Object(fields).to_string();
    // Spaces, so that values begin at a multiple of 8.
    let header = format!("{header:<width$}", width = header.len().next_multiple_of(8));
    let length = (header.len() as u64).to_le_bytes();
    Ok([&length[..], header.as_bytes()].concat())
}

/// The name of a format of numbers, if it is one that such files have.
fn kind(format: Format) -> Option<&'static str> {
    match format {
        Format::F32 => Some("F32"),
        Format::F16 => Some("F16"),
        Format::Bf16 => Some("BF16"),
        _ => None,
    }
}
