//! `triaxis study extend`: the run that would say most, added to the spec and made.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use triaxis_plan::Question;
use triaxis_plan::decide::{Trial, TrialRun, decide};
use triaxis_study::extend::{Extension, Wanted, nearest, next};
use triaxis_study::{Arm, ExtraSpec, FrozenSpec, Store, Survey, first_epoch};
use triaxis_units::{Dollars, Finding, Flops, Params, Tokens};

use super::{Run, status, study};
use crate::failure::{Refused, Usage};
use crate::{Format, output, plan};

/// Arguments of `study extend`.
#[derive(Args)]
pub struct Extend {
    #[command(flatten)]
    run: Run,
    /// Choose the run of the study's sizes that makes the loss of a larger run surest for its operations (default)
    #[arg(long, help_heading = "What to add")]
    next: bool,
    /// Choose what the plan of this file would have run next, by what knowing more is worth in dollars
    #[arg(long, value_name = "FILE", conflicts_with_all = ["next", "at", "most", "runs"], help_heading = "What to add")]
    plan: Option<PathBuf>,
    /// Operations of the larger run [default: the held-out run's while it is ahead, then ten times the largest]
    #[arg(long, value_name = "FLOPS", help_heading = "What to add")]
    at: Option<Flops>,
    /// The most operations of an added run [default: the largest trial's]
    #[arg(long, value_name = "FLOPS", help_heading = "What to add")]
    most: Option<Flops>,
    /// Runs to add
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "What to add")]
    runs: u16,
}

/// What is added, and why.
#[derive(Serialize)]
#[serde(untagged)]
enum Added {
    /// For the loss of a larger run.
    Loss(Vec<Extension>),
    /// For a plan.
    Plan {
        run: ExtraSpec,
        params: Params,
        reason: String,
    },
}

/// Adds to the spec, and runs it.
pub fn run(arguments: &Extend) -> anyhow::Result<()> {
    let (spec, store) = arguments.run.read()?;
    let survey = finished(&spec, &store, &arguments.run.spec)?;
    let arms = spec.arms()?;
    let added = match &arguments.plan {
        Some(file) => planned(file, &arms, &survey)?,
        None => surest(arguments, &spec, &store, &arms, &survey)?,
    };
    if arguments.run.dry_run {
        return output::print(arguments.run.format, &added, &added);
    }
    let text = std::fs::read_to_string(&arguments.run.spec)?;
    let lines = added.lines();
    output::write(
        &arguments.run.spec,
        &format!("{}\n\n{lines}", text.trim_end()),
        "spec",
    )?;
    if arguments.run.format == Format::Text && !arguments.run.quiet {
        eprintln!("{added}\nAdded to {}:\n\n{lines}", arguments.run.spec.display());
    }
    study(&arguments.run)
}

/// What is recorded of a study that was run as its spec says today.
fn finished(spec: &FrozenSpec, store: &Store, path: &Path) -> anyhow::Result<Survey> {
    let run = |why: &str| {
        Usage(format!(
            "{why}: `triaxis study run {}` first; what to add is told by its records",
            path.display()
        ))
    };
    let known = FrozenSpec::read(store)?;
    if known.spec != spec.spec {
        return Err(run("the spec was changed since the study was run").into());
    }
    let survey = status::survey(&known, store)?;
    let missing = survey.trials().filter(|trial| survey.record(&trial.id).is_none());
    match missing.count() {
        0 => Ok(survey),
        missing => Err(run(&format!("{missing} trials of the study are not there yet")).into()),
    }
}

/// The runs that make the loss of a larger one surest.
fn surest(
    arguments: &Extend,
    spec: &FrozenSpec,
    store: &Store,
    arms: &[Arm],
    survey: &Survey,
) -> anyhow::Result<Added> {
    for (name, flops) in [("at", arguments.at), ("most", arguments.most)] {
        if let Some(flops) = flops.filter(|flops| !(flops.0 > 0.0 && flops.0.is_finite())) {
            return Err(Usage(format!(
                "`--{name} {flops}`: it must be above 0 and finite, as in 1e15"
            ))
            .into());
        }
    }
    let largest = survey.largest();
    if let Some(at) = arguments.at.filter(|at| at.0 < largest.0) {
        return Err(Usage(format!(
            "`--at {at}`: the ladder has a run of {largest}, and what is smaller is measured already: ask of a larger one"
        ))
        .into());
    }
    let library = spec.library(store);
    let unique = arms.iter().map(|arm| {
        let corpus = survey.frozen.corpus_of(arm, &library)?;
        Ok(first_epoch(&arm.spec, &corpus)?)
    });
    let unique = unique.collect::<anyhow::Result<Vec<_>>>()?;
    let wanted = Wanted {
        at: arguments.at,
        most: arguments.most,
    };
    match next(arms, survey, &unique, &wanted, usize::from(arguments.runs))? {
        Finding::Found(runs) => Ok(Added::Loss(runs)),
        Finding::Refused(why) => Err(Refused(why).into()),
    }
}

/// How far in parameters a size of the study may be from the run that a plan asks for.
const NEAR: f64 = 1.5;

/// The first run that is worth its cost to a plan and that the study can make, at its nearest size.
fn planned(file: &Path, arms: &[Arm], survey: &Survey) -> anyhow::Result<Added> {
    let (question, laws) = plan::read(file, &[])?;
    let decision = decide(&question, &laws)?;
    let runs = || {
        let trials = decision.trials.iter();
        trials.filter_map(|trial| Some((trial, trial.run.as_ref()?)))
    };
    let Some((best, _)) = runs().next() else {
        return Err(Refused(
            "the plan has no run that could be made before: give it a budget or a goal that runs \
             bear on"
                .to_owned(),
        )
        .into());
    };
    let mut fault = None;
    for (trial, wanted) in runs().filter(|(trial, _)| trial.is_worth_it) {
        match made(trial, wanted, &question, arms, survey) {
            Ok(added) => return Ok(added),
            Err(why) => fault = fault.or(Some(why)),
        }
    }
    Err(fault.unwrap_or_else(|| {
        Refused(format!(
            "no run is worth its cost to this plan: the best for its cost, \"{}\", costs {} and is expected to save {} ± {}; \
             stop measuring, or lower `experiments.most_share` for smaller ones",
            best.name,
            Dollars(best.cost),
            Dollars(best.value),
            Dollars(2.0 * best.error)
        ))
        .into()
    }))
}

/// A plan's run as the study makes it.
fn made(
    trial: &Trial,
    wanted: &TrialRun,
    question: &Question,
    arms: &[Arm],
    survey: &Survey,
) -> anyhow::Result<Added> {
    let arm = arm_of(wanted, question, arms)?;
    let Some((run, params)) = nearest(arm, survey, (wanted.params, wanted.tokens))? else {
        return Err(Usage("the study has no sizes".to_owned()).into());
    };
    let off = params.as_f64() / wanted.params.as_f64();
    if off.max(1.0 / off) > NEAR {
        return Err(Usage(format!(
            "the plan asks for a run of {} parameters on {} tokens, and the study's nearest size has {params}: add a size \
             near to it to `[design]`, or lower `experiments.most_share` of the plan",
            wanted.params, wanted.tokens
        ))
        .into());
    }
    let passes = passes(arm, run.tokens);
    if (passes / wanted.epochs).max(wanted.epochs / passes) > NEAR {
        return Err(Usage(format!(
            "the plan asks for {} passes over `{}`, and the arm `{}` makes {passes:.1} in {} tokens: give it \
             `training.unique_tokens` of {}",
            wanted.epochs,
            wanted.text,
            arm.name,
            run.tokens,
            Tokens((run.tokens.as_f64() / wanted.epochs).round() as u64)
        ))
        .into());
    }
    let reason = format!(
        "the plan's next experiment, \"{}\": expected to save {} ± {} for {}, and to change the choice with a \
         chance of {:.0}%",
        trial.name,
        Dollars(trial.value),
        Dollars(2.0 * trial.error),
        Dollars(trial.cost),
        100.0 * trial.flips
    );
    let run = ExtraSpec {
        arm: run.arm.filter(|_| arms.len() > 1),
        ..run
    };
    Ok(Added::Plan { run, params, reason })
}

/// Passes that an arm makes over its text in so many tokens; one where the text is all of the corpus.
fn passes(arm: &Arm, tokens: Tokens) -> f64 {
    let unique = arm.spec.training.unique_tokens;
    unique.map_or(1.0, |unique| (tokens.as_f64() / unique.as_f64()).max(1.0))
}

/// The arm of a study that makes a plan's run: by the name of the plan's text or arm, or the only one of both for the
/// plan's first text.
fn arm_of<'a>(wanted: &TrialRun, question: &Question, arms: &'a [Arm]) -> Result<&'a Arm, Usage> {
    let named = |name: &str| arms.iter().find(|arm| arm.name == name);
    if let Some(arm) = named(&wanted.text).or_else(|| named(&wanted.arm)) {
        return Ok(arm);
    }
    let is_plain = question.arms.len() == 1 && wanted.text == question.tiers[0].name && wanted.epochs == 1.0;
    match arms {
        [only] if is_plain => Ok(only),
        _ => {
            let known: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
            Err(Usage(format!(
                "the plan asks for a run of `{}` on `{}` in {} passes, and the study's arms are {}: give an arm the name \
                 of that architecture or text",
                wanted.arm,
                wanted.text,
                wanted.epochs,
                known.join(", ")
            )))
        }
    }
}

impl Added {
    fn lines(&self) -> String {
        let with = |reason: String, run: &ExtraSpec| {
            let reason = output::prose("", &reason).replace('\n', "\n# ");
            format!("# {reason}\n{}", run.lines())
        };
        match self {
            Self::Loss(runs) => {
                let each = runs.iter().map(|one| with(reason(one), &one.run));
                each.collect::<Vec<_>>().join("\n")
            }
            Self::Plan { run, reason, .. } => with(format!("For {reason}."), run),
        }
    }
}

fn reason(extension: &Extension) -> String {
    let (params, tokens) = extension.target;
    format!(
        "For the loss of {params} parameters on {tokens} tokens: its standard error falls from {:.2}% to {:.2}%.",
        100.0 * extension.before,
        100.0 * extension.after
    )
}

impl Display for Added {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let arm = |run: &ExtraSpec| {
            run.arm
                .as_ref()
                .map_or(String::new(), |arm| format!(" of `{arm}`"))
        };
        match self {
            Self::Loss(runs) => {
                for (at, one) in runs.iter().enumerate() {
                    let (run, line) = (&one.run, if at > 0 { "\n" } else { "" });
                    let (params, arm, flops) = (one.params, arm(run), one.flops);
                    write!(
                        formatter,
                        "{line}{params} parameters{arm} on {} tokens, {flops} operations. {}",
                        run.tokens,
                        reason(one)
                    )?;
                }
                Ok(())
            }
            Self::Plan { run, params, reason } => write!(
                formatter,
                "{params} parameters{} on {} tokens: {reason}.",
                arm(run),
                run.tokens
            ),
        }
    }
}
