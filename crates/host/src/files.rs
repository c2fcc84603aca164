//! Files that are whole or not there at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Begins the names of files that are being written; a process that is killed may leave one.
pub const TEMPORARY: &str = ".writing-";

/// Writes `content` to `path` under a temporary name in the same folder, syncs and renames.
///
/// # Errors
/// When the file system refuses; what was at `path` before is then still there.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("note.txt");
/// triaxis_host::files::replace(&path, b"one")?;
/// triaxis_host::files::replace(&path, b"two")?;
/// assert_eq!(std::fs::read(&path)?, b"two");
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(content))
}

/// As [`replace`], with what `write` writes, which need not be in memory at once.
///
/// # Errors
/// As [`replace`], and when `write` fails.
pub fn replace_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = folder_of(path);
    let mut temporary = NamedTempFile::with_prefix_in(TEMPORARY, folder)?;
    write(&mut temporary)?;
    readable(&temporary)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // The rename itself lasts only once the folder is synced; Windows cannot open folders.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Gives a file that is whole another name on the same file system, in place of what has it, and syncs.
///
/// # Errors
/// When the file system refuses; both names are then as they were.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let [from, to] = ["made", "kept"].map(|name| folder.path().join(name));
/// std::fs::write(&from, "whole")?;
/// triaxis_host::files::rename(&from, &to)?;
/// assert_eq!(std::fs::read(&to)?, b"whole");
/// assert!(!from.exists());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    #[cfg(unix)]
    File::open(folder_of(to))?.sync_all()?;
    Ok(())
}

/// Whether [`replace`] would be let, told before the work whose result it is to write: what is at `path` is a
/// file or nothing, and its folder takes files.
///
/// # Errors
/// As [`replace`] would have.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// assert!(triaxis_host::files::can_replace(&folder.path().join("note.txt")).is_ok());
/// assert!(triaxis_host::files::can_replace(&folder.path().join("missing/note.txt")).is_err());
/// assert!(triaxis_host::files::can_replace(folder.path()).is_err());
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn can_replace(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(about) if !about.is_file() => Err(io::Error::other("it is no regular file")),
        _ => NamedTempFile::with_prefix_in(TEMPORARY, folder_of(path)).map(drop),
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// As [`replace`], but leaves a file alone that holds the same already, with the time at which it last
/// said something new.
///
/// # Errors
/// As [`replace`].
pub fn replace_if_changed(path: &Path, content: &[u8]) -> io::Result<()> {
    if std::fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    replace(path, content)
}

/// Whether two paths lead to one file, through links or not; where nothing is yet, to one name in one folder.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let [path, other] = ["runs.csv", "other.csv"].map(|name| folder.path().join(name));
/// std::fs::write(&path, "N")?;
/// assert!(triaxis_host::files::is_same(&path, &folder.path().join(".").join("runs.csv")));
/// assert!(!triaxis_host::files::is_same(&path, &other));
/// assert!(triaxis_host::files::is_same(&other, &folder.path().join("./other.csv")));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn is_same(first: &Path, second: &Path) -> bool {
    let to_be = |path: &Path| Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    let real = |path: &Path| path.canonicalize().ok().or_else(|| to_be(path));
    let Some((first, second)) = real(first).zip(real(second)) else {
        return false;
    };
    first == second || is_linked(&first, &second)
}

/// Whether two names are of one content.
#[cfg(unix)]
fn is_linked(first: &Path, second: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |path: &Path| {
        std::fs::metadata(path)
            .ok()
            .map(|about| (about.dev(), about.ino()))
    };
    of(first).is_some_and(|of_first| of(second) == Some(of_first))
}

#[cfg(not(unix))]
fn is_linked(_first: &Path, _second: &Path) -> bool {
    false
}

/// Temporary files are private; results are there to be read.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_leaves_the_old_file_and_no_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("occupied");
        std::fs::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert!(path.join("inside").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_same_content_keeps_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace(&path, b"same").unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        let modified = || std::fs::metadata(&path).unwrap().modified().unwrap();
        replace_if_changed(&path, b"same").unwrap();
        assert_eq!(modified(), long_ago);
        replace_if_changed(&path, b"other").unwrap();
        assert_ne!(modified(), long_ago);
    }
}
