//! Pages to text.

mod golden;
mod hostile;
