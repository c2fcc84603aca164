//! From patterns and packages to files.

use std::path::{Path, PathBuf};

use super::super::{Listing, Place};
use super::*;

fn listing(folder: &Path, settings: &str) -> Result<Listing, CorpusError> {
    let source: SourceSpec = toml::from_str(&format!("kind = 'files'\nname = 'a'\n{settings}")).unwrap();
    let place = Place {
        base: folder.to_owned(),
        avoid: Vec::new(),
    };
    source.source().files(&place)
}

#[test]
fn an_exclude_leaves_out_folders_and_must_match_something() {
    let folder = TempDir::new().unwrap();
    for path in ["docs/a.md", "docs/test/b.md", "docs/test/deep/c.md"] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    for exclude in ["docs/test", "docs/test/", "docs/t*", "docs/test/**", "**/test"] {
        let listing = listing(
            folder.path(),
            &format!("include = ['docs']\nexclude = ['{exclude}']"),
        )
        .unwrap();
        let ids: Vec<_> = listing.files.iter().map(|file| file.id.as_str()).collect();
        assert_eq!(ids, ["docs/a.md"], "{exclude}");
    }
    for exclude in ["test", "t*", "docs/tset/**"] {
        let settings = format!("include = ['docs']\nexclude = ['docs/a.md', '{exclude}']");
        let error = listing(folder.path(), &settings).unwrap_err().to_string();
        assert!(
            error.contains(&format!("exclude = {exclude}`: it matches none of the 3 files")),
            "{error}"
        );
        assert!(error.contains("such as `docs/a.md`"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_those_to_nowhere_are_counted() {
    use std::os::unix::fs::symlink;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    // As a hub's cache is made: names are links to files that are named by their content.
    for made in ["hub/blobs", "hub/snapshots/one/data", "elsewhere/inner"] {
        std::fs::create_dir_all(path(made)).unwrap();
    }
    for (name, text) in [
        ("hub/blobs/0a", "a"),
        ("hub/blobs/0b", "b"),
        ("elsewhere/c.md", "c"),
        ("elsewhere/inner/d.md", "d"),
    ] {
        std::fs::write(path(name), text).unwrap();
    }
    symlink("../../../blobs/0a", path("hub/snapshots/one/data/a.md")).unwrap();
    symlink("../../../blobs/0a", path("hub/snapshots/one/data/a2.md")).unwrap();
    symlink("../../../blobs/0b", path("hub/snapshots/one/data/b.md")).unwrap();
    symlink(path("elsewhere"), path("hub/snapshots/one/more")).unwrap();
    symlink(path("elsewhere"), path("hub/snapshots/one/same")).unwrap();
    symlink("..", path("hub/snapshots/one/loop")).unwrap();
    symlink("gone.md", path("hub/snapshots/one/broken.md")).unwrap();
    symlink("itself.md", path("hub/snapshots/one/itself.md")).unwrap();
    symlink("gone", path("hub/snapshots/one/unwanted.bin")).unwrap();
    let listing = listing(folder.path(), "include = ['hub/snapshots/**/*.md']").unwrap();
    let ids: Vec<_> = listing.files.iter().map(|file| file.id.as_str()).collect();
    let of = "hub/snapshots/one";
    assert_eq!(
        ids,
        ["data/a.md", "data/b.md", "more/c.md", "more/inner/d.md"].map(|id| format!("{of}/{id}"))
    );
    let broken = &listing.left_out[&Reason::BrokenLink];
    assert_eq!(
        (broken.documents, broken.first.as_str()),
        (2, "hub/snapshots/one/broken.md leads nowhere")
    );
}

#[cfg(unix)]
#[test]
fn what_is_left_out_by_one_name_is_left_out_by_all() {
    use std::os::unix::fs::symlink;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    for made in ["hub/blobs", "hub/snapshots/one", "hub/snapshots/two", "shared"] {
        std::fs::create_dir_all(path(made)).unwrap();
    }
    for name in ["hub/blobs/0a", "hub/blobs/0b", "shared/c.md"] {
        std::fs::write(path(name), name).unwrap();
    }
    for (target, name) in [
        ("../../blobs/0a", "one/train.md"),
        ("../../blobs/0b", "one/part.md"),
        ("../../blobs/0b", "two/test.md"),
        ("../../../shared", "one/more"),
        ("../../../shared", "two/same"),
    ] {
        symlink(target, path(&format!("hub/snapshots/{name}"))).unwrap();
    }
    let ids = |settings: &str| -> Vec<String> {
        let files = listing(folder.path(), settings).unwrap().files;
        files.into_iter().map(|file| file.id).collect()
    };
    let train = ["hub/snapshots/one/train.md"];
    let excludes = ["**/test.md", "hub/snapshots/two/same"]
        .map(|pattern| format!("'{pattern}'"))
        .join(", ");
    assert_eq!(
        ids(&format!("include = ['hub/snapshots']\nexclude = [{excludes}]")),
        train
    );
    assert_eq!(
        ids("include = ['hub/snapshots/*/same/*.md']"),
        ["hub/snapshots/two/same/c.md"]
    );
}

#[test]
fn files_are_listed_in_an_order_of_their_own() {
    let folder = TempDir::new().unwrap();
    for path in [
        "b/2.md",
        "b/10.md",
        "b/c/1.md",
        "a.md",
        "b/.hidden.md",
        ".git/x.md",
        "b/skip.md",
        "b/n.txt",
        "corpus/o.md",
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    let list = |include: &str, avoid: Option<PathBuf>| -> Vec<String> {
        let text = format!("kind = 'files'\nname = 'a'\ninclude = {include}\nexclude = ['**/skip.md']");
        let source: SourceSpec = toml::from_str(&text).unwrap();
        let place = Place {
            base: folder.path().to_owned(),
            avoid: avoid.into_iter().collect(),
        };
        source
            .source()
            .files(&place)
            .unwrap()
            .files
            .into_iter()
            .map(|file| file.id)
            .collect()
    };
    assert_eq!(
        list("['b/*.md', '**/*.md']", None),
        ["b/10.md", "b/2.md", "a.md", "b/c/1.md", "corpus/o.md"]
    );
    assert_eq!(
        list("['b', 'a.md']", None),
        ["b/10.md", "b/2.md", "b/c/1.md", "b/n.txt", "a.md"]
    );
    let avoid = folder.path().join("corpus");
    assert_eq!(
        list("['a.md', '*.md']", None),
        ["a.md"],
        "a file that is named twice is read once"
    );
    assert_eq!(
        list("['.']", Some(avoid)),
        ["a.md", "b/10.md", "b/2.md", "b/c/1.md", "b/n.txt"]
    );
}

#[test]
fn a_pattern_that_matches_nothing_is_named() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.md"), "x").unwrap();
    std::fs::create_dir(folder.path().join("held")).unwrap();
    std::fs::write(folder.path().join("held/b.md"), "x").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("gone", folder.path().join("gone.md")).unwrap();
    let files = |include: &str| {
        listing(folder.path(), &format!("include = {include}"))
            .unwrap_err()
            .to_string()
    };
    for (include, says) in [
        ("['a.md', '*.txt']", "source `a`: `*.txt` matches no file under"),
        ("['missing']", "`missing` matches no file"),
        ("['missing/**/*.md']", "`missing/**/*.md` matches no file"),
        ("['a[.md']", "pattern = a[.md`: unclosed character class"),
        ("[]", "name at least one file"),
        (
            "['a.md', 'held']\nexclude = ['held/*.md']",
            "source `a`: `held` matches 1 file, all left out by `exclude`: correct or remove one of the two",
        ),
        (
            "['*/*.md', 'a.md']\nexclude = ['held']",
            "`*/*.md` matches 1 file, all left out by `exclude`",
        ),
        #[cfg(unix)]
        (
            "['g*.md']",
            "matches 1 document (0B) behind broken links (gone.md leads nowhere)",
        ),
    ] {
        let message = files(include);
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn cargo_sources_are_the_locked_packages() {
    let place = Place {
        base: Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(),
        avoid: Vec::new(),
    };
    let source = source(
        "cargo-sources",
        "include = ['serde-1*/src/lib.rs', 'walkdir-*/**/*.md']",
    );
    let files = source.source().files(&place).unwrap().files;
    let serde = &files[0];
    assert!(
        serde.id.starts_with("serde-1") && serde.id.ends_with("/src/lib.rs"),
        "{}",
        serde.id
    );
    assert_eq!(&*serde.licence, "Apache-2.0 OR MIT");
    let walkdir = files
        .iter()
        .find(|file| file.id.starts_with("walkdir-") && file.id.ends_with("/README.md"));
    assert_eq!(&*walkdir.unwrap().licence, "MIT OR Unlicense");
    assert!(files.is_sorted_by(|a, b| a.id < b.id));
}

#[test]
fn cargo_sources_without_the_packages_name_the_remedy() {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("src/lib.rs", "");
    write(".cargo/config.toml", "[net]\noffline = true\n");
    write(
        "Cargo.toml",
        "[package]\nname = 'a'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\nserde = '=1.0.0'\n[workspace]\n",
    );
    let error = source("cargo-sources", "")
        .source()
        .files(&Place {
            base: folder.path().to_owned(),
            avoid: Vec::new(),
        })
        .unwrap_err();
    assert!(error.to_string().contains("`cargo fetch --locked`"), "{error}");
}

#[test]
fn cargo_sources_outside_a_project_name_what_says_where_one_is() {
    let folder = TempDir::new().unwrap();
    let place = Place {
        base: folder.path().to_owned(),
        avoid: Vec::new(),
    };
    let error = source("cargo-sources", "").source().files(&place).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("by `workspace`") && said.contains("such as `files`"),
        "{said}"
    );
    assert!(!said.contains("cargo fetch"), "{said}");
}
