//! From a law, a budget and a demand to choices of what to train, in operations, hours and dollars,
//! each with its interval and with how far it reaches beyond what was measured.
//!
//! Pure: no files, clocks or tensors. A [`PlanSpec`] says what the team has and wants, a
//! [`StudyLaw`] what its own runs showed; [`plan`] answers with a [`Plan`] of [`Choice`]s for the
//! study's law and, beside it, for published ones.
//!
//! - [`allocate`]: the optima that a law's closed forms leave open.
//! - [`Catalogue`]: hardware and prices, with their sources.
//! - [`Economics`]: what a choice costs in operations, hours and dollars.
//! - [`published`]: laws of others, with what they were fitted to.
//! - [`Uncertain`] and [`Price`]: quantities with their intervals, prices with their days.
//! - [`serving`] and [`training`]: what both cost from first principles, draw by draw; [`api`]: prices in place of
//!   own hardware.
//! - [`demand`]: what a model will be asked; [`samples`]: how many answers to a query are worth their cost.
//! - [`wall`]: how much text there is, and what more of it is worth.
//! - [`emit`]: the recommended run as a configuration of a trainer.
//! - [`Reach`] and [`Caveat`]: what the plan cannot know.
//!
//! ```
//! use triaxis_plan::{Budget, ChoiceKind, PlanSpec, plan};
//! let spec = PlanSpec::new(Budget::Flops("5.76e23".parse()?));
//! let plan = plan(&spec, None)?;
//! let choice = &plan.choices[0];
//! assert_eq!(choice.law, "hoffmann-2022");
//! assert_eq!(choice.kind, ChoiceKind::ComputeOptimal);
//! assert_eq!(format!("{:.1}", choice.tokens_per_parameter.value), "92.6");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod allocate;
pub mod api;
mod caveat;
mod choice;
mod cost;
pub mod decide;
pub mod demand;
pub mod design;
pub mod emit;
mod error;
mod evidence;
mod hardware;
mod interval;
mod planner;
mod power;
mod price;
pub mod published;
mod reach;
pub mod samples;
pub mod serving;
mod spec;
pub mod training;
pub mod uncertain;
pub mod wall;

pub use caveat::{Caveat, Severity, Topic};
pub use choice::{Choice, ChoiceKind, DrawCount, Savings};
pub use cost::{Devices, Economics};
pub use decide::Question;
pub use error::PlanError;
pub use evidence::{LossUnit, Measured, ParameterCount, Span, StudyLaw};
pub use hardware::{Catalogue, EpochRow, Hardware};
pub use planner::{LawSummary, Plan, plan};
pub use power::{Power, watt_hours};
pub use price::{Date, Price};
pub use reach::{Reach, Verdict};
pub use spec::{Budget, Demand, Goal, PlanSpec, ServingSpec, TrainingSpec};
pub use uncertain::{Share, Uncertain};
