//! Writes models.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use triaxis_host::files;

use super::{BEGIN, END, UNKNOWN};
use crate::NgramsError;
use crate::estimate::gram::FIRST_WORD;
use crate::vocabulary::Vocabulary;

/// N-grams by length, in files that go with it, until all are known.
pub(crate) struct Sections<'v> {
    vocabulary: &'v Vocabulary,
    sections: Vec<Section>,
}

struct Section {
    file: BufWriter<File>,
    count: u64,
}

impl<'v> Sections<'v> {
    /// For n-grams of up to `order` words, in `folder`.
    pub(crate) fn new(vocabulary: &'v Vocabulary, order: usize, folder: &Path) -> Result<Self, NgramsError> {
        let section = |_| {
            let file = tempfile::tempfile_in(folder).map_err(NgramsError::io("make a file in", folder))?;
            Ok(Section {
                file: BufWriter::new(file),
                count: 0,
            })
        };
        Ok(Self {
            vocabulary,
            sections: (0..order).map(section).collect::<Result<_, NgramsError>>()?,
        })
    }

    /// Adds an n-gram, with the logarithms of its probability and of what it leaves.
    pub(crate) fn push(
        &mut self,
        words: impl ExactSizeIterator<Item = u32>,
        probability: f64,
        backoff: f64,
    ) -> Result<(), NgramsError> {
        let (length, longest) = (words.len(), self.sections.len());
        let section = &mut self.sections[length - 1];
        section.count += 1;
        let write = || {
            let out = &mut section.file;
            write!(out, "{}", probability as f32)?;
            for (place, word) in words.enumerate() {
                let word = match word {
                    number if number >= FIRST_WORD => self.vocabulary.word(number - FIRST_WORD),
                    crate::estimate::gram::BEGIN => BEGIN,
                    crate::estimate::gram::END => END,
                    _ => UNKNOWN,
                };
                let before = if place == 0 { '\t' } else { ' ' };
                write!(out, "{before}{word}")?;
            }
            match length < longest {
                true => writeln!(out, "\t{}", backoff as f32),
                false => writeln!(out),
            }
        };
        write().map_err(NgramsError::io("write", Path::new("n-grams")))
    }

    /// Writes all to `path`, whole or not at all, compressed where its name ends in `.gz`. `about` is said in a comment,
    /// which readers skip.
    pub(crate) fn finish(mut self, path: &Path, about: &str) -> Result<(), NgramsError> {
        let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
        let written = files::replace_with(path, |out| match is_gzip {
            false => {
                let mut out = BufWriter::with_capacity(1 << 16, out);
                self.copy(&mut out, about)?;
                out.flush()
            }
            true => {
                let mut out = GzEncoder::new(out, Compression::default());
                self.copy(&mut out, about)?;
                out.finish().map(drop)
            }
        });
        written.map_err(NgramsError::io("write", path))
    }

    fn copy(&mut self, out: &mut dyn Write, about: &str) -> io::Result<()> {
        writeln!(out, "# {about}\n\\data\\")?;
        for (place, section) in self.sections.iter().enumerate() {
            writeln!(out, "ngram {}={}", place + 1, section.count)?;
        }
        for (place, section) in self.sections.iter_mut().enumerate() {
            writeln!(out, "\n\\{}-grams:", place + 1)?;
            section.file.flush()?;
            section.file.rewind()?;
            io::copy(section.file.get_mut(), out)?;
        }
        writeln!(out, "\n\\end\\")
    }
}
