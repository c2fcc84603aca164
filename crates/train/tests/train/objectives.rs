//! What every objective owes, and what masked diffusion is.

use std::collections::BTreeSet;
use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData, activation::log_softmax};
use serde_json::json;
use triaxis_model::{Architecture, ArchitectureSpec, Decoder, Stack};
use triaxis_train::{
    AboutModel, MaskedDiffusion, ObjectiveSpec, TrainConfig, Trained, ValidationText, load_model,
};
use triaxis_units::Bytes;

use crate::run::{Watcher, config, interrupted_anywhere, text, train};

/// A tiny model that sees as an objective needs it.
fn model_for(objective: &ObjectiveSpec) -> ArchitectureSpec {
    let vocabulary = 13 + objective.marks();
    if !is_bidirectional(objective) {
        return ArchitectureSpec::Decoder(Decoder::new(vocabulary, 16, 2, 2, 8));
    }
    let stack = json!({
        "preset": "diffusion-transformer", "vocabulary": vocabulary, "width": 16, "layers": 2, "context": 8,
    });
    ArchitectureSpec::Stack(serde_json::from_value(stack).unwrap())
}

/// Whether it is refused where positions see none after them.
fn is_bidirectional(objective: &ObjectiveSpec) -> bool {
    let vocabulary = 13 + objective.marks();
    objective
        .validate(&Decoder::new(vocabulary, 16, 2, 2, 8).stack())
        .is_err()
}

fn training(objective: ObjectiveSpec) -> TrainConfig {
    TrainConfig {
        architecture: model_for(&objective),
        objective,
        ..config()
    }
}

/// Settings of each objective of the registry.
fn examples() -> Vec<ObjectiveSpec> {
    let named = |entry: &triaxis_names::Entry| -> ObjectiveSpec {
        serde_json::from_value(json!({ "kind": entry.name })).unwrap()
    };
    let usual = ObjectiveSpec::REGISTRY.iter().map(named);
    usual.flat_map(|objective| objective.examples()).collect()
}

#[test]
fn every_objective_is_read_and_written_and_refuses_what_is_anothers() {
    for objective in examples() {
        let written = serde_json::to_value(&objective).unwrap();
        let config = training(objective.clone());
        config.validate().unwrap();
        let again: TrainConfig = serde_json::from_value(serde_json::to_value(&config).unwrap()).unwrap();
        assert_eq!(again.objective, objective);
        let mut unknown = written.clone();
        unknown["learning"] = json!(1);
        assert!(
            serde_json::from_value::<ObjectiveSpec>(unknown).is_err(),
            "{objective:?}"
        );
        // Its name alone is its usual settings.
        let named = json!({ "architecture": config.architecture, "objective": objective.kind() });
        let named: AboutModel = serde_json::from_value({
            let mut fields = named["architecture"].clone();
            fields["objective"] = named["objective"].clone();
            fields
        })
        .unwrap();
        assert_eq!(named.objective.kind(), objective.kind());
        // A model that sees otherwise is refused, with what to do.
        let other = match is_bidirectional(&objective) {
            true => ArchitectureSpec::Decoder(Decoder::new(15, 16, 2, 2, 8)),
            false => model_for(&ObjectiveSpec::MaskedDiffusion(MaskedDiffusion::default())),
        };
        let refused = TrainConfig {
            architecture: other,
            ..config
        };
        let error = refused.validate().unwrap_err().to_string();
        assert!(
            error.contains("bidirectional") && error.contains("another objective"),
            "{error}"
        );
    }
}

#[test]
fn what_is_lowered_where_nothing_is_said_is_not_written() {
    let written = serde_json::to_string(&config()).unwrap();
    assert!(!written.contains("objective"), "{written}");
    assert_eq!(config().objective.kind(), "next-token");
    assert!(config().numerics("f32").keys().all(|part| !part.contains("next")));
}

#[test]
fn every_objective_learns_and_has_the_same_bits_interrupted_anywhere() {
    for objective in examples() {
        let config = training(objective);
        interrupted_anywhere(&config);
        let folder = tempfile::tempdir().unwrap();
        let mut watcher = Watcher::new(u64::MAX, u64::MAX);
        let outcomes = train(&config, folder.path(), &BTreeSet::new(), &mut watcher).unwrap();
        let longest = outcomes.iter().max_by_key(|outcome| outcome.steps).unwrap();
        let validation = longest.validation.unwrap();
        assert!(validation.nats.0 < 2.6, "{:?}: {validation:?}", config.objective);
        assert_eq!(
            validation.bound.is_some(),
            config.objective.kind() == "masked-diffusion"
        );
        // What is saved is what was measured, and says what it was trained on.
        let file = folder.path().join("model-30-6.safetensors");
        let trained = Trained::read(&file).unwrap();
        assert_eq!(trained.about.objective, config.objective);
        assert_eq!(measured(&config, &file), validation);
    }
}

fn measured(config: &TrainConfig, file: &Path) -> triaxis_train::Evaluation {
    let (_, model) = load_model(file, &Device::default()).unwrap();
    let validation = ValidationText::new("validation", text(100), Bytes(250));
    let measured = config
        .objective
        .evaluate(&model, &validation, 8, 13, &Device::default());
    measured.unwrap().0
}

fn diffusion() -> ObjectiveSpec {
    ObjectiveSpec::MaskedDiffusion(MaskedDiffusion::default())
}

/// Windows of eight tokens are measured by all their masks: against the definition, by the scores of whole sequences.
#[test]
fn the_bound_is_the_mean_over_masks_of_what_a_model_says() {
    let stack = model_for(&diffusion()).stack();
    let model = stack.build(5, &Device::default()).unwrap();
    let tokens: Vec<u32> = text(17);
    let validation = ValidationText::new("validation", tokens.clone(), Bytes(17));
    let (found, _) = diffusion()
        .evaluate(&model, &validation, 8, 13, &Device::default())
        .unwrap();
    let mut sum = 0.0;
    for window in tokens[1..].chunks_exact(8) {
        for chosen in 1u32..256 {
            let masked = |place: usize| chosen >> place & 1 == 1;
            let inputs: Vec<i64> = (0..8)
                .map(|place| {
                    if masked(place) {
                        13
                    } else {
                        i64::from(window[place])
                    }
                })
                .collect();
            let inputs = TensorData::new(inputs, [1, 8]);
            let inputs = Tensor::<2, Int>::from_data(inputs, &Device::default());
            // The mask has no probability.
            let scores = model.logits(inputs).unwrap().slice_dim(1, 0..13);
            let logs: Vec<f32> = log_softmax(scores, 1).into_data().iter::<f32>().collect();
            let count = chosen.count_ones();
            let ways = [8.0, 28.0, 56.0, 70.0, 56.0, 28.0, 8.0, 1.0][count as usize - 1];
            let losses = (0..8).filter(|&place| masked(place));
            let losses = losses.map(|place| -f64::from(logs[place * 13 + window[place] as usize]));
            sum += losses.sum::<f64>() / (f64::from(count) * ways);
        }
    }
    let expected = sum / 16.0;
    assert!(
        (found.nats.0 - expected).abs() < 1e-5,
        "{found:?}, not {expected}"
    );
    assert_eq!(found.bound.unwrap().error.unwrap().0, 0.0);
}

#[test]
fn longer_windows_tell_an_error_that_draws_make_smaller() {
    let stack: Stack = serde_json::from_value(json!({
        "preset": "diffusion-transformer", "vocabulary": 14, "width": 16, "layers": 2, "context": 32,
    }))
    .unwrap();
    let model = stack.build(5, &Device::default()).unwrap();
    let validation = ValidationText::new("validation", text(700), Bytes(700));
    let bound = |draws| {
        let objective = ObjectiveSpec::MaskedDiffusion(MaskedDiffusion {
            draws,
            ..MaskedDiffusion::default()
        });
        let (found, _) = objective
            .evaluate(&model, &validation, 32, 13, &Device::default())
            .unwrap();
        (found.nats.0, found.bound.unwrap().error.unwrap().0)
    };
    let ((few, wide), (many, narrow)) = (bound(4), bound(64));
    assert!(
        (few - many).abs() < 4.0 * wide,
        "{few} ± {wide}, {many} ± {narrow}"
    );
    assert!(0.0 < narrow && narrow < 0.5 * wide, "{wide}, {narrow}");
}

#[test]
fn settings_of_masked_diffusion_are_checked() {
    for (setting, value, rule) in [
        ("average", json!(1.0), "from 0 to below 1"),
        ("average", json!(-0.1), "from 0 to below 1"),
        ("draws", json!(7), "an even number"),
        ("draws", json!(2), "an even number"),
    ] {
        let mut objective = json!({ "kind": "masked-diffusion" });
        objective[setting] = value;
        let config = TrainConfig {
            objective: serde_json::from_value(objective).unwrap(),
            ..training(diffusion())
        };
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(rule) && error.contains("the usual is"), "{error}");
    }
}
