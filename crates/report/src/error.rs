use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a report could not be made. An earlier file at the same path is left as it was.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The view does not become JSON.
    #[error("the report's data does not become JSON ({0}); this is a defect of triaxis, please report it")]
    Encode(#[from] serde_json::Error),
    /// The path names no file.
    #[error("`{0}` does not name a file: give a path that ends in a file name, as in `report.html`")]
    NotAFile(PathBuf),
    /// The file could not be written.
    #[error(
        "cannot write `{path}`: its folder must exist, be writable and have room; \
         nothing was replaced"
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
