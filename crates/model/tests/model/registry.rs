//! Every registered architecture meets its obligations.

use std::collections::BTreeSet;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_kernels::Implementation;
use triaxis_model::weights::{self, Group, Weight, WeightSpec};
use triaxis_model::{ArchitectureSpec, Block, ChannelSpec, Decoder, MixerSpec, Model, ops};
use triaxis_names::Entry;

fn examples() -> impl Iterator<Item = ArchitectureSpec> {
    ArchitectureSpec::examples().into_iter()
}

/// A batch of two sequences of the spec's context, and the tokens that follow.
fn batch(spec: &ArchitectureSpec, device: &Device) -> (Tensor<2, Int>, Tensor<1, Int>) {
    let (length, vocabulary) = (spec.context(), spec.vocabulary());
    let token = |index: usize| ((index * 7 + index / 3) % vocabulary) as i64;
    let tokens: Vec<i64> = (0..2 * length).map(token).collect();
    let targets: Vec<i64> = (1..=2 * length).map(token).collect();
    (
        Tensor::from_data(TensorData::new(tokens, [2, length]), device),
        Tensor::from_data(TensorData::new(targets, [2 * length]), device),
    )
}

#[test]
fn every_architecture_names_its_papers_and_has_an_example() {
    for registry in [MixerSpec::REGISTRY, ChannelSpec::REGISTRY] {
        for Entry { name, about } in registry {
            assert!(about.contains("arXiv"), "{name}: name its papers");
        }
    }
    let letters: BTreeSet<char> = Block::standard().map(|(letter, _)| letter).collect();
    assert_eq!(
        letters.len(),
        MixerSpec::REGISTRY.len(),
        "each mixer has a letter of its own"
    );
    for Entry { name, about } in ArchitectureSpec::REGISTRY {
        assert!(about.contains("arXiv"), "{name}: name its papers");
        let mut of_it = ArchitectureSpec::examples()
            .into_iter()
            .filter(|spec| spec.kind() == *name);
        assert!(of_it.next().is_some(), "{name}: give an example configuration");
    }
}

#[test]
fn hidden_matrices_fill_their_weights_and_are_neither_tables_nor_filters() {
    let lines = |spec: &ArchitectureSpec| spec.build(0, &Device::default()).unwrap().lines().to_vec();
    for line in examples().flat_map(|spec| lines(&spec)) {
        let is_filter = line.name.ends_with("convolution");
        let is_vector = line.shape.last() == Some(&1);
        let is_matrix = line.group == Group::Matrix && !is_filter && !is_vector;
        assert_eq!(line.hidden.is_some(), is_matrix, "{line:?}");
        if let Some(matrices) = &line.hidden {
            assert_eq!(Some(&matrices.stride()), line.shape.last(), "{line:?}");
            assert!(matrices.fit(line.size()), "{line:?}");
        }
    }
    let grouped = Decoder {
        key_value_heads: 2,
        ..Decoder::new(13, 16, 1, 4, 8)
    };
    let lines = lines(&ArchitectureSpec::Decoder(grouped));
    let columns = |name: &str| -> Vec<usize> {
        let line = lines.iter().find(|line| line.name == name).unwrap();
        line.hidden.as_ref().unwrap().columns.clone()
    };
    assert_eq!(columns("blocks.0.query_key_value"), [16, 8, 8]);
    assert_eq!(columns("blocks.0.gate_and_up").len(), 2);
}

#[test]
fn specs_round_trip_and_refuse_unknown_keys() {
    for spec in examples() {
        let text = serde_json::to_string(&spec).unwrap();
        assert!(
            text.contains(&format!("\"architecture\":\"{}\"", spec.kind())),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<ArchitectureSpec>(&text).unwrap(), spec);
        let unknown = text.replacen('{', "{\"colour\":1,", 1);
        let error = serde_json::from_str::<ArchitectureSpec>(&unknown)
            .unwrap_err()
            .to_string();
        assert!(error.contains("colour"), "{error}");
    }
}

#[test]
fn parameter_counts_equal_the_built_table() {
    for spec in examples() {
        let model = spec.build(0, &Device::flex()).unwrap();
        let counts = spec.parameters();
        let built = weights::read(&model);
        let size = |weights: &mut dyn Iterator<Item = &Weight>| -> usize {
            weights.map(|weight| weight.values.len()).sum()
        };
        assert_eq!(size(&mut built.values()) as u64, counts.total.0, "{spec:?}");
        let mut tables = ["embedding", "positions", "head"]
            .into_iter()
            .filter_map(|name| built.get(name));
        assert_eq!(size(&mut tables) as u64, counts.embedding.0, "{spec:?}");
        assert_eq!(counts.embedding + counts.non_embedding, counts.total);
        let names: BTreeSet<&str> = model.lines().iter().map(|line| line.name.as_str()).collect();
        assert_eq!(
            names.len(),
            model.lines().len(),
            "{spec:?} names each weight once"
        );
    }
}

#[test]
fn flop_counts_equal_the_products_that_ran() {
    for spec in examples() {
        let device = Device::flex();
        let model = spec.build(0, &device).unwrap();
        let (tokens, targets) = batch(&spec, &device);
        for length in [spec.context(), spec.context() - 1] {
            let tokens = tokens.clone().slice([0..2, 0..length]);
            let targets = targets.clone().slice_dim(0, 0..2 * length);
            let (loss, ran) =
                Implementation::Composed.run(|| ops::count_products(|| model.loss(tokens, targets).unwrap()));
            assert!(loss.into_scalar::<f32>().is_finite());
            assert_eq!(2.0 * spec.forward_flops(length).total().0, ran, "{spec:?}");
        }
    }
}

#[test]
fn weights_depend_only_on_the_seed_and_survive_a_round_trip() {
    for spec in examples() {
        let build = |seed| spec.build(seed, &Device::flex()).unwrap();
        let saved = weights::read(&build(1));
        assert_eq!(saved, weights::read(&build(1)));
        assert_ne!(saved, weights::read(&build(2)));
        assert_eq!(weights::read(&weights::write(build(2), &saved).unwrap()), saved);

        let mut short = saved.clone();
        let (name, _) = short.pop_first().unwrap();
        let error = weights::write(build(2), &short).unwrap_err().to_string();
        assert!(error.contains(&name), "{error}");
        let mut long = saved.clone();
        long.insert("surplus".into(), saved[&name].clone());
        let error = weights::write(build(2), &long).unwrap_err().to_string();
        assert!(error.contains("surplus"), "{error}");
        let mut misshapen = saved.clone();
        misshapen.get_mut(&name).unwrap().shape.push(1);
        let error = weights::write(build(2), &misshapen).unwrap_err().to_string();
        assert!(error.contains(&name) && error.contains("shape"), "{error}");
    }
}

#[test]
fn later_tokens_do_not_change_earlier_predictions() {
    for spec in examples() {
        let device = Device::flex();
        let model = spec.build(5, &device).unwrap();
        let (tokens, _) = batch(&spec, &device);
        let length = spec.context();
        let changed = tokens.clone().slice_assign(
            [0..2, length - 1..length],
            Tensor::full([2, 1], (spec.vocabulary() - 1) as i64, &device),
        );
        let predictions = |tokens| -> Vec<f32> { model.logits(tokens).unwrap().into_data().iter().collect() };
        let (before, after) = (predictions(tokens), predictions(changed));
        for row in 0..2 * length {
            let same = (0..spec.vocabulary()).all(|column| {
                let index = row * spec.vocabulary() + column;
                before[index].to_bits() == after[index].to_bits()
            });
            assert_eq!(same, row % length != length - 1, "{spec:?} row {row}");
        }
    }
}

#[test]
fn a_sequence_beyond_the_context_is_refused() {
    for spec in examples() {
        let device = Device::flex();
        let model = spec.build(0, &device).unwrap();
        let tokens = Tensor::zeros([1, spec.context() + 1], &device);
        let error = model.logits(tokens).unwrap_err().to_string();
        assert!(error.contains("context"), "{error}");
    }
}

/// What the first scores cost more than knowing nothing does, over all tokens that might follow: at least nothing.
fn first_excess(spec: &ArchitectureSpec) -> f64 {
    let device = Device::flex();
    let (tokens, _) = batch(spec, &device);
    let scores = spec.build(0, &device).unwrap().logits(tokens).unwrap();
    let scores: Vec<f32> = scores.into_data().iter().collect();
    let cost = |scores: &[f32]| {
        let mean = scores.iter().map(|&score| f64::from(score)).sum::<f64>() / scores.len() as f64;
        let sum: f64 = scores.iter().map(|&score| f64::from(score).exp()).sum();
        sum.ln() - mean - (scores.len() as f64).ln()
    };
    let costs: Vec<f64> = scores.chunks(spec.vocabulary()).map(cost).collect();
    costs.iter().sum::<f64>() / costs.len() as f64
}

#[test]
fn first_scores_are_of_the_size_of_one() {
    for spec in examples() {
        // Scores of deviation one cost half a nat.
        let excess = first_excess(&spec);
        assert!(
            (0.05..1.0).contains(&excess),
            "{spec:?} starts at {excess} nats above knowing nothing"
        );
    }
}

#[test]
fn a_few_steps_learn_a_batch_by_heart() {
    for spec in examples() {
        let device = Device::flex().autodiff();
        let mut model: Model = spec.build(0, &device).unwrap();
        let (tokens, targets) = batch(&spec, &device);
        let mut losses = Vec::new();
        for _ in 0..60 {
            let loss = model.loss(tokens.clone(), targets.clone()).unwrap();
            losses.push(loss.clone().into_scalar::<f32>());
            let gradients = loss.backward();
            // Plain gradient descent.
            let descend = |(line, weight): (&WeightSpec, Tensor<1>)| {
                if line.group == Group::Balance {
                    return weight;
                }
                let gradient = weight.grad(&gradients).expect("every weight has a gradient");
                Tensor::from_inner(weight.inner() - gradient.mul_scalar(0.5)).require_grad()
            };
            model = model.map(|lines, weights| lines.iter().zip(weights).map(descend).collect());
        }
        assert!(losses[59] < 0.8 * losses[0], "{spec:?} ends at {}", losses[59]);
    }
}

#[test]
fn a_preset_is_what_it_stands_for() {
    use triaxis_model::{NormKind, Preset, Stack, mixers};
    let size = |more: &str| {
        let text = format!("{{\"vocabulary\": 64, \"width\": 64, \"layers\": 4, \"context\": 32{more}}}");
        serde_json::from_str::<Stack>(&text)
    };
    for preset in Preset::ALL {
        let name = preset.name();
        let named = size(&format!(", \"preset\": \"{name}\"")).unwrap();
        let written = serde_json::to_string(&named).unwrap();
        assert!(!written.contains("preset"), "{written}");
        assert_eq!(serde_json::from_str::<Stack>(&written).unwrap(), named, "{name}");
    }
    let next = size(", \"preset\": \"qwen3-next\"").unwrap();
    assert_eq!(
        (next.pattern.as_str(), next.norm),
        ("ddda", NormKind::ZeroCentred)
    );
    let is_gated = |attention: &mixers::Attention| attention.output_gate && attention.qk_norm;
    assert!(matches!(&next.blocks[&'a'].mixer, MixerSpec::Attention(attention) if is_gated(attention)));
    // Shared weights are counted once, and computed with in every block.
    let zamba2 = size(", \"preset\": \"zamba2\", \"pattern\": \"mz\"").unwrap();
    let names = zamba2.weights().into_iter().map(|weight| weight.name);
    let shared = |name: &String| name.starts_with("shared.");
    assert_eq!(names.filter(shared).count(), 6);
    let operations = |stack: &Stack| {
        let counts = stack.forward_flops(32).operations;
        counts
            .into_iter()
            .find(|count| count.operation == "attention output")
    };
    let one = Stack {
        layers: 2,
        ..zamba2.clone()
    };
    assert_eq!(
        operations(&zamba2).unwrap().flops.0,
        2.0 * operations(&one).unwrap().flops.0
    );
    // All layers of RWKV-7 but the first mix their values with those of the first.
    let rwkv7 = size(", \"preset\": \"rwkv7\"").unwrap();
    assert_eq!((rwkv7.pattern.as_str(), rwkv7.norm), ("wvvv", NormKind::Layer));
    assert!(rwkv7.ends.embedding_norm && !rwkv7.tied);
    let mixes =
        |letter| matches!(&rwkv7.blocks[&letter].mixer, MixerSpec::Rwkv7(mixer) if mixer.mixes_values);
    assert!(!mixes('w') && mixes('v'));
    let endless = "{\"preset\": \"rwkv7\", \"vocabulary\": 9, \"width\": 8, \"layers\": 9007199254740993, \"context\": 6}";
    let error = serde_json::from_str::<Stack>(endless).unwrap_err().to_string();
    assert!(error.contains("`layers = 9007199254740993`"), "{error}");
    // What is said beside it stands.
    let other = size(", \"preset\": \"qwen3-next\", \"pattern\": \"dda\", \"norm\": \"rms\"").unwrap();
    assert_eq!((other.pattern.as_str(), other.norm), ("dda", NormKind::Rms));
    let missing = size("").unwrap_err().to_string();
    assert!(
        missing.contains("`pattern` is missing") && missing.contains("qwen3-next"),
        "{missing}"
    );
}
