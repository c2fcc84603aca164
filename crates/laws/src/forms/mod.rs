//! One file a form.

mod chinchilla;

pub use chinchilla::Chinchilla;
