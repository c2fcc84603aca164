//! Small corpora.
#![allow(clippy::unwrap_used, dead_code)]

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use triaxis_corpus::{Corpus, CorpusError, CorpusSpec, TokenView, TokenizerSpec};

/// A temporary folder.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// A document of some 100 bytes that no other call makes.
pub(crate) fn text(kind: &str, n: usize) -> String {
    let words = [
        "scale",
        "token",
        "loss",
        "curve",
        "model",
        "budget",
        "data",
        "  fn main() {",
        "\n",
        "é",
    ];
    let chosen: Vec<&str> = (0..16)
        .map(|k| words[(n * 31 + k * (n % 7 + 1)) % words.len()])
        .collect();
    format!("{kind} {n}: {}\n", chosen.join(" "))
}

pub(crate) fn json_line(text: &str) -> String {
    format!("{}\n", serde_json::json!({ "text": text }))
}

pub(crate) fn spec(toml: &str) -> CorpusSpec {
    toml::from_str(toml).unwrap()
}

pub(crate) fn tokenizer(vocabulary: usize) -> TokenizerSpec {
    TokenizerSpec::Train { vocabulary }
}

/// Prepares `corpus` in the folder.
pub(crate) fn prepare(
    folder: &Folder,
    spec: &CorpusSpec,
    tokenizer: &TokenizerSpec,
) -> Result<Corpus, CorpusError> {
    triaxis_corpus::prepare(spec, tokenizer, folder.path(), &folder.path().join("corpus"), &())
}

/// The texts of a stream.
pub(crate) fn documents(corpus: &Corpus, view: &TokenView) -> Vec<String> {
    let mut tokens = vec![0; view.len()];
    view.read(0, &mut tokens).unwrap();
    let tokenizer = corpus.tokenizer().unwrap();
    let mut documents: Vec<_> = tokens
        .split(|token| *token == corpus.end_of_text())
        .map(|document| tokenizer.decode(document).unwrap())
        .collect();
    assert_eq!(documents.pop().as_deref(), Some(""), "the last document ends too");
    documents
}
