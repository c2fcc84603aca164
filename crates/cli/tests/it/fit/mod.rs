//! `triaxis fit`: tables in, laws out, and every mistake a user can make with them.

mod asked;
mod choice;
mod exports;
mod input;
mod ladders;
mod mixture;
mod output;
mod published;
mod refusals;
mod samples;
mod saved;
mod sets;
mod units;

use std::fmt::Write as _;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with files of runs, and the program to fit them with.
struct Folder(TempDir);

impl Folder {
    fn with(name: &str, content: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(name, content);
        folder
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.0.path().join(name), content).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_triaxis"));
        command.arg("fit").args(arguments).current_dir(self.0.path());
        command
    }

    fn fit(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The JSON of a fit that must succeed.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.fit(&[arguments, &["--format", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.is_empty(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a fit says that is asked for what cannot be.
    #[track_caller]
    fn refused(&self, arguments: &[&str], parts: &[&str]) {
        self.ends_with(2, arguments, parts);
    }

    /// What a fit says whose data have no answer.
    #[track_caller]
    fn untold(&self, arguments: &[&str], parts: &[&str]) {
        self.ends_with(3, arguments, parts);
    }

    #[track_caller]
    fn ends_with(&self, code: i32, arguments: &[&str], parts: &[&str]) {
        let output = self.fit(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("error: ") && !said.contains("panicked"), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is missing from:\n{said}");
        }
    }
}

/// Noise of half a percent, the same each time.
fn noise(row: usize) -> f64 {
    let fraction = (row as f64 * 0.618_033_988_749_895).fract();
    1.0 + 0.01 * (fraction - 0.5)
}

/// Parameters, tokens and loss.
type Run = (f64, f64, f64);

/// Runs of a known law, six sizes at six lengths each: N, D, loss.
fn runs() -> Vec<Run> {
    runs_of(|params, tokens| 1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37))
}

fn runs_of(law: impl Fn(f64, f64) -> f64) -> Vec<Run> {
    let mut runs = Vec::new();
    for params in [5e7_f64, 1.5e8, 5e8, 1.5e9, 5e9, 1.5e10] {
        for tokens in [1e9_f64, 3e9, 1e10, 3e10, 1e11, 3e11] {
            runs.push((params, tokens, law(params, tokens) * noise(runs.len())));
        }
    }
    runs
}

fn csv_of(heading: &str, runs: &[Run]) -> String {
    runs.iter()
        .fold(format!("{heading}\n"), |mut text, (params, tokens, loss)| {
            writeln!(text, "{params},{tokens},{loss}").unwrap();
            text
        })
}

fn csv() -> String {
    csv_of("params,tokens,loss", &runs())
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}
