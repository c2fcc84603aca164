//! Tables of every format, whole and broken.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod exports;
mod foreign;
mod read;

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use triaxis_tables::{Query, Rule, Source, Table, TableError, TableFile, Wanted};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn wanted(names: &[&str]) -> Vec<Wanted> {
    let column = |name: &&str| Wanted {
        name: (*name).into(),
        source: Source::Column((*name).into()),
        rule: Rule::Positive,
    };
    names.iter().map(column).collect()
}

fn query(names: &[&str], filter: &str) -> Query {
    let filter = (!filter.is_empty()).then(|| filter.parse().unwrap());
    Query {
        columns: wanted(names),
        filter,
        ..Query::default()
    }
}

fn columns(path: &Path) -> Result<Vec<String>, TableError> {
    Ok(TableFile::open(path)?.columns()?.to_vec())
}

fn read(path: &Path, query: &Query) -> Result<Table, TableError> {
    TableFile::open(path)?.read(query)
}

#[track_caller]
fn numbers<'t>(table: &'t Table, column: &str) -> &'t [f64] {
    table.column(column).unwrap().unwrap()
}

#[track_caller]
fn fails(path: &Path, query: &Query) -> String {
    read(path, query).unwrap_err().to_string()
}
