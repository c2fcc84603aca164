//! Files and models that are refused: with the value, the rule and the remedy.

use std::fs;

use burn::tensor::Device;
use tempfile::TempDir;
use triaxis_blocks::Format;
use triaxis_containers::gguf::{List, Value};
use triaxis_model::gguf::{Beside, Choice, export};
use triaxis_model::{Published, Stack, weights};

use super::{Changed, golden};

fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

#[test]
fn keys_that_mean_no_model_are_named() {
    for (name, key, value, said) in [
        (
            "llama",
            "general.architecture",
            text("lama"),
            "llama, qwen2, qwen3, gpt2",
        ),
        (
            "llama",
            "general.architecture",
            text("lama"),
            "did you mean `llama`?",
        ),
        (
            "llama",
            "general.architecture",
            None,
            "no text `general.architecture`",
        ),
        (
            "llama",
            "general.architecture",
            Some(Value::U8(1)),
            "no text `general.architecture`",
        ),
        (
            "llama",
            "llama.block_count",
            None,
            "`llama.block_count` is left out",
        ),
        (
            "llama",
            "llama.block_count",
            text("two"),
            "`llama.block_count = \"two\"`: it must be a whole number",
        ),
        (
            "llama",
            "llama.block_count",
            Some(Value::I32(-2)),
            "`llama.block_count = -2`",
        ),
        (
            "llama",
            "llama.block_count",
            Some(Value::U32(3)),
            "no tensor `blk.2.attn_norm.weight`",
        ),
        ("llama", "llama.block_count", Some(Value::U32(u32::MAX)), "layers"),
        (
            "llama",
            "llama.block_count",
            Some(Value::U32(1)),
            "a tensor `blk.1.attn_k.weight` that no weight is for",
        ),
        (
            "llama",
            "llama.attention.head_count",
            Some(Value::U32(0)),
            "must be at least 1",
        ),
        (
            "llama",
            "llama.attention.head_count",
            Some(Value::List(List::U32(vec![4, 2]))),
            "the same in every layer",
        ),
        (
            "llama",
            "llama.vocab_size",
            Some(Value::U32(48)),
            "must have [48, 16]",
        ),
        (
            "llama",
            "llama.embedding_length",
            Some(Value::U32(24)),
            "has shape [47, 16] and must have [47, 24]",
        ),
        (
            "llama",
            "llama.rope.dimension_count",
            Some(Value::U32(4)),
            "must be the 6 coordinates of a head",
        ),
        (
            "llama",
            "llama.attention.value_length",
            Some(Value::U32(4)),
            "must be the 6 coordinates of a head",
        ),
        (
            "llama",
            "llama.rope.scaling.type",
            text("longrope"),
            "must be none, linear or yarn",
        ),
        (
            "llama",
            "llama.rope.freq_base",
            Some(Value::F32(f32::NAN)),
            "`llama.rope.freq_base = NaN`: it must be a number",
        ),
        (
            "llama",
            "llama.expert_count",
            Some(Value::U32(8)),
            "`llama.expert_count = 8`: nothing that is built",
        ),
        (
            "llama",
            "llama.attention.layer_norm_rms_epsilon",
            Some(Value::F32(2.0)),
            "norm_epsilon",
        ),
        (
            "gpt2",
            "gpt2.attention.layer_norm_epsilon",
            None,
            "`gpt2.attention.layer_norm_epsilon` is left out",
        ),
    ] {
        let refusal = Changed::of(name).refusal(key, value);
        assert!(
            refusal.contains(said) && refusal.contains("model.gguf"),
            "`{key}`: {refusal}"
        );
    }
    // What says nothing is no hindrance, and a number a layer that is the same in all.
    let mut changed = Changed::of("llama");
    changed
        .keys
        .insert("llama.expert_count".to_owned(), Value::U32(0));
    changed
        .keys
        .insert("general.name".to_owned(), Value::Text("a".to_owned()));
    let both = Value::List(List::I32(vec![2, 2]));
    changed
        .keys
        .insert("llama.attention.head_count_kv".to_owned(), both);
    assert!(changed.opened().is_ok());
}

#[test]
fn tensors_that_are_not_what_the_keys_say_are_named() {
    let name = "blk.1.attn_k.weight";
    let mut changed = Changed::of("llama");
    changed.tensors.retain(|(tensor, _)| tensor.name != name);
    let refusal = changed.opened().unwrap_err();
    assert!(
        refusal.contains(&format!("no tensor `{name}`")) && refusal.contains("[12, 16]"),
        "{refusal}"
    );
    let mut changed = Changed::of("llama");
    changed.tensor(name).0.name = "blk.1.attn_kk.weight".to_owned();
    assert!(
        changed
            .opened()
            .unwrap_err()
            .contains(&format!("no tensor `{name}`"))
    );
    let mut changed = Changed::of("llama");
    let mut more = changed.tensor(name).clone();
    more.0.name = "blk.1.attn_kk.weight".to_owned();
    changed.tensors.push(more);
    let refusal = changed.opened().unwrap_err();
    assert!(
        refusal.contains("attn_kk") && refusal.contains(&format!("did you mean `{name}`?")),
        "{refusal}"
    );
    let mut changed = Changed::of("llama");
    changed.tensor(name).0.shape.reverse();
    let refusal = changed.opened().unwrap_err();
    assert!(
        refusal.contains("has shape [16, 12] and must have [12, 16]"),
        "{refusal}"
    );
    // Without a head of its own it is tied, where nothing else is missing.
    let mut changed = Changed::of("llama");
    changed
        .tensors
        .retain(|(tensor, _)| tensor.name != "output.weight");
    assert!(changed.opened().unwrap().stack().tied);
}

#[test]
fn models_that_no_architecture_says_are_refused_before_anything_is_written() {
    let stack = |pattern: &str, mixer: &str| -> Stack {
        let blocks = format!(r#"{{"a": {{"mixer": {mixer}, "channel": {{"kind": "swiglu"}}}}}}"#);
        let text = format!(
            r#"{{"pattern": "{pattern}", "vocabulary": 9, "width": 8, "layers": 2, "context": 6, "blocks": {blocks}}}"#
        );
        serde_json::from_str(&text).unwrap()
    };
    let attention = |settings: &str| format!(r#"{{"kind": "attention"{settings}}}"#);
    for (stack, said) in [
        (
            stack("m", &attention("")),
            "as `llama`: layout `llama`: a block of `mamba2` alone",
        ),
        (
            stack("am", &attention("")),
            "as `qwen3`: layout `qwen3`: `pattern = \"am\"`",
        ),
        (
            stack("a", &attention(r#", "window": 3"#)),
            "`blocks.a.mixer.window = 3`",
        ),
        (
            stack(
                "a",
                &attention(r#", "rope_scaling": {"kind": "ntk", "factor": 2.0}"#),
            ),
            "rope_type",
        ),
        (
            stack(
                "a",
                &attention(
                    r#", "rope_scaling": {"kind": "llama3", "factor": 2.0, "original_context": 4, "low_frequency_factor": 0.5}"#,
                ),
            ),
            "rope_",
        ),
        (
            stack("a", &attention(r#", "rope_theta": 12345.6789"#)),
            "rope_theta = 12345.6789",
        ),
    ] {
        let model = stack.build(0, &Device::flex()).unwrap();
        let to = TempDir::new().unwrap();
        let path = to.path().join("model.gguf");
        let weights = weights::read(&model);
        let error = export(
            &path,
            &stack,
            &weights,
            Choice::of(Format::F32),
            &Beside::default(),
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("no architecture of GGUF") && error.contains(said),
            "{error}"
        );
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
}

#[test]
fn numbers_without_a_code_are_named_and_leave_no_file() {
    let stack = Published::open(&golden("llama")).unwrap();
    let to = TempDir::new().unwrap();
    for (value, format, is_right) in [
        (f32::NAN, Format::F32, false),
        (f32::INFINITY, Format::Bf16, false),
        (7e4, Format::F16, false),
        (7e4, Format::Bf16, true),
        (-7e4, Format::F32, true),
    ] {
        let mut weights = stack.weights().unwrap();
        weights.get_mut("blocks.1.down").unwrap().values[5] = value;
        let path = to.path().join("model.gguf");
        let written = export(
            &path,
            stack.stack(),
            &weights,
            Choice::of(format),
            &Beside::default(),
        );
        assert_eq!(written.is_ok(), is_right, "{value} {format:?}");
        if let Err(error) = written {
            let error = error.to_string();
            assert!(
                error.contains("`blk.1.ffn_down.weight` holds") && error.contains("cannot code"),
                "{error}"
            );
            assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
        } else {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn what_is_neither_folder_nor_file_is_refused() {
    let to = TempDir::new().unwrap();
    let refusal = |path: &std::path::Path| Published::open(path).unwrap_err().to_string();
    assert!(refusal(&to.path().join("nowhere")).contains("correct the path"));
    let path = to.path().join("text.gguf");
    fs::write(&path, "no model").unwrap();
    assert!(refusal(&path).contains("neither a folder with config.json nor a GGUF file"));
}
