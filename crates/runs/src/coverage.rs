//! Laws of coverage: of counts of problems, or of one curve of them.

use triaxis_laws::average::LEAST_SHARE;
use triaxis_laws::coverage::{Coverage, laws};
use triaxis_laws::form::LawForm;
use triaxis_laws::saved::SavedMember;

use crate::Misuse;
use crate::answer::Answer;
use crate::columns::COVERAGE;
use crate::comparison::Comparison;
use crate::data::Data;
use crate::form::Chosen;
use crate::law::Law;
use crate::outcome::Predicted;
use crate::predict::Request;
use crate::settings::Settings;

/// Whether a form is of coverage by samples alone, whose rows are points of one curve.
pub fn is_curve(form: &dyn LawForm) -> bool {
    form.response().name == COVERAGE && form.inputs().iter().all(|input| input.name == "samples")
}

/// Whether rows of coverage are fitted by their likelihood: counts are, and of a curve all laws, or the one asked
/// for where the number of problems is known. Other laws of a curve are fitted to its points.
pub fn is_by_likelihood(chosen: &Chosen, data: &Data, settings: &Settings) -> bool {
    let is_known = data.is_counted() || settings.problems.is_some();
    match chosen {
        Chosen::All => true,
        Chosen::Form(_) => is_known && (data.is_counted() || settings.held.is_empty()),
        _ => false,
    }
}

/// The law chosen by its likelihood, or all of them averaged.
pub fn answer<'a>(
    chosen: &'a Chosen,
    data: &Data,
    settings: &Settings,
    requests: &[Request],
) -> anyhow::Result<Answer<'a>> {
    if data.is_weighted() {
        return Err(Misuse::OfCounts("--weights").into());
    }
    let forms = match chosen {
        Chosen::Form(form) => vec![*form],
        _ if settings.held.is_empty() => laws(),
        _ => return Err(Misuse::NeedsForm("--fix").into()),
    };
    let options = settings.of(forms[0].definition(), data.held_out())?;
    let coverage = match &data.counted {
        Some(counted) => {
            settings.check_counts()?;
            Coverage::of_counts(&counted.problems, &forms, &options)?
        }
        None => Coverage::of_curve(&data.observations(forms[0])?, settings.problems, &forms, &options)?,
    };
    let best = &coverage.laws[0];
    let mut fit = best.fit.clone();
    fit.holdout.clone_from(&coverage.holdout);
    fit.warnings.extend(coverage.warnings.iter().cloned());
    let predictions = requests
        .iter()
        .map(|request| predicted(&coverage, best.form, request));
    Ok(Answer {
        law: Law::Form(best.form),
        fit,
        predictions: predictions.collect::<anyhow::Result<_>>()?,
        comparison: matches!(chosen, Chosen::All).then(|| Comparison::of_coverage(&coverage, data)),
        by: None,
        members: members(&coverage, settings),
        notes: Vec::new(),
    })
}

/// The laws that are heard, each as often as it is likely.
fn members(coverage: &Coverage, settings: &Settings) -> Vec<SavedMember> {
    let heard = coverage.laws.iter();
    let heard = heard.filter(|law| settings.saving && law.weight >= LEAST_SHARE);
    heard
        .map(|law| SavedMember::new(law.form, &law.fit, law.weight))
        .collect()
}

fn predicted(coverage: &Coverage, form: &dyn LawForm, request: &Request) -> anyhow::Result<Predicted> {
    let inputs = request.inputs(form.definition())?;
    let of = vec![(COVERAGE.to_owned(), coverage.predict(inputs[0])?)];
    let shares = coverage.laws.iter().map(|law| (law.fit.form.clone(), law.weight));
    let mut predicted = Predicted::alone(of);
    if coverage.laws.len() > 1 {
        predicted.shares = shares.collect();
    }
    Ok(predicted)
}
