//! What text a command reads: a recipe's, or that of folders and files.

use std::path::{Path, PathBuf};

use triaxis_corpus::{Documents, LongDocuments, Reading, SourceSpec};
use triaxis_curation::{CurationError, Recipe};
use triaxis_study::reading;
use triaxis_units::Bytes;

use crate::failure::Usage;

/// A recipe, and where its patterns start from.
pub struct Read {
    pub recipe: Recipe,
    pub base: PathBuf,
}

/// What a folder is looked through for, from the most special kind on.
const KINDS: [&str; 3] = ["jsonl", "parquet", "files"];

/// How a folder is looked through.
const ANY: Reading = Reading {
    strict: false,
    minimum_document: Bytes(1),
    maximum_document: Bytes(1 << 20),
    long_documents: LongDocuments::Cut,
};

/// The recipe of a single TOML file, or one of all the text that paths name, with the filters that `steps` says.
pub fn read(paths: &[PathBuf], steps: &str) -> anyhow::Result<Read> {
    if let [path] = paths
        && path.extension().is_some_and(|extension| extension == "toml")
    {
        return recipe(path);
    }
    let mut sources = Vec::new();
    for path in paths {
        sources.push(source(path)?);
    }
    let recipe: Recipe = toml::from_str(&format!("sources = []\n{steps}"))?;
    Ok(Read {
        recipe: Recipe { sources, ..recipe },
        base: PathBuf::from("."),
    })
}

/// A recipe's file.
pub fn recipe(path: &Path) -> anyhow::Result<Read> {
    let base = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(Read {
        recipe: reading::read(path, &[])?,
        base: base.unwrap_or(Path::new(".")).to_owned(),
    })
}

/// A source of the text that a path names, called as it is.
fn source(path: &Path) -> anyhow::Result<SourceSpec> {
    let written = path.to_str().ok_or_else(|| {
        Usage(format!(
            "`{}` is no Unicode, and sources have names: rename it, or give a recipe with a pattern",
            path.display()
        ))
    })?;
    // What `corpus curate` kept, without what it dropped.
    let kept = path.join("curation.json").is_file().then(|| path.join("kept"));
    let include = kept.as_deref().and_then(Path::to_str).unwrap_or(written);
    let of_kind = |kind: &str| match kind {
        "files" if path.is_dir() => of_kind(kind, written, &format!("{include}/**/*"), None),
        _ => of_kind(kind, written, include, None),
    };
    if !path.is_dir() {
        return of_kind(kind(include));
    }
    for kind in KINDS {
        let source = of_kind(kind)?;
        let listed = Documents::list(std::slice::from_ref(&source), ANY, Path::new("."), &[]);
        match listed {
            Err(error) if kind == "files" => return Err(CurationError::from(error).into()),
            Err(_) => {}
            Ok(_) => return Ok(source),
        }
    }
    of_kind("files")
}

/// The kind of source that a file's name, or a pattern of names, tells.
pub fn kind(pattern: &str) -> &'static str {
    let name = pattern.rsplit('/').next().unwrap_or_default();
    match name {
        name if name.contains(".jsonl") || name.contains(".ndjson") => "jsonl",
        name if name.ends_with(".parquet") => "parquet",
        _ => "files",
    }
}

/// A source of a kind, whose texts are in `field` where the kind has fields.
pub fn of_kind(kind: &str, name: &str, include: &str, field: Option<&str>) -> anyhow::Result<SourceSpec> {
    let mut table = serde_json::json!({ "kind": kind, "name": name, "include": [include] });
    if let Some(field) = field.filter(|_| kind != "files") {
        table["field"] = field.into();
    }
    Ok(serde_json::from_value(table)?)
}
