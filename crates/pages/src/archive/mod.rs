//! Web archives (WARC, ISO 28500): records, and what of them servers answered.

mod answer;
mod record;

pub use answer::Answer;
pub use record::{Header, LARGEST_RECORD, Read, Records};

/// The beginning of a text that may be anything, to be told.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
