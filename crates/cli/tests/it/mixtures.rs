//! A study that sweeps over mixtures of its sources, with the real program, and a plan that reads it.

use serde_json::Value;

use crate::support::{Bench, SPEC, json};

/// A sweep over two sources of text and one of digits.
fn spec() -> String {
    let (before, after) = SPEC.split_once("[[corpus.sources]]").unwrap();
    let (_, after) = after.split_once("[tokenizer]").unwrap();
    let (middle, _) = after.split_once("[design]").unwrap();
    format!(
        r#"{before}
[[corpus.sources]]
name = "many"
kind = "files"
include = ["text/0[0-5]*.txt"]

[[corpus.sources]]
name = "few"
kind = "files"
include = ["text/0[6-8]*.txt"]

[[corpus.sources]]
name = "digits"
kind = "files"
include = ["digits/*.txt"]

[[validation]]
name = "clean"
kind = "files"
include = ["text/11*.txt"]

[[validation]]
name = "numbers"
kind = "files"
include = ["numbers/*.txt"]

[tokenizer]{middle}
[design]
kind = "grid"
tokens = ["20K"]
sizes = [{{ width = 8, layers = 1, heads = 1 }}]

[mixtures]
runs = 14
tokens = "20K"
size = {{ width = 8, layers = 1, heads = 1 }}
strengths = [0.5, 5.0]
max_epochs = 2.0

[laws]
resamples = 100
"#
    )
}

/// The folder of the study, with numbers beside the text.
fn bench(spec: &str) -> Bench {
    let bench = Bench::new(spec);
    for (folder, documents) in [("digits", 40), ("numbers", 8)] {
        std::fs::create_dir(bench.path(folder)).unwrap();
        for document in 0..documents {
            let number = |at: u64| (at + 1) * 7_919 * (documents + document) % 100_000;
            let text: Vec<String> = (0..150).map(|at| number(at).to_string()).collect();
            let path = bench.path(folder).join(format!("{document}.txt"));
            std::fs::write(path, text.join(" ")).unwrap();
        }
    }
    bench
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn a_sweep_finds_a_mixture_with_its_spread_and_a_plan_reads_it() {
    let bench = bench(&spec());
    let arguments = ["study", "run", "spec.toml", "--out", "out", "--format", "json"];
    let first = json(&bench.run(&arguments));
    let trials = first["trials"].as_array().unwrap();
    assert!(
        trials.iter().all(|trial| trial["status"] == "done"),
        "{trials:#?}"
    );
    // That of the text as it is, and those drawn, beside the ladder's one.
    let swept = trials.iter().filter(|trial| trial["role"] == "mixture");
    assert_eq!((swept.count(), trials.len()), (15, 16));
    let sweep = &first["mixtures"][0];
    assert_eq!(sweep["sources"], serde_json::json!(["many", "few", "digits"]));
    let runs = sweep["runs"].as_array().unwrap();
    let shares = |of: &Value| -> Vec<f64> { of.as_array().unwrap().iter().map(number).collect() };
    let caps = shares(&sweep["caps"]);
    for run in runs {
        let own = shares(&run["shares"]);
        assert!((own.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        // Blocks of two sources move shares a little.
        assert!(
            own.iter().zip(&caps).all(|(share, cap)| *share <= cap + 0.1),
            "{own:?} {caps:?}"
        );
    }
    let texts: Vec<&Value> = sweep["best"]
        .as_array()
        .unwrap()
        .iter()
        .map(|best| &best["text"])
        .collect();
    assert_eq!(texts, ["all texts", "clean", "numbers"]);
    let best = |at: usize| -> &Value { &sweep["best"][at]["found"]["found"] };
    let share = |at: usize, source: usize| number(&best(at)["shares"][source]["value"]);
    // Who is judged by numbers wants digits, and who is by prose wants prose.
    assert!(share(2, 2) > share(1, 2) + 0.1, "{} {}", best(1), best(2));
    for at in 0..3 {
        let ends = &best(at)["shares"][0]["interval"];
        assert!(number(&ends["low"]) <= share(at, 0) && share(at, 0) <= number(&ends["high"]));
        let total: f64 = (0..3).map(|source| share(at, source)).sum();
        assert!((total - 1.0).abs() < 1e-9);
    }
    // Run again it only reads, and says the same.
    let records = bench.records("out");
    assert_eq!(json(&bench.run(&arguments)), first);
    assert_eq!(bench.records("out"), records);
    let said = bench.run(&["study", "run", "spec.toml", "--out", "out"]);
    let said = String::from_utf8(said.stdout).unwrap();
    for words in [
        "the best mixture by the loss on all texts",
        "best share",
        "of which some",
        "by `numbers`:",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let page = std::fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("The best mixture of sources"));

    // The plan takes no more of a source than the best mixture may have.
    let plan = |name: &str, more: &str| {
        std::fs::write(
            bench.path("plan.toml"),
            format!(
                r#"
aim = "lowest-loss"
budget = "$1M"
[[laws]]
published = "besiroglu-2024"
[[text]]
name = "{name}"
unique = "1T"
{more}
[[text]]
name = "rest"
unique = "10T"
worth = 0.5
"#
            ),
        )
        .unwrap();
        bench.run(&["plan", "plan.toml", "--format", "json"])
    };
    let told = json(&plan("digits", "mixture = \"out\""));
    let most = number(&best(0)["shares"][2]["interval"]["high"]);
    assert!(
        told.to_string()
            .contains("at most its share of the best mixture, in the study out"),
        "{told}"
    );
    let by_hand = json(&plan("digits", &format!("most_share = {most}")));
    let taken = |of: &Value| -> Vec<f64> {
        let tiers = of["wall"]["tiers"].as_array().unwrap();
        tiers.iter().map(|tier| number(&tier["taken"])).collect()
    };
    assert_eq!(taken(&told), taken(&by_hand));
    let all: f64 = taken(&told).iter().sum();
    assert!(taken(&told)[0] <= most * all * (1.0 + 1e-9), "{told}");
    for (name, more, said) in [
        (
            "nothing",
            "mixture = \"out\"",
            "its sources are many, few, digits",
        ),
        (
            "digits",
            "mixture = \"out\"\nmost_share = 0.5",
            "has `most_share` and `mixture`: leave one out",
        ),
    ] {
        let refused = plan(name, more);
        assert_eq!(refused.status.code(), Some(2));
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn what_is_no_sweep_is_refused_before_anything_is_trained() {
    for (from, to, said) in [
        (
            "runs = 14",
            "runs = 0",
            "`mixtures.runs` is 0: it must be from 1 to 10000",
        ),
        (
            "max_epochs = 2.0",
            "max_epochs = 0.0",
            "`mixtures.max_epochs` is 0",
        ),
        ("max_epochs = 2.0", "max_epochs = 0.1", "raise some"),
        (
            "max_epochs = 2.0",
            "of_tokens = \"1K\"",
            "`mixtures.of_tokens` is 1K",
        ),
        (
            "strengths = [0.5, 5.0]",
            "strengths = [5.0, 0.5]",
            "the first no larger than the second",
        ),
        (
            "strengths = [0.5, 5.0]",
            "temperature = 2.0",
            "`mixtures.temperature` is 2",
        ),
        (
            "strengths = [0.5, 5.0]",
            "strength = 1.0",
            "unknown field `strength`",
        ),
        (
            "[training]",
            "[training]\norder = \"short-first\"",
            "beside `training.shares` or a curriculum",
        ),
        (
            "[training]",
            "[training]\nunique_tokens = \"10K\"",
            "beside `training.unique_tokens`",
        ),
        (
            "[training]",
            "[training]\ndecay_on = [\"few\"]",
            "beside `training.decay_on`",
        ),
        (
            "[training]",
            "[training]\ndecay_on = [\"few\"]\nshares = { many = 1 }",
            "`training.decay_on` is given beside `training.shares` or a curriculum",
        ),
        (
            "[training]",
            "[training]\nshares = { none = 1 }",
            "`none` is no source of the corpus",
        ),
        (
            "[training]",
            "[training]\nshares = { many = -1 }",
            "0 or more and finite, and not all 0",
        ),
    ] {
        let text = spec();
        assert!(text.contains(from));
        let bench = bench(&text.replacen(from, to, 1));
        let refused = bench.run(&["study", "run", "spec.toml", "--out", "out", "--dry-run"]);
        let told = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains(said), "{to}: {told}");
    }
}

#[test]
fn shares_that_sequences_of_short_documents_do_not_give_are_refused() {
    let text = spec();
    let (before, after) = text.split_once("[mixtures]").unwrap();
    let (_, laws) = after.split_once("[laws]").unwrap();
    let text = format!("{before}[laws]{laws}");
    let text = text.replace(
        "[training]",
        "[training]\nshares = { digits = 1, many = 1 }\nepochs = 1000",
    );
    let refused = |length: usize| {
        let bench = bench(&text);
        for document in 0..40 {
            let path = bench.path("digits").join(format!("{document}.txt"));
            let numbers: Vec<String> = (0..length).map(|at| (document * 31 + at).to_string()).collect();
            std::fs::write(path, numbers.join(" ")).unwrap();
        }
        let refused = bench.run(&["study", "run", "spec.toml", "--out", "out", "--dry-run"]);
        let told = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{told}");
        told
    };
    let told = refused(1);
    assert!(
        told.contains("`training.shares`")
            && told.contains("source `digits` is to be 0.500 of what the ladder trial"),
        "{told}"
    );
    assert!(
        told.contains("too few") && told.contains("shorten `training.context`"),
        "{told}"
    );
    let told = refused(4);
    assert!(
        told.contains("and would be 0.") && told.contains("documents of several sources"),
        "{told}"
    );
}

#[test]
fn arms_may_differ_in_shares_and_in_the_order_of_their_text() {
    let (before, after) = spec()
        .split_once("[mixtures]")
        .map(|(one, other)| (one.to_owned(), other.to_owned()))
        .unwrap();
    let (_, laws) = after.split_once("[laws]").unwrap();
    let arms = r#"
[[arms]]
name = "as it is"
[[arms]]
name = "digits"
training = { shares = { digits = 3, many = 1 } }
[[arms]]
name = "short-first"
training = { order = "short-first" }
[[arms]]
name = "likely-first"
training = { order = "likely-first" }
[[arms]]
name = "in-turn"
training = { order = "sources-in-turn" }
"#;
    let arms = arms.replace("as it is", "plain");
    let bench = bench(&format!("{before}[laws]{laws}{arms}").replace("[training]", "[training]\nepochs = 4"));
    let run = bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]);
    // One trial an arm tells no law.
    assert_eq!(run.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&run.stdout).unwrap();
    let trials = told["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 5);
    assert!(
        trials.iter().all(|trial| trial["status"] == "done"),
        "{trials:#?}"
    );
    let losses: Vec<f64> = trials.iter().map(|trial| number(&trial["loss"])).collect();
    let different = (1..5).filter(|arm| losses[*arm] != losses[0]).count();
    assert_eq!(different, 4, "{losses:?}");
}
