use serde::{Deserialize, Serialize};
use triaxis_laws::forms::Coupled;
use triaxis_units::Estimate;

use crate::caveat::{self, Caveat};
use crate::choice::{Case, Choice};
use crate::evidence::{LossUnit, Measured, StudyLaw};
use crate::interval;
use crate::{Economics, PlanError, PlanSpec, allocate, published};

/// Choices of what to train, what they stand on, and what they cannot know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The share of the draws that every interval holds.
    pub level: f64,
    /// Hardware, prices, demand and budget as they were reckoned with.
    pub economics: Economics,
    /// The laws, the study's own first.
    pub laws: Vec<LawSummary>,
    /// The choices, by law in the order of `laws`.
    pub choices: Vec<Choice>,
    /// Published laws that gave no choice, and why.
    pub omitted: Vec<String>,
    /// What it cannot know, the loudest first.
    pub caveats: Vec<Caveat>,
}

/// A law as the plan used it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LawSummary {
    /// Its name.
    pub name: String,
    /// Where its constants come from.
    pub source: String,
    /// Its constants.
    pub law: Coupled,
    /// The unit of its loss.
    pub unit: LossUnit,
    /// Its floor, which no training goes below, with the draws' interval.
    pub irreducible: Estimate,
    /// How many draws it brought.
    pub draws: usize,
    /// The runs behind it.
    pub measured: Measured,
    /// True for the study's own law.
    pub own: bool,
}

impl Plan {
    /// The choices of the law called `name`.
    pub fn choices_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Choice> {
        self.choices.iter().filter(move |choice| choice.law == name)
    }
}

/// Plans by the study's own law, if there is one, and by the spec's published laws beside it.
///
/// A quality goal binds only the study's law, because published losses are of other texts. A
/// published law that gives no choice is left out and named, and so is a choice of the study's law that nobody could
/// train; what it leaves out is among the caveats.
///
/// # Errors
/// When the spec breaks a rule ([`PlanSpec::validate`]), no choice is left, the study's law has unusable
/// constants, or the goal is at or below its floor.
pub fn plan(spec: &PlanSpec, study: Option<&StudyLaw>) -> Result<Plan, PlanError> {
    spec.validate()?;
    let economics = Economics::resolve(spec)?;
    let unique_tokens = spec.unique_tokens.or(study.and_then(|study| study.unique_tokens));
    let case = |name, law, draws, unit, measured, goal| Case {
        name,
        law,
        draws,
        unit,
        measured,
        goal,
        unique_tokens,
        level: spec.level,
        economics: &economics,
    };
    let (mut laws, mut choices, mut omitted) = (Vec::new(), Vec::new(), Vec::new());
    let mut left_out = Vec::new();
    if let Some(study) = study {
        if let Some(reason) = allocate::unusable(&study.law) {
            return Err(PlanError::unusable(&study.name, &reason));
        }
        let goal = spec.goal.map(|goal| study.goal(goal)).transpose()?;
        let floor = study.law.E;
        if let Some(goal) = goal.filter(|goal| *goal <= floor) {
            return Err(PlanError::unreachable(
                goal,
                floor,
                study.unit.as_str(),
                &study.name,
            ));
        }
        let case = case(
            &study.name,
            study.law,
            &study.draws,
            study.unit,
            &study.measured,
            goal,
        );
        laws.push(summarise(&case, "fitted to the study's own runs", true));
        for kind in case.kinds() {
            match case.choose(kind) {
                Ok(choice) => choices.push(choice),
                Err(error) => left_out.push((kind, error)),
            }
        }
    } else if spec.goal.is_some() {
        return Err(PlanError(
            "a quality goal needs a law fitted to your own runs: the loss of published laws is of another text and \
             tokenizer; leave the goal out or fit a law first"
                .to_owned(),
        ));
    }
    for name in &spec.published {
        let law = published::find(name)?;
        let case = case(
            law.name,
            law.law.into(),
            &[],
            LossUnit::NatsPerToken,
            &law.measured,
            None,
        );
        match case
            .kinds()
            .into_iter()
            .map(|kind| case.choose(kind))
            .collect::<Result<Vec<_>, _>>()
        {
            Ok(made) => {
                laws.push(summarise(&case, law.source, false));
                choices.extend(made);
            }
            Err(error) => omitted.push(format!("{name}: {error}")),
        }
    }
    if choices.is_empty() {
        if let Some((_, error)) = left_out.into_iter().next() {
            return Err(error);
        }
        let known = published::ALL
            .iter()
            .map(|law| law.name)
            .collect::<Vec<_>>()
            .join(", ");
        return Err(PlanError(format!(
            "there is no law to plan with: fit one, or name published ones (known: {known})"
        )));
    }
    let mut plan = Plan {
        level: spec.level,
        economics,
        laws,
        choices,
        omitted,
        caveats: Vec::new(),
    };
    plan.caveats = caveat::all(&plan, study, &left_out);
    Ok(plan)
}

fn summarise(case: &Case<'_>, source: &str, own: bool) -> LawSummary {
    LawSummary {
        name: case.name.to_owned(),
        source: source.to_owned(),
        law: case.law,
        unit: case.unit,
        irreducible: Estimate {
            value: case.law.E,
            interval: interval::central(
                case.draws
                    .iter()
                    .filter(|draw| allocate::unusable(draw).is_none())
                    .map(|draw| draw.E),
                case.level,
            ),
        },
        draws: case.draws.len(),
        measured: *case.measured,
        own,
    }
}
