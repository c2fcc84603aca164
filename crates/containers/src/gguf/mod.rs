//! GGUF: the files that llama.cpp and what is built on it read and write, with their keys and tensors.

mod header;
mod reader;
mod value;
mod writer;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

pub use self::header::{ALIGNMENT_KEY, Header, TensorInfo};
pub use self::value::{List, Value};
pub use self::writer::{header, write};
use crate::tensor::bytes_at;
use crate::{ContainerError, Damage, Stored};

/// Says how many files a model is in, and the number of this one from 0 on.
const SPLIT_COUNT: &str = "split.count";
const SPLIT_NUMBER: &str = "split.no";
const SPLIT_TENSORS: &str = "split.tensors.count";

/// Whether the file at a path begins as one.
pub fn is_gguf(path: &Path) -> bool {
    let mut magic = [0; header::MAGIC.len()];
    let mut read = || File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    // What is no file may have no end, or be read only once.
    path.is_file() && read().is_ok() && magic == header::MAGIC
}

/// A file, or several that belong together, of which only the headers are held.
#[derive(Debug)]
pub struct Gguf {
    files: Vec<PathBuf>,
    version: u32,
    keys: BTreeMap<String, Value>,
    /// Each with the file that it is in.
    tensors: BTreeMap<String, (usize, TensorInfo)>,
}

impl Gguf {
    /// The file at `path`; where it is the first of several, all of them.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or others that belong to it are not there.
    pub fn open(path: &Path) -> Result<Self, ContainerError> {
        let first = read(path)?;
        let count = number(path, &first, SPLIT_COUNT)?.unwrap_or(1);
        let mut gguf = Self {
            files: Vec::new(),
            version: first.version,
            keys: first.keys.clone(),
            tensors: BTreeMap::new(),
        };
        if count <= 1 {
            gguf.add(path, first)?;
            return Ok(gguf);
        }
        let named = Name::of(path).filter(|name| name.number == 1 && name.count == count);
        let Some(name) = named else {
            return Err(ContainerError::input(format!(
                "{}: it is one of {count} files; name the first of them, whose name ends with \
                 `-00001-of-{count:05}.gguf`, with the others beside it",
                path.display()
            )));
        };
        let wanted = number(path, &first, SPLIT_TENSORS)?;
        gguf.add(path, first)?;
        for number in 2..=count {
            let path = name.file(number);
            let header = read(&path)?;
            gguf.add_shard(&path, header, number, count)?;
        }
        let found = gguf.tensors.len() as u64;
        match wanted {
            Some(wanted) if wanted != found => Err(damaged(
                path,
                &format!("its {count} files have {found} tensors, and it says {wanted}"),
            )),
            _ => Ok(gguf),
        }
    }

    /// The version of the format.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The files that it is in.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What it says, by key.
    pub fn keys(&self) -> &BTreeMap<String, Value> {
        &self.keys
    }

    /// Its tensors, by name.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.tensors.values().map(|(_, tensor)| tensor)
    }

    /// The tensor of that name, if it has one.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|(_, tensor)| tensor)
    }

    /// A tensor as it is stored.
    ///
    /// # Errors
    /// When there is none of that name, or its file cannot be read any more.
    pub fn stored(&self, name: &str) -> Result<Stored, ContainerError> {
        let Some((file, tensor)) = self.tensors.get(name) else {
            return Err(ContainerError::input(format!(
                "{}: there is no tensor `{name}`; name one that is",
                self.files[0].display()
            )));
        };
        let (path, size, format) = (&self.files[*file], tensor.bytes(), tensor.format);
        let bytes = bytes_at(path, tensor.start(), size)?;
        bytes
            .map(|bytes| Stored { format, bytes })
            .ok_or_else(|| damaged(path, &format!("the tensor `{name}` ends before its {size} bytes")))
    }

    fn add(&mut self, path: &Path, header: Header) -> Result<(), ContainerError> {
        let file = self.files.len();
        self.files.push(path.to_owned());
        for tensor in header.tensors {
            if let Some((other, _)) = self.tensors.get(&tensor.name) {
                let other = self.files[*other].display();
                let reason = format!("the tensor `{}` is in {other}, too", tensor.name);
                return Err(damaged(path, &reason));
            }
            self.tensors.insert(tensor.name.clone(), (file, tensor));
        }
        Ok(())
    }

    /// Adds a file after the first one.
    fn add_shard(
        &mut self,
        path: &Path,
        header: Header,
        number_of: u64,
        count: u64,
    ) -> Result<(), ContainerError> {
        let said = [SPLIT_NUMBER, SPLIT_COUNT].map(|key| number(path, &header, key));
        let [found, found_count] = said;
        if found? != Some(number_of - 1) || found_count? != Some(count) {
            return Err(damaged(
                path,
                &format!("it is not the file {number_of} of {count} that its name says"),
            ));
        }
        self.add(path, header)
    }
}

/// A name that says that a file is one of several.
struct Name {
    /// Folder and name before the number.
    stem: PathBuf,
    number: u64,
    count: u64,
}

impl Name {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".gguf")?;
        let (rest, count) = name.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        Some(Self {
            stem: path.with_file_name(stem),
            number: number.parse().ok()?,
            count: count.parse().ok()?,
        })
    }

    fn file(&self, number: u64) -> PathBuf {
        let mut name = self.stem.clone().into_os_string();
        name.push(format!("-{number:05}-of-{:05}.gguf", self.count));
        name.into()
    }
}

fn read(path: &Path) -> Result<Header, ContainerError> {
    let file = File::open(path).map_err(ContainerError::io("reading", path))?;
    let size = file
        .metadata()
        .map_err(ContainerError::io("reading", path))?
        .len();
    Header::read(BufReader::new(file), size).map_err(|damage| match damage {
        Damage::System(error) => ContainerError::io("reading", path)(error),
        Damage::Format(reason) => damaged(path, &reason),
    })
}

/// The whole number that a key of a header says, if it is there.
fn number(path: &Path, header: &Header, key: &str) -> Result<Option<u64>, ContainerError> {
    let Some(value) = header.keys.get(key) else {
        return Ok(None);
    };
    let found = value.whole();
    let refused = || {
        damaged(
            path,
            &format!("`{key}` is {value:?}, and it must be a whole number"),
        )
    };
    found.map(Some).ok_or_else(refused)
}

fn damaged(path: &Path, reason: &str) -> ContainerError {
    // Some reasons end with a remedy of their own.
    let remedy = match reason.contains("; ") {
        true => "",
        false => "; fetch or convert it again",
    };
    ContainerError::damaged(
        path,
        "GGUF file that is read here",
        format_args!("{reason}{remedy}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_several_files_are_told_from_others() {
        let name = Name::of(Path::new("a/b-c-00001-of-00003.gguf")).unwrap();
        assert_eq!((name.number, name.count), (1, 3));
        assert_eq!(name.file(2), Path::new("a/b-c-00002-of-00003.gguf"));
        for other in [
            "a/b.gguf",
            "a-00001-of-x.gguf",
            "00001-of-00002.gguf",
            "a-00001-of-00002.bin",
        ] {
            assert!(Name::of(Path::new(other)).is_none(), "{other}");
        }
    }
}
