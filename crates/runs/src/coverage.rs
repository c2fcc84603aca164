//! Laws of coverage: of counts of problems, or of one curve of them.

use triaxis_laws::coverage::{Coverage, laws};
use triaxis_laws::form::LawForm;

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

/// The laws chosen by their likelihood, or all of them averaged; `None` where rows have another response, and
/// where one law of a curve of unknown problems was asked for, which is fitted to its points.
pub fn answer<'a>(
    chosen: &'a Chosen,
    data: &Data,
    settings: &Settings,
    requests: &[Request],
) -> anyhow::Result<Option<Answer<'a>>> {
    let is_coverage = data.response == COVERAGE;
    if settings.problems.is_some() && !is_coverage {
        return Err(Misuse::NoCurve(data.response.clone()).into());
    }
    let forms = match chosen {
        Chosen::All => laws(),
        Chosen::Form(form) if data.is_counted() || settings.problems.is_some() => vec![*form],
        _ => return Ok(None),
    };
    if !is_coverage {
        return Ok(None);
    }
    let options = settings.of(forms[0].definition(), data.held_out())?;
    let coverage = match &data.counted {
        Some(counted) => {
            settings.check_counts()?;
            if !settings.held.is_empty() {
                return Err(Misuse::OfCounts("--fix").into());
            }
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
    Ok(Some(Answer {
        law: Law::Form(best.form),
        fit,
        predictions: predictions.collect::<anyhow::Result<_>>()?,
        comparison: matches!(chosen, Chosen::All).then(|| Comparison::of_coverage(&coverage, data)),
        by: None,
        notes: Vec::new(),
    }))
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
