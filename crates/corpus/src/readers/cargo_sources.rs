use std::path::{Path, PathBuf};
use std::sync::Arc;

use cargo_metadata::{MetadataCommand, Package};
use serde::{Deserialize, Serialize};
use triaxis_host::Kind;

use super::files::read_whole;
use super::walk::{self, Exclude};
use super::{Emit, Limits, Listing, Place, Source, SourceFile, UNSTATED};
use crate::CorpusError;

/// The sources and documentation of the packages that a Cargo.lock pins: the same text on every
/// machine, with real duplicates, generated code and licences. Each file is one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CargoSources {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The folder of the workspace whose Cargo.lock is meant, relative to the spec's folder, which
    /// may also lie anywhere inside the workspace.
    #[serde(default = "here")]
    pub workspace: PathBuf,
    /// Packages are those that the workspace needs on this platform, on whatever machine it runs.
    #[serde(default = "platform")]
    pub platform: String,
    /// Patterns of paths such as `serde-1.0.200/src/lib.rs`; Rust and Markdown when left out.
    #[serde(default = "rust_and_markdown")]
    pub include: Vec<String>,
    /// Patterns of paths to leave out, `windows-*/**` say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

fn here() -> PathBuf {
    PathBuf::from(".")
}

fn platform() -> String {
    "x86_64-unknown-linux-gnu".to_owned()
}

fn rust_and_markdown() -> Vec<String> {
    vec!["**/*.rs".to_owned(), "**/*.md".to_owned()]
}

impl CargoSources {
    pub(super) const ABOUT: &str =
        "The sources and documentation of the packages that a Cargo.lock pins, each file with its licence.";
}

impl Source for CargoSources {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Listing, CorpusError> {
        let include = walk::globs(&self.name, &self.include)?;
        let mut exclude = Exclude::new(&self.name, &self.exclude)?;
        let folder = place.base.join(&self.workspace);
        let mut listing = Listing::default();
        for package in self.packages(&folder)? {
            let root = package
                .manifest_path
                .parent()
                .map_or(Path::new("."), |root| root.as_std_path());
            let prefix = format!("{}-{}", package.name, package.version);
            let licence: Arc<str> = licence(&package).into();
            let wanted = |_: &str, id: &str| include.is_match(id);
            walk::under(root, &prefix, place, &licence, wanted, &mut exclude, &mut listing)?;
        }
        exclude.check()?;
        exclude.leave_out(&mut listing);
        match listing.files.is_empty() {
            true => Err(listing.nothing(&self.name, &self.include.join(", "), &folder)),
            false => Ok(listing),
        }
    }

    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        read_whole(file, limits, None, emit)
    }
}

impl CargoSources {
    /// The registry packages that the lock file pins for the platform, by name and version.
    fn packages(&self, folder: &Path) -> Result<Vec<Package>, CorpusError> {
        let options = ["--locked", "--filter-platform", &self.platform].map(str::to_owned);
        let metadata = MetadataCommand::new()
            .current_dir(folder)
            .other_options(options)
            .exec()
            .map_err(|error| match error {
                cargo_metadata::Error::Io(source) if Kind::from(&source) == Kind::Machine => {
                    CorpusError::io("run `cargo metadata` in", folder)(source)
                }
                error => CorpusError::input(format!(
                    "`cargo metadata --locked` failed in {}: {}: {}",
                    folder.display(),
                    error.to_string().trim(),
                    remedy(&error)
                )),
            })?;
        let mut packages = metadata.packages;
        packages.retain(|package| {
            package
                .source
                .as_ref()
                .is_some_and(|source| source.repr.starts_with("registry+"))
        });
        packages.sort_by(|a, b| (a.name.as_str(), &a.version).cmp(&(b.name.as_str(), &b.version)));
        Ok(packages)
    }
}

/// What to do about what cargo said.
fn remedy(error: &cargo_metadata::Error) -> &'static str {
    match error {
        cargo_metadata::Error::Io(_) => {
            "install Rust, or take the text from a source of another kind, such as `files`"
        }
        error if error.to_string().contains("could not find `Cargo.toml`") => {
            "name the folder of a Rust project by `workspace`, or take the text from a source of another kind, such as \
             `files`"
        }
        _ => "run `cargo fetch --locked` there once while the package registry can be reached",
    }
}

/// A package's licence expression, with the choices of a plain `A OR B` (or, as was once usual,
/// `A/B`) in alphabetical order, so that the same choice is counted once.
fn licence(package: &Package) -> String {
    let Some(expression) = &package.license else {
        return if package.license_file.is_some() {
            "own licence file"
        } else {
            UNSTATED
        }
        .to_owned();
    };
    if expression.contains(['(', ')']) || expression.contains(" AND ") {
        return expression.clone();
    }
    let mut choices: Vec<&str> = expression
        .split('/')
        .flat_map(|part| part.split(" OR "))
        .map(str::trim)
        .collect();
    choices.sort_unstable();
    choices.join(" OR ")
}
