//! Models in GGUF files against the folders that they were made of.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;
use triaxis_blocks::{Format, Rows};
use triaxis_containers::gguf::{Gguf, TensorInfo, Value};
use triaxis_model::gguf::{Beside, Choice, TokenizerFields, export, plan};
use triaxis_model::weights::{Group, Weight};
use triaxis_model::{Folder, Published, PublishedTokenizer, Stack};

use super::{folder, golden};

/// The folders of models that some architecture of GGUF can say, and that architecture.
const SAID: [(&str, &str); 7] = [
    ("llama", "llama"),
    ("llama-tied", "llama"),
    ("llama-scaled", "llama"),
    ("mistral", "llama"),
    ("qwen2", "qwen2"),
    ("qwen3", "qwen3"),
    ("gpt2", "gpt2"),
];

/// The stack of a folder, but for the letters of its blocks.
fn stack(folder: &Folder) -> serde_json::Value {
    serde_json::to_value(folder.stack()).unwrap()
}

#[test]
fn a_file_by_the_fields_own_writer_is_the_folder_that_it_was_made_of() {
    for name in ["llama", "llama-scaled", "qwen2", "qwen3", "gpt2"] {
        let folder = Folder::open(&folder(name)).unwrap();
        let file = Published::open(&golden(name)).unwrap();
        assert_eq!(
            serde_json::to_value(file.stack()).unwrap(),
            stack(&folder),
            "{name}"
        );
        assert_eq!(file.weights().unwrap(), folder.weights().unwrap(), "{name}");
        assert_eq!(file.tokenizer().unwrap(), None);
    }
}

#[test]
fn what_is_written_of_a_folder_is_read_as_it() {
    for (name, architecture) in SAID {
        let folder = Folder::open(&folder(name)).unwrap();
        let weights = folder.weights().unwrap();
        let to = TempDir::new().unwrap();
        let path = to.path().join("model.gguf");
        export(
            &path,
            folder.stack(),
            &weights,
            Choice::of(Format::F32),
            &Beside::default(),
        )
        .unwrap();
        let file = Published::open(&path).unwrap();
        assert_eq!(file.layout(), architecture, "{name}");
        assert_eq!(
            serde_json::to_value(file.stack()).unwrap(),
            stack(&folder),
            "{name}"
        );
        assert_eq!(file.weights().unwrap(), weights, "{name}");
        assert_eq!(file.files(), [path]);
    }
}

/// Our and gguf-py's file of a model have the same tensors, to the byte.
#[test]
fn what_is_written_has_the_tensors_of_the_fields_own_writer() {
    for name in ["llama", "llama-scaled", "qwen2", "qwen3", "gpt2"] {
        let folder = Folder::open(&folder(name)).unwrap();
        let to = TempDir::new().unwrap();
        let path = to.path().join("model.gguf");
        let weights = folder.weights().unwrap();
        export(
            &path,
            folder.stack(),
            &weights,
            Choice::of(Format::F32),
            &Beside::default(),
        )
        .unwrap();
        let [ours, theirs] = [path, golden(name)].map(|path| Gguf::open(&path).unwrap());
        let tensors = |gguf: &Gguf| -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
            let tensor = |tensor: &TensorInfo| {
                (
                    tensor.name.clone(),
                    (tensor.shape.clone(), gguf.stored(&tensor.name).unwrap().bytes),
                )
            };
            gguf.tensors().map(tensor).collect()
        };
        assert_eq!(tensors(&ours), tensors(&theirs), "{name}");
        for (key, value) in theirs.keys() {
            assert_eq!(ours.keys().get(key), Some(value), "{name}: `{key}`");
        }
    }
}

/// A weight with a row an output.
fn outputs(stack: &Stack, name: &str, weight: &Weight) -> Vec<f32> {
    let line = stack
        .weights()
        .into_iter()
        .find(|line| line.name == name)
        .unwrap();
    match (&weight.shape[..], line.group) {
        (&[inputs, outputs], Group::Matrix) => {
            let value = |place: usize| weight.values[place % inputs * outputs + place / inputs];
            (0..inputs * outputs).map(value).collect()
        }
        _ => weight.values.clone(),
    }
}

/// Every weight by its rows, and which formats these are in.
fn check_rows(published: &Published, expected: impl Fn(&str, &[f32], &Rows)) {
    let weights = published.weights().unwrap();
    for (name, weight) in &weights {
        let outputs = outputs(published.stack(), name, weight);
        let mut first = 0;
        for piece in published.rows(name).unwrap() {
            let values = &outputs[first..first + piece.rows * piece.columns];
            assert_eq!(
                piece.bytes.len(),
                piece.rows * piece.format.row_bytes(piece.columns).unwrap()
            );
            expected(name, values, &piece);
            first += values.len();
        }
        assert_eq!(first, outputs.len(), "{name} has all its rows");
    }
    let error = published.rows("blocks.0.douwn").unwrap_err().to_string();
    assert!(
        error.contains("did you mean `blocks.0.down`?") || error.contains("is no weight"),
        "{error}"
    );
}

#[test]
fn rows_of_a_folder_are_its_weights_by_output() {
    let all = std::fs::read_dir(folder("")).unwrap();
    for path in all.map(|entry| entry.unwrap().path()) {
        let published = Published::open(&path).unwrap();
        check_rows(&published, |name, values, piece| {
            assert_eq!(piece.format, Format::F32);
            assert_eq!(piece.values(), values, "{path:?}: {name}");
        });
    }
}

/// A model of blocks of 32 and 256 with grouped queries, tied or not.
fn wide(width: usize, tied: bool) -> Stack {
    serde_json::from_str(&format!(
        r#"{{"pattern": "a", "vocabulary": 40, "width": {width}, "layers": 1, "context": 16, "tied": {tied}, "blocks":
            {{"a": {{"mixer": {{"kind": "attention", "heads": 4, "key_value_heads": 2}},
                "channel": {{"kind": "swiglu", "inner": 512}}}}}}}}"#
    ))
    .unwrap()
}

fn weights_of(stack: &Stack) -> BTreeMap<String, Weight> {
    let model = stack.build(3, &burn::tensor::Device::flex()).unwrap();
    triaxis_model::weights::read(&model)
}

fn written(path: &Path, stack: &Stack, choice: Choice) -> Published {
    export(path, stack, &weights_of(stack), choice, &Beside::default()).unwrap();
    Published::open(path).unwrap()
}

/// Rows are moved as blocks, so that they are those of coding a weight by itself: in our order of outputs.
#[test]
fn rows_of_blocks_are_those_of_the_weight_itself() {
    let to = TempDir::new().unwrap();
    for &format in Format::ALL {
        let stack = wide(256, false);
        let path = to.path().join(format.name());
        let choice = Choice {
            matrices: format,
            tables: Format::Q8_0,
        };
        let file = written(&path, &stack, choice);
        let weights = weights_of(&stack);
        for (name, weight) in &weights {
            let outputs = outputs(&stack, name, weight);
            let pieces = file.rows(name).unwrap();
            let counts: Vec<usize> = pieces.iter().map(|piece| piece.rows).collect();
            let (columns, expected_counts, expected) = match name.rsplit('.').next().unwrap() {
                "query_key_value" => (256, vec![256, 128, 128], format),
                "gate_and_up" => (256, vec![512, 512], format),
                "down" => (512, vec![256], format),
                "attention_output" => (256, vec![256], format),
                "embedding" | "head" => (256, vec![40], Format::Q8_0),
                _ => (256, vec![1], Format::F32),
            };
            assert_eq!(counts, expected_counts, "{name}");
            let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.clone()).collect();
            assert!(
                pieces
                    .iter()
                    .all(|piece| piece.format == expected && piece.columns == columns)
            );
            assert_eq!(
                bytes,
                Rows::quantised(&outputs, columns, expected).bytes,
                "{} {name}",
                format.name()
            );
        }
        // What comes back in single precision is what the blocks are.
        check_rows(&file, |name, values, piece| {
            assert_eq!(piece.values(), values, "{name}")
        });
    }
}

#[test]
fn formats_that_do_not_divide_rows_fall_back_as_llama_cpp_has_it() {
    for (format, width, expected, of_down) in [
        (Format::Q4K, 64, Format::Q5_0, Format::Q4K),
        (Format::Q5K, 64, Format::Q5_1, Format::Q5K),
        (Format::Q6K, 64, Format::Q8_0, Format::Q6K),
        (Format::Q4_0, 64, Format::Q4_0, Format::Q4_0),
        (Format::Q4_0, 16, Format::F16, Format::Q4_0),
        (Format::Q4K, 16, Format::F16, Format::Q4K),
        (Format::Bf16, 16, Format::Bf16, Format::Bf16),
    ] {
        let chosen = plan(&wide(width, true), Choice::of(format)).unwrap();
        let of = |name: &str| chosen.iter().find(|chosen| chosen.tensor.name == name).unwrap();
        assert_eq!(
            of("blk.0.attn_q.weight").tensor.format,
            expected,
            "{format:?} {width}"
        );
        assert_eq!(of("blk.0.attn_q.weight").wanted, format);
        assert_eq!(of("blk.0.ffn_down.weight").tensor.format, of_down);
        assert_eq!(of("blk.0.ffn_norm.weight").tensor.format, Format::F32);
    }
    for (format, width, expected) in [
        (Format::Q4_1, 256, Format::Q6K),
        (Format::Q4_1, 64, Format::Q8_0),
        (Format::Q8_0, 256, Format::Q8_0),
        (Format::F16, 256, Format::F16),
    ] {
        let chosen = plan(&wide(width, true), Choice::of(format)).unwrap();
        let table = chosen
            .iter()
            .find(|chosen| chosen.tensor.name == "token_embd.weight")
            .unwrap();
        assert_eq!(table.tensor.format, expected);
        assert!(chosen.iter().all(|chosen| chosen.tensor.name != "output.weight"));
    }
}

#[test]
fn a_tokenizer_is_written_and_read_with_the_model() {
    let to = TempDir::new().unwrap();
    let (path, stack) = (to.path().join("model.gguf"), wide(16, true));
    let tokenizer = TokenizerFields {
        model: "gpt2".to_owned(),
        pre: Some("smollm".to_owned()),
        tokens: (0..40).map(|token| format!("t{token}")).collect(),
        types: vec![1; 40],
        merges: vec!["t 1".to_owned()],
        special: [("eos".to_owned(), 3)].into(),
        ..TokenizerFields::default()
    };
    let choice = Choice::of(Format::F16);
    let told = |key: &str| (key.to_owned(), Value::Text("a".to_owned()));
    let beside = Beside {
        tokenizer: Some(tokenizer.clone()),
        about: [told("general.license")].into(),
    };
    export(&path, &stack, &weights_of(&stack), choice, &beside).unwrap();
    let published = Published::open(&path).unwrap();
    let found = published.tokenizer().unwrap();
    assert_eq!(
        found,
        Some(PublishedTokenizer::Fields(Box::new(tokenizer.clone())))
    );
    let Published::Gguf(model) = published else {
        panic!("a file is no folder")
    };
    assert_eq!(model.beside().unwrap().about, beside.about);
    let other = Beside {
        tokenizer: Some(TokenizerFields {
            tokens: vec!["t".to_owned()],
            ..tokenizer
        }),
        ..beside
    };
    let error = export(&path, &stack, &weights_of(&stack), choice, &other).unwrap_err();
    assert!(error.to_string().contains("1 tokens and the model 40"), "{error}");
}

#[test]
fn a_tokenizer_beside_a_folder_is_found() {
    let published = Published::open(&folder("llama")).unwrap();
    assert_eq!(published.tokenizer().unwrap(), None);
    let to = TempDir::new().unwrap();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(folder("llama").join(name), to.path().join(name)).unwrap();
    }
    let path = to.path().join("tokenizer.json");
    std::fs::write(&path, "{}").unwrap();
    let found = Published::open(to.path()).unwrap().tokenizer().unwrap();
    assert_eq!(found, Some(PublishedTokenizer::File(path)));
}
