//! Corpora of made words, in which what is wrong is known.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use tempfile::TempDir;
use triaxis_curation::{Curated, CurationError, Dropped, Kept, Recipe, curate};
use triaxis_random::Stream;

/// Filters, then copies to the letter, then near copies.
pub const RECIPE: &str = r#"
preset = "gopher"
memory = "1MiB"

[[sources]]
kind = "jsonl"
name = "made"
include = ["made/*.jsonl"]

[[steps]]
kind = "exact"

[[steps]]
kind = "near"
"#;

/// A folder with a corpus and what is made of it.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// A corpus of two files of such texts.
    pub fn new(texts: &[String]) -> Self {
        let folder = TempDir::new().unwrap();
        let made = folder.path().join("made");
        fs::create_dir(&made).unwrap();
        let (first, second) = texts.split_at(texts.len() / 3);
        for (name, texts) in [("a.jsonl", first), ("b.jsonl", second)] {
            let mut lines = String::new();
            for text in texts {
                writeln!(lines, "{}", serde_json::json!({ "text": text })).unwrap();
            }
            fs::write(made.join(name), lines).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn curate(&self, recipe: &str, out: &str) -> Result<Curated, CurationError> {
        let recipe: Recipe = toml::from_str(recipe).unwrap();
        curate(&recipe, self.folder.path(), &self.path(out), &())
    }

    /// Every file of an output, by its path within it.
    pub fn files(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let root = self.path(out);
        for folder in ["", "kept", "dropped"] {
            for entry in fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                    files.insert(name, fs::read(path).unwrap());
                }
            }
        }
        files
    }

    pub fn kept(&self, out: &str) -> Vec<Kept<'static>> {
        lines(&self.path(out).join("kept"))
    }

    pub fn dropped(&self, out: &str) -> Vec<Dropped<'static>> {
        lines(&self.path(out).join("dropped"))
    }
}

/// The objects of a folder's files, in their order.
pub fn lines<T: serde::de::DeserializeOwned>(folder: &Path) -> Vec<T> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let text = match path.extension().unwrap() == "parquet" {
            true => rows(&path),
            false => zstd::decode_all(fs::File::open(path).unwrap()).unwrap(),
        };
        let text = String::from_utf8(text).unwrap();
        all.extend(text.lines().map(|line| serde_json::from_str::<T>(line).unwrap()));
    }
    all
}

/// The rows of a Parquet file as lines of JSON, in this crate's fields, by the library's own reader of rows.
fn rows(path: &Path) -> Vec<u8> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let mut lines = Vec::new();
    for row in reader.get_row_iter(None).unwrap() {
        let mut object = serde_json::Map::new();
        for (name, field) in row.unwrap().get_column_iter() {
            let value = match field {
                Field::Null => continue,
                Field::Str(text) => text.clone().into(),
                Field::Long(number) => (*number).into(),
                Field::Double(number) => (*number).into(),
                other => unreachable!("{name}: {other}"),
            };
            match name.as_str() {
                "at_least" => {
                    drop(object.insert("bound".to_owned(), serde_json::json!({ "at-least": value })))
                }
                "at_most" => drop(object.insert("bound".to_owned(), serde_json::json!({ "at-most": value }))),
                _ => drop(object.insert(name.clone(), value)),
            }
        }
        serde_json::to_writer(&mut lines, &object).unwrap();
        lines.push(b'\n');
    }
    lines
}

/// Sentences of made words around common ones, different for every number.
pub fn good(number: u64, sentences: usize) -> String {
    let mut stream = Stream::new(number, "good", 0);
    let mut word = || {
        let digits = format!("{:x}", 0x1000 + stream.bits() % 0xf000);
        let letter = |digit: char| char::from(b'a' + digit.to_digit(16).unwrap() as u8);
        digits.chars().map(letter).collect::<String>()
    };
    let mut text = String::new();
    for _ in 0..sentences {
        let words: Vec<String> = (0..7).map(|_| word()).collect();
        let [one, two, three, four, five, six, seven] = words.try_into().unwrap();
        writeln!(
            text,
            "The {one} of {two} {three} and the {four} {five} have {six} with {seven}."
        )
        .unwrap();
    }
    text
}

/// What a text must be dropped for, or nothing.
pub type Expected = Option<&'static str>;

/// Texts of every kind, each with what must be said of it.
pub fn planted(groups: u64, sentences: usize) -> Vec<(String, Expected)> {
    let mut texts = Vec::new();
    for group in 0..groups {
        let text = good(group, sentences);
        let line = "The same words of a menu stand here again and again with that.\n";
        texts.extend([
            (text.clone(), None),
            ("Too few words to learn from.".to_owned(), Some("least_words")),
            (line.repeat(12), Some("duplicate_lines")),
            ("a b c d e f g h ".repeat(20), Some("least_word_length")),
            (format!("\n{text} "), Some("earlier_copies")),
            (text.replacen("have", "had", 1), Some("earlier_near_copies")),
        ]);
    }
    texts
}

/// The texts alone.
pub fn texts(planted: &[(String, Expected)]) -> Vec<String> {
    planted.iter().map(|(text, _)| text.clone()).collect()
}
