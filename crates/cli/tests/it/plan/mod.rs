//! `triaxis plan`: questions answered by the real program.

mod corpus;
mod refusals;

use std::path::Path;

use serde_json::Value;

use crate::support::{Bench, json};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The decision of a question that is written to a file.
fn decided(question: &str, more: &[&str]) -> Value {
    let bench = Bench::new("");
    std::fs::write(bench.path("plan.toml"), question).unwrap();
    json(
        &bench.run(
            &[
                &["plan", "plan.toml", "--set", "draws=200", "--format", "json"],
                more,
            ]
            .concat(),
        ),
    )
}

const PLAIN: &str = "aim = \"lowest-loss\"\nbudget = \"$1M\"\n[[text]]\nname = \"web\"\nunique = \"2T\"\n";

#[test]
fn the_exercise_tells_four_strategies_apart() {
    let decision = decided(&example("exercise-70b.toml"), &[]);
    let choices = decision["choices"].as_array().unwrap();
    assert_eq!(choices.len(), 5);
    let strategies: Vec<&str> = choices
        .iter()
        .map(|choice| choice["strategy"].as_str().unwrap())
        .collect();
    for named in [
        "fill up with filtered web",
        "repeat the curated text",
        "synthesise a third",
        "a smaller model for longer",
    ] {
        assert!(strategies.contains(&named), "{named} in {strategies:?}");
    }
    for choice in choices {
        let bill = choice["bill"].as_object().unwrap();
        let parts: f64 = bill.values().map(|part| part.as_f64().unwrap()).sum();
        let [low, high] = ["low", "high"].map(|end| choice["dollars"]["interval"][end].as_f64().unwrap());
        assert!(low < parts && parts < high, "{parts} between {low} and {high}");
        assert!(choice["regret"].as_f64().unwrap() >= 0.0);
        assert!(choice["strategy"] != "synthesise a third" || bill["synthesis"].as_f64().unwrap() > 0.0);
    }
    let first = choices[0]["regret"].as_f64().unwrap();
    assert!(
        choices
            .iter()
            .all(|choice| choice["regret"].as_f64().unwrap() >= first)
    );
}

#[test]
fn samples_are_drawn_where_they_pay() {
    let samples = |more: &[&str]| {
        decided(&example("think-longer.toml"), more)["choices"][0]["samples"]
            .as_u64()
            .unwrap()
    };
    let value = |dollars: &str| {
        let set = format!("demand.classes.0.value={dollars}");
        samples(&["--set", &set])
    };
    assert_eq!(value("0.0001"), 1);
    assert_eq!(value("5"), 64);
}

#[test]
fn the_same_question_has_the_same_answer() {
    let once = decided(&example("think-longer.toml"), &[]);
    assert_eq!(once, decided(&example("think-longer.toml"), &[]));
    assert_ne!(once, decided(&example("think-longer.toml"), &["--set", "seed=1"]));
}

#[test]
fn a_saved_law_is_planned_with() {
    let bench = Bench::new("");
    let mut rows = "params,tokens,loss\n".to_owned();
    for size in [1e7_f64, 3e7, 1e8, 3e8, 1e9] {
        for ratio in [5.0, 10.0, 20.0, 40.0, 80.0] {
            let loss = 1.8 + 480.0 / size.powf(0.35) + 2100.0 / (size * ratio).powf(0.366);
            let wobble = 1.0 + 0.001 * (size * ratio).sin();
            rows += &format!("{size},{},{}\n", size * ratio, loss * wobble);
        }
    }
    std::fs::write(bench.path("runs.csv"), rows).unwrap();
    let fit = [
        "fit",
        "runs.csv",
        "--form",
        "chinchilla",
        "--unit",
        "loss=nats/token",
        "--save",
        "law.json",
        "--replicates",
        "100",
    ];
    assert!(bench.run(&fit).status.success());
    let question =
        format!("{PLAIN}\n[[laws]]\nfit = \"law.json\"\n[[laws]]\npublished = \"besiroglu-2024\"\n");
    std::fs::write(bench.path("plan.toml"), question).unwrap();
    let decision = json(&bench.run(&["plan", "plan.toml", "--set", "draws=100", "--format", "json"]));
    let laws = decision["laws"].as_array().unwrap();
    assert_eq!(laws.len(), 2);
    assert!(
        laws.iter()
            .all(|law| (law["weight"].as_f64().unwrap() - 0.5).abs() < 0.02
                && law["draws"].as_u64().unwrap() >= 90)
    );
}

#[test]
fn too_far_is_no_recommendation() {
    let bench = Bench::new("");
    std::fs::write(
        bench.path("plan.toml"),
        PLAIN.replace("$1M", "$9000B").replace("2T", "9000T"),
    )
    .unwrap();
    let output = bench.run(&["plan", "plan.toml", "--set", "draws=50"]);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("No recommendation") && !text.contains("Recommended"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(3), "{text}");
}

#[test]
fn requests_and_hosts_prices_come_from_tables() {
    let bench = Bench::new("");
    let demand = "[demand]\nmonths = 12\n[[demand.classes]]\nname = \"chat\"\n";
    let write = |name: &str, text: &str| std::fs::write(bench.path(name), text).unwrap();
    write(
        "trace.csv",
        "arrived_at,num_prefill_tokens,num_decode_tokens\n0,300,40\n1,500,60\n2,400,50\n",
    );
    write(
        "prices.csv",
        "vendor,model,input_usd_per_mtok,cached_input_usd_per_mtok,output_usd_per_mtok,from_date,to_date\n\
         us,ours-70b,0.6,,0.8,2026-01-01,\nus,ours-70b,9,,9,,2026-01-01\n",
    );
    let serving = |question: &str| -> f64 {
        write("plan.toml", question);
        let output = bench.run(&["plan", "plan.toml", "--set", "draws=100", "--format", "json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let decision: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let choice = &decision["choices"][0];
        choice["bill"]["serving"].as_f64().unwrap() / choice["params"].as_f64().unwrap()
    };
    // A query a second, of 400 tokens in and 50 out on average.
    let month = 365.25 / 12.0 * 86_400.0;
    let hosted = "[hosted]\nmodel = \"ours-70b\"\nparams = \"70B\"\ndate = 2026-06-01\n";
    let by_trace = format!("{PLAIN}{hosted}prices = \"prices.csv\"\n{demand}trace = \"trace.csv\"\n");
    let wanted = 12.0 * month * (400.0 * 0.6 + 50.0 * 0.8) / 1e6 / 70e9;
    // A trace of seconds leaves the month open by a factor of two either way, of which the mean is a tenth above the median.
    let by_seconds = serving(&by_trace) / wanted;
    assert!((1.0..1.2).contains(&by_seconds), "{by_seconds}");
    let queries = format!("months = 12\nqueries_per_month = {}", month.round());
    let by_hand = format!(
        "{PLAIN}{hosted}input = 0.6\noutput = 0.8\n{}tokens_in = 400\ntokens_out = 50\n",
        demand.replace("months = 12", &queries)
    );
    assert!((serving(&by_hand) / wanted - 1.0).abs() < 1e-3);
    for (line, by, says) in [
        ("prices = \"prices.csv\"", "", "give `input` and `output`"),
        ("2026-06-01", "2025-06-01", ""),
        ("\"ours-70b\"", "\"ours-80b\"", "did you mean"),
        (
            "trace = \"trace.csv\"",
            "trace = \"none.csv\"",
            "cannot read the trace",
        ),
        (
            "trace = \"trace.csv\"",
            "trace = \"prices.csv\"",
            "no column of tokens",
        ),
        (
            "trace = \"trace.csv\"",
            "trace = \"trace.csv\"\ntokens_in = 9",
            "leave one out",
        ),
        (
            "trace = \"trace.csv\"",
            "trace = \"trace.csv\"\nlatency = \"1s\"",
            "how fast the host",
        ),
    ] {
        assert!(by_trace.contains(line));
        if says.is_empty() {
            assert!(serving(&by_trace.replace(line, by)) > 5.0 * wanted);
            continue;
        }
        write("plan.toml", &by_trace.replace(line, by));
        let output = bench.run(&["plan", "plan.toml"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{says:?} is not in {said}");
    }
}

#[test]
fn the_recommended_run_becomes_a_page_and_a_configuration() {
    let bench = Bench::new("");
    std::fs::write(bench.path("plan.toml"), PLAIN).unwrap();
    let with = |more: &[&str]| bench.run(&[&["plan", "plan.toml", "--set", "draws=100"], more].concat());
    let output = with(&[
        "--report",
        "page.html",
        "--emit",
        "torchtitan",
        "--emit-to",
        "run.py",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read = |name: &str| std::fs::read_to_string(bench.path(name)).unwrap();
    let page = read("page.html");
    assert!(page.contains("<section id=\"choices\"") && page.contains("data-chart=\"decision-frontier\""));
    assert!(read("run.py").contains("def recommended() -> Trainer.Config:"));
    assert!(
        with(&[
            "--emit",
            "levanter",
            "--emit-to",
            "run.yaml",
            "--vocabulary",
            "50304"
        ])
        .status
        .success()
    );
    assert!(read("run.yaml").contains("of 50304 entries"));
    let refused: [(&[&str], i32, &str); 6] = [
        (&["--emit", "nanotron"], 2, "--emit-to"),
        (
            &["--emit", "nanotrom", "--emit-to", "run.yaml"],
            2,
            "did you mean `nanotron`",
        ),
        (
            &["--emit", "nanotron", "--emit-to", "plan.toml"],
            2,
            "would be written over",
        ),
        (&["--report", "missing/page.html"], 2, "cannot be written"),
        (
            &["--emit", "megatron", "--emit-to", "run.sh", "--vocabulary", "1"],
            2,
            "--vocabulary is 1",
        ),
        // Nothing is recommended so far out, so that there is nothing to write.
        (
            &[
                "--emit",
                "megatron",
                "--emit-to",
                "run.sh",
                "--set",
                "budget=\"$9000B\"",
                "--set",
                "text.0.unique=\"9000T\"",
            ],
            3,
            "nothing is recommended",
        ),
    ];
    for (arguments, code, says) in refused {
        let output = with(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{says:?} is not in {said}");
    }
    assert!(!bench.path("run.sh").exists());
}
