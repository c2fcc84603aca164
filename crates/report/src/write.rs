use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::ReportError;
use crate::view::View;
use crate::{page, picture};

/// Writes the page, replacing an earlier one only when the new one is another and complete on disk.
///
/// # Errors
/// When the view cannot be encoded or the file cannot be written; an earlier file stays as it was.
pub fn write_page(view: &View, path: &Path) -> Result<(), ReportError> {
    replace(path, page::page(view)?.as_bytes())
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
    try_replace(path, content).map_err(|source| ReportError::Write {
        path: path.to_owned(),
        source,
    })
}

fn try_replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // Left alone, a file keeps the time at which it last said something new.
    if std::fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new()
        .prefix(".report-")
        .suffix(".tmp")
        .tempfile_in(folder)?;
    temporary.write_all(content)?;
    readable(&temporary)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // The rename itself lasts only once the folder is synced; Windows cannot open folders.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Temporary files are private; a report is there to be read.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &NamedTempFile) -> io::Result<()> {
    Ok(())
}
