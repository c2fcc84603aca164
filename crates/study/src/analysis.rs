//! From run records to laws, a prediction, and a plan: nothing here is measured, everything computed.
//!
//! Laws are fitted to the validation loss in nats per token, which all trials of a study share a
//! tokenizer for; results are given in bits per byte beside it.

use serde::{Deserialize, Serialize};
use triaxis_laws::approach::{self, Approach1, Approach2, Approach3, Curve, JointFit, Run};
use triaxis_laws::{ComputeCurve, Flattening, flattening};
use triaxis_plan::decide::{Decision, Law};
use triaxis_records::{Approach, HeldOut, IsoFlop, Sweep};
use triaxis_units::Finding;

use crate::approaches::{Told, isoflops};
use crate::held_out;
use crate::ladder::{Ladder, options};
use crate::plan;
use crate::prediction::{JointLaws, Prediction};
use crate::spec::{ParameterConvention, StudySpec};
use crate::survey::Survey;

/// All that is computed from a study's records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The trials that the laws are fitted to, in the order of `runs`.
    pub trials: Vec<String>,
    /// Their numbers as the fits see them.
    pub runs: Vec<Run>,
    /// Which parameters N counts.
    pub convention: ParameterConvention,
    /// Bits per byte of one nat per token on this validation split; unknown before any trial is done.
    pub bits_per_byte: Option<f64>,
    /// What the learning rates tried say of the losses; `None` where each size and length has one.
    pub sweep: Option<Sweep>,
    /// Coverage of every interval.
    pub level: f64,
    /// The envelope of the losses over compute.
    pub approach1: Finding<Approach1>,
    /// IsoFLOP parabolas.
    pub approach2: Finding<Approach2>,
    /// The parametric law of Hoffmann et al. 2022.
    pub approach3: Finding<Approach3>,
    /// The joint law of N and D that predicts the largest budget best: what prediction and plan use.
    pub law: Finding<JointFit>,
    /// What the three say of the compute-optimal size, in order.
    pub approaches: Vec<Approach>,
    /// Every budget with its trials and the parabola through them.
    pub isoflops: Vec<IsoFlop>,
    /// Whether the loss still falls with compute as it did.
    pub flattening: Finding<Flattening>,
    /// The held-out run beside what was predicted of it.
    pub held_out: Option<HeldOut>,
    /// The plan, if the spec asks for one.
    pub plan: Option<Finding<Decision>>,
}

impl Analysis {
    /// Computes everything from the records of `survey`; what the data refuse is a [`Finding::Refused`].
    pub fn of(spec: &StudySpec, survey: &Survey, prediction: Option<&Prediction>) -> Self {
        let ladder = Ladder::of(spec, survey);
        let options = options(spec);
        let joint = JointLaws::of(&ladder, &options);
        let approach1 = Finding::of(approach::approach1(&ladder.runs, &options));
        let approach2 = Finding::of(approach::approach2(&ladder.runs, Curve::Parabola, &options));
        let approach3 = joint.approach3();
        let law = joint.most_trusted();
        let told = Told {
            range: ladder.range(survey),
            level: spec.laws.level,
        };
        let curve = ComputeCurve::of_runs(&ladder.runs);
        Self {
            approaches: vec![
                told.envelope(&approach1),
                told.parabolas(&approach2),
                told.parametric(&approach3, &ladder),
            ],
            isoflops: isoflops(&approach2, &ladder),
            flattening: Finding::of(curve.and_then(|curve| flattening(&curve, &options))),
            held_out: prediction.and_then(|prediction| held_out::compare(spec, survey, &ladder, prediction)),
            plan: spec
                .plan
                .as_ref()
                .map(|question| plan::answer(question, plan::own_laws(spec, &ladder, &joint))),
            approach1,
            approach2,
            approach3,
            law,
            convention: spec.laws.parameters,
            level: spec.laws.level,
            bits_per_byte: ladder.bits_per_byte,
            sweep: ladder.sweep,
            trials: ladder.trials,
            runs: ladder.runs,
        }
    }
}

/// The laws of a study's arm as a plan takes them, or why there are none.
pub fn laws(spec: &StudySpec, survey: &Survey) -> Finding<Vec<Law>> {
    let ladder = Ladder::of(spec, survey);
    let joint = JointLaws::of(&ladder, &options(spec));
    match plan::own_laws(spec, &ladder, &joint) {
        (laws, refused) if laws.is_empty() => Finding::Refused(refused.join("; ")),
        (laws, _) => Finding::Found(laws),
    }
}
