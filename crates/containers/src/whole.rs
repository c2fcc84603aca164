//! Writing of files that are whole or not there.

use std::io::{self, Write};
use std::path::Path;

use triaxis_host::files;

use crate::{ContainerError, Planned};

/// Writes a header, then tensors, each of whose bytes `content` gives when its turn comes, with zeros after each up to a
/// multiple of `alignment`.
pub(crate) fn write<E: From<ContainerError>>(
    path: &Path,
    header: &[u8],
    tensors: &[Planned],
    alignment: usize,
    mut content: impl FnMut(usize) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    // What is no fault of the file system goes around it.
    let mut refused = None;
    let written = files::replace_with(path, |file| {
        file.write_all(header)?;
        for (index, tensor) in tensors.iter().enumerate() {
            match content(index).and_then(|bytes| checked(tensor, bytes).map_err(E::from)) {
                Ok(bytes) => padded(file, &bytes, alignment)?,
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
        None => Ok(written.map_err(ContainerError::io("writing", path))?),
    }
}

fn checked(tensor: &Planned, bytes: Vec<u8>) -> Result<Vec<u8>, ContainerError> {
    let size = tensor.size().unwrap_or(0);
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(ContainerError::input(format!(
            "the tensor `{}` has {} bytes and must have {size}; give those of its shape and format",
            tensor.name,
            bytes.len()
        ))),
    }
}

/// Writes bytes, and zeros up to where the next tensor begins.
fn padded(file: &mut dyn Write, bytes: &[u8], alignment: usize) -> io::Result<()> {
    file.write_all(bytes)?;
    file.write_all(&vec![0; bytes.len().next_multiple_of(alignment) - bytes.len()])
}
