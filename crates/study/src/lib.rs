//! Studies: from a spec to run records, laws and a plan.
//!
//! A [`StudySpec`] says which corpus, which models and which budgets. [`trial::resolve`] turns it into
//! groups of trials with identities; an [`executor`] runs each [`job`], a group to train or to evaluate, in a
//! process of its own; every trial leaves an immutable [`RunRecord`], every validation text an [`EvaluationRecord`]
//! of it, and the tokens that it saw an [`NGramRecord`]; [`Analysis`] is computed from records alone.

pub mod analysis;
mod answer;
mod approaches;
mod arm;
pub mod calibrate;
mod curation;
mod decode;
pub mod design;
pub mod digests;
mod emergence;
mod ensembles;
mod error;
mod evaluation;
mod example;
pub mod executor;
mod experts;
pub mod extend;
mod frozen;
mod held_out;
pub mod identity;
pub mod job;
mod ladder;
mod length;
pub mod library;
mod limits;
mod mixtures;
mod ngram;
pub mod novelty;
mod plan;
pub mod prediction;
mod prepare;
mod probes;
pub mod reading;
mod record;
mod repeated;
mod run;
pub mod sealed;
pub mod setting;
mod spec;
mod store;
mod suggest;
mod survey;
mod training;
pub mod trial;
mod upgrade;
mod wording;
pub mod worker;
mod worth;

pub use analysis::Analysis;
pub use answer::{Answer, ArmAnswer};
pub use arm::{AlsoSpec, Arm, ArmSpec, CompareSpec, CompoundSpec};
pub use curation::{Curation, CurationSpec};
pub use decode::{DecodePlan, DecodeRecord, measure as measure_decoding};
pub use ensembles::EnsembleSpec;
pub use error::StudyError;
pub use evaluation::{Evaluated, EvaluationRecord, Evaluator, FrozenText};
pub use example::{EXAMPLES, Example};
pub use executor::{Executor, Local};
pub use extend::ExtraSpec;
pub use frozen::{Frozen, FrozenSpec, Sources};
pub use length::{LengthPlan, LengthRecord, measure as measure_lengths};
pub use library::Library;
pub use limits::epochs;
pub use mixtures::{Available, MixturesSpec, best_share, first_epoch};
pub use ngram::{NGramInputs, NGramLoss, NGramRecord};
pub use prediction::Prediction;
pub use prepare::Ready;
pub use probes::{
    AskedProbe, ProbeInputs, ProbeRecord, ProbeTraining, ProbesSpec, Trained, facts as probe_facts,
    measure as measure_probe,
};
pub use record::{Circumstances, Outcome, Record, RunRecord};
pub use run::{Event, Listener, Study};
pub use spec::{HoldoutSpec, LawsSpec, ParameterConvention, SpecError, StudySpec};
pub use store::Store;
pub use survey::Survey;
pub use training::TrainingSpec;
pub use trial::{Group, Inputs, Place, Prepared, Role, Trial};
pub use worker::Message;
pub use worth::{TokenWorth, token_worth};
