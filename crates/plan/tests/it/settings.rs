//! The example that explains every setting of a plan.

use triaxis_plan::decide::{Law, decide};
use triaxis_plan::{Question, published};

const SETTINGS: &str = include_str!("../../../../examples/plan-settings.toml");

/// What a question is made of.
const SOURCES: [&str; 3] = [
    include_str!("../../src/decide/question/mod.rs"),
    include_str!("../../src/decide/question/demand.rs"),
    include_str!("../../src/serving/setup.rs"),
];

/// Fields that no file sets: read from a table, refused in a plan, or of what is worked out.
const INTERNAL: [&str; 3] = ["table", "measured", "curve"];

/// The example with what stands after `#`, where that is a setting, in place of nothing.
fn all_shown() -> String {
    let is_setting = |line: &str| {
        let name = line.split([' ', '=']).next().unwrap_or_default();
        let is_name = |sign: char| sign.is_ascii_lowercase() || sign == '_';
        line.starts_with('[') || (!name.is_empty() && name.chars().all(is_name) && line.contains(" = "))
    };
    SETTINGS
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(hidden) if is_setting(hidden) => hidden,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_settings_of_a_plan_are_all_shown() {
    let question: Question = toml::from_str(SETTINGS).unwrap();
    question.validate().unwrap();
    let law = Law::published(published::find("besiroglu-2024").unwrap()).unwrap();
    let decision = decide(&question, &[law]).unwrap();
    assert!(decision.is_recommended, "{:?}", decision.instead);
    // As shown, too, it is a question, though some of its settings stand against each other.
    let all: Question = toml::from_str(&all_shown()).unwrap();
    assert!(all.hosted.is_some() && all.serving.speculation.is_some() && all.demand.is_some());
    let shown: toml::Table = toml::from_str(&all_shown()).unwrap();
    let mut keys = Vec::new();
    collect(&toml::Value::Table(shown), &mut keys);
    let fields = SOURCES.iter().flat_map(|source| {
        let lines = source.lines().filter_map(|line| line.strip_prefix("    pub "));
        let fields = lines.filter_map(|line| line.split_once(": "));
        fields.filter(|(name, _)| !name.contains(['(', ' ']))
    });
    let renamed = |name: &str| if name == "tiers" { "text" } else { name }.to_owned();
    let missing: Vec<String> = fields
        .map(|(name, _)| renamed(name))
        .filter(|name| !INTERNAL.contains(&name.as_str()) && !keys.contains(name))
        .collect();
    assert!(
        missing.is_empty(),
        "examples/plan-settings.toml does not show {missing:?}"
    );
}

fn collect(value: &toml::Value, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                found.push(key.clone());
                collect(value, found);
            }
        }
        toml::Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[test]
fn the_defaults_of_a_plan_are_those_shown() {
    let shown: Question = toml::from_str(SETTINGS).unwrap();
    let bare: Question = toml::from_str("aim = \"lowest-loss\"\nbudget = \"$2M\"").unwrap();
    assert_eq!(shown.repetition, bare.repetition);
    assert_eq!(shown.experiments, bare.experiments);
    assert_eq!(shown.params, bare.params);
    assert_eq!(shown.contexts, bare.contexts);
    assert_eq!(
        (shown.level, shown.draws, shown.seed),
        (bare.level, bare.draws, bare.seed)
    );
    let (training, serving) = (&bare.training, &bare.serving);
    assert_eq!(
        (
            shown.training.mfu,
            shown.training.goodput,
            shown.training.other_runs
        ),
        (training.mfu, training.goodput, training.other_runs)
    );
    let mut own = shown.serving.clone();
    own.price_per_hour = None;
    assert_eq!(own, *serving);
}

#[test]
fn what_is_beyond_all_measure_is_refused() {
    let asked = |what: &str, by: &str| {
        assert!(SETTINGS.contains(what), "{what}");
        let question: Question = toml::from_str(&SETTINGS.replacen(what, by, 1)).unwrap();
        question.validate().unwrap_err().to_string()
    };
    let months = "months = { value = 12, low = 8, high = 18 }";
    for (what, by, said) in [
        (
            months,
            "months = 1e6",
            "demand.months may be 1000000: it must be from 0 to 600",
        ),
        (
            months,
            "months = { value = 12, low = 8, high = 1e9 }",
            "demand.months may be",
        ),
        (
            "growth_per_year = 1.0",
            "growth_per_year = 1e9",
            "demand.growth_per_year may be",
        ),
        (
            "queries_per_month = { value = \"5M\", low = \"2M\", high = \"12M\" }",
            "queries_per_month = 0",
            "give the queries of the first month",
        ),
        (
            "other_runs = { value = 0.4, low = 0.04, high = 1.6 }",
            "other_runs = 1e9",
            "training.other_runs may be",
        ),
    ] {
        let error = asked(what, by);
        assert!(error.contains(said), "{error}");
    }
    let hosted = format!(
        "aim = \"lowest-loss\"\nbudget = \"$1M\"\n{}",
        "[hosted]\nmodel = \"m\"\nparams = \"7B\"\ndate = \"2026-05-01\"\ninput = 1\ncached_input = 2\noutput = 4\n"
    );
    let question: Question = toml::from_str(&hosted).unwrap();
    let error = question.validate().unwrap_err().to_string();
    assert!(error.contains("what is in the cache costs no more"), "{error}");
}
