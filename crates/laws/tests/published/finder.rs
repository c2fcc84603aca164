//! Where the runs of published studies lie: outside the repository, found from any crate of it.

use std::path::PathBuf;

/// The path of a file of the published runs; `None`, said aloud, where they are absent.
pub(crate) fn published(file: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/published-runs"
    ))
    .join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{} is absent, which is a failure in CI",
        path.display()
    );
    println!("skipped: {} is absent", path.display());
    None
}
