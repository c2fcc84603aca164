//! From laws, a budget and a demand to one recommendation of what to train, in operations, days and dollars, with its
//! interval and with how far it reaches beyond what was measured.
//!
//! Pure: no files, clocks or tensors. A [`Question`] says what the team has and wants, a [`decide::Law`] what runs
//! showed; [`decide::decide`] answers with a [`decide::Decision`].
//!
//! - [`decide`]: choices over all axes, held against each other in draws of everything uncertain.
//! - [`allocate`]: the optima that a law's closed forms leave open.
//! - [`Catalogue`]: hardware and prices, with their sources.
//! - [`published`]: laws of others, with what they were fitted to.
//! - [`Uncertain`] and [`Price`]: quantities with their intervals, prices with their days.
//! - [`serving`] and [`training`]: what both cost from first principles, draw by draw; [`api`]: prices in place of
//!   own hardware.
//! - [`information`]: what it is worth to know more before a choice.
//! - [`demand`]: what a model will be asked; [`samples`]: how many answers to a query are worth their cost.
//! - [`wall`]: how much text there is, and what more of it is worth.
//! - [`emit`]: the recommended run as a configuration of a trainer.
//! - [`Reach`]: how far a choice lies beyond what was measured.
//!
//! ```
//! use triaxis_plan::decide::{Law, decide};
//! use triaxis_plan::{Question, published};
//! let question: Question = toml::from_str("aim = \"lowest-loss\"\nbudget = { flops = \"5.76e23\" }\ndraws = 40")?;
//! let law = Law::published(published::find("hoffmann-2022")?)?;
//! let decision = decide(&question, &[law])?;
//! let choice = &decision.choices[0];
//! assert_eq!(format!("{:.1}", choice.tokens.value / choice.params), "92.6");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod allocate;
pub mod api;
pub mod decide;
pub mod demand;
pub mod design;
pub mod emit;
mod error;
mod evidence;
mod hardware;
pub mod information;
mod power;
mod price;
pub mod published;
mod reach;
pub mod samples;
pub mod serving;
pub mod training;
pub mod uncertain;
pub mod wall;

pub use decide::Question;
pub use error::PlanError;
pub use evidence::{LossUnit, Measured, Span};
pub use hardware::{Catalogue, EpochRow, Hardware};
pub use power::{Power, watt_hours};
pub use price::{Date, Price};
pub use reach::{Reach, Verdict};
pub use uncertain::{Share, Uncertain};
