//! `triaxis study report`: the page of a study, from what is recorded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use triaxis_study::{Answer, Arm, FrozenSpec, Role, Store, StudyError, sealed};

use super::{status, summary, view};
use crate::Format;
use crate::output;

/// Writes the page of the study in `store`, and its picture if asked for.
pub fn print(store: &Store, picture: Option<&Path>, format: Format) -> anyhow::Result<()> {
    let spec = FrozenSpec::read(store)?;
    let page = store.page();
    let library = spec.library(store);
    if let Some(picture) = picture {
        let mut recorded = Vec::new();
        files(store.folder(), &mut recorded);
        files(library.folder(), &mut recorded);
        let is_written = |path: &PathBuf| *path == page || path.extension().is_some_and(|of| of == "svg");
        let read: Vec<&Path> = recorded
            .iter()
            .filter(|path| !is_written(path))
            .map(PathBuf::as_path)
            .collect();
        output::are_free(&[&page, picture], &read)?;
    }
    let survey = status::survey(&spec, store)?;
    if survey.records.is_empty() {
        return Err(StudyError::NoRecords {
            folder: library.records_folder(),
        }
        .into());
    }
    let arms = spec.arms()?;
    let open = |arm: &Arm| survey.frozen.corpus_of(arm, &library).map(Arc::new);
    let corpora = arms.iter().map(open).collect::<Result<Vec<_>, _>>();
    let corpora = corpora?;
    let mut predictions = Vec::new();
    for arm in &arms {
        let mut own = survey.trials_of(&arm.name);
        let target = own.find(|trial| trial.role == Role::HeldOut);
        let prediction = target.map(|target| {
            let read = sealed::read(&spec.prediction(store, &arm.name, &target.id));
            let is_run = survey.record(&target.id).is_some();
            read.map_err(|error: StudyError| if is_run { error.for_good() } else { error })
        });
        predictions.push(prediction.transpose()?.flatten());
    }
    let answer = Answer::of(&spec.spec, &arms, &survey, &corpora, predictions)?;
    let view = view::of(&spec, store, &survey, Some(&answer))?;
    triaxis_report::write_page(&view, &page)?;
    if let Some(picture) = picture {
        triaxis_report::write_readme_svg(&view, picture)?;
    }
    summary::print(&view, &page, format, true)
}

/// Every file below a folder, as far as it can be read.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path(), found),
            _ => found.push(entry.path()),
        }
    }
}
