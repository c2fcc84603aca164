//! Self-contained pages of a finished study, a fit or a decision, and one static picture.
//!
//! The caller fills a [`View`] from records, fits and plan, or a [`view::FitView`] from one fit; a decision is its
//! own view. This crate only lays it out and computes no result. The page carries its style, its scripts (plotly.js, vendored under `assets/`), its figures
//! and the view itself, so that it works from a file without a network. A content security policy in
//! the page forbids every fetch.
//!
//! Where things are: [`view`] holds what is shown, `section/` one file a section of the page, `chart/`
//! one file a chart, `picture` the picture for a README.

mod chart;
mod error;
mod page;
mod picture;
mod scale;
mod section;
mod text;
pub mod view;
mod write;

pub use error::ReportError;
pub use page::{curation_page, decision_page, fit_page, length_page, page, probe_page};
pub use picture::readme_svg;
pub use view::View;
pub use write::{
    write_curation_page, write_decision_page, write_fit_page, write_json, write_length_page, write_page,
    write_probe_page, write_readme_svg,
};
