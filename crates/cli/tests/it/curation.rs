//! `corpus curate` and `corpus merge` at scale: killed, in shards, on any number of threads, with little memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
#[cfg(target_os = "linux")]
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Every kind of step, with filters before, between and after.
const RECIPE: &str = r#"
memory = "16MiB"

[[sources]]
kind = "jsonl"
name = "made"
include = ["made/*.jsonl*"]

[[steps]]
kind = "filter"
filter = "personal-data"

[[steps]]
kind = "exact"

[[steps]]
kind = "near"
words = 3
bands = 4
rows = 2

[[steps]]
kind = "filter"
filter = "personal-data"

[[steps]]
kind = "bloom"
words = 4

[[steps]]
kind = "passages"
least = 40
at_once = "2MiB"
"#;

/// A folder with a recipe and texts.
struct Place(TempDir);

impl Place {
    /// So many short texts in a plain file and a compressed one, some of which are there twice, nearly twice or in part.
    fn new(recipe: &str, texts: u64) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("recipe.toml"), recipe).unwrap();
        fs::create_dir(folder.path().join("made")).unwrap();
        let lines = |numbers: std::ops::Range<u64>| {
            let mut lines = String::new();
            for number in numbers {
                let text = match number % 7 {
                    3 => words(number / 2),
                    5 => format!("{} or so", words(number - 1)),
                    6 => format!("{} at number {number}", words(number - 6)),
                    _ => words(number),
                };
                writeln!(lines, "{{\"text\": \"{text}\"}}").unwrap();
            }
            lines
        };
        let made = folder.path().join("made");
        fs::write(made.join("a.jsonl"), lines(0..texts / 10)).unwrap();
        let packed = zstd::encode_all(lines(texts / 10..texts).as_bytes(), 1).unwrap();
        fs::write(made.join("b.jsonl.zst"), packed).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_triaxis"));
        command.arg("corpus").args(arguments).current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.program(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// Every file of an output, by its path within it.
    fn files(&self, out: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.path(out), &self.path(out), &mut files);
        files
    }
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => gather(root, &path, files),
            false => drop(files.insert(
                path.strip_prefix(root).unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )),
        }
    }
}

/// Numbers that look drawn.
fn draws(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// Nine words, for every number others.
fn words(number: u64) -> String {
    let mut draw = draws(number);
    draw();
    let words: Vec<String> = (0..9).map(|_| format!("w{:x}", draw() % 50_000)).collect();
    words.join(" ")
}

#[test]
fn a_killed_run_is_gone_on_with_to_the_bytes_of_an_undisturbed_one() {
    let kills: u32 = std::env::var("TRIAXIS_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let place = Place::new(RECIPE, 100_000);
    let start = Instant::now();
    place.run(&["curate", "recipe.toml", "--out", "undisturbed"]);
    let whole = start.elapsed();
    let expected = place.files("undisturbed");
    let (mut draw, mut landed, mut ended, mut resumed) = (draws(7), 0, 0, 0);
    let arguments = ["curate", "recipe.toml", "--out", "out"];
    let going_on = |said: &[u8]| String::from_utf8_lossy(said).contains("going on where it was");
    while landed < kills {
        let mut child = place
            .program(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Each goes on where the last one stopped, so that short lives reach every stage.
        let share = (draw() % 1000) as f64 / 1000.0;
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * 0.4 * share));
        let has_ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        resumed += u32::from(going_on(&output.stderr));
        match has_ended {
            true => {
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                assert!(place.files("out") == expected);
                fs::remove_dir_all(place.path("out")).unwrap();
                ended += 1;
            }
            false => landed += 1,
        }
    }
    place.run(&arguments);
    assert!(place.files("out") == expected);
    assert!(resumed >= kills / 2, "{resumed}");
    let names = fs::read_dir(place.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(
        names
            .into_iter()
            .all(|name| !name.as_encoded_bytes().starts_with(b"."))
    );
    println!(
        "{landed} kills landed, {resumed} runs went on where another died, {ended} ended before their kill"
    );
}

#[test]
fn any_number_of_shards_and_threads_writes_the_same() {
    let place = Place::new(RECIPE, 20_000);
    let out = ["--out", "whole", "--threads", "1"];
    place.run(&[&["curate", "recipe.toml"][..], &out].concat());
    let expected = place.files("whole");
    for threads in ["2", "8"] {
        let out = format!("threads-{threads}");
        place.run(&["curate", "recipe.toml", "--out", &out, "--threads", threads]);
        assert!(place.files(&out) == expected, "{threads}");
    }
    for (of, threads) in [(1, "1"), (4, "2"), (4, "8")] {
        let folder = |number| format!("shards-{of}-{threads}/{number}");
        let folders: Vec<String> = (1..=of).map(folder).collect();
        fs::create_dir(place.path(&format!("shards-{of}-{threads}"))).unwrap();
        for (number, out) in (1..).zip(&folders) {
            let shard = format!("{number}/{of}");
            place.run(&[
                "curate",
                "recipe.toml",
                "--out",
                out,
                "--shard",
                &shard,
                "--threads",
                threads,
            ]);
        }
        let out = format!("merged-{of}-{threads}");
        let mut arguments = vec!["merge", "recipe.toml", "--out", &out, "--threads", threads];
        arguments.extend(folders.iter().map(String::as_str));
        place.run(&arguments);
        assert!(place.files(&out) == expected, "{out}");
    }
}

#[test]
fn two_processes_do_not_write_one_output() {
    let place = Place::new(RECIPE, 20_000);
    let arguments = ["curate", "recipe.toml", "--out", "out"];
    let mut first = place
        .program(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lock = place.path(".out.unfinished/journal");
    while !lock.exists() && first.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let second = place.program(&arguments).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    // The first may have ended by then, and is found.
    let is_refused = second.status.code() == Some(1) && said.contains("is being written by another process");
    assert!(is_refused || said.contains("holds all of it already"), "{said}");
    assert!(first.wait().unwrap().success());
}

/// Memory that the program may have, and text of several times as much.
#[cfg(target_os = "linux")]
const LIMIT: &str = "400000000";
#[cfg(target_os = "linux")]
const TEXT: u64 = 1 << 30;

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_text() {
    let has_prlimit = Command::new("prlimit")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_prlimit {
        println!("skipped: `prlimit` of util-linux is not there, which limits the memory of a program");
        return;
    }
    let recipe = RECIPE.split("[[steps]]").next().unwrap().to_owned() + "[[steps]]\nkind = \"exact\"\n";
    let place = Place::new(&recipe, 10);
    // Much text in a small file: pages of a few hundred kilobytes, of which every second one is a copy.
    let mut packed =
        zstd::Encoder::new(fs::File::create(place.path("made/c.jsonl.zst")).unwrap(), 1).unwrap();
    let page = words(3).repeat(4000);
    for number in 0..TEXT / page.len() as u64 {
        writeln!(packed, "{{\"text\": \"{} {page}\"}}", number / 2).unwrap();
    }
    packed.finish().unwrap();
    let output = Command::new("prlimit")
        .arg(format!("--data={LIMIT}"))
        .arg(env!("CARGO_BIN_EXE_triaxis"))
        .args([
            "corpus",
            "curate",
            "recipe.toml",
            "--out",
            "out",
            "--threads",
            "2",
            "--format",
            "json",
        ])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let facts = crate::support::json(&output);
    let step = &facts["steps"][0];
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    assert!(
        number(&step["read"]["documents"]) > 2 * number(&step["dropped"]["earlier_copies"]["documents"]) - 2
    );
    assert!(number(&step["dropped"]["earlier_copies"]["documents"]) > 1000);
}
