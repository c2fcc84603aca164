//! How the forms that the columns allow compare.

use serde::Serialize;
use triaxis_laws::approach::Frontier;
use triaxis_laws::average::LEAST_SHARE;
use triaxis_laws::coverage::Coverage;
use triaxis_laws::form::Column;
use triaxis_laws::forms::{find, registry};
use triaxis_laws::{Compared, Distrust, Fit, Trust, trusted};

use crate::coverage::is_curve;
use crate::data::Data;
use crate::equation::percent;

/// A form of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormCompared {
    /// Its name.
    pub form: String,
    /// Its number of parameters.
    pub parameters: usize,
    /// Mean absolute relative error on the runs held out.
    pub held_out_error: Option<f64>,
    /// The same of predicting a mean.
    pub baseline: Option<f64>,
    /// Share of the variance explained.
    pub r_squared: Option<f64>,
    /// Parameters the data do not identify.
    pub unidentified: Vec<String>,
    /// Its share of a prediction.
    pub share: Option<f64>,
    /// Why there is none.
    pub refused: Option<String>,
}

/// A law that was not compared.
#[derive(Serialize)]
pub struct LeftOut {
    /// Its name.
    pub form: String,
    /// Why, and how to have it.
    pub reason: String,
    /// Whether the file has all its columns.
    #[serde(skip)]
    pub possible: bool,
}

/// All forms that the columns allow, by their error on the runs held out.
#[derive(Serialize)]
pub struct Comparison {
    /// The form to trust, and why; none is when nothing predicts the runs held out.
    pub trusted: Option<String>,
    /// Why it is trusted, or why none is.
    pub why: String,
    /// The forms, the lowest error first.
    pub forms: Vec<FormCompared>,
    /// What was not compared, and why.
    pub left_out: Vec<LeftOut>,
    /// The form whose fit is shown.
    #[serde(skip)]
    pub shown: Option<String>,
}

impl Comparison {
    /// From the library's comparison; `able` are the forms to choose from.
    pub fn new(compared: &[Compared], able: &[&Compared], data: &Data) -> Self {
        let mut forms: Vec<FormCompared> = compared.iter().map(form_of).collect();
        forms.extend(data.not_compared());
        let trust = trusted(able.iter().copied());
        if let Ok(trust) = &trust {
            for form in &mut forms {
                let share = trust.shares.iter().find(|(name, _)| *name == form.form);
                form.share = share.map(|(_, share)| *share);
            }
        }
        let best = able.iter().find(|compared| compared.fit.is_ok());
        let (trusted, why) = match trust {
            Ok(trust) => (
                Some(trust.form.clone()),
                reason(&trust) + &apart(&trust.form, compared),
            ),
            Err(distrust) => (None, distrusted(&distrust)),
        };
        Self {
            shown: trusted.clone().or(best.map(|best| best.form.clone())),
            trusted,
            why,
            forms,
            left_out: left_out(data),
        }
    }

    /// From laws of coverage, which weigh by how likely each makes the data.
    pub fn of_coverage(coverage: &Coverage, data: &Data) -> Self {
        let forms = coverage.laws.iter().map(|law| FormCompared {
            share: Some(law.weight),
            ..form_of(&Compared {
                form: law.fit.form.clone(),
                fit: Ok(law.fit.clone()),
            })
        });
        let likeliest = coverage.likeliest().form.clone();
        let shares: Vec<(String, f64)> = coverage
            .laws
            .iter()
            .map(|law| (law.fit.form.clone(), law.weight))
            .collect();
        let of_curves = registry()
            .iter()
            .filter(|form| is_curve(**form) && form.difficulty().is_none());
        let of_curves = of_curves.map(|form| LeftOut {
            form: form.name().into(),
            reason: format!(
                "it says nothing of single problems, so it has no likelihood: --form {} fits it to the points of a table of k and coverage",
                form.name()
            ),
            possible: true,
        });
        Self {
            why: format!(
                "the likeliest; a prediction is that of {}, by how likely each makes the data",
                in_words(&shares)
            ),
            shown: Some(likeliest.clone()),
            trusted: Some(likeliest),
            forms: forms.collect(),
            left_out: of_curves.chain(left_out(data)).collect(),
        }
    }

    /// Why there is no fit at all: each reason once, with the forms that it holds for.
    pub fn reasons(&self) -> String {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for form in &self.forms {
            let Some(refused) = &form.refused else { continue };
            match reasons.iter_mut().find(|(reason, _)| reason == refused) {
                Some((_, forms)) => forms.push(&form.form),
                None => reasons.push((refused, vec![&form.form])),
            }
        }
        let lines = reasons
            .iter()
            .map(|(reason, forms)| format!("  {}: {reason}", forms.join(", ")));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn reason(trust: &Trust) -> String {
    let (error, baseline) = (percent(trust.error, 2), percent(trust.baseline, 1));
    let first = &trust.shares[0].0;
    let simpler = match *first == trust.form {
        true => String::new(),
        false => format!("as good as {first} with fewer parameters; "),
    };
    format!(
        "{simpler}{error} off on the runs held out (predicting their mean would be {baseline} off); by these errors a prediction is that of {}",
        in_words(&trust.shares),
    )
}

/// Forms with their shares, those of more than a percent.
pub fn in_words(shares: &[(String, f64)]) -> String {
    let heard = shares.iter().filter(|(_, share)| *share >= LEAST_SHARE);
    let words: Vec<String> = heard
        .map(|(form, share)| format!("{form} {}", percent(*share, 0)))
        .collect();
    words.join(", ")
}

/// The best form that tells apart what the trusted one cannot.
fn apart(form: &str, compared: &[Compared]) -> String {
    let inputs = |form: &str| find(form).map_or(&[][..], |form| form.inputs());
    let trusted = inputs(form);
    let more = compared
        .iter()
        .find(|other| inputs(&other.form).len() > trusted.len() && is_answered(other));
    let Some(more) = more.filter(|more| more.held_out_error().is_finite()) else {
        return String::new();
    };
    let names = |columns: &[Column]| {
        columns
            .iter()
            .map(|column| column.name.as_ref())
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!(
        "; it knows {} only, and of those that know {} the best is {}, {} off",
        names(trusted),
        names(inputs(&more.form)),
        more.form,
        percent(more.held_out_error(), 2),
    )
}

/// Whether a form was fitted and the data did not refuse it.
fn is_answered(compared: &Compared) -> bool {
    compared.fit.as_ref().is_ok_and(|fit| fit.refusals.is_empty())
}

fn distrusted(distrust: &Distrust) -> String {
    match distrust {
        Distrust::NothingChecked => "none: too few runs to hold some out, so no form could be checked".into(),
        Distrust::WorseThanMean {
            form,
            error,
            baseline,
        } => format!(
            "none: the best, {form}, misses the runs held out by {}, and their predecessors' mean by {}",
            percent(*error, 1),
            percent(*baseline, 1),
        ),
    }
}

fn form_of(compared: &Compared) -> FormCompared {
    let fit = compared.fit.as_ref().ok();
    let holdout = fit.and_then(|fit| fit.holdout.as_ref());
    let parameters = find(&compared.form).map_or(0, |form| form.parameters().len());
    let unidentified = |fit: &Fit| {
        let those = fit
            .parameters
            .iter()
            .filter(|(_, parameter)| !parameter.estimate.identified);
        those.map(|(name, _)| name.clone()).collect()
    };
    FormCompared {
        form: compared.form.clone(),
        parameters,
        held_out_error: holdout.map(|holdout| holdout.mean_absolute),
        baseline: holdout.map(|holdout| holdout.baseline),
        r_squared: fit.map(|fit| fit.r_squared),
        unidentified: fit.map(unidentified).unwrap_or_default(),
        share: None,
        refused: match &compared.fit {
            Ok(fit) => fit.refusals.first().map(ToString::to_string),
            Err(error) => Some(error.to_string()),
        },
    }
}

/// The laws that were not compared: those of other columns or another response, and the frontiers.
fn left_out(data: &Data) -> Vec<LeftOut> {
    let lacking = |lacks: &[&str]| format!("the file has no column known as {}", lacks.join(" or "));
    let forms = registry().iter().filter_map(|form| {
        let definition = form.definition();
        let lacks = data.columns.lacks(definition);
        let reason = match lacks.is_empty() {
            true if definition.response.name == data.response.as_str() => return None,
            true => format!(
                "it predicts {}, and {} was compared: --form {} fits it",
                definition.response.name, data.response, definition.name
            ),
            false => lacking(&lacks),
        };
        Some(LeftOut {
            form: definition.name.to_string(),
            reason,
            possible: lacks.is_empty(),
        })
    });
    let frontiers = Frontier::ALL.into_iter().map(|frontier| {
        let definition = frontier.definition();
        let lacks = data.columns.lacking(definition.inputs.iter());
        LeftOut {
            form: definition.name.to_string(),
            reason: match lacks.is_empty() {
                true => format!(
                    "it gives the best size and length at a compute, not a loss: --form {} fits it",
                    definition.name
                ),
                false => lacking(&lacks),
            },
            possible: lacks.is_empty(),
        }
    });
    forms.chain(frontiers).collect()
}
