use std::path::{Path, PathBuf};
use std::process::Command;
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
        name: "kill",
        what: "kill a small study at random moments and compare its records",
        run: kill,
    },
];

/// The checks, cheapest first. Clippy builds no code, so it comes before the tests.
const CHECKS: [&[&str]; 4] = [
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
    &["test", "--release", "--workspace", "--locked"],
    &["doc", "--release", "--workspace", "--no-deps", "--locked"],
];

fn test(_: &[String]) -> Result<(), String> {
    for check in CHECKS {
        let start = Instant::now();
        cargo(check)?;
        eprintln!(
            "cargo {}: passed in {:.0} s",
            check.join(" "),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
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
    let check = [
        "test",
        "--release",
        "--locked",
        "--package",
        "triaxis-laws",
        "--test",
        "published",
    ];
    cargo_with(&check, "TRIAXIS_WRITE_REPRODUCTIONS", "1")
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
    cargo_with(&check, "TRIAXIS_KILLS", times)
}

fn cargo(arguments: &[&str]) -> Result<(), String> {
    cargo_with(arguments, "RUSTDOCFLAGS", "-D warnings")
}

fn cargo_with(arguments: &[&str], variable: &str, value: &str) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .env(variable, value)
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
