//! What a study measured and what was computed from it, as plain data: no tensors, no files.
//!
//! The `study` room fills these types from its records and fits, `report` and the command line show them.

mod arm_text;
mod corpus;
mod decode;
mod infill;
mod laws;
mod length;
mod losses;
mod prediction;
mod probe;
mod trial;

pub use arm_text::{ArmText, TextStep};
pub use corpus::{Corpus, Licence, Novelty, Skipped, Source, Tokenizer};
pub use decode::{DecodeRate, Decoding, PromptRate};
pub use infill::{InfillScore, InfillScores, Infilling};
pub use laws::{
    Approach, CurvePoint, FrontierPoint, IsoFlop, IsoFlopMinimum, IsoFlopPoint, Parameter, Residual, Sweep,
};
pub use length::{LeftOut, Lengths, StepCost, TrainingCost};
pub use losses::{ArmLoss, LossesByText, NGrams, TextLoss};
pub use prediction::{Candidate, HeldOut};
pub use probe::{
    LevelScore, ProbeCurve, ProbeFacts, ProbePoint, ProbeScores, PublishedScore, RateTried, ReferenceScore,
};
pub use trial::{LossPoint, NGramLoss, Role, Status, Trial};
