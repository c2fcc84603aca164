//! A study's plan: its question answered by the law of the study's own runs, and by published ones beside it.

use triaxis_laws::approach::JointFit;
use triaxis_plan::decide::{Decision, Law, LawSource, Sizes, decide};
use triaxis_plan::{LossUnit, Measured, PlanError, Question, published};
use triaxis_units::{Finding, Flops, Params, Tokens};

use crate::ladder::Ladder;
use crate::spec::{ParameterConvention, StudySpec};

/// Checks everything of a study's question that can be checked without its law, so that a study with a bad one is
/// refused before it trains.
///
/// # Errors
/// The first that breaks a rule, with its remedy.
pub(crate) fn check(question: &Question) -> Result<(), String> {
    question.validate().map_err(|error| error.to_string())?;
    for source in &question.laws {
        match &source.published {
            Some(name) => published::find(name)
                .map(drop)
                .map_err(|error| error.to_string())?,
            None => {
                return Err(
                    "a study plans by its own law, and by laws that are `published`; ask `triaxis plan` by fits and by \
                     other studies"
                        .to_owned(),
                );
            }
        }
    }
    Ok(())
}

/// The law of an arm's own runs as a plan takes it, or why there is none.
pub(crate) fn own_law(spec: &StudySpec, ladder: &Ladder, fit: &Finding<JointFit>) -> Finding<Law> {
    let fit = match fit {
        Finding::Found(fit) => fit,
        Finding::Refused(reason) => return Finding::Refused(reason.clone()),
    };
    let whole = |value: f64| value.round() as u64;
    let runs = ladder.runs.iter().map(|run| {
        let (params, tokens) = (Params(whole(run.params)), Tokens(whole(run.tokens)));
        (params, tokens, Flops(run.flops))
    });
    let Some(measured) = Measured::of(runs) else {
        return Finding::Refused("the study has no runs of its ladder yet: run it first".to_owned());
    };
    let draws: Vec<_> = fit.replicates().collect();
    let named = (
        format!("this study, {}", fit.fit.form),
        "fitted to the study's own runs".to_owned(),
    );
    let law = Law::coupled(named, &fit.law, &draws, LossUnit::NatsPerToken, measured);
    Finding::of(law.map(|mut law| {
        let per_token = |bits: f64| 1.0 / (bits * std::f64::consts::LN_2);
        law.bytes_per_token = ladder.bits_per_byte.map(per_token);
        law.is_without_embeddings = spec.laws.parameters == ParameterConvention::NonEmbedding;
        law
    }))
}

/// The answer to an arm's question. A law that cannot be planned with takes no other along: it is said first among
/// what there is to doubt.
pub(crate) fn answer(question: &Question, own: Finding<Law>) -> Finding<Decision> {
    let mut left_out = Vec::new();
    let own = match own {
        Finding::Found(law) => Some(law),
        Finding::Refused(reason) => {
            left_out.push(format!("The study's own law does not judge: {reason}."));
            None
        }
    };
    let asked = Question {
        params: sizes(question.params, own.as_ref()),
        ..question.clone()
    };
    let mut laws: Vec<Law> = own.into_iter().collect();
    for source in &question.laws {
        match named(source) {
            Ok(law) => laws.push(law),
            Err(reason) => left_out.push(format!("{reason}.")),
        }
    }
    if laws.is_empty() {
        return Finding::Refused(left_out.join(" "));
    }
    Finding::of(decide(&asked, &laws).map(|mut decision| {
        decision.cautions.splice(0..0, left_out);
        decision
    }))
}

fn named(source: &LawSource) -> Result<Law, PlanError> {
    let mut law = Law::published(published::find(source.published.as_deref().unwrap_or_default())?)?;
    law.weight = source.weight;
    if let Some(name) = &source.name {
        law.name.clone_from(name);
    }
    Ok(law)
}

/// The sizes to choose from; those that the study trained are among them unless the spec says others.
fn sizes(asked: Sizes, own: Option<&Law>) -> Sizes {
    let trained = own.map_or(asked.smallest, |law| law.measured.params.smallest);
    match asked == Sizes::ANY {
        true => Sizes {
            smallest: asked.smallest.min(trained).max(Params(1)),
            ..asked
        },
        false => asked,
    }
}
