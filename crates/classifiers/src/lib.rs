//! What a text is, by models that others trained and by ones that are trained here: its language, its quality.
//!
//! A model is a file of fastText's (Joulin et al. 2016, arXiv 1607.01759), dense or product-quantised (Joulin et al. 2016,
//! arXiv 1612.03651), and gives fastText's own answer.

mod error;
pub mod fasttext;
pub mod language;
pub mod quality;

pub use error::ClassifierError;
