//! Web pages to their text: archives to answers, bytes in whatever encoding to HTML, and HTML to its main text.
//!
//! ```text
//! archive ─► record ─► answer of a server ─┐
//!                                          ▼
//! bytes ─► decode ─► HTML ─► Tree ─────────► extractor ─► text
//!          (as the HTML       (bounded nodes,  (trafilatura,
//!          standard says)     depth, bytes)    readability)
//! ```
//!
//! Whatever a page is, its text is told or refused in bounded memory and time, and hangs on the page alone: not on the
//! pages before it, the clock or the machine.

pub mod archive;
mod attributes;
mod encoding;
mod extractors;
mod page;
mod refused;
mod text;

pub use encoding::decode;
pub use extractors::{ExtractorSpec, Favour, Readability, Trafilatura};
pub use page::{DEEPEST, LARGEST, MOST_ATTRIBUTES, MOST_NODES};
pub use refused::Refused;
