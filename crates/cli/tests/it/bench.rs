//! `bench`, with the real program on a tiny model.

use std::process::{Command, Output};

use serde_json::Value;

const TINY: [&str; 10] = [
    "bench",
    "train",
    "--size",
    "quickstart",
    "--set",
    "width=16",
    "--set",
    "heads=2",
    "--steps",
    "3",
];

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_triaxis"))
        .args(TINY)
        .args(arguments)
        .output()
        .unwrap()
}

fn measured(arguments: &[&str]) -> Value {
    crate::support::json(&bench(&[arguments, &["--format", "json"]].concat()))
}

#[test]
fn a_bench_measures_what_it_says() {
    let found = measured(&["--dtype", "bf16", "--threads", "1", "--batch", "2"]);
    assert_eq!(found["config"]["dtype"], "bf16");
    assert_eq!(
        (&found["threads"], &found["batch"], &found["steps"]),
        (&1.into(), &256.into(), &3.into())
    );
    // An untrained model on random tokens pays about ln 512 = 6.24 nats.
    assert!((found["loss"].as_f64().unwrap() - 6.24).abs() < 1.0, "{found:#}");
    let number = |key: &str| found[key].as_f64().unwrap();
    let step = number("step");
    assert!((number("tokens_per_second") * step / 256.0 - 1.0).abs() < 1e-9);
    assert!((number("flops_per_second") * step / number("flops") - 1.0).abs() < 1e-9);
    assert!(
        (number("share_of_peak") * number("peak_flops_per_second") / number("flops_per_second") - 1.0).abs()
            < 1e-9
    );
    let positive = |value: &Value| {
        value
            .as_f64()
            .is_some_and(|value| value.is_finite() && value > 0.0)
    };
    for field in [
        "parameters",
        "fastest_step",
        "peak_flops_per_second",
        "share_of_peak",
    ] {
        assert!(positive(&found[field]), "{field}: {found:#}");
    }
    for field in ["machine", "unit"] {
        assert!(
            found[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {found:#}"
        );
    }
    assert_eq!(positive(&found["peak_memory"]), cfg!(target_os = "linux"));
    let shares: f64 = found["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["share"].as_f64().unwrap())
        .sum();
    assert!((shares - 1.0).abs() < 1e-6, "{found:#}");
}

/// Every fact has its line, with a number; then come the operations.
#[test]
fn the_text_shows_what_was_measured() {
    let output = bench(&["--threads", "1"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let (facts, operations) = text.split_once("\noperation ").unwrap();
    insta::with_settings!({filters => vec![
        (r"f32 on .*\n", "f32 on [UNIT]\n"),
        (r" {2,}(\d[\d.e+]*(MiB)?|-)", "  [MEASURED]"),
        (" {2,}", "  "),
    ]}, {
        insta::assert_snapshot!("bench_facts", facts);
    });
    let mut operations = operations.trim_end().lines();
    let heading: Vec<&str> = operations.next().unwrap().split_whitespace().collect();
    assert_eq!(heading.join(" "), "pass calls ms a step share");
    let names: Vec<&str> = operations.map(|line| line.split("  ").next().unwrap()).collect();
    for name in ["attention", "feed_forward", "adamw_step", "gradient_norm"] {
        assert!(names.contains(&name), "{name}: {text}");
    }
    assert_eq!(names.last(), Some(&"outside the kernels"), "{text}");
}

#[test]
fn compositions_lose_what_kernels_lose() {
    let [fused, composed] = ["fused", "composed"].map(|name| measured(&["--implementation", name]));
    let loss = |found: &Value| found["loss"].as_f64().unwrap();
    assert!((loss(&fused) / loss(&composed) - 1.0).abs() < 1e-5);
    let names = |found: &Value| found["operations"].as_array().unwrap().len();
    assert!(names(&fused) > 8, "{fused:#}");
    assert_eq!(names(&composed), 1, "{composed:#}");
}

/// The argument, before the variable, says what multiplies; what is not there is refused by name.
#[test]
fn instruction_sets_are_chosen_by_argument_and_variable() {
    let run = |variable: &str, arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_triaxis"))
            .args(arguments)
            .env("TRIAXIS_INSTRUCTIONS", variable)
            .output()
            .unwrap()
    };
    let list = crate::support::json(&run("portable", &["bench", "instructions", "--format", "json"]));
    let available: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(available[0], "portable");
    for &name in &available {
        let [by_variable, by_argument] =
            [(name, None), ("portable", Some(name))].map(|(variable, argument)| {
                let argument = argument.map_or(vec![], |name| vec!["--instructions", name]);
                let arguments = [&TINY[..], &["--dtype", "bf16", "--format", "json"], &argument[..]].concat();
                crate::support::json(&run(variable, &arguments))
            });
        assert_eq!(by_variable["unit"], name);
        assert_eq!(by_argument["unit"], name);
        assert_eq!(by_variable["loss"], by_argument["loss"]);
    }
    let lacking = ["portable", "avx2", "avx512", "avx512-bf16", "amx"]
        .into_iter()
        .filter(|name| !available.contains(name));
    for name in lacking.chain(["avx3", ""]) {
        let output = run(name, &TINY);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        for said in ["TRIAXIS_INSTRUCTIONS", name, "portable"] {
            assert!(message.contains(said), "{said}: {message}");
        }
    }
}

#[test]
fn what_cannot_be_measured_is_wrong_usage() {
    for (arguments, said) in [
        (["--set", "heads=0"], "heads"),
        (["--set", "widht=8"], "widht"),
        (["--set", "width"], "KEY=VALUE"),
        (["--set", "architecture=abacus"], "--arch"),
        (["--dtype", "f8"], "bf16"),
        (["--arch", "abacus"], "decoder"),
        (["--batch", "9999999"], "batch_sequences"),
        (["--threads", "1025"], "1..=1024"),
        (["--instructions", "avx3"], "avx512-bf16"),
    ] {
        let output = bench(&arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(said), "{message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_fit_in_memory_is_refused_before_it_is_tried() {
    let wide = [
        "--set",
        "width=65536",
        "--set",
        "heads=64",
        "--set",
        "vocabulary=16777216",
    ];
    // Beyond what 64 bits count.
    let largest = [
        "--set",
        "layers=4096",
        "--set",
        "context=16777216",
        "--batch",
        "1048576",
    ];
    let largest = [wide, largest].concat();
    for (arguments, said) in [
        (
            &["--batch", "1048576"][..],
            "14.9K parameters on 1048576 sequences of 128",
        ),
        (&wide, "1.2T parameters on 3 sequences"),
        (&largest, "212T parameters on 1048576 sequences of 16777216"),
    ] {
        let output = bench(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        for said in [said, "iB of memory", "iB available", "`--set`", "`--batch`"] {
            assert!(message.contains(said), "{said}: {message}");
        }
        assert!(output.stdout.is_empty());
    }
}
