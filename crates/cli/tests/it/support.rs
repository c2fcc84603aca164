//! A small study on a small corpus, and the real program to run it with.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use triaxis_model::weights::Weight;
use triaxis_model::{ArchitectureSpec, Stack};
use triaxis_train::{AboutModel, ObjectiveSpec};

/// A folder with a corpus, a spec and, once run, the results.
pub struct Bench {
    folder: TempDir,
}

/// Three sizes at three budgets and a held-out run: seconds of work.
pub const SPEC: &str = r#"
name = "small"
seed = 7

[corpus]
validation = "8KB"

[[corpus.sources]]
name = "text"
kind = "files"
include = ["text/*.txt"]

[tokenizer]
vocabulary = 300

[model]
architecture = "decoder"

[training]
context = 32
batch = 256

[design]
kind = "isoflop"
budgets = ["4e8", "8e8", "1.6e9"]

[[design.sizes]]
width = 8
layers = 1
heads = 1

[[design.sizes]]
width = 16
layers = 1
heads = 2

[[design.sizes]]
width = 24
layers = 2
heads = 2

[holdout]
compute_factor = 2.0

[holdout.size]
width = 24
layers = 2
heads = 2

[laws]
resamples = 200

[plan]
aim = "lowest-loss"
budget = { dollars = 1000 }
"#;

/// Writes a file as a study keeps it of a network whose numbers look random, and returns them.
pub fn save_model(path: &Path, stack: Stack, seed: u32) -> BTreeMap<String, Weight> {
    let mut state = seed;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let weights = stack.weights().into_iter().map(|line| {
        let values = (0..line.size()).map(|_| number()).collect();
        let shape = line.shape;
        (line.name, Weight { shape, values })
    });
    let weights: BTreeMap<String, Weight> = weights.collect();
    let objective = match stack.is_bidirectional() {
        true => ObjectiveSpec::MaskedDiffusion(Default::default()),
        false => ObjectiveSpec::default(),
    };
    let about = AboutModel {
        architecture: ArchitectureSpec::Stack(stack),
        objective,
    };
    triaxis_train::save_model(path, &about, &weights).unwrap();
    weights
}

impl Bench {
    /// A fresh corpus with `spec` beside it.
    pub fn new(spec: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text");
        std::fs::create_dir(&text).unwrap();
        for document in 0..120 {
            std::fs::write(text.join(format!("{document:03}.txt")), prose(document)).unwrap();
        }
        std::fs::write(folder.path().join("spec.toml"), spec).unwrap();
        Self { folder }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, started in the folder.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_triaxis"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.program(arguments).output().unwrap()
    }

    /// What a worker prints that `command` starts.
    pub fn said_by_worker(mut command: Command) -> String {
        let mut worker = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let _alive = worker.stdin.take();
        String::from_utf8(worker.wait_with_output().unwrap().stdout).unwrap()
    }

    /// Removes a study's folder.
    pub fn remove(&self, out: &str) {
        std::fs::remove_dir_all(self.path(out)).unwrap();
    }

    /// The weights of every trial in the library of the study in `out`, by identity.
    pub fn models(&self, out: &str) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.library(out).join("models")).unwrap();
        let mut models: Vec<_> = entries
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect();
        models.sort();
        models
    }

    /// The library of the study in `out`, which lies beside it.
    pub fn library(&self, out: &str) -> PathBuf {
        self.path(out).parent().unwrap().join("library")
    }

    /// The file of a record of the study in `out`.
    pub fn record(&self, out: &str, id: &str) -> PathBuf {
        self.library(out).join("records").join(format!("{id}.json"))
    }

    /// The folder of the only corpus of the library beside `out`.
    pub fn corpus(&self, out: &str) -> PathBuf {
        let corpora = std::fs::read_dir(self.library(out).join("corpora")).unwrap();
        let mut folders = corpora.map(|entry| entry.unwrap().path());
        let folder = folders.next().unwrap();
        assert!(folders.next().is_none(), "more than one corpus");
        folder
    }

    /// The prediction of the only held-out run of the study in `out`.
    pub fn prediction(&self, out: &str) -> PathBuf {
        let mut found = std::fs::read_dir(self.path(out).join("predictions")).unwrap();
        found.next().unwrap().unwrap().path()
    }

    /// The records of trials and evaluations in the library beside `out`, without what may differ between two runs.
    pub fn records(&self, out: &str) -> Vec<(String, Value)> {
        let mut records = self.all_records(out);
        records.retain(|(_, record)| record.get("counted").is_none());
        records
    }

    /// The records of n-grams there.
    pub fn ngrams(&self, out: &str) -> Vec<(String, Value)> {
        let mut records = self.all_records(out);
        records.retain(|(_, record)| record.get("counted").is_some());
        records
    }

    fn all_records(&self, out: &str) -> Vec<(String, Value)> {
        let folder = self.library(out).join("records");
        let mut records: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| {
                (
                    path.file_stem().unwrap().to_string_lossy().into_owned(),
                    content(&path),
                )
            })
            .collect();
        records.sort_by(|a, b| a.0.cmp(&b.0));
        records
    }
}

fn content(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let mut sealed: Value = serde_json::from_str(&text).unwrap();
    let mut content = sealed["content"].take();
    content.as_object_mut().unwrap().remove("circumstances").unwrap();
    content
}

/// Sentences with some structure to learn, different for every document.
fn prose(document: u64) -> String {
    const SUBJECTS: [&str; 6] = [
        "The river",
        "A small boat",
        "The old baker",
        "My neighbour",
        "The north wind",
        "Nobody",
    ];
    const VERBS: [&str; 6] = [
        "carries",
        "remembers",
        "paints",
        "follows",
        "waits for",
        "measures",
    ];
    const OBJECTS: [&str; 6] = [
        "the morning bread",
        "a long letter",
        "the harbour lights",
        "its own shadow",
        "seven stones",
        "the last train",
    ];
    let mut state = document.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    let mut next = |choices: &[&'static str]| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        choices[(state % choices.len() as u64) as usize]
    };
    let mut text = String::new();
    for sentence in 0..60 {
        write!(text, "{} {} {}", next(&SUBJECTS), next(&VERBS), next(&OBJECTS)).unwrap();
        text.push_str(if sentence % 5 == 4 { ".\n\n" } else { ". " });
    }
    writeln!(text, "Document {document}.").unwrap();
    text
}

/// What a program printed as JSON, once it has succeeded.
pub fn json(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What was printed, wherever its lines are cut.
pub fn words(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
