//! Corpora of made words.

use std::path::Path;

use triaxis_duplicates::{Document, Position, Workspace};
use triaxis_random::Stream;
use triaxis_units::Bytes;

/// Documents of 30 to 150 words; of every third there is a near copy with a few words changed, and some are exact
/// copies or shorter than a run.
pub fn texts(count: usize) -> Vec<String> {
    let mut stream = Stream::new(16, "texts", 0);
    let mut below = |most: u64| stream.bits() % most;
    let mut texts: Vec<String> = Vec::with_capacity(count);
    for number in 0..count {
        let earlier = (number > 0).then(|| below(number as u64) as usize);
        let text = match (number % 6, earlier) {
            (1 | 4, Some(earlier)) => changed(&texts[earlier], 1 + below(4), &mut below),
            (3, Some(earlier)) if below(2) == 0 => texts[earlier].clone(),
            (5, _) if below(4) == 0 => "too few words".to_owned(),
            _ => {
                let words = 30 + below(120);
                (0..words).map(|_| format!("{} ", word(below(3000)))).collect()
            }
        };
        texts.push(text);
    }
    texts
}

/// A word of letters for a number, as digits do not count between near copies.
pub fn word(number: u64) -> String {
    let digits = format!("{number:x}");
    digits
        .chars()
        .map(|digit| char::from(b'a' + digit.to_digit(16).unwrap() as u8))
        .collect()
}

fn changed(text: &str, edits: u64, below: &mut impl FnMut(u64) -> u64) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for _ in 0..edits {
        let place = below(words.len() as u64) as usize;
        words[place] = word(3000 + below(3000));
    }
    words.join(" ")
}

/// The documents of one file after another, seven each.
pub fn documents(texts: &[String]) -> Vec<Document<'_>> {
    let positions = (0..).map(|number| Position::new(number / 7, number % 7));
    let pairs = positions.zip(texts);
    pairs
        .map(|(position, text)| Document { position, text })
        .collect()
}

/// A workspace with so much memory.
pub fn workspace(folder: &Path, memory: u64) -> Workspace {
    Workspace::new(folder, Bytes(memory)).unwrap()
}

/// Runs on so many threads.
pub fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(work)
}

/// Files of a folder, other than those given.
pub fn left_over(folder: &Path, known: &[&Path]) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| !known.contains(&path.as_path())).collect()
}
