//! `triaxis study report`: the page of a study, from what is recorded.

use std::path::Path;

use triaxis_corpus::Corpus;
use triaxis_study::{Analysis, FrozenSpec, Prediction, Store};

use super::{status, summary, view};
use crate::Format;

/// Writes the page of the study in `store`, and its picture if asked for.
pub fn print(store: &Store, picture: Option<&Path>, format: Format) -> anyhow::Result<()> {
    let spec = FrozenSpec::read(store)?;
    let survey = status::survey(store)?;
    let analysis = match Corpus::open(&store.corpus()) {
        Err(_) => None,
        Ok(corpus) => {
            let prediction: Option<Prediction> = triaxis_study::store::read(&store.prediction())?;
            Some(Analysis::of(&spec.spec, &survey, &corpus, prediction))
        }
    };
    let view = view::of(&spec, store, &survey, analysis.as_ref())?;
    triaxis_report::write_page(&view, &store.page())?;
    if let Some(picture) = picture {
        triaxis_report::write_readme_svg(&view, picture)?;
    }
    summary::print(&view, &store.page(), format)
}
