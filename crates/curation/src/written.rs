//! Files of lines, of about equal text, whose bytes hang on the lines alone: not on when they came, nor on whether the
//! process that began them ended them.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use crate::facts::File;
use crate::lines::Lines;
use crate::{CurationError, Dropped, Kept, facts, parquet, passes};

/// Text of a file from which on the next one begins.
const FULL: u64 = 256 << 20;
/// Bytes of lines that are compressed for themselves, so that threads can do it: such frames after each other are a file.
const FRAME: usize = 1 << 20;
/// How much is spent on compression: beyond, time grows faster than files shrink.
const LEVEL: i32 = 3;

/// How far the files of a folder are: enough to go on with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Those that are whole.
    pub(crate) files: Vec<File>,
    /// Of the file that is not.
    size: u64,
    documents: u64,
    text: u64,
    /// Lines that are not in it yet.
    pending: Pending,
    /// Text of all.
    pub(crate) all: u64,
}

impl Written {
    /// The files that are whole, of an output in `folder`.
    pub(crate) fn paths(&self, folder: &Path) -> Vec<PathBuf> {
        self.files.iter().map(|file| folder.join(&file.file)).collect()
    }
}

/// Lines that wait for more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    lines: String,
    documents: u64,
    text: u64,
}

/// Writes the files of a folder, one after another.
pub(crate) struct Writer {
    folder: PathBuf,
    /// The name of the folder within the output.
    name: String,
    format: Format,
    written: Written,
    current: Option<fs::File>,
    /// Files that are of no use once it is noted that others have their lines.
    spent: Vec<PathBuf>,
}

/// What files are in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines with their places, for another pass or process.
    Placed,
    Jsonl,
    /// Lines until a file is full, whose columns are written then.
    Parquet,
}

impl Format {
    /// What the files end in while lines are added.
    fn lines(self) -> &'static str {
        match self {
            Self::Placed => "lines.zst",
            Self::Jsonl | Self::Parquet => "jsonl.zst",
        }
    }
}

impl Writer {
    /// Goes on with the files of a folder in `parent`, which are `written` so far. What is there beside them goes.
    pub(crate) fn resume(
        parent: &Path,
        name: &str,
        format: Format,
        written: Written,
    ) -> Result<Self, CurationError> {
        let folder = parent.join(name);
        fs::create_dir_all(&folder).map_err(CurationError::io("create", &folder))?;
        let mut writer = Self {
            folder,
            name: name.to_owned(),
            format,
            written,
            current: None,
            spent: Vec::new(),
        };
        writer.sweep()?;
        if writer.written.size > 0 {
            writer.current = Some(writer.cut_back()?);
        }
        Ok(writer)
    }

    /// Removes what was written after all that is known of.
    fn sweep(&self) -> Result<(), CurationError> {
        let open = (self.written.size > 0).then(|| self.open_path());
        let is_known = |path: &Path| {
            let mut whole = self.written.files.iter();
            open.as_deref() == Some(path) || whole.any(|file| path.ends_with(&file.file))
        };
        crate::unfinished::sweep(&self.folder, is_known)
    }

    /// Opens the file that is not whole, as long as it is known to be.
    fn cut_back(&self) -> Result<fs::File, CurationError> {
        let (path, size) = (self.open_path(), self.written.size);
        let file = fs::File::options().write(true).open(&path);
        let mut file = file.map_err(CurationError::io("open", &path))?;
        let found = file.metadata().map_err(CurationError::io("read", &path))?.len();
        if found < size {
            let detail = format!("it has {found} bytes, and {size} were written");
            return Err(CurationError::damaged(&path, detail));
        }
        let cut = file.set_len(size).and_then(|()| file.seek(SeekFrom::Start(size)));
        cut.map_err(CurationError::io("cut", &path))?;
        Ok(file)
    }

    fn open_path(&self) -> PathBuf {
        self.folder
            .join(format!("{:05}.{}", self.written.files.len(), self.format.lines()))
    }

    /// Adds lines, compressed on all threads of the pool.
    pub(crate) fn append<'l>(
        &mut self,
        all: impl IntoIterator<Item = &'l Lines>,
    ) -> Result<(), CurationError> {
        let mut full = Vec::new();
        let Written {
            pending, all: total, ..
        } = &mut self.written;
        for (line, text) in all.into_iter().flat_map(Lines::each) {
            pending.lines.push_str(line);
            pending.documents += 1;
            pending.text += text;
            *total += text;
            if pending.lines.len() >= FRAME {
                full.push(std::mem::take(pending));
            }
        }
        self.write(full)
    }

    fn write(&mut self, full: Vec<Pending>) -> Result<(), CurationError> {
        let frames = full.into_par_iter().map(|pending| {
            let frame = compressed(pending.lines.as_bytes());
            frame.map(|frame| (frame, pending.documents, pending.text))
        });
        let frames = frames.collect::<Result<Vec<_>, _>>();
        for (frame, documents, text) in
            frames.map_err(CurationError::io("compress text for", &self.folder))?
        {
            let path = self.open_path();
            let mut file = match self.current.take() {
                Some(file) => file,
                None => fs::File::create(&path).map_err(CurationError::io("create", &path))?,
            };
            file.write_all(&frame)
                .map_err(CurationError::io("write", &path))?;
            self.current = Some(file);
            self.written.size += frame.len() as u64;
            self.written.documents += documents;
            self.written.text += text;
            if self.written.text >= FULL {
                self.close()?;
            }
        }
        Ok(())
    }

    /// Ends the file at hand, if there is one.
    fn close(&mut self) -> Result<(), CurationError> {
        let Some(file) = self.current.take() else {
            return Ok(());
        };
        let mut path = self.open_path();
        file.sync_all().map_err(CurationError::io("sync", &path))?;
        if self.format == Format::Parquet {
            path = self.columns(path)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let written = &mut self.written;
        written.files.push(facts::File {
            file: format!("{}/{name}", self.name),
            documents: std::mem::take(&mut written.documents),
            size: Bytes(std::mem::take(&mut written.size)),
        });
        written.text = 0;
        Ok(())
    }

    /// Writes the lines of a file as columns of another. They are of use until it is noted that this one is whole.
    fn columns(&mut self, lines: PathBuf) -> Result<PathBuf, CurationError> {
        let path = self
            .folder
            .join(format!("{:05}.{}", self.written.files.len(), parquet::EXTENSION));
        self.written.size = match self.name == passes::DROPPED {
            true => parquet::write::<Dropped<'static>>(&lines, &path)?,
            false => parquet::write::<Kept<'static>>(&lines, &path)?,
        };
        self.spent.push(lines);
        Ok(path)
    }

    /// All that was added, on the disk or in what is given.
    pub(crate) fn sync(&mut self) -> Result<Written, CurationError> {
        if let Some(file) = &self.current {
            let path = self.open_path();
            file.sync_data().map_err(CurationError::io("sync", &path))?;
        }
        Ok(self.written.clone())
    }

    /// Removes what is of no use, now that it is noted what was [synced](Self::sync).
    pub(crate) fn noted(&mut self) -> Result<(), CurationError> {
        self.spent
            .drain(..)
            .try_for_each(|path| fs::remove_file(&path).map_err(CurationError::io("remove", &path)))
    }

    /// Ends the last file.
    pub(crate) fn finish(&mut self) -> Result<(), CurationError> {
        let last = std::mem::take(&mut self.written.pending);
        if last.documents > 0 {
            self.write(vec![last])?;
        }
        self.close()?;
        crate::unfinished::sync(&self.folder)
    }
}

fn compressed(lines: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(lines.len() as u64))?;
    encoder.write_all(lines)?;
    encoder.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use triaxis_duplicates::Position;

    use super::*;

    fn lines(all: &[(u32, usize)]) -> Lines {
        let mut lines = Lines::new(false);
        for (line, text) in all {
            lines.push(Position::new(0, *line), line, *text).unwrap();
        }
        lines
    }

    fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(folder.join("kept"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .map(|path| {
                (
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    fs::read(path).unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn a_full_file_is_followed_by_another_wherever_the_process_died() {
        // Frames of many numbers, and a text that fills a file, before and behind the middle of others.
        let mut all: Vec<(u32, usize)> = (0..400_000).map(|line| (line, 1)).collect();
        all[250_000].1 = FULL as usize;
        let begin = |folder: &Path, written| Writer::resume(folder, "kept", Format::Jsonl, written).unwrap();
        let whole = tempfile::tempdir().unwrap();
        let mut writer = begin(whole.path(), Written::default());
        writer.append([&lines(&all)]).unwrap();
        writer.finish().unwrap();
        let written = writer.sync().unwrap();
        assert_eq!(written.files.len(), 2);
        assert_eq!(written.all, FULL + 399_999);
        let found = files(whole.path());
        let mut held = Vec::new();
        for (file, (_, bytes)) in written.files.iter().zip(&found) {
            assert_eq!(bytes.len() as u64, file.size.0);
            held.extend(zstd::decode_all(&bytes[..]).unwrap());
        }
        let expected: String = all.iter().map(|(line, _)| format!("{line}\n")).collect();
        assert!(held == expected.into_bytes());

        let broken = tempfile::tempdir().unwrap();
        let mut noted = Written::default();
        for part in all.chunks(37_000) {
            // What is not noted is written, and lost.
            let mut dies = begin(broken.path(), noted.clone());
            dies.append([&lines(&all[..300_000])]).unwrap();
            let mut writer = begin(broken.path(), noted.clone());
            writer.append([&lines(part)]).unwrap();
            noted = writer.sync().unwrap();
        }
        begin(broken.path(), noted).finish().unwrap();
        assert!(files(broken.path()) == found);
    }
}
