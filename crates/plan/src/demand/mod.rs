//! What a model will be asked: from a trace of requests, over a life in which demand grows and prices
//! fall, and how many devices to reserve for it.

mod life;
mod reserve;
mod trace;

pub use life::{Life, Lifetime};
pub use reserve::{Reservation, reserve};
pub use trace::Trace;
