//! What a file says before its tensors: its keys, and where each tensor is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use triaxis_blocks::Format;

use super::reader::Reader;
use super::value::Value;
use crate::Damage;
use crate::tensor::size;

/// The bytes that a file begins with.
pub(super) const MAGIC: [u8; 4] = *b"GGUF";

/// The version that is written. Version 2 reads the same.
pub(super) const VERSION: u32 = 3;

/// The key that says what the places of tensors are multiples of.
pub const ALIGNMENT_KEY: &str = "general.alignment";

/// What they are multiples of where a file does not say it, and the largest that is taken.
pub(super) const ALIGNMENT: u64 = 32;
const MOST_ALIGNMENT: u64 = 1 << 20;

/// Bytes of the longest name of a tensor, and its most dimensions.
pub(super) const MOST_NAME: usize = 64;
pub(super) const MOST_DIMENSIONS: usize = 4;

/// The fewest bytes of a key with its value, and of what is said of a tensor.
const LEAST_PAIR: usize = 8 + 1 + 4 + 1;
const LEAST_TENSOR: usize = 8 + 1 + 4 + 4 + 8;

/// Formats that others write and that are not read here, by the numbers that name them.
const OTHERS: [(u32, &str); 26] = [
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
    (40, "NVFP4"),
    (41, "Q1_0"),
    (42, "Q2_0"),
    (4, "Q4_2"),
    (5, "Q4_3"),
];

/// What a file says of one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Its sides, the slowest first: rows, then columns.
    pub shape: Vec<usize>,
    /// How it is stored.
    pub format: Format,
    /// Where its bytes begin, from the beginning of the file.
    start: u64,
}

impl TensorInfo {
    /// Where its bytes begin, from the beginning of the file.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        size(&self.shape, self.format).expect("a tensor without a size is refused when a header is read")
    }
}

/// What a file says before its tensors.
#[derive(Debug)]
pub struct Header {
    /// The version of the format.
    pub version: u32,
    /// What it says, by key.
    pub keys: BTreeMap<String, Value>,
    /// Its tensors, in its order.
    pub tensors: Vec<TensorInfo>,
}

impl Header {
    /// That of a file of so many bytes, in which every tensor lies, apart from all others.
    ///
    /// # Errors
    /// When the file cannot be read, or its header is damaged.
    pub fn read(file: impl Read, size: u64) -> Result<Self, Damage> {
        let mut reader = Reader::new(file, size);
        let version = version(&mut reader)?;
        let tensors = reader.count(LEAST_TENSOR, "tensors")?;
        let pairs = reader.count(LEAST_PAIR, "keys")?;
        let mut keys = BTreeMap::new();
        for _ in 0..pairs {
            let key = reader.text()?;
            let named = |damage| match damage {
                Damage::Format(reason) => Damage::Format(format!("key `{key}`: {reason}")),
                system => system,
            };
            let value = Value::read(&mut reader).map_err(named)?;
            if key.is_empty() {
                return Err(Damage::Format("an empty key".to_owned()));
            }
            if keys.contains_key(&key) {
                return Err(Damage::Format(format!("two keys `{key}`")));
            }
            keys.insert(key, value);
        }
        let alignment = alignment(&keys)?;
        let tensors: Vec<TensorInfo> = (0..tensors)
            .map(|_| tensor(&mut reader, alignment))
            .collect::<Result<_, _>>()?;
        let tensors = placed(tensors, reader.position(), alignment, size)?;
        Ok(Self {
            version,
            keys,
            tensors,
        })
    }
}

/// The version of a file, after the bytes that it begins with.
fn version<R: Read>(reader: &mut Reader<R>) -> Result<u32, Damage> {
    let magic: [u8; 4] = reader.array()?;
    if magic != MAGIC {
        return Err(Damage::Format(format!(
            "it begins with {magic:?} and not with `GGUF`"
        )));
    }
    match reader.number()? {
        version @ (2 | VERSION) => Ok(version),
        version if version & 0xffff == 0 && version != 0 => Err(Damage::Format(
            "it is big-endian, and little-endian files are read; convert it by gguf-py's `gguf-convert-endian`".to_owned(),
        )),
        version => Err(Damage::Format(format!(
            "it is of version {version}, and 2 and {VERSION} are read; write it again by a newer converter"
        ))),
    }
}

/// What the places of tensors are multiples of.
fn alignment(keys: &BTreeMap<String, Value>) -> Result<u64, Damage> {
    let Some(value) = keys.get(ALIGNMENT_KEY) else {
        return Ok(ALIGNMENT);
    };
    let found = match value {
        Value::U32(value) => Some(u64::from(*value)),
        _ => None,
    };
    let found = found.filter(|value| value.is_power_of_two() && *value <= MOST_ALIGNMENT);
    found.ok_or_else(|| {
        Damage::Format(format!(
            "`{ALIGNMENT_KEY}` is {value:?}, and it must be a power of two up to {MOST_ALIGNMENT}, as a u32"
        ))
    })
}

/// What is said of the next tensor, with its place among the values.
fn tensor<R: Read>(reader: &mut Reader<R>, alignment: u64) -> Result<TensorInfo, Damage> {
    let name = reader.text()?;
    let damaged = |reason: String| Damage::Format(format!("tensor `{name}`: {reason}"));
    if name.is_empty() || name.len() > MOST_NAME {
        return Err(damaged(format!(
            "its name has {} bytes, and 1 to {MOST_NAME} are right",
            name.len()
        )));
    }
    let dimensions = reader.number()? as usize;
    if dimensions > MOST_DIMENSIONS {
        return Err(damaged(format!(
            "it has {dimensions} dimensions, and {MOST_DIMENSIONS} are the most"
        )));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let side = reader.long()?;
        let fitting = usize::try_from(side).ok().filter(|_| i64::try_from(side).is_ok());
        shape.insert(
            0,
            fitting.ok_or_else(|| damaged(format!("a side of {side}, which is too large")))?,
        );
    }
    let id = reader.number()?;
    let format = Format::of_id(id).ok_or_else(|| damaged(unread(id)))?;
    if size(&shape, format).is_none() {
        return Err(damaged(format!(
            "its shape {shape:?} is no whole rows of blocks of {} numbers in {}, or too large",
            format.values(),
            format.name()
        )));
    }
    let start = reader.long()?;
    if !start.is_multiple_of(alignment) {
        return Err(damaged(format!(
            "it begins at {start}, which is no multiple of {alignment}"
        )));
    }
    Ok(TensorInfo {
        name,
        shape,
        format,
        start,
    })
}

fn unread(id: u32) -> String {
    let known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    let other = OTHERS.iter().find(|(other, _)| *other == id);
    let named = other.map_or_else(
        || format!("of an unknown format {id}"),
        |(_, name)| format!("in {name}"),
    );
    format!(
        "it is {named}: formats that are read are {}; take another file of the model",
        known.join(", ")
    )
}

/// The tensors with their places in the file: within it, under different names, and none over another.
fn placed(
    mut tensors: Vec<TensorInfo>,
    end: u64,
    alignment: u64,
    size: u64,
) -> Result<Vec<TensorInfo>, Damage> {
    let first = end.next_multiple_of(alignment);
    for tensor in &mut tensors {
        let start = first.checked_add(tensor.start);
        let fitting = start.filter(|start| start.checked_add(tensor.bytes()).is_some_and(|end| end <= size));
        let Some(start) = fitting else {
            return Err(Damage::Format(format!(
                "tensor `{}`: its {} bytes from {} after byte {first} on are not all in the file, which ends at {size}",
                tensor.name,
                tensor.bytes(),
                tensor.start
            )));
        };
        tensor.start = start;
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = tensors.iter().find(|tensor| !names.insert(&tensor.name)) {
        return Err(Damage::Format(format!("two tensors `{}`", twice.name)));
    }
    let mut places: Vec<&TensorInfo> = tensors.iter().filter(|tensor| tensor.bytes() > 0).collect();
    places.sort_by_key(|tensor| tensor.start);
    if let Some(pair) = places
        .windows(2)
        .find(|pair| pair[0].start + pair[0].bytes() > pair[1].start)
    {
        return Err(Damage::Format(format!(
            "the tensors `{}` and `{}` lie over each other",
            pair[0].name, pair[1].name
        )));
    }
    Ok(tensors)
}
