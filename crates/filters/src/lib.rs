//! What a document is kept or dropped for, by the rules that the field's corpora were made with: one file and one line
//! of the registry a filter, its settings plain data with the published values as defaults.
//!
//! A filter measures everything it can say of a document, whether a bound is broken or not, and gives the first broken
//! bound in its tool's order as the reason.
//!
//! ```
//! use triaxis_filters::{Chain, Desk, Facts, FilterSpec, Verdict, preset};
//! let chain = Chain::new(&preset("gopher")?)?;
//! let mut desk = Desk::new();
//! let judged = chain.judge("Too short to learn from.", &Facts::default(), &mut desk);
//! let Verdict::Drop(broken) = judged.verdict else { panic!("kept") };
//! assert_eq!(broken.to_string(), "least_words 5, at least 50");
//! # Ok::<(), triaxis_filters::Refused>(())
//! ```

mod chain;
mod characters;
mod filters;
mod grams;
mod presets;
mod refused;
mod room;
mod segments;
mod verdict;

pub use chain::{Chain, Desk, Judged};
pub use filters::{
    C4BadWords, C4Paragraphs, C4Quality, CodeQuality, Decontamination, Dialect, Facts, Filter, FilterSpec,
    FineWebQuality, GopherQuality, GopherRepetition, Licences, PersonalData, Urls,
};
pub use presets::{PRESETS, preset};
pub use refused::Refused;
pub use room::Room;
pub use verdict::{Bound, Check, Verdict};
