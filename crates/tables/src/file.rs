//! A file of runs that can be read more than once.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::TableError;
use crate::formats;
use crate::query::Query;
use crate::table::{self, Table};

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// A file of runs, or what came through standard input or another pipe.
pub struct TableFile {
    /// As messages name it.
    pub(crate) name: PathBuf,
    /// What a pipe gave, as it gives it once.
    held: Option<NamedTempFile>,
    columns: OnceCell<Vec<String>>,
}

impl TableFile {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let file = |name: PathBuf, held| Self {
            name,
            held,
            columns: OnceCell::new(),
        };
        let read_error = |source| TableError::unread(path, source);
        if path == Path::new(STANDARD_INPUT) {
            let held = hold(&mut io::stdin().lock()).map_err(read_error)?;
            return Ok(file("standard input".into(), Some(held)));
        }
        let about = std::fs::metadata(path).map_err(read_error)?;
        if about.is_file() || about.is_dir() {
            return Ok(file(path.into(), None));
        }
        let mut pipe = File::open(path).map_err(read_error)?;
        let held = hold(&mut pipe).map_err(read_error)?;
        Ok(file(path.into(), Some(held)))
    }

    /// How messages name it.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The names of its columns, in its order.
    ///
    /// Of JSON every object is read, as any may have a name that the others lack.
    ///
    /// # Errors
    /// [`TableError`] when the file cannot be read, is empty, or is not what its format asks for.
    pub fn columns(&self) -> Result<&[String], TableError> {
        if self.columns.get().is_none() {
            let columns = formats::open(self)?.columns()?;
            return Ok(self.columns.get_or_init(|| columns));
        }
        Ok(self.columns.get().map_or(&[], Vec::as_slice))
    }

    /// Reads what `query` asks for.
    ///
    /// A value that breaks its column's rule spoils that column only: [`Table::column`] tells of the first one.
    ///
    /// # Errors
    /// [`TableError`] when the file cannot be read, lacks a column, a condition compares texts with numbers,
    /// or no row is left.
    pub fn read(&self, query: &Query) -> Result<Table, TableError> {
        table::read(self, query)
    }

    /// A handle of its own on the content, at its start.
    pub(crate) fn handle(&self) -> io::Result<File> {
        match &self.held {
            Some(held) => held.reopen(),
            None => File::open(&self.name),
        }
    }
}

/// Copies what a pipe gives to a temporary file.
fn hold(pipe: &mut impl io::Read) -> io::Result<NamedTempFile> {
    let mut held = NamedTempFile::new()?;
    io::copy(pipe, &mut held)?;
    held.flush()?;
    Ok(held)
}
