//! Published models against transformers: `golden/layouts.py` made the folders of `golden/layouts`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;
use triaxis_kernels::Implementation;
use triaxis_model::layouts::Config;
use triaxis_model::{Block, ChannelSpec, Folder, Layout, Memory, Model, Stack, folder, weights};

/// The tiny published models, by their names: a layout's, or with more after a dash.
fn goldens() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/layouts");
    let mut folders: Vec<PathBuf> = fs::read_dir(all)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
}

fn golden(name: &str) -> PathBuf {
    let found = goldens().into_iter().find(|path| path.ends_with(name));
    found.expect("golden/layouts.py makes a folder of that name")
}

fn model(folder: &Folder) -> Model {
    let model = folder.stack().build(0, &Device::flex()).unwrap();
    weights::write(model, &folder.weights().unwrap()).unwrap()
}

/// What transformers was given, `[sequences, length]`, and the logits it found.
fn expected(path: &Path) -> (Tensor<2, Int>, Vec<f32>) {
    let content = fs::read(path.join("logits.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&content).unwrap();
    let [tokens, logits] = ["tokens", "logits"].map(|name| file.tensor(name).unwrap());
    let four = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).unwrap();
    let numbers = tokens
        .data()
        .chunks_exact(4)
        .map(|bytes| i64::from(i32::from_le_bytes(four(bytes))));
    let shape = [tokens.shape()[0], tokens.shape()[1]];
    let tokens = TensorData::new(numbers.collect::<Vec<i64>>(), shape);
    let logits = logits
        .data()
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(four(bytes)));
    (Tensor::from_data(tokens, &Device::flex()), logits.collect())
}

/// The logits of every position, one stepped to at a time.
fn stepped(model: &Model, tokens: &Tensor<2, Int>) -> Vec<f32> {
    let [sequences, length] = tokens.dims();
    let mut memories = vec![Memory::default(); sequences];
    let mut by_position = Vec::new();
    for position in 0..length {
        let token = tokens.clone().slice([0..sequences, position..position + 1]);
        by_position.push(model.step(token, &mut memories).unwrap());
    }
    let vocabulary = by_position[0].dims()[1];
    let all = by_position
        .into_iter()
        .map(|logits| logits.reshape([sequences, 1, vocabulary]));
    Tensor::<3>::cat(all.collect(), 1).into_data().iter().collect()
}

fn close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let differences = found
        .iter()
        .zip(expected)
        .map(|(found, expected)| (found - expected).abs());
    let largest = differences.fold(0f32, |largest, difference| {
        if difference <= largest {
            largest
        } else {
            difference
        }
    });
    assert!(largest <= 1e-4, "{what}: logits differ by {largest}");
}

#[test]
fn every_layout_computes_what_transformers_does() {
    let mut seen = BTreeSet::new();
    for path in goldens() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let folder = Folder::open(&path).unwrap();
        let layout = folder.layout().name();
        assert!(
            name == layout || name.starts_with(&format!("{layout}-")),
            "{name} is {layout}"
        );
        seen.insert(layout);
        let (model, (tokens, expected)) = (model(&folder), expected(&path));
        for implementation in [Implementation::Fused, Implementation::Composed] {
            implementation.run(|| {
                let whole: Vec<f32> = model.logits(tokens.clone()).unwrap().into_data().iter().collect();
                close(&format!("{name}, whole"), &whole, &expected);
                close(&format!("{name}, stepped"), &stepped(&model, &tokens), &expected);
            });
        }
    }
    let all: BTreeSet<&str> = Layout::REGISTRY.iter().map(|entry| entry.name).collect();
    assert_eq!(seen, all, "each layout has a folder that golden/layouts.py makes");
}

/// Shapes and bytes of the tensors of a file.
fn tensors(path: &Path) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let content = fs::read(path.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&content).unwrap();
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, view)| (name, (view.shape().to_vec(), view.data().to_vec())))
        .collect()
}

#[test]
fn what_a_bias_balances_has_no_auxiliary_loss() {
    let folder = Folder::open(&golden("deepseek-experts")).unwrap();
    let of = |block: &Block| match &block.channel {
        Some(ChannelSpec::Experts(experts)) => Some(experts.auxiliary),
        _ => None,
    };
    let found: Vec<f64> = folder.stack().blocks.values().filter_map(of).collect();
    assert_eq!(found, [0.0]);
}

#[test]
fn an_export_of_an_import_has_the_same_tensors_and_means_the_same_stack() {
    for path in goldens() {
        let folder = Folder::open(&path).unwrap();
        let weights = folder.weights().unwrap();
        let is_read = |weight: &weights::Weight| weight.values.iter().all(|&value| value != 0.0);
        assert!(weights.values().all(is_read), "{path:?} leaves no weight out");
        let to = TempDir::new().unwrap();
        folder::write(to.path(), folder.layout(), folder.stack(), &weights).unwrap();
        assert_eq!(tensors(to.path()), tensors(&path), "{path:?}");
        let again = Folder::open(to.path()).unwrap();
        assert_eq!((again.layout(), again.stack()), (folder.layout(), folder.stack()));
        assert_eq!(again.weights().unwrap(), weights);
        assert_eq!(
            fs::read_dir(to.path()).unwrap().count(),
            2,
            "nothing else is left there"
        );
    }
}

/// A folder to change: the config, and the tensors.
struct Changed {
    config: Value,
    tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
    kind: Dtype,
}

impl Changed {
    fn of(name: &str) -> Self {
        let path = golden(name);
        Self {
            config: serde_json::from_str(&fs::read_to_string(path.join("config.json")).unwrap()).unwrap(),
            tensors: tensors(&path),
            kind: Dtype::F32,
        }
    }

    /// The content of a file of some of the tensors.
    fn file<'a>(&'a self, names: impl Iterator<Item = &'a String>) -> Vec<u8> {
        let view = |name: &'a String| {
            let (shape, bytes) = &self.tensors[name];
            (name, TensorView::new(self.kind, shape.clone(), bytes).unwrap())
        };
        safetensors::serialize(names.map(view), None).unwrap()
    }

    fn write(&self, path: &Path) {
        fs::write(path.join("config.json"), self.config.to_string()).unwrap();
        fs::write(path.join("model.safetensors"), self.file(self.tensors.keys())).unwrap();
    }

    fn open(&self) -> Result<Folder, String> {
        let folder = TempDir::new().unwrap();
        self.write(folder.path());
        Folder::open(folder.path()).map_err(|error| error.to_string())
    }

    fn refusal(&self) -> String {
        self.open().unwrap_err()
    }
}

#[test]
fn weights_in_several_files_are_those_in_one() {
    let (copy, to) = (Changed::of("llama"), TempDir::new().unwrap());
    copy.write(to.path());
    let expected = Folder::open(to.path()).unwrap().weights().unwrap();
    fs::remove_file(to.path().join("model.safetensors")).unwrap();
    let names = Vec::from_iter(copy.tensors.keys());
    let mut map = BTreeMap::new();
    for (index, names) in names.chunks(names.len() / 2).enumerate() {
        let file = format!("model-{index}-of-3.safetensors");
        fs::write(to.path().join(&file), copy.file(names.iter().copied())).unwrap();
        map.extend(names.iter().map(|name| (name.as_str(), file.clone())));
    }
    let index = to.path().join("model.safetensors.index.json");
    let write =
        |map: &Value| fs::write(&index, json!({ "metadata": {}, "weight_map": map }).to_string()).unwrap();
    write(&json!(map));
    assert_eq!(Folder::open(to.path()).unwrap().weights().unwrap(), expected);
    // An index reads nothing outside of its folder, and what it names must be there.
    let refusal = |map: Value| {
        write(&map);
        Folder::open(to.path()).unwrap_err().to_string()
    };
    let error = refusal(json!({ "a": "../model-0-of-3.safetensors" }));
    assert!(error.contains("is no name of a file beside it"), "{error}");
    let error = refusal(json!({ "a": "model-9-of-3.safetensors" }));
    assert!(
        error.contains("model-9-of-3.safetensors") && error.contains("correct the path"),
        "{error}"
    );
    let error = refusal(json!({ "a": "model-0-of-3.safetensors" }));
    assert!(error.contains("there is no tensor"), "{error}");
    let error = refusal(json!(["a"]));
    assert!(error.contains("is no index"), "{error}");
}

#[test]
fn numbers_of_sixteen_bits_are_read() {
    let mut copy = Changed::of("mamba2");
    let of = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
    copy.kind = Dtype::BF16;
    for (_, bytes) in copy.tensors.values_mut() {
        // Cut to the upper half.
        *bytes = bytes
            .chunks_exact(4)
            .flat_map(|bytes| [bytes[2], bytes[3]])
            .collect();
    }
    let folder = TempDir::new().unwrap();
    copy.write(folder.path());
    let found = Folder::open(folder.path()).unwrap().weights().unwrap();
    let (_, whole) = &tensors(&golden("mamba2"))["backbone.embeddings.weight"];
    let cut = whole
        .chunks_exact(4)
        .map(|bytes| f32::from_bits(of(bytes).to_bits() & 0xffff_0000));
    assert_eq!(found["embedding"].values, cut.collect::<Vec<f32>>());
}

#[test]
fn a_model_without_its_head_is_read_where_the_head_is_tied() {
    let mut copy = Changed::of("llama-tied");
    let expected = Folder::open(&golden("llama-tied")).unwrap().weights().unwrap();
    let bare = |name: String| name.strip_prefix("model.").map_or(name.clone(), str::to_owned);
    copy.tensors = copy
        .tensors
        .into_iter()
        .map(|(name, tensor)| (bare(name), tensor))
        .collect();
    let folder = TempDir::new().unwrap();
    copy.write(folder.path());
    assert_eq!(Folder::open(folder.path()).unwrap().weights().unwrap(), expected);
    // A head that is there besides, and angles that older files hold.
    let mut copy = Changed::of("llama-tied");
    let table = copy.tensors["model.embed_tokens.weight"].clone();
    copy.tensors.insert("lm_head.weight".into(), table);
    copy.tensors.insert(
        "model.layers.0.self_attn.rotary_emb.inv_freq".into(),
        (vec![1], vec![0; 4]),
    );
    copy.write(folder.path());
    assert_eq!(Folder::open(folder.path()).unwrap().weights().unwrap(), expected);
    copy.tensors.get_mut("lm_head.weight").unwrap().1[0] ^= 1;
    copy.write(folder.path());
    let error = Folder::open(folder.path())
        .unwrap()
        .weights()
        .unwrap_err()
        .to_string();
    assert!(error.contains("is not the embedding"), "{error}");
}

#[test]
fn tensors_that_are_not_what_the_config_says_are_named() {
    let change = |change: &dyn Fn(&mut Changed)| {
        let mut copy = Changed::of("llama");
        change(&mut copy);
        copy.refusal()
    };
    let name = "model.layers.1.self_attn.k_proj.weight";
    let error = change(&|copy| drop(copy.tensors.remove(name)));
    assert!(
        error.contains(&format!("no tensor `{name}`")) && error.contains("[12, 16]"),
        "{error}"
    );
    let error = change(&|copy| {
        let tensor = copy.tensors[name].clone();
        copy.tensors
            .insert("model.layers.1.self_attn.k_projj.weight".into(), tensor);
    });
    assert!(
        error.contains("k_projj") && error.contains(&format!("did you mean `{name}`?")),
        "{error}"
    );
    let error = change(&|copy| copy.tensors.get_mut(name).unwrap().0.reverse());
    assert!(
        error.contains("has shape [16, 12] and must have [12, 16]"),
        "{error}"
    );
    let error = change(&|copy| {
        copy.kind = Dtype::I32;
    });
    assert!(error.contains("F32, F16 and BF16 are read"), "{error}");
}

#[test]
fn configs_that_mean_no_stack_are_refused_by_field() {
    let refusal = |name: &str, field: &str, value: Value| {
        let mut copy = Changed::of(name);
        copy.config[field] = value;
        copy.refusal()
    };
    for (name, field, value, said) in [
        ("llama", "model_type", json!("lama"), "did you mean `llama`?"),
        ("llama", "model_type", Value::Null, "`model_type` is left out"),
        (
            "llama",
            "hidden_size",
            json!(-1),
            "`hidden_size = -1`: must be a whole number",
        ),
        ("llama", "hidden_size", json!(1u64 << 60), "width"),
        (
            "llama",
            "num_attention_heads",
            json!(0),
            "`num_attention_heads = 0`",
        ),
        ("llama", "num_hidden_layers", json!(u64::MAX), "layers"),
        ("llama", "hidden_act", json!("gelu"), "must be \"silu\""),
        (
            "llama",
            "rope_parameters",
            json!({ "rope_type": "spiral" }),
            "spiral",
        ),
        (
            "llama",
            "quantization_config",
            json!({ "bits": 4 }),
            "quantization_config",
        ),
        (
            "mamba2",
            "num_heads",
            json!(3),
            "must be `expand = 2` times `hidden_size = 16`",
        ),
        ("mamba2", "n_groups", json!(3), "`groups = 3`"),
        ("mamba2", "use_conv_bias", json!(false), "use_conv_bias"),
        ("mamba2", "time_step_limit", json!([0.0, 0.1]), "time_step_limit"),
        (
            "mamba",
            "intermediate_size",
            json!(47),
            "`expand = 3` times `hidden_size = 16`",
        ),
        ("mamba", "use_conv_bias", json!(false), "use_conv_bias"),
        ("mamba", "time_step_rank", json!("all"), "whole number"),
        (
            "jamba",
            "num_experts",
            json!(16),
            "no tensor `model.layers.1.feed_forward.router.weight`",
        ),
        (
            "jamba-experts",
            "num_experts_per_tok",
            json!(5),
            "`chosen = 5`: must be from 1 to `experts = 4`",
        ),
        (
            "jamba-experts",
            "expert_layer_offset",
            json!(2),
            "below `expert_layer_period = 2`",
        ),
        ("mixtral", "num_local_experts", json!(0), "`experts = 0`"),
        (
            "deepseek-experts",
            "n_group",
            json!(5),
            "must divide the number of experts, 12",
        ),
        ("deepseek-experts", "topk_group", json!(0), "`chosen_groups = 0`"),
        (
            "deepseek-experts",
            "num_experts_per_tok",
            json!(7),
            "no expert is left",
        ),
        (
            "deepseek-experts",
            "scoring_func",
            json!("softmax"),
            "scoring_func",
        ),
        (
            "deepseek-experts",
            "n_shared_experts",
            json!(0),
            "n_shared_experts",
        ),
        (
            "deepseek-v2",
            "first_k_dense_replace",
            json!(1),
            "the experts of DeepSeek-V2 are not built",
        ),
        (
            "qwen3-next-experts",
            "shared_expert_intermediate_size",
            json!(0),
            "`shared_inner = 0`",
        ),
        (
            "jamba",
            "attn_layer_offset",
            json!(3),
            "below `attn_layer_period = 3`",
        ),
        ("jamba", "attn_layer_period", json!(0), "correct the fields"),
        (
            "jamba",
            "num_attention_heads",
            json!(5),
            "must divide `hidden_size = 16`",
        ),
        ("jamba", "mamba_proj_bias", json!(true), "mamba_proj_bias"),
        ("zamba2", "num_mem_blocks", json!(0), "num_mem_blocks"),
        ("zamba2", "layers_block_type", json!(["hybrid"]), "1 kinds"),
        (
            "zamba2",
            "layers_block_type",
            json!(["hybrid", "attention", "hybrid"]),
            "`layers_block_type = \"attention\"`",
        ),
        (
            "zamba2",
            "tie_word_embeddings",
            json!(false),
            "must be true where blocks share weights",
        ),
        (
            "zamba2",
            "n_mamba_heads",
            json!(0),
            "must divide `mamba_expand = 2`",
        ),
        ("zamba2", "rms_norm_eps", json!(1e-6), "rms_norm_eps"),
    ] {
        let error = refusal(name, field, value);
        assert!(
            error.contains(said) && error.contains("config.json"),
            "{name}, {field}: {error}"
        );
    }
    assert!(Config::parse("{").is_err());
}

#[test]
fn headers_that_lie_are_refused_and_take_no_memory() {
    let folder = TempDir::new().unwrap();
    let copy = Changed::of("mistral");
    copy.write(folder.path());
    let path = folder.path().join("model.safetensors");
    let sound = fs::read(&path).unwrap();
    let refusal = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        Folder::open(folder.path()).unwrap_err().to_string()
    };
    let with_length = |length: u64| [&length.to_le_bytes()[..], &sound[8..]].concat();
    for content in [
        Vec::new(),
        sound[..5].to_vec(),
        sound[..sound.len() - 1].to_vec(),
        [&sound[..], &[0]].concat(),
        with_length(u64::MAX),
        with_length(99_999_999),
        with_length(3),
    ] {
        let error = refusal(&content);
        assert!(error.contains("is no whole safetensors file"), "{error}");
    }
    for header in [
        r#"{"a": {"dtype": "F32", "shape": [4611686018427387904, 4611686018427387904], "data_offsets": [0, 4]}}"#,
        r#"{"a": {"dtype": "F32", "shape": [1000000000000], "data_offsets": [0, 4000000000000]}}"#,
        r#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}"#,
        r#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]}}"#,
        r#"{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}"#,
        "[1]",
    ] {
        let length = (header.len() as u64).to_le_bytes();
        let error = refusal(&[&length[..], header.as_bytes(), &[0; 4]].concat());
        assert!(
            error.contains("is no whole safetensors file"),
            "{header}: {error}"
        );
    }
    let error = Folder::open(&folder.path().join("nowhere"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("correct the path"), "{error}");
    fs::remove_file(&path).unwrap();
    let error = Folder::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("has neither model.safetensors nor"), "{error}");
}

#[test]
fn a_pickle_is_told_what_to_become() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("RWKV-x070.pth"), b"PK").unwrap();
    let error = Folder::open(folder.path()).unwrap_err().to_string();
    for word in [
        "RWKV-x070.pth: a pickle",
        "save its tensors as model.safetensors",
        "`rwkv7`",
    ] {
        assert!(error.contains(word), "{error}");
    }
    // Beside what is read it harms nobody.
    let copy = Changed::of("rwkv7");
    copy.write(folder.path());
    assert_eq!(Folder::open(folder.path()).unwrap().layout(), Layout::Rwkv7);
}

#[test]
fn configs_of_recurrent_families_are_refused_by_field() {
    for (name, field, value, words) in [
        (
            "recurrent-gemma",
            "block_types",
            json!(["recurrent", "convolution"]),
            ["`block_types = \"convolution\"`", "must be `recurrent`"],
        ),
        (
            "recurrent-gemma",
            "block_types",
            json!([]),
            ["`block_types = []`", "leave it out"],
        ),
        (
            "recurrent-gemma",
            "hidden_activation",
            json!("relu"),
            ["`hidden_activation = \"relu\"`", "gelu_pytorch_tanh"],
        ),
        (
            "recurrent-gemma",
            "lru_width",
            json!(23),
            ["`heads = 2`", "must divide `inner = 23`"],
        ),
        (
            "rwkv7",
            "num_hidden_layers",
            json!(0),
            ["`num_hidden_layers = 0`", "choose from 1"],
        ),
        (
            "rwkv7",
            "head_dim",
            json!(5),
            ["`head_dim = 5`", "must divide `width = 16`"],
        ),
        (
            "rwkv7",
            "decay_low_rank_dim",
            Value::Null,
            ["`decay_low_rank_dim` is left out", "add it"],
        ),
    ] {
        let mut copy = Changed::of(name);
        copy.config[field] = value;
        let error = copy.refusal();
        for word in words {
            assert!(error.contains(word), "{field}: {error}");
        }
    }
}

fn stack(text: &str) -> Stack {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_a_layout_cannot_say_is_refused_before_anything_is_written() {
    let of = |pattern: &str, more: &str| {
        let sizes = r#""vocabulary": 9, "width": 8, "layers": 2, "context": 6"#;
        stack(&format!(r#"{{"pattern": "{pattern}", {sizes}{more}}}"#))
    };
    let blocks =
        r#", "blocks": {"m": {"mixer": {"kind": "mamba2", "state": 4, "groups": 2, "head_dim": 4}}}"#;
    for (layout, stack, said) in [
        (
            Layout::Llama,
            of("m", ""),
            "layout `llama`: a block of `mamba2` alone",
        ),
        (Layout::Llama, of("am", ""), "layout `llama`: `pattern = \"am\"`"),
        (Layout::Mamba2, of("a", ""), "a block of `attention` and `swiglu`"),
        (Layout::Mamba2, of("m", blocks), "`blocks.m.mixer.grouped_norm"),
        (Layout::Jamba, of("sa", ""), "a block of `mamba` alone"),
        (Layout::Jamba, of("a", ""), "`blocks.a.mixer.rotary_fraction"),
        (Layout::Zamba2, of("mz", blocks), "`blocks.m.mixer.grouped_norm"),
    ] {
        let model = stack.build(0, &Device::flex()).unwrap();
        let to = TempDir::new().unwrap();
        let error = folder::write(to.path(), layout, &stack, &weights::read(&model)).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
    let error = Layout::find("lama").unwrap_err().to_string();
    assert!(error.contains("did you mean `llama`?"), "{error}");
}
