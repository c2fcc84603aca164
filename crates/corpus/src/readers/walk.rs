//! From patterns to files.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use triaxis_units::Bytes;
use walkdir::{DirEntry, WalkDir};

use super::{Place, SourceFile, UNSTATED};
use crate::CorpusError;

/// The files that `include` matches and `exclude` does not: pattern by pattern, each pattern's files
/// by path. A pattern is relative to the spec's folder or absolute; one without wildcards is a file,
/// or a folder with all that is in it matching `all`.
pub(super) fn files(
    name: &str,
    place: &Place,
    include: &[String],
    exclude: &[String],
    all: &str,
    licence: Option<&str>,
) -> Result<Vec<SourceFile>, CorpusError> {
    if include.is_empty() {
        let rule = "name at least one file, folder or pattern such as `docs/**/*.md`";
        return Err(CorpusError::spec(format!("source `{name}`: include"), "[]", rule));
    }
    let exclude = globs(name, exclude)?;
    let licence: Arc<str> = licence.unwrap_or(UNSTATED).into();
    let mut seen = HashSet::new();
    let mut files = Vec::new();
    for pattern in include {
        let (prefix, rest) = split(pattern);
        let root = place.base.join(prefix);
        let no_match = || CorpusError::NoMatch {
            name: name.to_owned(),
            pattern: pattern.clone(),
            base: place.base.clone(),
        };
        if !root.exists() {
            return Err(no_match());
        }
        let wanted = glob(name, if rest.is_empty() { all } else { rest })?;
        let wanted = |path: &str, _: &str| wanted.is_match(path) || path.is_empty();
        let before = seen.len();
        for file in under(&root, prefix, place, &licence, wanted, &exclude)? {
            if seen.insert(file.path.clone()) {
                files.push(file);
            }
        }
        if seen.len() == before {
            return Err(no_match());
        }
    }
    Ok(files)
}

/// The files under `root` that `wanted` takes (asked with the path below the root, and the id) and
/// `exclude` does not match, sorted by path. Symbolic links inside are not followed.
pub(super) fn under(
    root: &Path,
    prefix: &str,
    place: &Place,
    licence: &Arc<str>,
    wanted: impl Fn(&str, &str) -> bool,
    exclude: &GlobSet,
) -> Result<Vec<SourceFile>, CorpusError> {
    let visible = |entry: &DirEntry| {
        entry.depth() == 0
            || !(entry.file_name().as_encoded_bytes().starts_with(b".")
                || place.avoid.as_deref() == Some(entry.path()))
    };
    let mut files = Vec::new();
    for entry in WalkDir::new(root).into_iter().filter_entry(visible) {
        let failed = |error: walkdir::Error| {
            let path = error.path().unwrap_or(root).to_owned();
            CorpusError::io("list", &path)(error.into())
        };
        let entry = entry.map_err(failed)?;
        let metadata = if entry.depth() == 0 {
            entry
                .path()
                .metadata()
                .map_err(CorpusError::io("read", entry.path()))?
        } else {
            entry.metadata().map_err(failed)?
        };
        if !metadata.is_file() {
            continue;
        }
        let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let below: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let below = below.join("/");
        let id = match (prefix.trim_end_matches('/'), below.as_str()) {
            ("" | ".", below) => below.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, below) => format!("{prefix}/{below}"),
        };
        if wanted(&below, &id) && !exclude.is_match(&id) {
            files.push(SourceFile {
                id,
                path: entry.into_path(),
                size: Bytes(metadata.len()),
                licence: licence.clone(),
            });
        }
    }
    files.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(files)
}

/// A set of patterns, none of which lets a `*` cross a `/`.
pub(super) fn globs(name: &str, patterns: &[String]) -> Result<GlobSet, CorpusError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(name, pattern)?.glob().clone());
    }
    set.build()
        .map_err(|error| refused(name, &patterns.join(", "), &error))
}

fn glob(name: &str, pattern: &str) -> Result<GlobMatcher, CorpusError> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| refused(name, pattern, &error))
}

fn refused(name: &str, pattern: &str, error: &globset::Error) -> CorpusError {
    CorpusError::spec(
        format!("source `{name}`: pattern"),
        pattern,
        format!("{}: correct the pattern", error.kind()),
    )
}

/// The part of a pattern before its first wildcard, and the rest.
fn split(pattern: &str) -> (&str, &str) {
    let wildcard = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    if wildcard == pattern.len() {
        return (pattern, "");
    }
    let cut = pattern[..wildcard].rfind('/').map_or(0, |slash| slash + 1);
    pattern.split_at(cut)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_pattern_splits_before_its_first_wildcard() {
        assert_eq!(split("docs/**/*.md"), ("docs/", "**/*.md"));
        assert_eq!(split("*.md"), ("", "*.md"));
        assert_eq!(split("/a/b/part-[0-9].txt"), ("/a/b/", "part-[0-9].txt"));
        assert_eq!(split("docs"), ("docs", ""));
    }
}
