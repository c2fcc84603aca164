//! Writes the fixture's page, picture and data into a folder, to look at them:
//! `cargo run --release -p triaxis-report --example page -- FOLDER`.

#![allow(clippy::unwrap_used)] // The fixture is a test's, which fails by panicking.

use std::path::PathBuf;

use triaxis_report::{ReportError, write_json, write_page, write_readme_svg};

mod fixture;

fn main() -> Result<(), ReportError> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    for (name, view) in [
        ("page", fixture::view()),
        ("failed", fixture::failed()),
        ("empty", fixture::empty()),
    ] {
        write_page(&view, &folder.join(format!("{name}.html")))?;
        write_readme_svg(&view, &folder.join(format!("{name}.svg")))?;
        write_json(&view, &folder.join(format!("{name}.json")))?;
    }
    Ok(())
}
