use serde::{Deserialize, Serialize};
use triaxis_records::Lengths;

/// What some models cost by length, on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LengthView {
    /// Processor and instruction set: one line.
    pub machine: String,
    /// When it was measured, as the caller writes times.
    pub generated: String,
    /// Version of the program.
    pub version: String,
    /// One entry a model.
    pub models: Vec<Lengths>,
}
