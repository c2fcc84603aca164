//! Files and models that are refused: with the value, the rule and the remedy.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use burn::tensor::Device;
use tempfile::TempDir;
use triaxis_blocks::Format;
use triaxis_model::gguf::{Beside, Choice, Gguf, List, Planned, Value, export, write};
use triaxis_model::{Published, Stack, weights};

use super::golden;

/// A golden file to change: its keys, and its tensors with their bytes.
struct Changed {
    keys: BTreeMap<String, Value>,
    tensors: Vec<(Planned, Vec<u8>)>,
}

impl Changed {
    fn of(name: &str) -> Self {
        let gguf = Gguf::open(&golden(name)).unwrap();
        let tensors = gguf.tensors().map(|tensor| {
            let planned = Planned {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                format: tensor.format,
            };
            (planned, gguf.bytes(&tensor.name).unwrap())
        });
        Self {
            keys: gguf.keys().clone(),
            tensors: tensors.collect(),
        }
    }

    fn tensor(&mut self, name: &str) -> &mut (Planned, Vec<u8>) {
        self.tensors
            .iter_mut()
            .find(|(tensor, _)| tensor.name == name)
            .unwrap()
    }

    /// The folder of a file of it, and the file.
    fn written(&self) -> (TempDir, PathBuf) {
        let to = TempDir::new().unwrap();
        let path = to.path().join("model.gguf");
        let planned: Vec<Planned> = self.tensors.iter().map(|(planned, _)| planned.clone()).collect();
        write(&path, &self.keys, &planned, |index| {
            Ok(self.tensors[index].1.clone())
        })
        .unwrap();
        (to, path)
    }

    fn opened(&self) -> Result<Published, String> {
        let (_folder, path) = self.written();
        Published::open(&path).map_err(|error| error.to_string())
    }

    /// Why it is refused with a key that says something else.
    fn refusal(mut self, key: &str, value: Option<Value>) -> String {
        match value {
            Some(value) => drop(self.keys.insert(key.to_owned(), value)),
            None => drop(self.keys.remove(key).unwrap()),
        }
        self.opened().unwrap_err()
    }
}

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
            "llama, qwen3, gpt2",
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
fn divisors_that_no_scaling_has_are_refused() {
    let name = "rope_freqs.weight";
    let with = |divisors: &[f32], context: Option<u32>| {
        let mut changed = Changed::of("llama-scaled");
        let bytes = divisors
            .iter()
            .flat_map(|divisor| divisor.to_le_bytes())
            .collect();
        let (planned, found) = changed.tensor(name);
        planned.shape = vec![divisors.len()];
        *found = bytes;
        let key = "llama.rope.scaling.original_context_length".to_owned();
        changed
            .keys
            .extend(context.map(|context| (key, Value::U32(context))));
        changed.opened()
    };
    let own = Changed::of("llama-scaled").tensor(name).1.clone();
    let own: Vec<f32> = own
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    assert!(with(&own, Some(16)).is_ok());
    for (divisors, context, said) in [
        (&own[..], Some(64), "not those of Llama 3.1's scaling"),
        (&[4.0, 1.5], None, "not those of Llama 3.1's scaling"),
        (&[1.0], None, "must be 2 numbers from 1 on"),
        (&[1.0, f32::INFINITY], None, "must be 2 numbers from 1 on"),
        (&[0.5, 4.0], None, "must be 2 numbers from 1 on"),
    ] {
        let refusal = with(divisors, context).unwrap_err();
        assert!(refusal.contains(said), "{refusal}");
    }
    // Divisors of one divide nothing.
    let plain = with(&[1.0, 1.0], None).unwrap();
    assert!(
        !serde_json::to_string(plain.stack())
            .unwrap()
            .contains("rope_scaling")
    );
}

#[test]
fn scalings_that_keys_say_are_read() {
    for (kind, keys, scaling) in [
        (
            "linear",
            vec![("factor", Value::F32(4.0))],
            r#"{"kind":"linear","factor":4.0}"#,
        ),
        (
            "yarn",
            vec![
                ("factor", Value::F32(4.0)),
                ("original_context_length", Value::U32(16)),
            ],
            r#"{"kind":"yarn","factor":4.0,"original_context":16,"beta_fast":32.0,"beta_slow":1.0}"#,
        ),
        (
            "yarn",
            vec![
                ("factor", Value::F32(4.0)),
                ("original_context_length", Value::U32(16)),
                ("yarn_beta_fast", Value::F32(4.0)),
                ("yarn_attn_factor", Value::F32(1.25)),
            ],
            r#"{"kind":"yarn","factor":4.0,"original_context":16,"beta_fast":4.0,"beta_slow":1.0,"attention_factor":1.25}"#,
        ),
        ("none", vec![("factor", Value::F32(4.0))], "null"),
        ("linear", vec![], "null"),
    ] {
        let mut changed = Changed::of("qwen3");
        changed
            .keys
            .insert("qwen3.rope.scaling.type".to_owned(), Value::Text(kind.to_owned()));
        let keys = keys
            .into_iter()
            .map(|(key, value)| (format!("qwen3.rope.scaling.{key}"), value));
        changed.keys.extend(keys);
        let (_folder, path) = changed.written();
        let published = Published::open(&path).unwrap();
        let stack = serde_json::to_value(published.stack()).unwrap();
        let found = &stack["blocks"]["a"]["mixer"]["rope_scaling"];
        assert_eq!(
            found,
            &serde_json::from_str::<serde_json::Value>(scaling).unwrap()
        );
        // And said again.
        let to = TempDir::new().unwrap();
        let path = to.path().join("again.gguf");
        let weights = published.weights().unwrap();
        export(
            &path,
            published.stack(),
            &weights,
            Choice::of(Format::F32),
            &Beside::default(),
        )
        .unwrap();
        assert_eq!(Published::open(&path).unwrap().stack(), published.stack());
    }
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
