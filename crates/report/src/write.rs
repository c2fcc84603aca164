use std::path::Path;

use triaxis_plan::decide::Decision;

use crate::error::ReportError;
use crate::view::{CurationView, FitView, LengthView, ProbeView, View};
use crate::{page, picture};

/// Writes the page, replacing an earlier one only when the new one is another and complete on disk.
///
/// # Errors
/// When the view cannot be encoded or the file cannot be written; an earlier file stays as it was.
pub fn write_page(view: &View, path: &Path) -> Result<(), ReportError> {
    replace(path, page::page(view)?.as_bytes())
}

/// Writes the page of a fit, in the same way.
///
/// # Errors
/// As [`write_page`].
pub fn write_fit_page(view: &FitView, path: &Path) -> Result<(), ReportError> {
    replace(path, page::fit_page(view)?.as_bytes())
}

/// Writes the page of a decision, in the same way.
///
/// # Errors
/// As [`write_page`].
pub fn write_decision_page(decision: &Decision, path: &Path) -> Result<(), ReportError> {
    replace(path, page::decision_page(decision)?.as_bytes())
}

/// Writes the page of what models cost by length, in the same way.
///
/// # Errors
/// As [`write_page`].
pub fn write_length_page(view: &LengthView, path: &Path) -> Result<(), ReportError> {
    replace(path, page::length_page(view)?.as_bytes())
}

/// Writes the page of what architectures learn of probes, in the same way.
///
/// # Errors
/// As [`write_page`].
pub fn write_probe_page(view: &ProbeView, path: &Path) -> Result<(), ReportError> {
    replace(path, page::probe_page(view)?.as_bytes())
}

/// Writes the page of a curated corpus, in the same way.
///
/// # Errors
/// As [`write_page`].
pub fn write_curation_page(view: &CurationView, path: &Path) -> Result<(), ReportError> {
    replace(path, page::curation_page(view)?.as_bytes())
}

/// Writes the view as JSON, in the same way. Numbers that are not finite become `null`.
///
/// # Errors
/// As [`write_page`].
pub fn write_json(view: &View, path: &Path) -> Result<(), ReportError> {
    replace(path, &serde_json::to_vec_pretty(view)?)
}

/// Writes the picture for a README, in the same way.
///
/// # Errors
/// As [`write_page`].
pub fn write_readme_svg(view: &View, path: &Path) -> Result<(), ReportError> {
    replace(path, picture::readme_svg(view).as_bytes())
}

fn replace(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    if path.file_name().is_none() {
        return Err(ReportError::NotAFile(path.to_owned()));
    }
    triaxis_host::files::replace_if_changed(path, content).map_err(|source| ReportError::Write {
        path: path.to_owned(),
        source,
    })
}
