//! Holds the invariants of `ARCHITECTURE.md` that are about the shape of the project.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Heavy crates and the rooms that may use them; every other room must build without them.
const CONFINED: [(&str, &[&str]); 7] = [
    ("burn", &["infer", "kernels", "model", "train"]),
    ("burn-flex", &["kernels", "model", "train"]),
    ("tokenizers", &["tokens"]),
    ("llguidance", &["infer"]),
    ("parquet", &["corpus", "curation", "tables"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Rooms with the names of the crates they depend on outside tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut rooms = BTreeMap::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let manifest: toml::Table =
            toml::from_str(&fs::read_to_string(folder.join("Cargo.toml")).unwrap()).unwrap();
        let names = manifest.get("dependencies").and_then(|table| table.as_table());
        let names = names
            .into_iter()
            .flat_map(|table| table.keys().cloned())
            .collect();
        rooms.insert(folder.file_name().unwrap().to_string_lossy().into_owned(), names);
    }
    rooms
}

/// The table of rooms in `ARCHITECTURE.md`: room and what it knows.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| room"))
        .skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let knows = cells[2]
                .split(',')
                .map(str::trim)
                .filter(|name| *name != "nothing");
            (
                cells[0].trim_matches('`').to_owned(),
                knows.map(str::to_owned).collect(),
            )
        })
        .collect()
}

#[test]
fn every_library_has_its_reason() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, libraries) = text.split_once("## Libraries").unwrap();
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(root().join("Cargo.toml")).unwrap()).unwrap();
    let shared = manifest["workspace"]["dependencies"].as_table().unwrap();
    let missing: Vec<&String> = shared
        .keys()
        .filter(|name| !name.starts_with("triaxis-") && !libraries.contains(&format!("`{name}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md does not say why these are used: {missing:?}"
    );
}

#[test]
fn rooms_know_exactly_what_the_map_says() {
    let actual: BTreeMap<_, BTreeSet<String>> = dependencies()
        .into_iter()
        .map(|(room, names)| {
            let knows = names
                .iter()
                .filter_map(|name| name.strip_prefix("triaxis-"))
                .map(str::to_owned)
                .collect();
            (room, knows)
        })
        .collect();
    assert_eq!(
        actual,
        documented(),
        "left: the manifests; right: the table in ARCHITECTURE.md"
    );
}

#[test]
fn knowledge_flows_one_way() {
    let rooms = documented();
    fn visit(room: &str, rooms: &BTreeMap<String, BTreeSet<String>>, path: &mut Vec<String>) {
        assert!(
            !path.iter().any(|above| above == room),
            "a circle: {path:?} -> {room}"
        );
        path.push(room.to_owned());
        for below in &rooms[room] {
            visit(below, rooms, path);
        }
        path.pop();
    }
    for room in rooms.keys() {
        visit(room, &rooms, &mut Vec::new());
    }
}

#[test]
fn heavy_libraries_stay_in_their_rooms() {
    for (room, names) in dependencies() {
        for (library, allowed) in CONFINED {
            let uses = names.contains(library);
            assert!(
                !uses || allowed.contains(&room.as_str()),
                "{room} may not depend on {library}"
            );
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Lines of a room's library code that hold one of `words`, outside comments.
fn lines_with(room: &str, words: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    sources(&root().join("crates").join(room).join("src"), &mut files);
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        for (number, line) in code.enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            if !is_comment && words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn only_the_command_line_prints() {
    for room in dependencies().keys().filter(|room| *room != "cli") {
        let found = lines_with(room, &["println!", "print!(", "eprintln!", "dbg!"]);
        assert!(found.is_empty(), "a library prints:\n{}", found.join("\n"));
    }
}

#[test]
fn laws_and_plan_see_no_files_and_no_clocks() {
    for room in ["units", "laws", "plan"] {
        let found = lines_with(
            room,
            &["std::fs", "std::time", "SystemTime", "Instant::now", "File::"],
        );
        assert!(found.is_empty(), "{room} looks outside:\n{}", found.join("\n"));
    }
}

#[test]
fn unsafe_code_stays_in_the_kernels_the_blocks_and_the_memory_map() {
    for room in dependencies()
        .keys()
        .filter(|room| !["kernels", "blocks", "corpus"].contains(&room.as_str()))
    {
        let found = lines_with(room, &["unsafe "]);
        assert!(found.is_empty(), "unsafe code:\n{}", found.join("\n"));
    }
}

/// Files of Rust under the folder of a package or workspace that rustfmt does not come to: it goes from each target
/// along the `mod` lines, and looks into no macro.
fn unseen(root: &Path) -> BTreeSet<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["fmt", "--all", "--", "--check", "--verbose"])
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let seen: BTreeSet<PathBuf> = said
        .lines()
        .filter_map(|line| line.strip_prefix("Formatting "))
        .map(|path| Path::new(path).canonicalize().unwrap())
        .collect();
    assert!(!seen.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = Vec::new();
    for folder in ["src", "crates", "xtask"].map(|name| root.join(name)) {
        if folder.exists() {
            sources(&folder, &mut files);
        }
    }
    let files = files.iter().map(|path| path.canonicalize().unwrap());
    files.filter(|path| !seen.contains(path)).collect()
}

#[test]
fn rustfmt_sees_every_file() {
    let unseen = unseen(&root());
    assert!(
        unseen.is_empty(),
        "give each a `mod` line outside of macros, or remove it: {unseen:?}"
    );
}

#[test]
fn a_file_without_a_mod_line_or_with_one_in_a_macro_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "Cargo.toml",
            "[package]\nname = \"hides\"\nedition = \"2024\"\n[workspace]\n",
        ),
        (
            "src/lib.rs",
            "mod seen;\n\nmacro_rules! all {\n    ($name:ident) => {\n        mod $name;\n    };\n}\nall!(hidden);\n",
        ),
        ("src/seen.rs", ""),
        ("src/hidden.rs", "fn  badly( ) { }\n"),
        ("src/orphan.rs", ""),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let hidden =
        ["src/hidden.rs", "src/orphan.rs"].map(|name| folder.path().join(name).canonicalize().unwrap());
    assert_eq!(unseen(folder.path()), hidden.into());
}
