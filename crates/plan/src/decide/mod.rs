//! One recommendation over every axis a team can spend on: architecture, size, text and its repeats, synthetic share,
//! samples a query and context, in dollars, judged in draws of everything that is uncertain.
//!
//! A [`Question`] says what is at hand and what is wanted, [`Law`]s what runs showed; [`decide`] answers with a
//! [`Decision`]: the choice of the best expected score, its regret and that of the next ones, what would change it,
//! what the next dollar buys, and which small run would be worth its cost before. A choice is a point on the axes; how
//! long it trains follows in each world from the aim, as training goes on until the goal is reached or the budget
//! spent.

mod acceptability;
mod aim;
mod alternative;
mod answer;
pub mod answer_rate;
mod budget;
mod caution;
mod change;
mod check;
mod compare;
mod dollar;
mod experiment;
pub mod fill;
mod first;
mod gathered;
mod hindsight;
mod judged;
mod law;
mod outcome;
mod posterior;
mod prepared;
mod question;
mod reckon;
mod risk;
mod running;
mod search;
mod serve;
mod unmet;
mod wall;
mod world;

pub use acceptability::{Acceptability, WorthOf};
pub use aim::Aim;
pub use alternative::Alternative;
pub use answer::{Decision, LawUsed, Point, Refusal, Trial, TrialRun, decide};
pub use budget::Budget;
pub use change::{BreakEven, Swing};
pub use dollar::{Axis, GainOf};
pub use hindsight::{loss_of, outcome_where, trials_of};
pub use law::{Law, Run};
pub use outcome::{Bill, Outcome};
pub use question::{
    Arm, Class, Context, Experiments, Hosted, LawSource, Life, Observed, Quality, Question, Repetition,
    Sizes, Strategy, Task, Tier, Timed, Training,
};
pub use risk::Risk;
pub use running::Running;
pub use wall::{DataWall, NextToken, TierLeft};
