//! What the page shows: plain numbers that somebody else computed.

mod curation;
mod experts;
mod fit;
mod length;
mod probes;

pub use curation::{Counted, CurationView, Sample, Step};
pub use experts::{ExpertsView, TrialExperts};
pub use fit::{FitCheck, FitCompared, FitCurve, FitParameter, FitPoint, FitPrediction, FitView};
pub use length::LengthView;
pub use probes::{ProbeResults, ProbeView};
use serde::{Deserialize, Serialize};
use triaxis_laws::mixture::Sweep;
use triaxis_laws::worth::{Comparison, Compounded, Repeated};
use triaxis_plan::decide::Decision;
pub use triaxis_records::{
    Approach, ArmLoss, ArmText, Candidate, Corpus, CurvePoint, FrontierPoint, HeldOut, IsoFlop,
    IsoFlopMinimum, IsoFlopPoint, LeftOut, Lengths, LevelScore, Licence, LossPoint, LossesByText, NGramLoss,
    NGrams, Novelty, Parameter, ProbeFacts, ProbeScores, PublishedScore, RateTried, ReferenceScore, Residual,
    Role, Skipped, Source, Status, TextLoss, TextStep, Tokenizer, Trial,
};
use triaxis_units::Seconds;
pub use triaxis_units::{Estimate, Finding, Interval, Reach};

/// Everything one report shows. The caller fills it from records, fits and plan; this crate lays it out.
///
/// What is not there yet is an empty list, a `None`, or a refusal with its reason: the page says so in
/// the place where the number would stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Name of the study.
    pub title: String,
    /// When the report was made, as the caller writes times.
    pub generated: String,
    /// The program that made it.
    pub program: Program,
    /// Processor, cores, memory, operating system: one line.
    pub machine: String,
    /// Time of all trials, each counted for itself though they run side by side.
    pub seconds: Seconds,
    /// Time by the clock while any of them ran.
    pub clock: Seconds,
    /// The resolved spec, as TOML.
    pub spec: String,
    /// The arm whose laws, curves and plan are shown, where a study has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// What a reader must know before believing any number; shown at the top, loud.
    pub notices: Vec<String>,
    /// What the arms are worth against the baseline; `None` for a study of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Finding<Comparison>>,
    /// What some arms are worth against baselines of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Finding<Comparison>>,
    /// Whether what arms take alone multiplies where it is taken together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compounds: Vec<Compounded>,
    /// The text that each arm trains on, where arms differ in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arm_texts: Vec<ArmText>,
    /// What repeated text is worth, of each arm that repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<Repeated>,
    /// What the arms' architectures learn of probes, where the study asks.
    #[serde(default, skip_serializing_if = "ProbeResults::is_empty")]
    pub probes: ProbeResults,
    /// What the experts of mixtures do, and what they are worth, where the study has any.
    #[serde(default, skip_serializing_if = "ExpertsView::is_empty")]
    pub experts: ExpertsView,
    /// What sweeps over mixtures say, of each arm that has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mixtures: Vec<Sweep>,
    /// Losses by validation text and by source; `None` before any trial of the ladder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub losses: Option<LossesByText>,
    /// The corpus, once it is built.
    pub corpus: Option<Corpus>,
    /// Every trial that the spec asks for, whatever became of it.
    pub trials: Vec<Trial>,
    /// One entry a compute budget.
    pub isoflops: Vec<IsoFlop>,
    /// Whether loss still falls with compute as it did, in words, or why nobody can say; `None` before any trial.
    pub flattening: Option<Finding<String>>,
    /// The approaches of Hoffmann et al. 2022, in order.
    pub approaches: Vec<Approach>,
    /// The runs that were predicted before they started.
    pub held_out: Vec<HeldOut>,
    /// What to train, or why nobody can say; `None` where the study does not ask.
    pub plan: Option<Finding<Decision>>,
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Version.
    pub version: String,
    /// Hash of the code that ran the trials.
    pub code_hash: String,
}

impl View {
    /// The answer to what the study plans for, if there is one.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        self.plan.as_ref()?.found()
    }

    /// The trials with a result.
    pub(crate) fn done(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| trial.status == Status::Done)
    }

    /// The name of an arm, and that its losses are bounds, if they are.
    pub fn named(&self, arm: &str) -> String {
        let mut own = self
            .trials
            .iter()
            .filter(|trial| trial.arm.as_deref() == Some(arm));
        match own.any(|trial| trial.bound_error.is_some()) {
            true => format!("{arm} (bound)"),
            false => arm.to_owned(),
        }
    }

    /// Whether the laws shown are of this arm: those of the baseline, where a study has several.
    pub(crate) fn is_of_laws(&self, arm: Option<&str>) -> bool {
        let compared = self.comparison.as_ref().and_then(Finding::found);
        compared.is_none_or(|compared| arm.is_none_or(|arm| arm == compared.baseline))
    }
}
