//! Exact copies: what stands earlier in the corpus, or in an earlier one, to the letter.
//!
//! A [`Finder`] reads every document once and writes what it found; [`Found`] tells of any document what of it to
//! remove. White space around a unit is no part of it, and a unit of nothing else never counts.
//!
//! Units are compared by 128 bits of XXH3: that any two of 10¹² different ones share them has a probability of 10⁻¹⁵.
//! Whoever wants to can write two that do, of which the later one is then removed.
//!
//! ```
//! use triaxis_duplicates::exact::{Finder, Found, Settings, Unit};
//! use triaxis_duplicates::{Document, Position, Workspace, without};
//! let folder = tempfile::tempdir()?;
//! let workspace = Workspace::new(folder.path(), "64MiB".parse()?)?;
//! let settings = Settings::new(Unit::Line, 1)?;
//! let document = |record, text| Document { position: Position::new(0, record), text };
//! let [first, second] = [document(0, "Home\nA story.\n"), document(1, "Home\nAnother one.\n")];
//!
//! let mut finder = Finder::new(settings, &workspace);
//! finder.add(&[first, second])?;
//! let path = folder.path().join("lines");
//! assert_eq!(finder.finish(&path, None)?.copies, 1);
//!
//! let mut found = Found::open(&path, settings)?;
//! assert_eq!(without(second.text, &found.removed(&second)?), "Another one.\n");
//! assert!(found.removed(&first)?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod finder;
mod found;
mod units;

use std::fmt;

pub use finder::{Facts, Finder};
pub use found::Found;
pub use units::Unit;

use crate::DuplicatesError;

/// Version of which units have equal keys: raised when any changes.
const NUMERICS: u32 = 1;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    unit: Unit,
    span: usize,
}

impl Settings {
    /// Runs of `span` units: of 1, each by itself. The C4 corpus has runs of three sentences.
    ///
    /// # Errors
    /// Where `span` is none, or more than 1 of whole documents.
    pub fn new(unit: Unit, span: usize) -> Result<Self, DuplicatesError> {
        match span {
            0 => {
                let rule = format!("a run has at least one {}; give 1 or more", unit.name());
                Err(DuplicatesError::setting("span", span, rule))
            }
            2.. if unit == Unit::Document => {
                let rule = "documents are compared one by one; give 1, or another unit";
                Err(DuplicatesError::setting("span", span, rule))
            }
            _ => Ok(Self { unit, span }),
        }
    }

    /// The unit.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Units of a run.
    pub fn span(&self) -> usize {
        self.span
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, span) = (self.unit.name(), self.span);
        write!(out, "exact copies, unit {unit}, span {span}, version {NUMERICS}")
    }
}
