//! The container alone: what is written is read, and whatever else is there is refused without a panic.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tempfile::TempDir;
use triaxis_blocks::Format;
use triaxis_containers::gguf::{Gguf, List, Value, write};
use triaxis_containers::{ContainerError, Planned};

/// A file that `golden/gguf_files.py` of the model room made.
fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/gguf");
    folder.join(name).with_extension("gguf")
}

/// What bytes are read as.
fn opened(bytes: &[u8]) -> Result<Gguf, String> {
    let to = TempDir::new().unwrap();
    let path = to.path().join("model.gguf");
    fs::write(&path, bytes).unwrap();
    Gguf::open(&path).map_err(|error| error.to_string())
}

/// Some bytes for a tensor of an index.
fn content(index: usize, size: usize) -> Vec<u8> {
    (0..size).map(|place| (place * 31 + index * 7) as u8).collect()
}

fn size(tensor: &Planned) -> usize {
    let (columns, rows) = tensor.shape.split_last().unwrap();
    rows.iter().product::<usize>() * tensor.format.row_bytes(*columns).unwrap()
}

fn written(path: &Path, keys: &BTreeMap<String, Value>, tensors: &[Planned]) {
    write(path, keys, tensors, |index| {
        Ok::<_, ContainerError>(content(index, size(&tensors[index])))
    })
    .unwrap();
}

fn planned(name: &str, shape: &[usize], format: Format) -> Planned {
    Planned {
        name: name.to_owned(),
        shape: shape.to_vec(),
        format,
    }
}

fn value() -> impl Strategy<Value = Value> {
    let text = "[a-zé\u{2581} ]{0,8}";
    prop_oneof![
        any::<u8>().prop_map(Value::U8),
        any::<i8>().prop_map(Value::I8),
        any::<u16>().prop_map(Value::U16),
        any::<i16>().prop_map(Value::I16),
        any::<u32>().prop_map(Value::U32),
        any::<i32>().prop_map(Value::I32),
        (-1e9f32..1e9).prop_map(Value::F32),
        any::<bool>().prop_map(Value::Bool),
        text.prop_map(Value::Text),
        any::<u64>().prop_map(Value::U64),
        any::<i64>().prop_map(Value::I64),
        (-1e9f64..1e9).prop_map(Value::F64),
        vec(any::<u8>(), 0..9).prop_map(|values| Value::List(List::U8(values))),
        vec(any::<i32>(), 0..9).prop_map(|values| Value::List(List::I32(values))),
        vec(-1f32..1.0, 0..9).prop_map(|values| Value::List(List::F32(values))),
        vec(any::<bool>(), 0..9).prop_map(|values| Value::List(List::Bool(values))),
        vec(text, 0..9).prop_map(|values| Value::List(List::Text(values))),
    ]
}

fn tensor() -> impl Strategy<Value = (Vec<usize>, Format)> {
    let format = (0..Format::ALL.len()).prop_map(|index| Format::ALL[index]);
    let blocks = vec(0usize..3, 1..5);
    (blocks, format).prop_map(|(mut shape, format)| {
        *shape.last_mut().unwrap() *= format.values();
        (shape, format)
    })
}

proptest! {
    // Each is a file that is synced.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(
        keys in btree_map("[a-z.]{1,12}", value(), 0..6),
        tensors in btree_map("[a-z.0-9]{1,20}", tensor(), 0..5),
    ) {
        let plan = |(name, (shape, format)): (&String, &(Vec<usize>, Format))| planned(name, shape, *format);
        let tensors: Vec<Planned> = tensors.iter().map(plan).collect();
        let to = TempDir::new().unwrap();
        let path = to.path().join("model.gguf");
        written(&path, &keys, &tensors);
        let gguf = Gguf::open(&path).unwrap();
        prop_assert_eq!(gguf.version(), 3);
        prop_assert_eq!(gguf.keys(), &keys);
        prop_assert_eq!(gguf.tensors().count(), tensors.len());
        for (index, tensor) in tensors.iter().enumerate() {
            let found = gguf.tensor(&tensor.name).unwrap();
            prop_assert_eq!((&found.shape, found.format), (&tensor.shape, tensor.format));
            prop_assert_eq!(gguf.stored(&tensor.name).unwrap().bytes, content(index, size(tensor)));
        }
    }

}

proptest! {
    /// A few bytes of a header that are others: what is read is refused or within the file.
    #[test]
    fn a_changed_header_is_refused_or_read(changes in vec((0usize..1900, any::<u8>()), 1..4), cut in 0usize..40_000) {
        let mut bytes = fs::read(golden("llama")).unwrap();
        for (place, byte) in changes {
            bytes[place] = byte;
        }
        bytes.truncate(cut.max(bytes.len() / 2));
        if let Ok(gguf) = opened(&bytes) {
            prop_assert!(gguf.tensors().all(|tensor| tensor.bytes() <= bytes.len() as u64));
        }
    }

    /// Any number in the place of any eight bytes, as counts and lengths are.
    #[test]
    fn a_header_with_another_count_is_refused_or_read(place in 0usize..1900, count in any::<u64>(), shift in 0u32..64) {
        let mut bytes = fs::read(golden("qwen3")).unwrap();
        bytes[place..place + 8].copy_from_slice(&(count >> shift).to_le_bytes());
        if let Ok(gguf) = opened(&bytes) {
            prop_assert!(gguf.tensors().all(|tensor| tensor.bytes() <= bytes.len() as u64));
        }
    }
}

/// The bytes of a header by hand: keys and tensors as they are given.
struct Header {
    bytes: Vec<u8>,
}

impl Header {
    fn new(version: u32, tensors: u64, keys: u64) -> Self {
        let parts = [
            &b"GGUF"[..],
            &version.to_le_bytes(),
            &tensors.to_le_bytes(),
            &keys.to_le_bytes(),
        ];
        Self {
            bytes: parts.concat(),
        }
    }

    fn text(mut self, text: &[u8]) -> Self {
        self.bytes.extend((text.len() as u64).to_le_bytes());
        self.bytes.extend(text);
        self
    }

    fn number(mut self, number: u32) -> Self {
        self.bytes.extend(number.to_le_bytes());
        self
    }

    fn long(mut self, number: u64) -> Self {
        self.bytes.extend(number.to_le_bytes());
        self
    }

    /// A tensor of single precision.
    fn tensor(self, name: &str, sides: &[u64], start: u64) -> Self {
        let named = self.text(name.as_bytes()).number(sides.len() as u32);
        sides
            .iter()
            .fold(named, |header, &side| header.long(side))
            .number(0)
            .long(start)
    }

    /// With a key whose value is a number.
    fn key(self, key: &str, value: u32) -> Self {
        self.text(key.as_bytes()).number(4).number(value)
    }

    /// Why it is refused, with so many bytes after it.
    fn refusal(mut self, after: usize) -> String {
        let size = self.bytes.len().next_multiple_of(32) + after;
        self.bytes.resize(size, 0);
        opened(&self.bytes).unwrap_err()
    }
}

#[test]
fn what_lies_is_refused_by_name_and_takes_no_memory() {
    const MOST: u64 = u64::MAX;
    let one = |sides: &[u64], start| Header::new(3, 1, 0).tensor("a", sides, start).refusal(64);
    let two = |starts: [u64; 2], names: [&str; 2]| {
        let header = Header::new(3, 2, 0).tensor(names[0], &[9], starts[0]);
        header.tensor(names[1], &[8], starts[1]).refusal(128)
    };
    let key = |of: fn(Header) -> Header| of(Header::new(3, 0, 1)).refusal(64);
    for (refusal, said) in [
        (Header::new(1, 0, 0).refusal(0), "it is of version 1"),
        (Header::new(4, 0, 0).refusal(0), "it is of version 4"),
        (Header::new(3 << 24, 0, 0).refusal(0), "it is big-endian"),
        (Header::new(3, MOST, 0).refusal(0), "18446744073709551615 tensors"),
        (Header::new(3, 0, MOST).refusal(0), "18446744073709551615 keys"),
        (Header::new(3, 0, 5).refusal(8), "5 keys of at least 14 bytes"),
        (one(&[MOST], 0), "a side of 18446744073709551615"),
        (one(&[1 << 62, 2], 0), "or too large"),
        (one(&[1 << 32, 1 << 32], 0), "or too large"),
        (one(&[17], 0), "its 68 bytes from 0"),
        (one(&[1], 64), "not all in the file"),
        (one(&[1], MOST - 31), "not all in the file"),
        (one(&[1], 1), "no multiple of 32"),
        (one(&[1, 1, 1, 1, 1], 0), "5 dimensions"),
        (two([0, 32], ["a", "b"]), "`a` and `b` lie over each other"),
        (two([64, 64], ["a", "b"]), "lie over each other"),
        (two([0, 64], ["a", "a"]), "two tensors `a`"),
        (two([0, 64], ["a", ""]), "its name has 0 bytes"),
        (key(|header| header.key("", 1)), "an empty key"),
        (
            key(|header| header.key("general.alignment", 0)),
            "must be a power of two",
        ),
        (
            key(|header| header.key("general.alignment", 33)),
            "must be a power of two",
        ),
        (
            key(|header| header.key("general.alignment", 1 << 31)),
            "must be a power of two up to 1048576",
        ),
        (key(|header| header.text(b"a").number(13)), "a value of kind 13"),
        (
            key(|header| header.text(b"a").number(9).number(9).long(1)),
            "a list of lists",
        ),
        (
            key(|header| header.text(b"a").number(9).number(8).long(1 << 40)),
            "1099511627776 texts of a list",
        ),
        (
            key(|header| header.text(b"a").number(9).number(12).long(1 << 61)),
            "values of a list",
        ),
        (
            key(|header| header.text(b"a").number(7).number(2)),
            "a truth value of 2",
        ),
        (key(|header| header.text(b"\xff").number(7).number(1)), "no UTF-8"),
        (key(|header| header.long(MOST)), "bytes of a text"),
        (
            Header::new(3, 0, 2).key("a", 1).key("a", 1).refusal(0),
            "two keys `a`",
        ),
        (
            Header::new(3, 1, 0)
                .text(b"a")
                .number(1)
                .long(32)
                .number(20)
                .long(0)
                .refusal(64),
            "in IQ4_NL: formats that are read are F32",
        ),
        (
            Header::new(3, 1, 0)
                .text(b"a")
                .number(1)
                .long(33)
                .number(2)
                .long(0)
                .refusal(64),
            "no whole rows of blocks of 32 numbers in Q4_0",
        ),
    ] {
        assert!(refusal.contains(said), "{refusal} says nothing of {said:?}");
    }
    for bytes in [&b""[..], b"GG", b"GGML----", b"GGUF\x03\0\0\0"] {
        assert!(opened(bytes).is_err());
    }
    let empty = Header::new(2, 0, 1).key("general.alignment", 64);
    assert_eq!(opened(&empty.bytes).unwrap().version(), 2);
}

#[test]
fn a_file_that_was_cut_after_it_was_opened_is_refused() {
    let to = TempDir::new().unwrap();
    let path = to.path().join("model.gguf");
    let bytes = fs::read(golden("llama")).unwrap();
    fs::write(&path, &bytes).unwrap();
    let gguf = Gguf::open(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let last = gguf
        .tensors()
        .find(|tensor| gguf.stored(&tensor.name).is_err())
        .unwrap();
    let error = gguf.stored(&last.name).unwrap_err().to_string();
    assert!(
        error.contains(&last.name) && error.contains("ends before"),
        "{error}"
    );
    assert!(
        gguf.stored("nothing")
            .unwrap_err()
            .to_string()
            .contains("no tensor `nothing`")
    );
}

#[test]
fn several_files_are_one() {
    let to = TempDir::new().unwrap();
    let path = |number: usize| to.path().join(format!("a-{number:05}-of-00002.gguf"));
    let tensors = [
        planned("a", &[4], Format::F32),
        planned("b", &[2, 32], Format::Q8_0),
    ];
    let keys = |number: u16, total: i32| -> BTreeMap<String, Value> {
        let split = [
            ("split.no", Value::U16(number)),
            ("split.count", Value::U16(2)),
            ("split.tensors.count", Value::I32(total)),
        ];
        split.map(|(key, value)| (key.to_owned(), value)).into()
    };
    written(&path(1), &keys(0, 2), &tensors[..1]);
    written(&path(2), &keys(1, 2), &tensors[1..]);
    let gguf = Gguf::open(&path(1)).unwrap();
    assert_eq!(gguf.files(), [path(1), path(2)]);
    assert_eq!(gguf.stored("b").unwrap().bytes, content(0, 68));

    let refusal = |path: &Path| Gguf::open(path).unwrap_err().to_string();
    assert!(refusal(&path(2)).contains("name the first of them"));
    written(&path(2), &keys(0, 2), &tensors[1..]);
    assert!(refusal(&path(1)).contains("it is not the file 2 of 2"));
    written(&path(2), &keys(1, 2), &tensors[..1]);
    assert!(refusal(&path(1)).contains("the tensor `a` is in"));
    written(&path(2), &keys(1, 2), &[]);
    assert!(refusal(&path(1)).contains("have 1 tensors, and it says 2"));
    fs::remove_file(path(2)).unwrap();
    assert!(refusal(&path(1)).contains("correct the path"));
    fs::rename(path(1), to.path().join("other.gguf")).unwrap();
    assert!(refusal(&to.path().join("other.gguf")).contains("it is one of 2 files"));
}

#[test]
fn what_cannot_be_written_leaves_no_file() {
    let to = TempDir::new().unwrap();
    let path = to.path().join("model.gguf");
    let none = BTreeMap::new();
    let refused = |keys: &BTreeMap<String, Value>, tensor: Planned, bytes: usize| {
        let written = write(&path, keys, &[tensor], |_| {
            Ok::<_, ContainerError>(vec![0; bytes])
        });
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
        written.unwrap_err().to_string()
    };
    let error = refused(&none, planned("a", &[33], Format::Q4_0), 0);
    assert!(
        error.contains("`a` of shape [33] in Q4_0") && error.contains("blocks of 32"),
        "{error}"
    );
    let error = refused(&none, planned(&"a".repeat(64), &[1], Format::F32), 4);
    assert!(error.contains("1 to 63 bytes"), "{error}");
    let error = refused(&none, planned("a", &[2], Format::F32), 4);
    assert!(error.contains("has 4 bytes and must have 8"), "{error}");
    let alignment = [("general.alignment".to_owned(), Value::U32(64))].into();
    let error = refused(&alignment, planned("a", &[1], Format::F32), 4);
    assert!(error.contains("the writer's own"), "{error}");
}
