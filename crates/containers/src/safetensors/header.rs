//! What a safetensors file says before its values: which tensors it holds, and where.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::ops::Range;

use ::safetensors::Dtype;
use ::safetensors::tensor::TensorInfo;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use triaxis_blocks::Format;

use crate::Damage;

/// Bytes that tell the length of the header.
const LENGTH: u64 = 8;

/// The longest header that the format has.
const MOST_HEADER: u64 = 100_000_000;

/// The field of what is told of a file beside its tensors.
pub(super) const METADATA: &str = "__metadata__";

/// A tensor as a header says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its sides, the slowest first.
    pub shape: Vec<usize>,
    /// How it is stored.
    pub format: Format,
    /// Where its bytes are, from the beginning of the file.
    pub place: Range<u64>,
}

/// What a file holds, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Its tensors, by name.
    pub tensors: BTreeMap<String, Entry>,
}

impl Header {
    /// That of a file of so many bytes, which its tensors fill, one after the other.
    ///
    /// # Errors
    /// When the file cannot be read, or its header is damaged.
    pub fn read(mut file: impl Read, size: u64) -> Result<Self, Damage> {
        if size < LENGTH {
            return Err(Damage::Format(format!("it has {size} bytes")));
        }
        let mut length = [0; LENGTH as usize];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > MOST_HEADER.min(size - LENGTH) {
            return Err(Damage::Format(format!(
                "its header would have {length} bytes of its {size}"
            )));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header)?;
        let Listed(mut tensors) = serde_json::from_slice(&header)
            .map_err(|error| Damage::Format(format!("its header: {error}")))?;
        tensors.sort_by_key(|(_, info)| info.data_offsets);
        let (start, mut end) = (LENGTH + length, 0);
        let mut found = BTreeMap::new();
        for (name, info) in tensors {
            let entry = entry(&name, &info, end, start)?;
            end = info.data_offsets.1;
            if found.contains_key(&name) {
                return Err(Damage::Format(format!("two tensors `{name}`")));
            }
            found.insert(name, entry);
        }
        if end as u64 != size - start {
            let held = size - start;
            return Err(Damage::Format(format!(
                "it holds {held} bytes of values, and its header says {end}"
            )));
        }
        Ok(Self { tensors: found })
    }
}

/// What is said of a tensor, of which the ones before it fill the values up to `end`; these begin at `start`.
fn entry(name: &str, info: &TensorInfo, end: usize, start: u64) -> Result<Entry, Damage> {
    let TensorInfo {
        dtype,
        shape,
        data_offsets: (first, last),
    } = info;
    let damaged = |reason: String| Damage::Format(format!("tensor `{name}`: {reason}"));
    if *first != end || last < first {
        return Err(damaged(format!(
            "its values are from {first} to {last}, and those before it end at {end}"
        )));
    }
    let bits = shape
        .iter()
        .try_fold(dtype.bitsize(), |size, &side| size.checked_mul(side));
    if bits.filter(|bits| bits.is_multiple_of(8)).map(|bits| bits / 8) != Some(last - first) {
        return Err(damaged(format!(
            "it has {} bytes, which are not those of shape {shape:?} in {dtype}",
            last - first
        )));
    }
    let format = format(*dtype).ok_or_else(|| {
        damaged(format!(
            "it is of {dtype}: F32, F16 and BF16 are read; convert the model to one of them"
        ))
    })?;
    let place = |offset: usize| start.checked_add(offset as u64);
    let place = place(*first)
        .zip(place(*last))
        .ok_or_else(|| damaged(format!("its values end at {last}, beyond any file")))?;
    Ok(Entry {
        shape: shape.clone(),
        format,
        place: place.0..place.1,
    })
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

/// The tensors of a header in its own order, those of one name among them.
struct Listed(Vec<(String, TensorInfo)>);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Lister)
    }
}

struct Lister;

impl<'de> Visitor<'de> for Lister {
    type Value = Listed;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of tensors by name")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Listed, M::Error> {
        let mut tensors = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let named = |error| M::Error::custom(format_args!("tensor `{name}`: {error}"));
            let info = map.next_value().map_err(named)?;
            tensors.push((name, info));
        }
        Ok(Listed(tensors))
    }
}
