//! The folder of an output that is not whole yet: hidden beside its later place, of one process at a time, and there to
//! go on with when that process dies.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use triaxis_host::Kind;

use crate::CurationError;

const LOCK: &str = "lock";

/// A folder that this process alone writes to.
pub(crate) struct Unfinished {
    folder: PathBuf,
    /// The system frees it when the process dies.
    _lock: File,
}

impl Unfinished {
    /// Takes the folder for `out`, with what an earlier process left there.
    pub(crate) fn take(out: &Path) -> Result<Self, CurationError> {
        let absolute = std::path::absolute(out).map_err(CurationError::io("resolve", out))?;
        let mut name = OsString::from(".");
        name.push(absolute.file_name().unwrap_or_default());
        name.push(".unfinished");
        let folder = absolute.with_file_name(name);
        fs::create_dir_all(&folder).map_err(CurationError::io("create", &folder))?;
        let path = folder.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(CurationError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(CurationError::new(
                Kind::Machine,
                format!(
                    "{} is being written by another process: wait until it ends, stop it, or choose another output \
                     folder",
                    out.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(CurationError::io("lock", &path)(error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Gives the folder its name. Until then nobody else gets the lock, and whoever gets it later finds the output.
    pub(crate) fn finish(self, out: &Path) -> Result<(), CurationError> {
        sync(&self.folder)?;
        fs::rename(&self.folder, out).map_err(CurationError::io("create", out))?;
        let parent = self.folder.parent().unwrap_or(&self.folder);
        sync(parent)?;
        tidy(out)
    }

    /// Removes the folder, which is of no use.
    pub(crate) fn remove(self) -> Result<(), CurationError> {
        match fs::remove_dir_all(&self.folder) {
            // Another process has given it its name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(CurationError::io("remove", &self.folder)),
        }
    }
}

/// Removes what is of no use once an output has its name, which a process may have died before.
pub(crate) fn tidy(out: &Path) -> Result<(), CurationError> {
    remove(&out.join(LOCK))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), CurationError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(CurationError::io("remove", path)),
    }
}

/// Removes all in a folder that is not known, but for its lock.
pub(crate) fn sweep(folder: &Path, is_known: impl Fn(&Path) -> bool) -> Result<(), CurationError> {
    for entry in fs::read_dir(folder).map_err(CurationError::io("list", folder))? {
        let path = entry.map_err(CurationError::io("list", folder))?.path();
        if is_known(&path) || path.ends_with(LOCK) {
            continue;
        }
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.map_err(CurationError::io("remove", &path))?;
    }
    Ok(())
}

/// Makes sure that the names in a folder last.
#[cfg(unix)]
pub(crate) fn sync(folder: &Path) -> Result<(), CurationError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(CurationError::io("sync", folder))
}

/// Folders cannot be synced there.
#[cfg(not(unix))]
pub(crate) fn sync(_folder: &Path) -> Result<(), CurationError> {
    Ok(())
}
