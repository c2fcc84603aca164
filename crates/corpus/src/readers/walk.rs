//! From patterns to files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use triaxis_host::Kind;
use triaxis_units::Bytes;
use walkdir::{DirEntry, WalkDir};

use super::objects::{Store, is_url};
use super::{Listing, Place, SourceFile, UNSTATED};
use crate::left_out::{LeftOut, merge};
use crate::{CorpusError, Reason};

/// Names under which a folder that links lead to is walked, so that what is asked for, or left out, by a later
/// name is found, and links among many folders end.
const MOST_NAMES: usize = 8;

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
) -> Result<Listing, CorpusError> {
    if include.is_empty() {
        let rule = "name at least one file, folder or pattern such as `docs/**/*.md`";
        return Err(CorpusError::spec(format!("source `{name}`: include"), "[]", rule));
    }
    let mut exclude = Exclude::new(name, exclude)?;
    let licence: Arc<str> = licence.unwrap_or(UNSTATED).into();
    let mut seen = HashSet::new();
    let mut all_files = Listing::default();
    for pattern in include {
        let (prefix, rest) = split(pattern);
        let mut found = Listing::default();
        let wanted = glob(name, if rest.is_empty() { all } else { rest })?;
        let wanted = |path: &str, _: &str| wanted.is_match(path) || path.is_empty();
        let root = match is_url(pattern) {
            true => PathBuf::from(prefix),
            false => place.base.join(prefix),
        };
        if is_url(pattern) {
            under_url(prefix, &licence, wanted, &mut exclude, &mut found)?;
        } else if is_there(&root)? {
            under(&root, prefix, place, &licence, wanted, &mut exclude, &mut found)?;
        }
        if found.files.is_empty() {
            let base = if is_url(pattern) { &root } else { &place.base };
            return Err(found.nothing(name, pattern, base));
        }
        found.files.retain(|file| seen.insert(file.path.clone()));
        all_files.files.append(&mut found.files);
        merge(&mut all_files.left_out, found.left_out);
    }
    exclude.check()?;
    exclude.leave_out(&mut all_files);
    match all_files.files.is_empty() {
        true => Err(all_files.nothing(name, &include.join(", "), &place.base)),
        false => Ok(all_files),
    }
}

/// Whether a path leads anywhere.
fn is_there(path: &Path) -> Result<bool, CorpusError> {
    match path.try_exists() {
        Err(error) if !leads_nowhere(&error) => Err(CorpusError::io("read", path)(error)),
        is_there => Ok(is_there.unwrap_or(false)),
    }
}

/// Adds the objects under a URL as [`under`] adds files.
fn under_url(
    prefix: &str,
    licence: &Arc<str>,
    wanted: impl Fn(&str, &str) -> bool,
    exclude: &mut Exclude<'_>,
    listing: &mut Listing,
) -> Result<(), CorpusError> {
    let objects = Store::of_environment()
        .list(prefix)
        .map_err(CorpusError::io("list", Path::new(prefix)))?;
    for (below, size) in objects {
        let id = match below.as_str() {
            "" => prefix.to_owned(),
            below => format!("{}/{below}", prefix.trim_end_matches('/')),
        };
        let path = PathBuf::from(&id);
        let excluded = exclude.matches(&id, &path);
        let is_hidden = below.split('/').any(|part| part.starts_with('.'));
        if is_hidden || !wanted(&below, &id) {
            continue;
        }
        if excluded {
            listing.excluded += 1;
            continue;
        }
        listing.files.push(SourceFile {
            id,
            path,
            size: Bytes(size),
            licence: licence.clone(),
        });
    }
    Ok(())
}

/// The files of one folder, whatever its name, that match `all` and `exclude` does not, by their paths within it.
pub(super) fn folder(
    name: &str,
    place: &Place,
    folder: &Path,
    exclude: &[String],
    all: &str,
) -> Result<Listing, CorpusError> {
    let mut exclude = Exclude::new(name, exclude)?;
    let mut found = Listing::default();
    let all = glob(name, all)?;
    let wanted = |path: &str, _: &str| all.is_match(path);
    let root = place.base.join(folder);
    under(
        &root,
        "",
        place,
        &UNSTATED.into(),
        wanted,
        &mut exclude,
        &mut found,
    )?;
    exclude.check()?;
    exclude.leave_out(&mut found);
    match found.files.is_empty() {
        true => Err(found.nothing(name, &folder.to_string_lossy(), &place.base)),
        false => Ok(found),
    }
}

/// Adds the files under `root` that `wanted` takes (asked with the path below the root, and the id) and
/// `exclude` does not match, sorted by path. Links are followed: each file is taken once, under the first of
/// its paths. What `exclude` matches by another path is left to [`Exclude::leave_out`].
pub(super) fn under(
    root: &Path,
    prefix: &str,
    place: &Place,
    licence: &Arc<str>,
    wanted: impl Fn(&str, &str) -> bool,
    exclude: &mut Exclude<'_>,
    listing: &mut Listing,
) -> Result<(), CorpusError> {
    let root = &real(root);
    let avoid: Vec<PathBuf> = place.avoid.iter().map(|folder| real(folder)).collect();
    let mut links = false;
    let mut linked = Vec::new();
    let mut followed: HashMap<PathBuf, usize> = HashMap::new();
    let mut enter = |entry: &DirEntry| {
        links |= entry.path_is_symlink();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let avoided = avoid.iter().any(|avoid| avoid == entry.path());
        if entry.depth() == 0 || hidden || avoided {
            return entry.depth() == 0;
        }
        if !(entry.path_is_symlink() && entry.file_type().is_dir()) {
            return true;
        }
        let folder = real(entry.path());
        linked.push((names(root, prefix, entry.path()).1, folder.clone()));
        let walked = followed.entry(folder).or_default();
        *walked += 1;
        *walked <= MOST_NAMES
    };
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
    let mut files = BTreeMap::new();
    let mut broken = HashSet::new();
    for entry in walk.into_iter().filter_entry(&mut enter) {
        let (path, file) = match entry {
            Ok(entry) if entry.file_type().is_file() => (entry.path().to_owned(), Some(entry)),
            Ok(_) => continue,
            Err(error) => match broken_link(&error) {
                Some(path) => (path, None),
                // A link to a folder that it lies in: all that is there is read already.
                None if error.loop_ancestor().is_some() => continue,
                None => {
                    let path = error.path().unwrap_or(root).to_owned();
                    return Err(CorpusError::io("list", &path)(error.into()));
                }
            },
        };
        let (below, id) = names(root, prefix, &path);
        let excluded = exclude.matches(&id, &path);
        if !wanted(&below, &id) {
            continue;
        }
        if excluded {
            listing.excluded += 1;
            continue;
        }
        match file {
            Some(entry) => {
                let size = entry
                    .metadata()
                    .map_err(|error| CorpusError::io("read", &path)(error.into()))?;
                files.insert(id, (path, Bytes(size.len())));
            }
            None if !broken.insert(
                path.parent()
                    .map(real)
                    .map(|folder| folder.join(entry_name(&path))),
            ) => {}
            None => {
                let left_out = LeftOut {
                    documents: 1,
                    bytes: Bytes(0),
                    first: format!("{id} leads nowhere"),
                };
                merge(&mut listing.left_out, [(Reason::BrokenLink, left_out)].into());
            }
        }
    }
    for (id, folder) in &linked {
        exclude.folder(id, folder);
    }
    let mut seen = HashSet::new();
    for (id, (path, size)) in files {
        let path = if links { real(&path) } else { path };
        let avoided = avoid.iter().any(|avoid| path.starts_with(avoid));
        if !avoided && seen.insert(path.clone()) {
            listing.files.push(SourceFile {
                id,
                path,
                size,
                licence: licence.clone(),
            });
        }
    }
    Ok(())
}

/// The path without links, or as it is where the system does not tell.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn entry_name(path: &Path) -> &std::ffi::OsStr {
    path.file_name().unwrap_or_default()
}

/// The link that leads nowhere, or to itself, if that is what failed.
fn broken_link(error: &walkdir::Error) -> Option<PathBuf> {
    let path = error.path()?;
    (leads_nowhere(error.io_error()?) && path.is_symlink()).then(|| path.to_owned())
}

/// Whether nothing is at a path, so far as the system said, and not that it cannot be seen.
fn leads_nowhere(error: &io::Error) -> bool {
    Kind::from(error) == Kind::Path && error.kind() != ErrorKind::PermissionDenied
}

/// A file's path below the root, and its id; `/` between the parts.
fn names(root: &Path, prefix: &str, path: &Path) -> (String, String) {
    let below = path.strip_prefix(root).unwrap_or(path);
    let below: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    let below = below.join("/");
    let id = match (prefix.trim_end_matches('/'), below.as_str()) {
        ("" | ".", below) => below.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, below) => format!("{prefix}/{below}"),
    };
    (below, id)
}

/// Patterns of files to leave out. Each must match something: they keep test sets out.
pub(super) struct Exclude<'a> {
    name: &'a str,
    patterns: &'a [String],
    /// Two a pattern: itself, and all that lies in a folder it matches.
    set: GlobSet,
    matched: Vec<bool>,
    /// Real paths of the files and linked folders that are left out, by whatever name.
    real: HashSet<PathBuf>,
    /// A file that was looked at, and how many were.
    example: String,
    files: u64,
}

impl<'a> Exclude<'a> {
    pub(super) fn new(name: &'a str, patterns: &'a [String]) -> Result<Self, CorpusError> {
        let both = |pattern: &String| [pattern.clone(), format!("{}/**", pattern.trim_end_matches('/'))];
        let all: Vec<String> = patterns.iter().flat_map(both).collect();
        Ok(Self {
            name,
            patterns,
            set: globs(name, &all)?,
            matched: vec![false; patterns.len()],
            real: HashSet::new(),
            example: String::new(),
            files: 0,
        })
    }

    /// Takes note of a folder that a link leads to.
    fn folder(&mut self, id: &str, folder: &Path) {
        if self.set.is_match(id) {
            self.real.insert(folder.to_owned());
        }
    }

    /// Leaves out what was matched by another of its names.
    pub(super) fn leave_out(&self, listing: &mut Listing) {
        let left_out = |path: &Path| path.ancestors().any(|part| self.real.contains(part));
        if !self.real.is_empty() {
            let found = listing.files.len();
            listing.files.retain(|file| !left_out(&file.path));
            listing.excluded += (found - listing.files.len()) as u64;
        }
    }

    fn matches(&mut self, id: &str, path: &Path) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        if self.files == 0 {
            id.clone_into(&mut self.example);
        }
        self.files += 1;
        let matches = self.set.matches(id);
        for &index in &matches {
            self.matched[index / 2] = true;
        }
        if !matches.is_empty() {
            self.real.insert(real(path));
        }
        !matches.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), CorpusError> {
        let Some(unmatched) = self.matched.iter().position(|matched| !matched) else {
            return Ok(());
        };
        let rule = format!(
            "it matches none of the {} files that were looked at, such as `{}`: patterns are such paths, in which \
             `*` stays within a folder and `**` does not; correct or remove it",
            self.files, self.example
        );
        let key = format!("source `{}`: exclude", self.name);
        Err(CorpusError::spec(key, &self.patterns[unmatched], rule))
    }
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
