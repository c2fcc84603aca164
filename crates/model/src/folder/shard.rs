//! One safetensors file, of which only the header is held.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use triaxis_blocks::Format;
use triaxis_host::Kind;

use crate::published::{PublishedError, Stored};

/// Bytes that tell the length of the header.
const LENGTH: u64 = 8;

/// The longest header that the format has.
const MOST_HEADER: u64 = 100_000_000;

/// What a file holds, and where.
#[derive(Debug)]
pub(super) struct Shard {
    path: PathBuf,
    header: Metadata,
    names: Vec<String>,
    /// Where the values begin.
    start: u64,
}

impl Shard {
    /// The file at `path`, as long as its header says, with every tensor within it.
    pub(super) fn open(path: &Path) -> Result<Self, PublishedError> {
        let io = || PublishedError::io("reading", path);
        let damaged = |reason: String| {
            let message = format!(
                "{} is no whole safetensors file: {reason}; fetch it again",
                path.display()
            );
            PublishedError::new(Kind::Damaged, message)
        };
        let mut file = File::open(path).map_err(io())?;
        let size = file.metadata().map_err(io())?.len();
        let mut length = [0; LENGTH as usize];
        if size < LENGTH {
            return Err(damaged(format!("it has {size} bytes")));
        }
        file.read_exact(&mut length).map_err(io())?;
        let length = u64::from_le_bytes(length);
        if length > MOST_HEADER.min(size - LENGTH) {
            return Err(damaged(format!(
                "its header would have {length} bytes of its {size}"
            )));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(io())?;
        // Tensors that overlap, leave gaps or have other sizes than their shapes are refused here.
        let header: Metadata =
            serde_json::from_slice(&header).map_err(|error| damaged(format!("its header: {error}")))?;
        let start = LENGTH + length;
        if header.data_len() as u64 != size - start {
            let (held, said) = (size - start, header.data_len());
            return Err(damaged(format!(
                "it holds {held} bytes of values, and its header says {said}"
            )));
        }
        let shard = Self {
            path: path.to_owned(),
            names: header.offset_keys(),
            header,
            start,
        };
        shard.names.iter().try_for_each(|name| shard.check(name))?;
        Ok(shard)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of its tensors.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The shape of a tensor, if it has one of that name.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.header.info(name).map(|info| info.shape.as_slice())
    }

    /// A tensor that it has.
    pub(super) fn stored(&self, name: &str) -> Result<Stored, PublishedError> {
        let gone = || self.refused(format!("there is no tensor `{name}`; read the folder again"));
        let TensorInfo {
            dtype, data_offsets, ..
        } = self.header.info(name).ok_or_else(gone)?;
        let format = format(*dtype).ok_or_else(gone)?;
        let (first, last) = *data_offsets;
        let mut bytes = vec![0; last - first];
        let io = || PublishedError::io("reading", &self.path);
        let mut file = File::open(&self.path).map_err(io())?;
        file.seek(SeekFrom::Start(self.start + first as u64))
            .map_err(io())?;
        file.read_exact(&mut bytes).map_err(io())?;
        Ok(Stored { format, bytes })
    }

    fn check(&self, name: &str) -> Result<(), PublishedError> {
        match self.header.info(name) {
            Some(info) if format(info.dtype).is_none() => Err(self.refused(format!(
                "the tensor `{name}` is of {:?}: F32, F16 and BF16 are read; convert the model to one of them",
                info.dtype
            ))),
            _ => Ok(()),
        }
    }

    fn refused(&self, message: String) -> PublishedError {
        PublishedError::input(format!("{}: {message}", self.path.display()))
    }
}

/// The format of numbers of a kind, if it is one that is read.
fn format(kind: Dtype) -> Option<Format> {
    match kind {
        Dtype::F32 => Some(Format::F32),
        Dtype::F16 => Some(Format::F16),
        Dtype::BF16 => Some(Format::Bf16),
        _ => None,
    }
}
