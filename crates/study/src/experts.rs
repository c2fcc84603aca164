//! How many experts, and how fine, by the arms of a study that differ in that.

use serde_json::Value;
use triaxis_laws::FitOptions;
use triaxis_laws::experts::{ExpertsLaws, ExpertsRun, experts_laws};
use triaxis_model::channels::Experts;
use triaxis_model::{ArchitectureSpec, ChannelSpec};

use crate::answer;
use crate::arm::Arm;
use crate::ladder;
use crate::spec::{ParameterConvention, StudySpec};
use crate::survey::Survey;
use crate::trial::Trial;

/// Bootstrap samples of a law of experts at most: the granular one has seven parameters.
const MOST_REPLICATES: usize = 200;

/// What the arms say, where they differ in their experts: those that differ from the baseline in no more than channels and
/// sizes, since a law would take what else an arm changes for what its experts do.
pub(crate) fn laws(spec: &StudySpec, arms: &[Arm], survey: &Survey) -> Option<ExpertsLaws> {
    let baseline = spec.baseline(arms);
    let baseline = arms.iter().find(|arm| Some(arm.name.as_str()) == baseline)?;
    let (alike, others): (Vec<&Arm>, Vec<&Arm>) =
        arms.iter().partition(|arm| is_alike(arm, baseline, survey));
    let runs: Vec<ExpertsRun> = alike.iter().flat_map(|arm| runs(arm, survey)).collect();
    let options = ladder::options(spec);
    let options = FitOptions {
        replicates: options.replicates.min(MOST_REPLICATES),
        ..options
    };
    Some(ExpertsLaws {
        left_out: others.iter().map(|arm| arm.name.clone()).collect(),
        ..experts_laws(&runs, &options)?
    })
}

/// Whether an arm differs from another in channels and sizes alone, and in the learning rate that goes with them.
fn is_alike(arm: &Arm, other: &Arm, survey: &Survey) -> bool {
    let [one, two] = [arm, other].map(|arm| {
        let mut training = arm.spec.training.clone();
        training.learning_rate = None;
        training.learning_rate_factors = vec![1.0];
        (
            &arm.spec.corpus,
            &arm.spec.curation,
            &arm.spec.tokenizer,
            training,
        )
    });
    let frames = |arm: &Arm| {
        let own = survey.trials_of(&arm.name);
        own.map(|trial| frame(trial.architecture())).collect::<Vec<_>>()
    };
    let known = frames(other);
    one == two && frames(arm).iter().all(|frame| known.contains(frame))
}

/// A network without its channels and sizes.
pub(crate) fn frame(architecture: &ArchitectureSpec) -> Value {
    let mut stack = architecture.stack();
    (stack.width, stack.layers) = (0, 0);
    stack.blocks.values_mut().for_each(|block| block.channel = None);
    let mut frame = serde_json::to_value(stack).unwrap_or_default();
    let blocks = frame.get_mut("blocks").and_then(Value::as_object_mut);
    for (_, block) in blocks.into_iter().flatten() {
        if let Some(mixer) = block.get_mut("mixer").and_then(Value::as_object_mut) {
            mixer.retain(|name, _| !["heads", "key_value_heads", "head_dim"].contains(&name.as_str()));
        }
    }
    frame
}

/// The runs of an arm that its own laws are fitted to.
fn runs(arm: &Arm, survey: &Survey) -> Vec<ExpertsRun> {
    let of_arm = survey.of_arm(&arm.name);
    let rows = answer::trials(arm, survey).into_iter();
    let run = |(id, run): (String, triaxis_laws::worth::Run)| {
        let trial = of_arm.trials().find(|trial| trial.id == id)?;
        let experts = experts(trial.architecture());
        Some(ExpertsRun {
            arm: arm.name.clone(),
            active: active(trial, arm.spec.laws.parameters),
            tokens: run.tokens,
            flops: run.flops,
            experts: experts.as_ref().map_or(1.0, for_each_passed),
            granularity: experts.map_or(1.0, |experts| experts.granularity as f64),
            loss: run.loss,
        })
    };
    rows.filter_map(run).collect()
}

/// The experts of a network, if it has any: those of the first block of its pattern that does.
pub(crate) fn experts(architecture: &ArchitectureSpec) -> Option<Experts> {
    let stack = architecture.stack();
    let mut blocks = stack
        .pattern
        .chars()
        .filter_map(|letter| stack.blocks.get(&letter));
    blocks.find_map(|block| match &block.channel {
        Some(ChannelSpec::Experts(experts)) => Some(experts.clone()),
        _ => None,
    })
}

/// Experts there are for each that a token passes.
fn for_each_passed(experts: &Experts) -> f64 {
    (experts.experts + experts.shared) as f64 / (experts.chosen + experts.shared).max(1) as f64
}

/// The parameters that a token passes, as laws count N.
fn active(trial: &Trial, convention: ParameterConvention) -> f64 {
    let parameters = trial.architecture().parameters();
    convention
        .of(parameters.active, parameters.active_non_embedding())
        .as_f64()
}
