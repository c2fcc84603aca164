//! One file an optimiser; the registry is in [`crate::optimizer`].

mod adamw;
mod muon;

pub use adamw::AdamW;
pub use muon::Muon;
