use serde::{Deserialize, Serialize};
use triaxis_records::{ProbeFacts, ProbeScores};

/// What architectures learn of probes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProbeResults {
    /// The probes that were asked, each once.
    pub probes: Vec<ProbeFacts>,
    /// One entry for each model and task, those of one task together.
    pub scores: Vec<ProbeScores>,
}

impl ProbeResults {
    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }
}

/// The same on a page of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeView {
    /// Processor and instruction set: one line.
    pub machine: String,
    /// When it was measured, as the caller writes times.
    pub generated: String,
    /// Version of the program.
    pub version: String,
    /// What was measured.
    pub results: ProbeResults,
}
