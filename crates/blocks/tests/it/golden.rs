//! Blocks against gguf-py, which reads all of them, and against llama.cpp, which writes them.

use std::fs;
use std::path::Path;

use triaxis_blocks::Format;

/// What `blocks.py` wrote of a format.
struct Golden {
    /// Random blocks, and the numbers that gguf-py reads them as.
    blocks: Vec<u8>,
    read: Vec<f32>,
    /// Numbers, and the blocks that llama.cpp codes them as.
    values: Vec<f32>,
    coded: Vec<u8>,
}

impl Golden {
    fn of(format: Format) -> Self {
        let name = format!("tests/golden/{}.bin", format.name());
        let content = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        let (head, mut rest) = content.split_at(16);
        let counts = head.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let mut parts = counts.zip([1, 4, 4, 1]).map(|(count, size)| {
            let (part, after) = rest.split_at(count as usize * size);
            rest = after;
            part.to_vec()
        });
        let [blocks, read, values, coded] = std::array::from_fn(|_| parts.next().unwrap());
        assert!(rest.is_empty());
        Self {
            blocks,
            read: numbers(&read),
            values: numbers(&values),
            coded,
        }
    }
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    let numbers = bytes.as_chunks().0.iter();
    numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn random_blocks_are_the_numbers_that_gguf_py_reads() {
    for &format in Format::ALL {
        let golden = Golden::of(format);
        let mut found = vec![0.0; golden.read.len()];
        format.dequantise(&golden.blocks, &mut found);
        for (place, (found, expected)) in found.iter().zip(&golden.read).enumerate() {
            let is_same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(
                is_same,
                "{} at {place}: {found} and not {expected}",
                format.name()
            );
        }
        let is_odd = |value: &&f32| !value.is_finite();
        assert!(
            golden.read.iter().any(|value| is_odd(&value)),
            "{} meets no odd scale",
            format.name()
        );
    }
}

#[test]
fn numbers_are_coded_as_llama_cpp_codes_them() {
    for &format in Format::ALL {
        let golden = Golden::of(format);
        let mut found = Vec::new();
        format.quantise(&golden.values, &mut found);
        assert_eq!(found.len(), golden.coded.len());
        let blocks = found
            .chunks(format.bytes())
            .zip(golden.coded.chunks(format.bytes()));
        for (place, (found, expected)) in blocks.enumerate() {
            let first = place * format.values();
            let values = &golden.values[first..first + format.values()];
            assert_eq!(found, expected, "{} block {place}: {values:?}", format.name());
        }
    }
}
