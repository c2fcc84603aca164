//! Safetensors alone.

use std::fs;
use std::path::Path;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tempfile::TempDir;
use triaxis_blocks::Format;
use triaxis_containers::safetensors::{Header, INDEX, Safetensors, WEIGHTS, header, index, write};
use triaxis_containers::{ContainerError, Planned};

const FORMATS: [Format; 3] = [Format::F32, Format::F16, Format::Bf16];

fn planned(name: &str, shape: &[usize], format: Format) -> Planned {
    Planned {
        name: name.to_owned(),
        shape: shape.to_vec(),
        format,
    }
}

/// Some bytes for a tensor of an index.
fn content(index: usize, tensor: &Planned) -> Vec<u8> {
    let size = tensor.shape.iter().product::<usize>() * tensor.format.bytes();
    (0..size).map(|place| (place * 31 + index * 7) as u8).collect()
}

fn written(path: &Path, tensors: &[Planned]) {
    write(path, tensors, |index| {
        Ok::<_, ContainerError>(content(index, &tensors[index]))
    })
    .unwrap();
}

fn opened(bytes: &[u8]) -> Result<Safetensors, String> {
    let to = TempDir::new().unwrap();
    fs::write(to.path().join(WEIGHTS), bytes).unwrap();
    Safetensors::open(to.path()).map_err(|error| error.to_string())
}

proptest! {
    // Each is a file that is synced.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(
        tensors in btree_map("[a-z.\"\u{e9}]{0,20}", (vec(0usize..4, 0..5), 0..3usize), 0..5),
    ) {
        let plan = |(name, (shape, format)): (&String, &(Vec<usize>, usize))| planned(name, shape, FORMATS[*format]);
        let tensors: Vec<Planned> = tensors.iter().map(plan).collect();
        let to = TempDir::new().unwrap();
        written(&to.path().join(WEIGHTS), &tensors);
        let found = Safetensors::open(to.path()).unwrap();
        prop_assert_eq!(found.names().count(), tensors.len());
        for (index, tensor) in tensors.iter().enumerate() {
            let (name, entry) = found.tensor(&tensor.name).unwrap();
            prop_assert_eq!((name, &entry.shape, entry.format), (&tensor.name[..], &tensor.shape, tensor.format));
            let stored = found.stored(name).unwrap();
            prop_assert_eq!((stored.format, stored.bytes), (tensor.format, content(index, tensor)));
        }
        // As the field's own library reads it.
        let bytes = fs::read(to.path().join(WEIGHTS)).unwrap();
        let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        for (index, tensor) in tensors.iter().enumerate() {
            prop_assert_eq!(theirs.tensor(&tensor.name).unwrap().data(), content(index, tensor));
        }
    }

    /// A few bytes that are others: what is read is refused or within the file.
    #[test]
    fn a_changed_file_is_refused_or_read(changes in vec((0usize..190, any::<u8>()), 1..4), cut in 0usize..200) {
        let tensors = [planned("a", &[2, 3], Format::F32), planned("b", &[4], Format::F16)];
        let mut bytes = header(&tensors).unwrap();
        bytes.extend([1; 32]);
        for (place, byte) in changes {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        bytes.truncate(cut.max(bytes.len() / 2));
        if let Ok(header) = Header::read(&bytes[..], bytes.len() as u64) {
            prop_assert!(header.tensors.values().all(|entry| entry.place.end <= bytes.len() as u64));
        }
    }
}

#[test]
fn what_lies_is_refused_by_name() {
    let file = |header: &str, values: usize| {
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], header.as_bytes(), &vec![0; values]].concat()
    };
    let one = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#""a": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}"#)
    };
    let sound = one("F32", "[1]", "[0, 4]");
    assert!(opened(&file(&format!("{{{sound}}}"), 4)).is_ok());
    let other = sound.replace("\"a\"", "\"b\"");
    let twice = "tensor `a`: its values are from 0 to 4, and those before it end at 4";
    for (fields, said) in [
        (
            one("F32", "[1]", "[4, 8]"),
            "from 4 to 8, and those before it end at 0",
        ),
        (
            one("F32", "[1]", "[0, 2]"),
            "2 bytes, which are not those of shape [1] in F32",
        ),
        (
            one("F32", "[9223372036854775807, 9]", "[0, 4]"),
            "not those of shape",
        ),
        (
            one("F32", "[1000000000000]", "[0, 4000000000000]"),
            "4 bytes of values, and its header says 4000000000000",
        ),
        (
            one("F32", "[0]", "[0, 0]"),
            "holds 4 bytes of values, and its header says 0",
        ),
        (
            one("I64", "[1]", "[0, 8]"),
            "it is of I64: F32, F16 and BF16 are read",
        ),
        (one("F99", "[1]", "[0, 4]"), "tensor `a`: unknown variant `F99`"),
        (
            format!("{sound}, {other}"),
            "`b`: its values are from 0 to 4, and those before it end at 4",
        ),
        (format!("{sound}, {sound}"), twice),
        (
            format!("{}, {}", one("F32", "[0]", "[0, 0]"), one("F32", "[1]", "[0, 4]")),
            "two tensors `a`",
        ),
    ] {
        let error = opened(&file(&format!("{{{fields}}}"), 4)).unwrap_err();
        assert!(
            error.contains(said) && error.contains(WEIGHTS) && error.contains("fetch it again"),
            "{fields}: {error}"
        );
    }
}

#[test]
fn an_index_names_files_beside_it() {
    let names = index(r#"{"metadata": {}, "weight_map": {"a": "x", "b": "y", "c": "x"}}"#).unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["x", "y"]);
    for name in ["../x", "/x", "x/", "", ".", "..", "a/b"] {
        let error = index(&format!(r#"{{"weight_map": {{"a": "{name}"}}}}"#)).unwrap_err();
        assert!(
            error.contains("is no name of a file beside it"),
            "{name}: {error}"
        );
    }
    let to = TempDir::new().unwrap();
    written(&to.path().join("x"), &[planned("a", &[1], Format::F32)]);
    written(&to.path().join("y"), &[planned("a", &[1], Format::F32)]);
    let error = || Safetensors::open(to.path()).unwrap_err().to_string();
    assert!(error().contains("has neither"));
    fs::write(to.path().join(INDEX), r#"{"weight_map": {"a": "x", "b": "y"}}"#).unwrap();
    assert!(error().contains("two files hold a tensor `a`"));
    fs::remove_file(to.path().join("y")).unwrap();
    assert!(error().contains("correct the path"));
}

#[test]
fn a_file_that_was_cut_after_it_was_opened_is_refused() {
    let to = TempDir::new().unwrap();
    let path = to.path().join(WEIGHTS);
    written(&path, &[planned("a", &[64], Format::F32)]);
    let found = Safetensors::open(to.path()).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = found.stored("a").unwrap_err().to_string();
    assert!(
        error.contains("the tensor `a` ends before its 256 bytes"),
        "{error}"
    );
    assert!(found.stored("b").is_err());
}

#[test]
fn what_cannot_be_written_leaves_no_file() {
    let to = TempDir::new().unwrap();
    let a = || planned("a", &[1], Format::F32);
    for tensors in [
        vec![planned("a", &[32], Format::Q8_0)],
        vec![a(), a()],
        vec![planned("__metadata__", &[1], Format::F32)],
        vec![planned("a", &[usize::MAX, 2], Format::F32)],
    ] {
        let written = write(&to.path().join(WEIGHTS), &tensors, |_| {
            Ok::<_, ContainerError>(vec![0; 4])
        });
        let error = written.unwrap_err().to_string();
        assert!(error.contains("each has a name of its own"), "{error}");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
}
