//! What the routers of a mixture of experts do: how its load is spread, how sure and how stable its choices are, and
//! whether its experts specialise, told against labels that are permuted.
//!
//! [`Routes`] are the choices of one layer for some tokens. [`Load`] and [`Stability`] describe them; [`specialisation`]
//! says how much an expert tells of a label, such as the source of a text, beside what it would tell by chance.

mod error;
mod information;
mod labels;
mod load;
mod outcome;
mod routes;
mod stability;

pub use error::RoutingError;
pub use information::{Information, LayerSpecialisation, Specialisation, specialisation};
pub use labels::Labels;
pub use load::Load;
pub use outcome::{ExpertsOutcome, LayerLook, Look};
pub use routes::Routes;
pub use stability::Stability;

/// Version of what is measured of routes: raised when the same routes have other measures.
pub const NUMERICS: u32 = 1;
