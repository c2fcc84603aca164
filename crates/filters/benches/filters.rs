//! Filters in bytes of text a second on one core, on what the packages that Cargo has unpacked say of themselves: their
//! Markdown and the comments of their documentation.
//!
//! `cargo bench -p triaxis-filters`

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use triaxis_filters::{
    C4Quality, Chain, Desk, Dialect, Facts, FilterSpec, FineWebQuality, GopherQuality, GopherRepetition,
};
use triaxis_words::{Splitter, Words};

/// Text enough that it does not fit a cache.
const SIZE: usize = 16 << 20;

/// Every file below a folder, in the order of their names.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The documentation in a file of Rust.
fn documentation(source: &str) -> String {
    let lines = source.lines().filter_map(|line| {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
        Some(text.strip_prefix(' ').unwrap_or(text))
    });
    lines.collect::<Vec<_>>().join("\n")
}

static DOCUMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let mut paths = Vec::new();
    files(&home.unwrap_or_default().join("registry/src"), &mut paths);
    let (mut documents, mut size) = (Vec::new(), 0);
    for path in paths {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let text = match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => text,
            Some("rs") => documentation(&text),
            _ => continue,
        };
        if (500..200_000).contains(&text.len()) && size < SIZE {
            size += text.len();
            documents.push(text);
        }
    }
    assert!(
        size >= SIZE / 4,
        "few packages are unpacked: run `cargo fetch --locked` first"
    );
    documents
});

fn main() {
    divan::main();
}

fn bytes() -> BytesCount {
    BytesCount::new(DOCUMENTS.iter().map(String::len).sum::<usize>())
}

/// Splits every document.
#[divan::bench(args = Splitter::ALL)]
fn words(bencher: Bencher<'_, '_>, splitter: &Splitter) {
    let mut words = Words::new();
    bencher.counter(bytes()).bench_local(|| {
        let count = |text: &String| words.split(*splitter, text).spans().len();
        DOCUMENTS.iter().map(count).sum::<usize>()
    });
}

/// Lets every filter measure every document.
fn measure(bencher: Bencher<'_, '_>, specs: &[FilterSpec]) {
    let chain = Chain::new(specs).expect("default settings are within their bounds");
    let mut desk = Desk::new();
    bencher.counter(bytes()).bench_local(|| {
        let mut checks = 0;
        for text in DOCUMENTS.iter() {
            chain.measure(text, &Facts::default(), &mut desk, |_, _, room| {
                checks += room.checks().len()
            });
        }
        checks
    });
}

const DIALECTS: [Dialect; 3] = [Dialect::Datatrove, Dialect::Dolma, Dialect::Dclm];

#[divan::bench(args = DIALECTS)]
fn repetition(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let settings = GopherRepetition {
        dialect,
        ..GopherRepetition::default()
    };
    measure(bencher, &[FilterSpec::GopherRepetition(settings)]);
}

#[divan::bench(args = DIALECTS)]
fn quality(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let settings = GopherQuality {
        dialect,
        ..GopherQuality::default()
    };
    measure(bencher, &[FilterSpec::GopherQuality(settings)]);
}

#[divan::bench]
fn c4(bencher: Bencher<'_, '_>) {
    measure(bencher, &[FilterSpec::C4Quality(C4Quality::default())]);
}

#[divan::bench]
fn fineweb(bencher: Bencher<'_, '_>) {
    measure(bencher, &[FilterSpec::FineWebQuality(FineWebQuality::default())]);
}

/// FineWeb's four filters of text, each on every document.
#[divan::bench]
fn chain_on_all(bencher: Bencher<'_, '_>) {
    let specs = triaxis_filters::preset("fineweb").expect("a preset that there is");
    measure(bencher, &specs[..4]);
}

/// The same, each on the documents that those before it left.
#[divan::bench]
fn chain_until_dropped(bencher: Bencher<'_, '_>) {
    let specs = triaxis_filters::preset("fineweb").expect("a preset that there is");
    let chain = Chain::new(&specs[..4]).expect("default settings are within their bounds");
    let mut desk = Desk::new();
    bencher.counter(bytes()).bench_local(|| {
        let kept = |text: &&String| chain.judge(text, &Facts::default(), &mut desk).by.is_none();
        DOCUMENTS.iter().filter(kept).count()
    });
}
