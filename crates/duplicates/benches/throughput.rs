//! Looking for copies, in bytes of text or documents a second on one core, in the documentation and sources of the
//! packages that cargo has fetched.
//!
//! `cargo bench -p triaxis-duplicates`

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use triaxis_duplicates::bloom::{self, Filter};
use triaxis_duplicates::exact::{self, Unit};
use triaxis_duplicates::minhash::{self, Room, Signer};
use triaxis_duplicates::{Document, Position, Workspace, substrings};
use triaxis_units::Bytes;
use triaxis_words::{Simplified, Simplify, Splitter, Words};

/// Bytes of text that are read.
const SIZE: usize = 12_000_000;

/// Markdown and Rust in turn, in the order of their paths.
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut paths = Vec::new();
    find(&home.unwrap_or_default().join("registry/src"), &mut paths);
    paths.sort();
    let mut size = 0;
    let mut texts = Vec::new();
    for extension in ["md", "rs"] {
        let until = size + SIZE / 2;
        let paths = paths
            .iter()
            .filter(|path| path.extension().is_some_and(|found| found == extension));
        for text in paths.filter_map(|path| std::fs::read_to_string(path).ok()) {
            if size >= until {
                break;
            }
            size += text.len();
            texts.push(text);
        }
    }
    assert!(
        size > SIZE / 2,
        "the locked packages are there: `cargo fetch --locked`"
    );
    texts
});

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => find(&path, paths),
            false => paths.push(path),
        }
    }
}

fn documents() -> Vec<Document<'static>> {
    let texts = (0..).zip(TEXTS.iter());
    texts
        .map(|(record, text)| Document {
            position: Position::new(0, record),
            text,
        })
        .collect()
}

fn size() -> usize {
    TEXTS.iter().map(String::len).sum()
}

fn workspace() -> Workspace {
    Workspace::new(std::env::temp_dir(), Bytes(1 << 30)).expect("enough memory")
}

fn main() {
    divan::main();
}

/// Runs on one thread of a pool, as batches are read.
fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a pool of one thread").install(work)
}

/// From texts to clusters on the disk.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn near_copies_end_to_end(bencher: Bencher<'_, '_>) {
    let documents = documents();
    bencher.counter(BytesCount::new(size())).bench_local(|| {
        alone(|| {
            let workspace = workspace();
            let mut finder =
                minhash::Finder::new(minhash::Settings::datatrove(), &workspace).expect("settings");
            for batch in documents.chunks(256) {
                finder.add(batch).expect("memory");
            }
            let folder = tempfile::tempdir().expect("a folder");
            let candidates = finder.finish(None).expect("memory");
            candidates.cluster(&folder.path().join("found")).expect("a file")
        })
    });
}

/// Of that, what does not count taken away.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn simplify(bencher: Bencher<'_, '_>) {
    let mut room = Simplified::default();
    bencher.counter(BytesCount::new(size())).bench_local(|| {
        TEXTS
            .iter()
            .map(|text| Simplify::default().apply(text, &mut room).len())
            .sum::<usize>()
    });
}

/// Of that, text split into words, without what does not count.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn simplify_and_split(bencher: Bencher<'_, '_>) {
    let (mut room, mut words) = (Simplified::default(), Words::new());
    bencher.counter(BytesCount::new(size())).bench_local(|| {
        let split = |text: &String| {
            let simplified = Simplify::default().apply(text, &mut room);
            words.split(Splitter::English, simplified).spans().len()
        };
        TEXTS.iter().map(split).sum::<usize>()
    });
}

/// The same with the runs hashed.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn shingles(bencher: Bencher<'_, '_>) {
    let signer = Signer::new(minhash::Settings::datatrove()).expect("settings");
    let mut room = Room::default();
    bencher.counter(BytesCount::new(size())).bench_local(|| {
        TEXTS
            .iter()
            .map(|text| signer.shingles(text, &mut room).len())
            .sum::<usize>()
    });
}

/// The same with the least of 112 permutations.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn signatures(bencher: Bencher<'_, '_>) {
    let signer = Signer::new(minhash::Settings::datatrove()).expect("settings");
    let mut room = Room::default();
    bencher.counter(BytesCount::new(size())).bench_local(|| {
        TEXTS
            .iter()
            .filter(|text| signer.sign(text, &mut room).is_some())
            .count()
    });
}

fn exact_copies(unit: Unit, documents: &[Document<'_>]) -> exact::Facts {
    alone(|| {
        let settings = exact::Settings::new(unit, 1).expect("settings");
        let mut finder = exact::Finder::new(settings, &workspace());
        for batch in documents.chunks(256) {
            finder.add(batch).expect("memory");
        }
        let folder = tempfile::tempdir().expect("a folder");
        finder.finish(&folder.path().join("found"), None).expect("a file")
    })
}

/// Documents of 4 kB, about what a page of the web has, none of which are equal.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn exact_documents(bencher: Bencher<'_, '_>) {
    let mut documents = Vec::new();
    for (file, size) in (0..).zip(4000_usize..4020) {
        for text in TEXTS.iter() {
            let ends = (size..text.len()).step_by(size);
            documents.extend(ends.zip(documents.len() as u32..).map(|(end, record)| Document {
                position: Position::new(file, record),
                text: &text[text.ceil_char_boundary(end - size)..text.ceil_char_boundary(end)],
            }));
        }
    }
    bencher
        .counter(ItemsCount::new(documents.len()))
        .bench_local(|| exact_copies(Unit::Document, &documents));
}

#[divan::bench(sample_count = 4, sample_size = 1)]
fn exact_lines(bencher: Bencher<'_, '_>) {
    let documents = documents();
    bencher
        .counter(BytesCount::new(size()))
        .bench_local(|| exact_copies(Unit::Line, &documents));
}

#[divan::bench(sample_count = 4, sample_size = 1)]
fn bloom_documents(bencher: Bencher<'_, '_>) {
    let documents = documents();
    let settings = bloom::Settings::dclm(Unit::Document, 4_000_000);
    bencher.counter(BytesCount::new(size())).bench_local(|| {
        alone(|| {
            let mut filter = Filter::new(settings, &workspace()).expect("memory");
            filter.add(&documents).len()
        })
    });
}

#[divan::bench(sample_count = 2, sample_size = 1)]
fn repeated_passages(bencher: Bencher<'_, '_>) {
    let texts: Vec<&str> = TEXTS.iter().map(String::as_str).collect();
    bencher.counter(BytesCount::new(size())).bench_local(|| {
        alone(|| {
            substrings::repeats(&texts, 100, &workspace())
                .expect("memory")
                .len()
        })
    });
}
