//! Files with a hash of their content, written whole, and locks that death releases.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::StudyError;
use crate::identity;

/// What files and folders end in that are kept although they are of no use.
pub(crate) const ASIDE: &str = "damaged";

/// Something taken by this process until dropped; the system frees it when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    hash: String,
    content: T,
}

/// Takes the file at `path` for this process, or says that another holds `held`.
pub(crate) fn lock(path: &Path, held: &Path) -> Result<Lock, StudyError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(StudyError::io("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(fs::TryLockError::WouldBlock) => Err(StudyError::Locked {
            folder: held.to_owned(),
        }),
        Err(fs::TryLockError::Error(error)) => Err(StudyError::io("lock", path)(error)),
    }
}

/// As [`lock()`], waiting until the file is free.
pub(crate) fn lock_patiently(path: &Path) -> Result<Lock, StudyError> {
    let file = File::open(path).map_err(StudyError::io("open", path))?;
    file.lock().map_err(StudyError::io("lock", path))?;
    Ok(Lock { _file: file })
}

/// Writes `content` as JSON with its hash, under a temporary name first.
///
/// # Errors
/// When the file system refuses; what was at `path` before is then still there.
pub fn write(path: &Path, content: &impl Serialize) -> Result<(), StudyError> {
    make_folder_of(path)?;
    triaxis_host::files::replace(path, &seal(content)).map_err(StudyError::io("write", path))
}

/// As [`write()`], but leaves a file alone that holds the same already.
///
/// # Errors
/// As [`write()`].
pub fn write_if_changed(path: &Path, content: &impl Serialize) -> Result<(), StudyError> {
    make_folder_of(path)?;
    triaxis_host::files::replace_if_changed(path, &seal(content)).map_err(StudyError::io("write", path))
}

fn make_folder_of(path: &Path) -> Result<(), StudyError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(StudyError::io("make", folder))
}

fn seal(content: &impl Serialize) -> Vec<u8> {
    let mut content = serde_json::to_value(content).expect("records and studies have only string keys");
    content.sort_all_objects();
    let sealed = Sealed {
        hash: identity::of(&content),
        content,
    };
    let mut text = serde_json::to_vec_pretty(&sealed).expect("a JSON value always prints");
    text.push(b'\n');
    text
}

/// Reads what [`write()`] wrote, or `None` when there is nothing.
///
/// # Errors
/// [`StudyError::Damaged`] when it does not hold what was written; it stays where it is.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StudyError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(StudyError::io("read", path))?,
    };
    open(&bytes)
        .map(Some)
        .map_err(|reason| unusable(path, format!("is damaged ({reason})")))
}

fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let sealed: Sealed<serde_json::Value> =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let hash = identity::of(&sealed.content);
    if hash != sealed.hash {
        return Err(format!(
            "its hash is {hash}, not the {} it was written with",
            sealed.hash
        ));
    }
    serde_json::from_value(sealed.content).map_err(|error| error.to_string())
}

pub(crate) fn unusable(path: &Path, fault: String) -> StudyError {
    StudyError::Damaged {
        path: path.to_owned(),
        fault,
        aside: None,
    }
}

/// The files that errors say are damaged.
pub fn paths(errors: &[StudyError]) -> BTreeSet<PathBuf> {
    let damaged = errors.iter().filter_map(|error| match error {
        StudyError::Damaged { path, .. } => Some(path.clone()),
        _ => None,
    });
    damaged.collect()
}

/// Gives a damaged file or folder a name that is free, so that it is made again and nothing is lost; says
/// which. Only for who holds the study: to look at one changes nothing. Other errors are returned.
///
/// # Errors
/// When the file system refuses.
pub fn set_aside(error: StudyError) -> Result<StudyError, StudyError> {
    let StudyError::Damaged { path, fault, .. } = error else {
        return Err(error);
    };
    let name = |number: usize| match number {
        1 => path.with_extension(ASIDE),
        number => path.with_extension(format!("{ASIDE}-{number}")),
    };
    let aside = (1..)
        .map(name)
        .find(|name| !name.exists())
        .unwrap_or_else(|| name(1));
    fs::rename(&path, &aside).map_err(StudyError::io("set aside", &path))?;
    Ok(StudyError::Damaged {
        path,
        fault,
        aside: Some(aside),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_damage_is_named_and_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.json");
        let value = vec![1.0, 0.1 + 0.2, f64::MIN_POSITIVE];
        write(&path, &value).unwrap();
        assert_eq!(read::<Vec<f64>>(&path).unwrap(), Some(value));

        let mut bytes = fs::read(&path).unwrap();
        let digit = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
        bytes[digit] = if bytes[digit] == b'1' { b'2' } else { b'1' };
        fs::write(&path, bytes).unwrap();
        let bytes = fs::read(&path).unwrap();
        for aside in ["value.damaged", "value.damaged-2"] {
            let error = read::<Vec<f64>>(&path).unwrap_err();
            assert!(
                matches!(error, StudyError::Damaged { aside: None, .. }),
                "{error}"
            );
            assert!(path.exists(), "a look changes nothing");
            let said = set_aside(error).unwrap().to_string();
            assert!(
                said.contains(&format!(
                    "it was set aside as {}",
                    folder.path().join(aside).display()
                )),
                "{said}"
            );
            assert_eq!(read::<Vec<f64>>(&path).unwrap(), None);
            assert!(folder.path().join(aside).exists());
            fs::write(&path, &bytes).unwrap();
        }
    }

    #[test]
    fn every_truncation_is_damage_and_never_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.json");
        write(&path, &"text").unwrap();
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() - 2 {
            assert!(
                open::<String>(&whole[..end]).is_err(),
                "{end} bytes read as whole"
            );
        }
    }
}
