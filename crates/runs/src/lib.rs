//! Runs made elsewhere as laws read them: which column is which input, which rows are fitted, which law
//! answers, and what the fit found.
//!
//! [`Data`] holds the rows under canonical names, [`Chosen`] is the law that was asked for, [`Answer`] what
//! was fitted, [`Outcome`] everything that was found. Nothing here prints.

mod answer;
mod by;
mod caution;
mod columns;
mod comparison;
mod compute;
mod counts;
mod coverage;
mod data;
mod draws;
mod equation;
mod error;
mod examine;
mod form;
mod group;
mod latex;
mod law;
mod mixture;
mod names;
mod outcome;
mod panel;
mod parts;
mod plausible;
mod predict;
mod save;
mod sets;
mod settings;
mod sweep;
mod units;
mod wanted;

pub use answer::Answer;
pub use by::{By, Pooling, Set};
pub use caution::{Caution, OfRows};
pub use columns::{COVERAGE, Columns, Named};
pub use comparison::{Comparison, FormCompared, LeftOut, in_words};
pub use data::{Data, Selection};
pub use draws::Samples;
pub use equation::{number, percent};
pub use error::Misuse;
pub use examine::{Curved, Outlying, Placed};
pub use form::{Chosen, definitions};
pub use law::Law;
pub use mixture::{MixtureOutcome, MixtureRequest};
pub use names::option_of;
pub use outcome::{Checked, Outcome, Predicted, Said};
pub use predict::{Request, requests};
pub use save::{read_law, saved};
pub use settings::{Settings, held};
pub use sweep::{Setting, Sweep};
