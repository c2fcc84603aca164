//! The data wall: how much human text there is, how fast trainings take more of it, when that meets,
//! and what the next token and the next epoch are worth.
//!
//! [`Wall::simulate`] multiplies uncertain steps as Villalobos et al. 2024 do; [`epochs`] and [`Fresh`]
//! say what tokens are worth by a law; [`Vocabulary`], [`Growth`] and both in a
//! [`Curve`] how much of a user's own corpus is new.

mod curve;
mod stock;
mod trend;
mod unique;
mod worth;

pub use curve::Curve;
pub use stock::{Field, Meeting, Spread, StockSteps, Tier, Wall, WallSpec};
pub use trend::{Trend, trend};
pub use unique::{Growth, Vocabulary};
pub use worth::{Epochs, Fresh, REPEATS_WORTH, epochs};
