//! GGUF files: what is in one, models in both directions, and what is refused.

mod container;
mod models;
mod refusals;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use triaxis_model::gguf::Gguf;

/// A file that `golden/gguf_files.py` made.
fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gguf");
    folder.join(name).with_extension("gguf")
}

/// A published folder that `golden/layouts.py` made.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/layouts")
        .join(name)
}

/// What bytes are read as.
fn opened(bytes: &[u8]) -> Result<Gguf, String> {
    let to = TempDir::new().unwrap();
    let path = to.path().join("model.gguf");
    fs::write(&path, bytes).unwrap();
    Gguf::open(&path).map_err(|error| error.to_string())
}
