//! What is at fault where something failed, and what to do about it.

use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What is at fault. The exit code is a function of it, and so is what may be done with what the failure was about:
/// only [`Input`](Self::Input) may be recorded as a result, and only what is [`Damaged`](Self::Damaged) set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What was asked for: it fails so wherever and whenever it is tried.
    Input,
    /// A path: nothing is there, or something of another kind, or it may not be read or written.
    Path,
    /// The content of a file, which is not what was written.
    Damaged,
    /// The machine, or how it is at the moment: the same may do the next time.
    Machine,
    /// The space on a disk, used up, or the part of it that one may use.
    Full,
    /// What was measured: all was done, and there is no answer in it.
    Unanswered,
}

/// Errors of Unix systems that have no kind in the standard library: an error of the device, too many open files
/// in the system, and in the process, and links that lead to themselves.
const DEVICE: Option<i32> = if cfg!(unix) { Some(5) } else { None };
const OPEN_ANYWHERE: Option<i32> = if cfg!(unix) { Some(23) } else { None };
const OPEN_HERE: Option<i32> = if cfg!(unix) { Some(24) } else { None };
const LOOP: Option<i32> = match (cfg!(target_os = "linux"), cfg!(unix)) {
    (true, _) => Some(40),
    (false, true) => Some(62),
    _ => None,
};

impl From<&io::Error> for Kind {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full,
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem => Self::Path,
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::Damaged,
            _ if LOOP.is_some() && error.raw_os_error() == LOOP => Self::Path,
            _ => Self::Machine,
        }
    }
}

/// For `map_err`: the error that `make` makes of a failure of the system, with its kind and a message of what was tried,
/// on what.
///
/// ```
/// use std::{fs::File, path::Path};
/// let path = Path::new("no/such/file");
/// let said = File::open(path).map_err(triaxis_host::fault::failed("open", path, |_, said, _| said));
/// assert!(said.unwrap_err().starts_with("cannot open no/such/file: "));
/// ```
pub fn failed<E>(
    action: &'static str,
    path: &Path,
    make: impl FnOnce(Kind, String, io::Error) -> E,
) -> impl FnOnce(io::Error) -> E {
    let path = path.display().to_string();
    move |source| {
        let message = format!("cannot {action} {path}: {source}: {}", remedy(&source));
        make(Kind::from(&source), message, source)
    }
}

/// What to do about what the system said, to end a message with.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// let refused = Error::from(ErrorKind::StorageFull);
/// let said = format!("cannot write a/b: {refused}: {}", triaxis_host::fault::remedy(&refused));
/// assert_eq!(said, "cannot write a/b: no storage space: free some space, or choose a folder on another disk");
/// ```
pub fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space, or choose a folder on another disk"
        }
        ErrorKind::FileTooLarge => "raise the limit on the size of files (`ulimit -f`)",
        ErrorKind::ReadOnlyFilesystem => "choose a folder on a disk that can be written",
        ErrorKind::PermissionDenied => "change its permissions, or choose a place that you may use",
        ErrorKind::NotFound => "correct the path",
        ErrorKind::IsADirectory => "a folder is in the place of a file; move it, or correct the path",
        ErrorKind::NotADirectory => "a file is in the place of a folder; move it, or correct the path",
        ErrorKind::InvalidFilename => "choose a shorter name",
        ErrorKind::OutOfMemory => "free some memory",
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => "write or fetch the file again",
        _ => match error.raw_os_error() {
            None => "run the same command again",
            number if number == OPEN_HERE => "raise the limit on open files (`ulimit -n`)",
            number if number == OPEN_ANYWHERE => {
                "the whole system has too many files open; close other programs"
            }
            number if number == DEVICE => {
                "the disk or the network behind it failed; the system's log says more"
            }
            number if number == LOOP => "correct the link, which leads to itself",
            Some(_) => "run the same command again",
        },
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Each number is that of Linux.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_says_has_a_kind_and_a_remedy() {
        for (number, kind, remedied) in [
            (28, Kind::Full, "free some space"),
            (122, Kind::Full, "free some space"),
            (27, Kind::Full, "ulimit -f"),
            (24, Kind::Machine, "ulimit -n"),
            (23, Kind::Machine, "the whole system"),
            (5, Kind::Machine, "the disk"),
            (12, Kind::Machine, "memory"),
            (4, Kind::Machine, "again"),
            (116, Kind::Machine, "again"),
            (13, Kind::Path, "permissions"),
            (1, Kind::Path, "permissions"),
            (30, Kind::Path, "can be written"),
            (2, Kind::Path, "correct the path"),
            (20, Kind::Path, "place of a folder"),
            (21, Kind::Path, "place of a file"),
            (36, Kind::Path, "shorter"),
            (40, Kind::Path, "the link"),
        ] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(Kind::from(&error), kind, "{error}");
            assert!(remedy(&error).contains(remedied), "{error}: {}", remedy(&error));
        }
        let cut = io::Error::from(ErrorKind::UnexpectedEof);
        assert_eq!(Kind::from(&cut), Kind::Damaged);
    }

    /// Places that fail for every user, root among them.
    #[cfg(target_os = "linux")]
    #[test]
    fn real_faults_are_told_apart() {
        use std::io::{Read, Write};
        let full = std::fs::File::create("/dev/full").and_then(|mut file| file.write_all(b"x"));
        assert_eq!(Kind::from(&full.unwrap_err()), Kind::Full);
        let unmapped = std::fs::File::open("/proc/self/mem").and_then(|mut file| file.read(&mut [0]));
        assert_eq!(Kind::from(&unmapped.unwrap_err()), Kind::Machine);
        assert_eq!(Kind::from(&std::fs::read("/proc").unwrap_err()), Kind::Path);
    }
}
