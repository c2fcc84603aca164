//! How rotary positions are scaled, in keys and as divisors.

use tempfile::TempDir;
use triaxis_blocks::Format;
use triaxis_containers::gguf::Value;
use triaxis_model::Published;
use triaxis_model::gguf::{Beside, Choice, export};

use super::Changed;

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
