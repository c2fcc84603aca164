//! Hashes the sources that a trial's bits come from, so that a record names the code that made it.

use std::path::{Path, PathBuf};

const ROOMS: [&str; 8] = [
    "units", "host", "random", "corpus", "kernels", "model", "probes", "train",
];

fn main() -> std::io::Result<()> {
    let crates = Path::new("..");
    let mut files = vec![crates.join("../Cargo.lock")];
    for room in ROOMS {
        let source = crates.join(room).join("src");
        println!("cargo::rerun-if-changed={}", source.display());
        collect(&source, &mut files)?;
    }
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let text = std::fs::read(&file)?;
        hasher.update(file.to_string_lossy().replace('\\', "/").as_bytes());
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(&text);
    }
    println!(
        "cargo::rustc-env=TRIAXIS_CODE_HASH={}",
        &hasher.finalize().to_hex()[..16]
    );
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
