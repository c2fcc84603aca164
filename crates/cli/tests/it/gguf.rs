//! GGUF files, with the real program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use triaxis_model::Stack;
use triaxis_model::weights::Weight;

use crate::support::{json, save_model, words};

fn model(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_triaxis"))
        .arg("model")
        .args(arguments)
        .output()
        .unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = model(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    words(&output.stderr)
}

/// A file as a study keeps it of a model with numbers that look random.
fn kept(path: &Path, settings: &str) -> BTreeMap<String, Weight> {
    let stack: Stack = serde_json::from_str(&format!(
        r#"{{"vocabulary": 40, "layers": 1, "context": 16, {settings}}}"#
    ))
    .unwrap();
    save_model(path, stack, 15)
}

const WIDE: &str = r#""width": 256, "pattern": "a", "blocks": {"a": {"mixer": {"kind": "attention", "heads": 4},
    "channel": {"kind": "swiglu", "inner": 256}}}"#;
const NARROW: &str = r#""width": 64, "pattern": "a", "tied": false, "blocks": {"a": {"mixer": {"kind": "attention", "heads": 4},
    "channel": {"kind": "swiglu", "inner": 256}}}"#;

/// The largest distance of weights from others, as a share of the largest number.
fn distance(first: &BTreeMap<String, Weight>, second: &BTreeMap<String, Weight>) -> f32 {
    assert_eq!(
        first.keys().collect::<Vec<_>>(),
        second.keys().collect::<Vec<_>>()
    );
    let pairs = first.values().zip(second.values());
    let distances = pairs.flat_map(|(first, second)| {
        assert_eq!(first.shape, second.shape);
        first
            .values
            .iter()
            .zip(&second.values)
            .map(|(first, second)| (first - second).abs())
    });
    distances.fold(0.0, f32::max) / 0.5
}

/// The formats that are told, with how many tensors are in each.
fn formats(told: &Value) -> BTreeMap<String, u64> {
    let formats = told["formats"].as_array().unwrap().iter();
    formats
        .map(|format| {
            let name = format["format"].as_str().unwrap().to_owned();
            (name, format["tensors"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn a_model_is_written_in_every_format_and_read_back() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, again) = (path("model.safetensors"), path("again.safetensors"));
    let weights = kept(Path::new(&file), WIDE);
    for (format, tables, bits, far) in [
        ("F32", "F32", 32.0, 0.0),
        ("F16", "F16", 16.0, 1e-3),
        ("BF16", "BF16", 16.0, 4e-3),
        ("Q4_0", "Q6_K", 4.5, 0.14),
        ("Q4_1", "Q6_K", 5.0, 0.08),
        ("Q5_0", "Q6_K", 5.5, 0.07),
        ("Q5_1", "Q6_K", 6.0, 0.05),
        ("Q8_0", "Q8_0", 8.5, 0.01),
        ("Q4_K", "Q6_K", 4.5, 0.14),
        ("Q5_K", "Q6_K", 5.5, 0.07),
        ("Q6_K", "Q6_K", 6.5625, 0.06),
    ] {
        let out = path(&format!("{format}.gguf"));
        let written = json(&model(&[
            "quantise", &file, "--to", format, "--out", &out, "--format", "json",
        ]));
        let described = json(&model(&["describe", &out, "--format", "json"]));
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for (format, tensors) in [("F32", 3), (format, 7), (tables, 1)] {
            *expected.entry(format.to_owned()).or_default() += tensors;
        }
        assert_eq!(formats(&written), expected, "{format}");
        assert_eq!(formats(&described["gguf"]), expected, "{format}");
        assert_eq!(described["layout"], "llama");
        assert_eq!(described["gguf"]["tokenizer"], Value::Null);
        let all = described["gguf"]["formats"].as_array().unwrap().iter();
        let of_format = all.clone().find(|told| told["format"] == format).unwrap();
        if !["F32", "Q6_K", "Q8_0", "F16", "BF16"].contains(&format) {
            let numbers = of_format["numbers"].as_f64().unwrap();
            assert_eq!(
                8.0 * of_format["bytes"].as_f64().unwrap() / numbers,
                bits,
                "{format}"
            );
        }
        let imported = json(&model(&["import", &out, "--out", &again, "--format", "json"]));
        assert_eq!(imported["layout"], "llama");
        let (spec, found) = triaxis_train::read_model(Path::new(&again)).unwrap();
        std::fs::remove_file(&again).unwrap();
        assert_eq!(spec.stack().width, 256);
        let found = distance(&weights, &found);
        assert!(found <= far, "{format} is {found} away");
    }
    let text = words(&model(&["describe", &path("Q4_K.gguf")]).stdout);
    for part in [
        "file GGUF version 3",
        "tokenizer none",
        "Q4_K 7",
        "bits a weight",
        "layout llama",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_is_not_in_the_format_that_was_asked_for_is_said() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, out) = (path("model.safetensors"), path("model.gguf"));
    kept(Path::new(&file), NARROW);
    let said = words(&model(&["quantise", &file, "--to", "Q4_K", "--out", &out]).stdout);
    for part in [
        "6 tensors are in Q5_0 and not in Q4_K, whose blocks of 256 numbers do not divide rows of 64",
        "2 tensors are in Q8_0 and not in Q6_K",
        "the table of tokens and the head are wanted in Q6_K",
        "`--tables` chooses another format",
        "it holds no tokenizer",
        "bits a weight",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // As it was asked for.
    let out = path("asked.gguf");
    let tables = &[
        "quantise", &file, "--to", "Q4_1", "--tables", "Q4_1", "--out", &out, "--format", "json",
    ];
    let written = json(&model(tables));
    assert_eq!(
        formats(&written),
        [("F32".to_owned(), 3), ("Q4_1".to_owned(), 9)].into()
    );
    assert_eq!(written["notes"].as_array().unwrap().len(), 1);
    // A file of blocks is itself quantised, and told by what it is.
    let smaller = path("smaller.gguf");
    let written = json(&model(&[
        "quantise", &out, "--to", "Q4_0", "--out", &smaller, "--format", "json",
    ]));
    assert_eq!(written["path"], smaller.as_str());
    assert_eq!(
        json(&model(&["describe", &smaller, "--format", "json"]))["layout"],
        "llama"
    );
}

#[test]
fn a_published_folder_comes_back_from_a_file_of_numbers_as_they_are() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let goldens = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/tests/golden/layouts");
    for (name, architecture) in [("llama", "llama"), ("qwen2", "qwen2"), ("gpt2", "gpt2")] {
        let from = format!("{goldens}/{name}");
        let [file, gguf, again] =
            ["a.safetensors", "a.gguf", "b.safetensors"].map(|end| path(&format!("{name}-{end}")));
        assert!(model(&["import", &from, "--out", &file]).status.success());
        let exported = json(&model(&[
            "export", &file, "--layout", "gguf", "--out", &gguf, "--format", "json",
        ]));
        assert_eq!(exported["layout"], "gguf");
        assert_eq!(
            json(&model(&["describe", &gguf, "--format", "json"]))["layout"],
            architecture
        );
        assert!(model(&["import", &gguf, "--out", &again]).status.success());
        assert_eq!(
            std::fs::read(&file).unwrap(),
            std::fs::read(&again).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn what_cannot_be_read_or_written_is_refused_with_its_remedy() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, out) = (path("model.safetensors"), path("model.gguf"));
    kept(Path::new(&file), NARROW);
    let error = refusal(&["quantise", &file, "--to", "Q4_M", "--out", &out]);
    assert!(
        error.contains("formats are F32, F16, BF16") && error.contains("did you mean `Q4_"),
        "{error}"
    );
    let error = refusal(&["quantise", &file, "--to", "Q4_0", "--out", &file]);
    assert!(error.contains("over the input"), "{error}");
    let error = refusal(&["quantise", &path("nowhere"), "--to", "Q4_0", "--out", &out]);
    assert!(error.contains("correct the path"), "{error}");
    let recurrent = path("recurrent.safetensors");
    kept(Path::new(&recurrent), r#""width": 64, "pattern": "m""#);
    let error = refusal(&["quantise", &recurrent, "--to", "Q4_0", "--out", &out]);
    assert!(
        error.contains("no architecture of GGUF") && error.contains("`mamba2` alone"),
        "{error}"
    );
    assert!(!Path::new(&out).exists());

    assert!(
        model(&["quantise", &file, "--to", "Q8_0", "--out", &out])
            .status
            .success()
    );
    let error = refusal(&["import", &out, "--out", &out]);
    assert!(error.contains("over the input"), "{error}");
    let error = refusal(&["quantise", &out, "--to", "Q4_0", "--out", &out]);
    assert!(error.contains("over the input"), "{error}");
    let text = path("text.gguf");
    std::fs::write(&text, "no model").unwrap();
    let error = refusal(&["import", &text, "--out", &path("c.safetensors")]);
    assert!(error.contains("nor a GGUF file"), "{error}");
}
