//! Models in files as a study keeps them, that a user names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use triaxis_host::Kind;
use triaxis_infer::text::TOKENIZER;
use triaxis_model::weights::Weight;
use triaxis_model::{ArchitectureSpec, Published};
use triaxis_train::Trained;

use crate::failure::Usage;

/// The model in a file.
pub fn read(path: &Path) -> anyhow::Result<(ArchitectureSpec, BTreeMap<String, Weight>)> {
    let Trained { about, weights } = trained(path)?;
    Ok((about.architecture, weights))
}

/// The same with what it was trained on.
pub fn trained(path: &Path) -> anyhow::Result<Trained> {
    let published = match (path.is_dir(), Published::is_at(path)) {
        (true, _) => Some("a folder"),
        (_, true) => Some("a GGUF file"),
        _ => None,
    };
    let path_of = path.display();
    if let Some(what) = published {
        return Err(Usage(format!(
            "{path_of} is {what}, and this takes a file that a study kept: `model import` makes one of it, and `model quantise` \
             writes it as a GGUF file"
        ))
        .into());
    }
    Trained::read(path).map_err(|error| match error.kind() {
        Kind::Damaged if path.with_file_name("config.json").is_file() => {
            let folder = path.parent().unwrap_or(path).display();
            Usage(format!(
                "{error}; if it is of a published folder, name that: {folder}"
            ))
            .into()
        }
        // It was named, and is what it is whenever it is tried.
        Kind::Damaged => Usage(error.to_string()).into(),
        _ => error.into(),
    })
}

/// The tokenizer.json beside a file, if there is one.
pub fn tokenizer(path: &Path) -> Option<PathBuf> {
    Some(path.with_file_name(TOKENIZER)).filter(|path| path.is_file())
}
