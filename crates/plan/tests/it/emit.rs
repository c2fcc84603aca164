//! Configurations of trainers: their keys against the projects' own, their numbers against the decision.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use triaxis_plan::decide::{Decision, Law, Refusal, decide};
use triaxis_plan::emit::{Layout, Open, Recipe, Shape, Trainer};
use triaxis_plan::{Question, published};

const TWO_TEXTS: &str = r#"
aim = "lowest-loss"
budget = "$1.5M"
draws = 40
seed = 7
[[text]]
name = "curated"
unique = "300B"
[[text]]
name = "filtered web"
unique = "1T"
worth = 0.8
[training]
devices = 1024
"#;

const SMALL: &str = "aim = \"lowest-loss\"\nbudget = \"$300\"\ndraws = 40\n[[text]]\nname = \"1e5: web\\nimport os\"\nunique = \"1T\"\n";

fn decided(text: &str) -> (Question, Decision) {
    let question: Question = toml::from_str(text).unwrap();
    let law = Law::published(published::find("besiroglu-2024").unwrap()).unwrap();
    let decision = decide(&question, &[law]).unwrap();
    (question, decision)
}

/// Decisions of a run on many devices and of one on as few as hold it.
static DECISIONS: LazyLock<Vec<(Question, Decision)>> =
    LazyLock::new(|| [TWO_TEXTS, SMALL].map(decided).into_iter().collect());

/// The keys that a project's own source accepts.
fn accepted(trainer: Trainer) -> BTreeSet<&'static str> {
    let (text, repository) = match trainer {
        Trainer::Torchtitan => (
            include_str!("../golden/emit/torchtitan.keys"),
            "pytorch/torchtitan",
        ),
        Trainer::Megatron => (include_str!("../golden/emit/megatron.keys"), "NVIDIA/Megatron-LM"),
        Trainer::Nanotron => (
            include_str!("../golden/emit/nanotron.keys"),
            "huggingface/nanotron",
        ),
        Trainer::Levanter => (
            include_str!("../golden/emit/levanter.keys"),
            "stanford-crfm/levanter",
        ),
    };
    let (first, keys) = text.split_once('\n').unwrap();
    let commit = first.strip_prefix(&format!("# {repository} ")).unwrap();
    assert!(
        commit.chars().take(40).all(|sign| sign.is_ascii_hexdigit()),
        "{first}"
    );
    // What the file says that its keys are of is what was read.
    for (question, decision) in DECISIONS.iter() {
        let written = trainer
            .configuration(question, decision, Open::default())
            .unwrap();
        assert!(
            written.contains(&format!("Keys as of {repository} {}.", &commit[..12])),
            "{written}"
        );
    }
    keys.lines().collect()
}

/// Every key of a configuration, as the lists of accepted keys have it.
fn keys(trainer: Trainer, text: &str) -> Vec<String> {
    match trainer {
        Trainer::Torchtitan => of_python(text),
        Trainer::Megatron => of_arguments(text),
        Trainer::Nanotron => of_yaml(text, nanotron),
        Trainer::Levanter => of_yaml(text, levanter),
    }
}

fn of_arguments(text: &str) -> Vec<String> {
    let flags = text.lines().filter_map(|line| line.strip_prefix("  --"));
    let flags = flags.filter(|flag| !flag.starts_with("master"));
    flags
        .map(|flag| format!("--{}", flag.split(' ').next().unwrap()))
        .collect()
}

/// `Class.key` of every keyword, by the calls that are open.
fn of_python(text: &str) -> Vec<String> {
    let (_, body) = text.split_once("def _model()").unwrap();
    let (mut open, mut keys): (Vec<String>, Vec<String>) = Default::default();
    for line in body.lines().map(str::trim) {
        let code = line.split("  #").next().unwrap().trim();
        let (key, value) = match code.split_once('=') {
            Some((key, value)) if key.chars().all(|sign| sign.is_alphanumeric() || sign == '_') => {
                (Some(key), value)
            }
            _ => (None, code.strip_prefix("return ").unwrap_or(code)),
        };
        if let Some(key) = key {
            let class = open.last().unwrap();
            keys.push(format!(
                "{}.{key}",
                class.strip_prefix("llama3.").unwrap_or(class)
            ));
        }
        if let Some(call) = value
            .strip_suffix('(')
            .filter(|call| !call.starts_with(['#', 'd']) || *call == "default_adamw")
        {
            // A tuple belongs to the call around it.
            open.push(call.to_owned());
        } else if matches!(code, ")" | "),") {
            open.pop();
        }
    }
    keys
}

/// `Class.key` of every key, the class by the path of keys around it; none where keys are names.
fn of_yaml(text: &str, class: fn(&[String]) -> Option<&'static str>) -> Vec<String> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut keys = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
    {
        let item = line.trim_start();
        let indent = line.len() - item.len();
        let (indent, item) = item
            .strip_prefix("- ")
            .map_or((indent, item), |item| (indent + 2, item));
        let Some((key, _)) = item.split_once(':') else {
            continue;
        };
        while path.last().is_some_and(|(above, _)| *above >= indent) {
            path.pop();
        }
        let above: Vec<String> = path.iter().map(|(_, key)| key.clone()).collect();
        if let Some(class) = class(&above) {
            keys.push(format!("{class}.{key}"));
        }
        path.push((indent, key.trim_matches('"').to_owned()));
    }
    keys
}

fn nanotron(path: &[String]) -> Option<&'static str> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match path.as_slice() {
        [] => "Config",
        ["general"] => "GeneralArgs",
        ["model"] => "ModelArgs",
        ["model", "init_method"] => "RandomInit",
        ["model", "model_config"] => "LlamaConfig",
        ["tokenizer"] => "TokenizerArgs",
        ["tokens"] => "TokensArgs",
        ["optimizer"] => "OptimizerArgs",
        ["optimizer", "learning_rate_scheduler"] => "LRSchedulerArgs",
        ["optimizer", "optimizer_factory"] => "AdamWOptimizerArgs",
        ["parallelism"] => "ParallelismArgs",
        ["data_stages"] => "DatasetStageArgs",
        ["data_stages", "data"] => "DataArgs",
        ["data_stages", "data", "dataset"] => "NanosetDatasetsArgs",
        ["checkpoints"] => "CheckpointsArgs",
        ["logging"] => "LoggingArgs",
        other => panic!("no class at {other:?}"),
    })
}

fn levanter(path: &[String]) -> Option<&'static str> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match path.as_slice() {
        [] => "TrainLmConfig",
        ["model"] => "LlamaConfig",
        ["trainer"] => "TrainerConfig",
        ["trainer", "checkpointer"] => "CheckpointerConfig",
        ["optimizer"] => "AdamConfig",
        ["data"] => "LMMixtureDatasetConfig",
        ["data", "configs" | "train_weights"] => return None,
        ["data", "configs", _] => "UrlDatasetSourceConfig",
        other => panic!("no class at {other:?}"),
    })
}

#[test]
fn every_key_is_one_of_the_trainers_own() {
    for trainer in Trainer::ALL {
        let accepted = accepted(*trainer);
        for (question, decision) in DECISIONS.iter() {
            let written = trainer
                .configuration(question, decision, Open::default())
                .unwrap();
            let keys = keys(*trainer, &written);
            assert!(keys.len() > 35, "{}: {keys:?}", trainer.name());
            for key in keys {
                // The name by which levanter's registries choose a class.
                let is_choice = matches!(key.as_str(), "LlamaConfig.type" | "AdamConfig.type");
                let is_choice = is_choice && *trainer == Trainer::Levanter;
                assert!(
                    is_choice || accepted.contains(key.as_str()),
                    "{} has no {key}",
                    trainer.name()
                );
            }
        }
    }
}

#[test]
fn a_key_that_is_not_there_is_seen() {
    let (question, decision) = &DECISIONS[0];
    for (trainer, right, wrong) in [
        (
            Trainer::Torchtitan,
            "            warmup_steps=",
            "            warm_up_steps=",
        ),
        (Trainer::Megatron, "--train-iters", "--train-iterations"),
        (Trainer::Nanotron, "  train_steps:", "  steps:"),
        (Trainer::Levanter, "  num_train_steps:", "  train_steps:"),
    ] {
        let written = trainer
            .configuration(question, decision, Open::default())
            .unwrap();
        assert!(written.contains(right), "{right} in {written}");
        let keys = keys(trainer, &written.replace(right, wrong));
        let accepted = accepted(trainer);
        let unknown = keys
            .iter()
            .filter(|key| !key.ends_with(".type") && !accepted.contains(key.as_str()));
        assert_eq!(unknown.count(), 1, "{}", trainer.name());
    }
}

#[test]
fn the_numbers_are_those_of_the_decision() {
    for (question, decision) in DECISIONS.iter() {
        let first = &decision.choices[0];
        for shards in [false, true] {
            let recipe = Recipe::of(question, decision, Open::default(), shards).unwrap();
            let (shape, layout) = (recipe.shape, recipe.layout);
            assert!((shape.params() as f64 / first.params - 1.0).abs() < 0.1);
            let tokens = (recipe.steps * recipe.batch()) as f64;
            assert!((tokens - first.tokens.value).abs() <= 0.5 * recipe.batch() as f64 + 1.0);
            assert_eq!(
                layout.replicas() * layout.tensor * layout.pipeline,
                layout.devices
            );
            assert_eq!(recipe.sequences % layout.replicas(), 0);
            assert_eq!(
                (shape.groups % layout.tensor, shape.depth % layout.pipeline),
                (0, 0)
            );
            assert!(layout.fits);
            // Step Law, equation 1.
            let [layers, seen] = [shape.params_of_layers() as f64, first.tokens.value];
            let rate = 1.79 * layers.powf(-0.713) * seen.powf(0.307);
            assert!((recipe.learning_rate / rate - 1.0).abs() < 1e-12);
            let batch = 0.58 * seen.powf(0.571);
            assert!(
                (recipe.batch() as f64 / batch - 1.0).abs() < 0.26,
                "{} for {batch}",
                recipe.batch()
            );
            assert!((recipe.text.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
    let (question, decision) = &DECISIONS[0];
    let recipe = Recipe::of(question, decision, Open::default(), false).unwrap();
    assert_eq!((recipe.layout.devices, recipe.seed), (1024, 7));
}

#[test]
fn parameters_are_counted_as_of_llama_3() {
    // Llama 3 8B and 70B have 8,030,261,248 and 70,553,706,496.
    for (depth, width, feed_forward, heads, params) in [
        (32, 4096, 14_336, 32, 8_030_261_248),
        (80, 8192, 28_672, 64, 70_553_706_496),
    ] {
        let shape = Shape {
            depth,
            width,
            feed_forward,
            heads,
            groups: 8,
            vocabulary: 128_256,
        };
        assert_eq!(shape.params(), params);
    }
}

#[test]
fn a_layout_shares_no_more_than_it_must() {
    let gpu = 80e9;
    let small = Shape::of(1e9, 32_000).unwrap();
    let large = Shape::of(70e9, 32_000).unwrap();
    let of = |shape: &Shape, devices, shards| {
        let layout = Layout::of(shape, devices, gpu, 1024, shards);
        (layout.devices, layout.tensor, layout.pipeline, layout.fits)
    };
    assert_eq!(of(&small, Some(64), false), (64, 1, 1, true));
    assert_eq!(of(&small, None, false), (8, 1, 1, true));
    // 70B of weights and gradients take 420 GB: sixteen ways of sharing leave 26 GB a device.
    assert_eq!(of(&large, Some(512), false), (512, 8, 2, true));
    assert_eq!(of(&large, Some(512), true), (512, 1, 1, true));
    // More replicas than sequences would have nothing to do.
    assert_eq!(of(&large, Some(4096), true), (4096, 4, 1, true));
    assert!(!of(&large, Some(1), true).3);
}

#[test]
fn what_is_no_run_of_a_dense_transformer_is_refused() {
    let refusal = |question: &Question, decision: &Decision, open: Open| {
        Trainer::Megatron
            .configuration(question, decision, open)
            .unwrap_err()
    };
    let (question, decision) = &DECISIONS[1];
    let far = Decision {
        is_recommended: false,
        ..decision.clone()
    };
    assert!(
        matches!(refusal(question, &far, Open::default()), Refusal::Unmet(why) if why.contains("nothing is recommended"))
    );
    let mut experts = question.clone();
    experts.arms[0].active = triaxis_plan::Share(0.1);
    let why = refusal(&experts, decision, Open::default()).to_string();
    assert!(why.contains("uses 10% of its parameters"), "{why}");
    for (open, says) in [
        (
            Open {
                vocabulary: 3,
                ..Open::default()
            },
            "--vocabulary is 3",
        ),
        (
            Open {
                context: 0,
                ..Open::default()
            },
            "--context-length is 0",
        ),
        (
            Open {
                vocabulary: 4_000_000,
                ..Open::default()
            },
            "with a vocabulary of 4000000",
        ),
    ] {
        let why = refusal(question, decision, open).to_string();
        assert!(why.contains(says), "{says:?} is not in {why}");
    }
    assert!(
        Trainer::find("levanther")
            .unwrap_err()
            .to_string()
            .contains("did you mean `levanter`")
    );
}

#[test]
fn a_name_ends_no_comment_and_begins_no_key() {
    let (question, decision) = &DECISIONS[1];
    for trainer in Trainer::ALL {
        let written = trainer
            .configuration(question, decision, Open::default())
            .unwrap();
        assert!(
            written.lines().all(|line| line.trim() != "import os"),
            "{written}"
        );
        assert!(
            written.contains("data/1e5-web-import-os") || written.contains("$DATA/1e5-web-import-os"),
            "{written}"
        );
    }
}

proptest! {
    #[test]
    fn a_shape_is_of_whole_heads_and_near_its_size(size in 7.5f64..12.5, vocabulary in 1_000u64..60_000) {
        let params = 10f64.powf(size);
        let shape = Shape::of(params, vocabulary);
        // Of the smallest the vocabulary alone may have more.
        prop_assume!(params > 1000.0 * vocabulary as f64);
        let shape = shape.unwrap();
        prop_assert_eq!(shape.heads * shape.head(), shape.width);
        prop_assert_eq!(shape.heads % shape.groups, 0);
        prop_assert!((shape.params() as f64 / params - 1.0).abs() < 0.1);
        let aspect = shape.width as f64 / shape.depth as f64;
        prop_assert!((16.0..=1024.0).contains(&aspect), "{:?}", shape);
    }
}
