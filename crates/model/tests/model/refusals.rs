//! Settings that break a rule are refused with the value, the rule and the remedy.

use triaxis_model::{ArchitectureSpec, Stack};

/// Why a stack of width 64 and context 128 with this mixer and these keys is refused.
fn refusal(mixer: &str, keys: &str) -> String {
    let text = format!(
        r#"{{"architecture": "stack", "vocabulary": 11, "width": 64, "layers": 2, "context": 128, "pattern": "x", {keys}
            "blocks": {{"x": {{"mixer": {mixer}}}}}}}"#
    );
    serde_json::from_str::<ArchitectureSpec>(&text)
        .unwrap_err()
        .to_string()
}

fn attention(settings: &str) -> String {
    refusal(&format!(r#"{{"kind": "attention", {settings}}}"#), "")
}

#[test]
fn settings_of_attention() {
    for (settings, words) in [
        (
            r#""window": 0"#,
            ["`window = 0`", "at least the position", "leave it out"],
        ),
        (
            r#""soft_cap": 0.0"#,
            ["`soft_cap = 0`", "above 0", "leave it out"],
        ),
        (
            r#""rotary_fraction": 1.5"#,
            ["`rotary_fraction = 1.5`", "from 0", "leave it out"],
        ),
        (
            r#""rotary_fraction": -0.5"#,
            ["`rotary_fraction = -0.5`", "to 1", "leave it out"],
        ),
        (
            r#""head_dim": 16, "rotary_fraction": 0.2"#,
            ["`rotary_fraction = 0.2`", "not 3", "makes it even"],
        ),
        (
            r#""head_dim": 5, "heads": 2"#,
            ["`head_dim = 5`", "must be even", "set an even"],
        ),
        (
            r#""head_dim": 24"#,
            ["`width = 64`", "multiple of `head_dim = 24`", "set `heads`"],
        ),
        (r#""bias": "some""#, ["`some`", "`query-key-value`", "`all`"]),
        (r#""windov": 4"#, ["`windov`", "`window`", "`qk_norm`"]),
        (
            r#""rope_scaling": {"kind": "yarm", "factor": 2.0}"#,
            ["`yarm`", "`yarn`", "`llama3`"],
        ),
        (
            r#""rope_scaling": {"kind": "linear", "factor": 0.5}"#,
            ["`rope_scaling.factor = 0.5`", "from 1", "how much longer"],
        ),
        (
            r#""rope_scaling": {"kind": "yarn", "factor": 2.0, "original_context": 0}"#,
            ["`rope_scaling.original_context = 0`", "at least 1", "trained at"],
        ),
        (
            r#""rope_scaling": {"kind": "yarn", "factor": 2.0, "original_context": 9, "beta_fast": 0.5}"#,
            [
                "`rope_scaling.beta_fast = 0.5`",
                "above `beta_slow = 1`",
                "leave both out",
            ],
        ),
        (
            r#""rope_scaling": {"kind": "llama3", "factor": 2.0, "original_context": 9, "high_frequency_factor": 1.0}"#,
            [
                "`rope_scaling.high_frequency_factor = 1`",
                "above `low_frequency_factor = 1`",
                "leave both out",
            ],
        ),
        (
            r#""head_dim": 2, "rope_scaling": {"kind": "ntk", "factor": 2.0}"#,
            [
                "`rope_scaling.kind = \"ntk\"`",
                "2 turning coordinates",
                "choose `linear`",
            ],
        ),
    ] {
        let error = attention(settings);
        for word in words {
            assert!(error.contains(word), "{settings}: {error}");
        }
    }
}

#[test]
fn settings_of_latent_attention() {
    for (settings, words) in [
        (
            r#""rope_head_dim": 3"#,
            ["`rope_head_dim = 3`", "must be even", "choose an even one"],
        ),
        (
            r#""nope_head_dim": 24"#,
            ["`width = 64`", "multiple of `nope_head_dim = 24`", "set `heads`"],
        ),
        (
            r#""key_value_rank": 0"#,
            ["`key_value_rank = 0`", "outside", "choose from 1"],
        ),
        (
            r#""query_rank": 0"#,
            ["`query_rank = 0`", "outside", "choose from 1"],
        ),
        (
            r#""score_factor": -1.0"#,
            ["`score_factor = -1`", "above 0", "leave it out"],
        ),
    ] {
        let error = refusal(&format!(r#"{{"kind": "latent-attention", {settings}}}"#), "");
        for word in words {
            assert!(error.contains(word), "{settings}: {error}");
        }
    }
}

#[test]
fn settings_of_state_spaces_and_linear_attention() {
    for (mixer, words) in [
        (
            r#"{"kind": "mamba", "state": 0}"#,
            ["`state = 0`", "outside", "choose from 1"],
        ),
        (
            r#"{"kind": "mamba", "step_rank": 0}"#,
            ["`step_rank = 0`", "outside", "choose from 1"],
        ),
        (
            r#"{"kind": "mamba2", "least_step": -1.0}"#,
            ["`least_step = -1`", "above 0", "leave it out"],
        ),
        (
            r#"{"kind": "gated-linear-attention", "heads": 5}"#,
            ["`width = 64`", "multiple of twice `heads = 5`", "set `head_dim`"],
        ),
        (
            r#"{"kind": "gated-linear-attention", "decay_divisor": 0}"#,
            ["`decay_divisor = 0`", "outside", "choose from 1"],
        ),
        (
            r#"{"kind": "shared-attention", "heads": 0}"#,
            ["`heads = 0`", "outside", "choose from 1"],
        ),
        (
            r#"{"kind": "shared-attention", "heads": 3}"#,
            ["`heads = 3`", "twice `width = 64`", "choose a divisor"],
        ),
        (
            r#"{"kind": "shared-attention", "heads": 128, "rope_theta": 100.0}"#,
            ["`heads = 128`", "odd width", "leave out `rope_theta`"],
        ),
    ] {
        let error = refusal(mixer, "");
        for word in words {
            assert!(error.contains(word), "{mixer}: {error}");
        }
    }
}

#[test]
fn settings_of_recurrent_mixers() {
    for (mixer, words) in [
        (
            r#"{"kind": "min-gru", "taps": 1}"#,
            ["`taps = 1`", "outside", "choose from 2"],
        ),
        (
            r#"{"kind": "min-lstm", "inner": 0}"#,
            ["`inner = 0`", "outside", "choose from 1"],
        ),
        (
            r#"{"kind": "lstm", "inner": 0}"#,
            ["`inner = 0`", "outside", "choose from 1"],
        ),
        (
            r#"{"kind": "rg-lru", "heads": 3}"#,
            ["`heads = 3`", "divide `inner = 64`", "choose a divisor"],
        ),
        (
            r#"{"kind": "rwkv7", "head_dim": 24}"#,
            ["`head_dim = 24`", "divide `width = 64`", "choose a divisor"],
        ),
        (
            r#"{"kind": "rwkv7", "gate_rank": 0}"#,
            ["`gate_rank = 0`", "outside", "choose from 1"],
        ),
        (
            r#"{"kind": "rwkv7", "mixes_values": true}"#,
            ["`pattern = \"x\"`", "an earlier layer", "begin with a block"],
        ),
    ] {
        let error = refusal(mixer, "");
        for word in words {
            assert!(error.contains(word), "{mixer}: {error}");
        }
    }
}

#[test]
fn presets_on_widths_that_they_cannot_have() {
    for (preset, width, words) in [
        (
            "jamba",
            7,
            ["`width = 7`", "multiple of `head_dim = 2`", "set `heads`"],
        ),
        ("zamba2", 0, ["`width = 0`", "outside", "choose from 1"]),
    ] {
        let text = format!(
            r#"{{"preset": "{preset}", "vocabulary": 9, "width": {width}, "layers": 8, "context": 6}}"#
        );
        let error = serde_json::from_str::<Stack>(&text).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{preset}: {error}");
        }
    }
}

#[test]
fn a_preset_on_a_width_that_it_cannot_have() {
    for (width, words) in [
        (7, ["`width = 7`", "multiple of `head_dim = 2`", "choose one"]),
        (50, ["`rotary_fraction = 0.5`", "not 25", "makes it even"]),
    ] {
        let text = format!(
            r#"{{"architecture": "stack", "vocabulary": 11, "width": {width}, "layers": 3, "context": 128,
                "preset": "griffin"}}"#
        );
        let error = serde_json::from_str::<ArchitectureSpec>(&text)
            .unwrap_err()
            .to_string();
        for word in words {
            assert!(error.contains(word), "{width}: {error}");
        }
    }
}

/// Blocks that share weights share them with all of their kind.
#[test]
fn two_kinds_of_shared_blocks() {
    let block = |rank| format!(r#"{{"mixer": {{"kind": "shared-attention", "adapter_rank": {rank}}}}}"#);
    let text = format!(
        r#"{{"pattern": "mzy", "vocabulary": 9, "width": 8, "layers": 3, "context": 6,
            "blocks": {{"z": {}, "y": {}}}}}"#,
        block(2),
        block(3)
    );
    let error = serde_json::from_str::<Stack>(&text).unwrap_err().to_string();
    for word in ["`pattern = \"mzy\"`", "share weights", "in all their places"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn choices_of_a_stack() {
    let plain = r#"{"kind": "attention"}"#;
    for (mixer, keys, words) in [
        (
            plain,
            r#""learned_positions": 127,"#,
            ["`learned_positions = 127`", "`context = 128`", "leave it out"],
        ),
        (
            plain,
            r#""norm_epsilon": 0.0,"#,
            ["`norm_epsilon = 0`", "above 0", "leave it out"],
        ),
        (
            plain,
            r#""ends": {"score_cap": 0.0},"#,
            ["`ends.score_cap = 0`", "above 0", "leave it out"],
        ),
        (
            plain,
            r#""ends": {"embedding_scale": -1.0},"#,
            ["`ends.embedding_scale = -1`", "above 0", "leave it out"],
        ),
        (plain, r#""norm": "batch","#, ["`batch`", "`rms`", "`layer`"]),
        (
            r#"{"kind": "mamba2"}"#,
            r#""norm": "layer","#,
            ["`norm = layer`", "`mamba2`", "choose another mixer"],
        ),
    ] {
        let error = refusal(mixer, keys);
        for word in words {
            assert!(error.contains(word), "{keys}: {error}");
        }
    }
}

#[test]
fn settings_of_experts() {
    let refusal = |settings: &str| {
        let text = format!(
            r#"{{"architecture": "stack", "vocabulary": 11, "width": 64, "layers": 2, "context": 128, "pattern": "x",
                "blocks": {{"x": {{"mixer": {{"kind": "attention"}}, "channel": {{"kind": "experts", {settings}}}}}}}}}"#
        );
        serde_json::from_str::<ArchitectureSpec>(&text)
            .unwrap_err()
            .to_string()
    };
    for (settings, words) in [
        (
            r#""chosen": 9"#,
            ["`chosen = 9`", "from 1 to `experts = 8`", "give more experts"],
        ),
        (
            r#""chosen": 0"#,
            ["`chosen = 0`", "from 1 to `experts = 8`", "choose fewer"],
        ),
        (r#""experts": 0"#, ["`experts = 0`", "outside", "from 1"]),
        (
            r#""inner": 20, "granularity": 3"#,
            ["`granularity = 3`", "must divide `inner = 20`", "as to 21"],
        ),
        (
            r#""experts": 4096, "granularity": 2"#,
            ["`granularity = 2`", "8192", "fewer experts"],
        ),
        (
            r#""groups": 3, "chosen_groups": 2"#,
            [
                "`groups = 3`",
                "must divide the number of experts, 8",
                "a divisor",
            ],
        ),
        (
            r#""groups": 4, "chosen_groups": 5"#,
            ["`chosen_groups = 5`", "from 1 to `groups = 4`", "leave both out"],
        ),
        (
            r#""groups": 4, "chosen_groups": 1, "chosen": 3"#,
            ["`chosen_groups = 1`", "leaves 2 experts", "no expert is left"],
        ),
        (
            r#""shared_inner": 8"#,
            ["`shared_inner = 8`", "there are none", "set `shared`"],
        ),
        (
            r#""shared_gate": true"#,
            ["`shared_gate = true`", "there are none", "set `shared`"],
        ),
        (
            r#""auxiliary": -0.1"#,
            ["`auxiliary = -0.1`", "finite number from 0", "for none"],
        ),
        (r#""bias_rate": 0.0"#, ["`bias_rate = 0`", "above 0", "no bias"]),
        (r#""scale": -1.0"#, ["`scale = -1`", "above 0", "as they are"]),
        (r#""router": "sigmoit""#, ["`sigmoit`", "`softmax`", "`sigmoid`"]),
        (r#""topk": 2"#, ["`topk`", "`chosen`", "`groups`"]),
        (
            r#""granularity": 18446744073709551615"#,
            ["`granularity", "outside", "from 1"],
        ),
        (
            r#""shared": 4096, "shared_inner": 1048576"#,
            ["`shared = ", "outside", "from 0"],
        ),
    ] {
        let error = refusal(settings);
        for word in words {
            assert!(error.contains(word), "{settings}: {error}");
        }
    }
}
