//! One file a schedule; the registry is in [`crate::schedule`].

mod constant;
mod cosine;
mod wsd;
mod wsd_linear;

pub use constant::Constant;
pub use cosine::Cosine;
pub use wsd::Wsd;
pub use wsd_linear::WsdLinear;
