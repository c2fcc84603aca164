use serde::{Deserialize, Serialize};
use triaxis_laws::forms::{Allocation, Coupled};
use triaxis_units::{Estimate, Flops, Params, Tokens};

use crate::caveat::{self, Caveat};
use crate::choice::{Case, Choice, ChoiceKind, LeftOut};
use crate::evidence::{LossUnit, Measured, StudyLaw};
use crate::interval;
use crate::reach::{FAR_COUNT, Verdict};
use crate::{Economics, PlanError, PlanSpec, Reach, allocate, published};

/// Choices of what to train, what they stand on, and what they cannot know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The share of the draws that every interval holds.
    pub level: f64,
    /// Hardware, prices, demand and budget as they were reckoned with.
    pub economics: Economics,
    /// The kind of choice that answers the question: with serving to pay for, the cheapest way to the quality that the
    /// goal or the budget says.
    pub asked_for: ChoiceKind,
    /// The laws, the study's own first.
    pub laws: Vec<LawSummary>,
    /// The choices, by law in the order of `laws`.
    pub choices: Vec<Choice>,
    /// Published laws that do not give every choice, and why.
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

    /// The choice that is recommended: what is asked for, by the study's own law, unless that is farther away than any
    /// prediction was ever checked; see [`Plan::first`].
    pub fn recommended(&self) -> Option<&Choice> {
        self.asked()
            .filter(|choice| choice.reach.verdict < Verdict::Absurd)
    }

    /// The choice of the study's own law that answers the question.
    fn asked(&self) -> Option<&Choice> {
        let own = self.laws.iter().find(|law| law.own)?;
        self.choices_of(&own.name)
            .find(|choice| choice.kind == self.asked_for)
    }

    /// What to run before anything else, in words, where the answer is farther away than any prediction was ever
    /// checked.
    pub fn first(&self) -> Option<String> {
        let own = self.laws.iter().find(|law| law.own)?;
        // Where what is asked for was left out, another choice tells as well how far away it all is.
        let choice = self.asked().or_else(|| self.choices_of(&own.name).next())?;
        if choice.reach.verdict < Verdict::Absurd {
            return None;
        }
        let far_away = format!(
            "Nothing is recommended: \"{}\" is farther from the runs than any prediction was ever checked.",
            choice.label
        );
        let Reach {
            compute,
            params,
            tokens,
            ..
        } = choice.reach;
        if compute.max(params).max(tokens) <= 1.0 {
            return Some(format!(
                "{far_away} Run first a ladder that begins nearer to {} parameters on {} tokens, and plan again.",
                choice.params.value, choice.tokens.value
            ));
        }
        let far = |planned: f64, largest: f64| (planned / FAR_COUNT).max(largest);
        let params = far(choice.params.value.as_f64(), own.measured.params.largest.as_f64());
        let tokens = far(choice.tokens.value.as_f64(), own.measured.tokens.largest.as_f64());
        let flops = Flops(allocate::training_flops(Allocation { params, tokens }));
        let (params, tokens) = (Params(params.ceil() as u64), Tokens(tokens.ceil() as u64));
        let devices = &self.economics.training;
        Some(format!(
            "{far_away} Run first a ladder that ends at {params} parameters on {tokens} tokens or more ({flops} operations, \
             about {} of {}), and plan again.",
            devices.price(self.economics.training_time(flops)),
            devices.hardware.name,
        ))
    }
}

/// Plans by the study's own law, if there is one, and by the spec's published laws beside it.
///
/// A quality goal binds only the study's law, because published losses are of other texts. A choice that the
/// study's law does not give, or that nobody could train, is left out and the others stand, and it is among the caveats; a
/// published law that does not give every choice is in [`Plan::omitted`].
///
/// # Errors
/// When the spec breaks a rule ([`PlanSpec::validate`]), the goal cannot be brought to the unit of the study's law, or
/// no law gives any choice.
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
        let goal = spec.goal.map(|goal| study.goal(goal)).transpose()?;
        let (draws, measured) = (&study.draws, &study.measured);
        let case = case(&study.name, study.law, draws, study.unit, measured, goal);
        let made = case.choose_all();
        if allocate::unusable(&study.law).is_none() {
            laws.push(summarise(&case, "fitted to the study's own runs", true));
        }
        choices.extend(made.choices);
        left_out = made.left_out;
    } else if spec.goal.is_some() {
        return Err(PlanError(
            "a quality goal needs a law fitted to your own runs: the loss of published laws is of another text and \
             tokenizer; leave the goal out or fit a law first"
                .to_owned(),
        ));
    }
    for name in &spec.published {
        let law = published::find(name)?;
        let unit = LossUnit::NatsPerToken;
        let case = case(law.name, law.law.into(), &[], unit, &law.measured, None);
        let made = case.choose_all();
        // It is a second opinion, whole or none.
        if made.left_out.is_empty() {
            laws.push(summarise(&case, law.source, false));
            choices.extend(made.choices);
        }
        omitted.extend(made.left_out.iter().map(|left_out| format!("{name}: {left_out}")));
    }
    if choices.is_empty() {
        return Err(no_choice(&left_out, &omitted));
    }
    let mut plan = Plan {
        level: spec.level,
        asked_for: match (economics.serves(), spec.goal) {
            (true, _) => ChoiceKind::LeastLifetimeDollars,
            (false, Some(_)) => ChoiceKind::LeastTraining,
            (false, None) => ChoiceKind::ComputeOptimal,
        },
        economics,
        laws,
        choices,
        omitted,
        caveats: Vec::new(),
    };
    plan.caveats = caveat::all(&plan, study, &left_out);
    Ok(plan)
}

/// Why no law gives any choice.
fn no_choice(left_out: &[LeftOut], omitted: &[String]) -> PlanError {
    if let Some(first) = left_out.first() {
        return first.reason.clone();
    }
    if !omitted.is_empty() {
        return PlanError(format!("no law gives a choice: {}", omitted.join("; ")));
    }
    let known: Vec<&str> = published::ALL.iter().map(|law| law.name).collect();
    PlanError(format!(
        "there is no law to plan with: fit one, or name published ones (known: {})",
        known.join(", ")
    ))
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
