//! Every registry: each name is in kebab case, there once, described, told where users look, and can be used.

use std::collections::BTreeSet;

use serde_json::json;
use triaxis_corpus::SourceSpec;
use triaxis_laws::forms;
use triaxis_model::{ArchitectureSpec, Block, ChannelSpec, Layout, MixerSpec};
use triaxis_names::Entry;
use triaxis_plan::decide::Aim;
use triaxis_plan::emit::Trainer;
use triaxis_probes::Probe;
use triaxis_search::StrategySpec;
use triaxis_study::design::DesignSpec;
use triaxis_tasks::Task;
use triaxis_train::{Dtype, EpochOrder, Instructions, ObjectiveSpec, Optimizer, Schedule};

use crate::support::Bench;

/// The spec that shows every setting.
const SETTINGS: &str = include_str!("../../../../examples/settings.toml");

/// What one can name, and each name with what it says of itself.
struct Registry {
    of: &'static str,
    entries: Vec<(String, String)>,
    /// Where users read of it.
    told: String,
    /// Whether a user who gives the name gets what it stands for.
    can_be_used: fn(&str) -> bool,
}

impl Registry {
    fn new(of: &'static str, registry: &[Entry], can_be_used: fn(&str) -> bool) -> Self {
        let entry = |entry: &Entry| (entry.name.to_owned(), entry.about.to_owned());
        Self {
            of,
            entries: registry.iter().map(entry).collect(),
            told: SETTINGS.to_owned(),
            can_be_used,
        }
    }
}

fn registries() -> [Registry; 15] {
    let laws = forms::registry().iter().map(|form| {
        let definition = form.definition();
        (
            form.name().to_owned(),
            format!("{}: {}", definition.equation, definition.source),
        )
    });
    let listed = Bench::new("").run(&["fit", "--list"]);
    let models = Bench::new("").run(&["model", "list"]);
    let test_time = String::from_utf8(Bench::new("").run(&["bench", "test-time", "--help"]).stdout).unwrap();
    let plan = String::from_utf8(Bench::new("").run(&["plan", "--help"]).stdout).unwrap();
    [
        Registry::new("source", SourceSpec::REGISTRY, |name| {
            let source = format!("kind = '{name}'\nname = 'a'\ninclude = ['b']");
            toml::from_str::<SourceSpec>(&source).is_ok_and(|source| source.kind() == name)
        }),
        Registry::new("schedule", Schedule::REGISTRY, |name| {
            let schedule = serde_json::from_str::<Schedule>(&format!("\"{name}\""));
            schedule.is_ok_and(|schedule| schedule.name() == name)
        }),
        Registry::new("objective", ObjectiveSpec::REGISTRY, |name| {
            let objective = serde_json::from_value::<ObjectiveSpec>(json!({ "kind": name }));
            objective.is_ok_and(|objective| objective.kind() == name)
        }),
        Registry::new("optimizer", Optimizer::REGISTRY, |name| {
            let optimizer = serde_json::from_value::<Optimizer>(json!({ "kind": name }));
            optimizer.is_ok_and(|optimizer| optimizer.kind() == name && optimizer.validate().is_ok())
        }),
        Registry::new("design", DesignSpec::REGISTRY, |name| {
            let axes = ["budgets = ['1e9', '2e9']", "tokens = ['1M', '2M']"];
            axes.iter().any(|axis| {
                let design = format!("kind = '{name}'\n{axis}\nsizes = [{{ width = 8 }}, {{ width = 16 }}]");
                toml::from_str::<DesignSpec>(&design)
                    .is_ok_and(|design| design.kind() == name && design.points(&[1.0, 2.0]).len() == 4)
            })
        }),
        Registry::new("architecture", ArchitectureSpec::REGISTRY, |name| {
            let examples = ArchitectureSpec::examples();
            examples
                .iter()
                .any(|spec| spec.kind() == name && spec.validate().is_ok())
        }),
        Registry::new("mixer", MixerSpec::REGISTRY, |name| {
            Block::standard().any(|(_, block)| block.mixer.kind() == name)
        }),
        Registry::new("probe", Probe::REGISTRY, |name| {
            Probe::named(name).is_ok_and(|probe| probe.name() == name)
        }),
        Registry::new("channel", ChannelSpec::REGISTRY, |name| {
            let channel = serde_json::from_value::<ChannelSpec>(json!({ "kind": name }));
            channel.is_ok_and(|channel| channel.kind() == name)
        }),
        Registry {
            told: String::from_utf8(models.stdout).unwrap(),
            ..Registry::new("layout", Layout::REGISTRY, |name| {
                Layout::find(name).is_ok_and(|layout| layout.name() == name)
            })
        },
        Registry {
            told: plan.clone(),
            ..Registry::new("aim", Aim::REGISTRY, |name| {
                let aim = serde_json::from_str::<Aim>(&format!("\"{name}\""));
                aim.is_ok_and(|aim| aim.name() == name)
            })
        },
        Registry {
            told: plan,
            ..Registry::new("trainer", Trainer::REGISTRY, |name| {
                Trainer::find(name).is_ok_and(|trainer| trainer.name() == name)
            })
        },
        Registry {
            told: test_time.clone(),
            ..Registry::new("task", Task::REGISTRY, |name| {
                Task::named(name).is_ok_and(|task| task.name() == name && task.validate().is_ok())
            })
        },
        Registry {
            told: test_time,
            ..Registry::new("strategy", StrategySpec::REGISTRY, |name| {
                StrategySpec::read(name).is_ok_and(|strategy| strategy.kind() == name)
            })
        },
        Registry {
            of: "law",
            entries: laws.collect(),
            told: String::from_utf8(listed.stdout).unwrap(),
            can_be_used: |name| forms::find(name).is_ok_and(|form| form.name() == name),
        },
    ]
}

#[test]
fn every_registered_name_is_unique_described_told_and_usable() {
    for registry in registries() {
        let of = registry.of;
        let mut names = BTreeSet::new();
        assert!(!registry.entries.is_empty(), "no {of}");
        for (name, about) in &registry.entries {
            assert!(names.insert(name), "two {of}s are called {name}");
            assert!(is_kebab_case(name), "{of} {name}");
            assert!(
                about.len() > 40,
                "the {of} {name} says too little of itself: {about}"
            );
            assert!(
                has_word(&registry.told, name),
                "users are not told of the {of} {name}"
            );
            assert!((registry.can_be_used)(name), "the {of} {name} cannot be used");
        }
    }
}

#[test]
fn every_name_of_a_closed_set_is_unique_and_told() {
    let orders = EpochOrder::ALL.map(|order| serde_json::to_value(order).unwrap());
    let orders = orders.iter().map(|order| order.as_str().unwrap().to_owned());
    let instructions = Bench::new("").run(&["study", "run", "--help"]);
    for (of, names, told) in [
        (
            "dtype",
            Dtype::ALL.map(|dtype| dtype.name().to_owned()).to_vec(),
            SETTINGS.to_owned(),
        ),
        ("order", orders.collect(), SETTINGS.to_owned()),
        (
            "instruction set",
            Instructions::ALL.map(|level| level.name().to_owned()).to_vec(),
            String::from_utf8(instructions.stdout).unwrap(),
        ),
    ] {
        let different: BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{of}: {names:?}");
        for name in &names {
            assert!(is_kebab_case(name), "{of} {name}");
            assert!(has_word(&told, name), "users are not told of the {of} {name}");
        }
    }
}

fn is_kebab_case(name: &str) -> bool {
    let sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    name.chars().all(sign) && !name.starts_with('-') && !name.ends_with('-') && !name.contains("--")
}

/// Whether `name` stands in a text by itself, and not within a longer one.
fn has_word(text: &str, name: &str) -> bool {
    let belongs = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || "-_".contains(sign));
    text.match_indices(name).any(|(start, name)| {
        let (before, after) = (&text[..start], &text[start + name.len()..]);
        !belongs(before.chars().next_back()) && !belongs(after.chars().next())
    })
}
