//! From the rows and what was asked for to a law fitted.

use triaxis_laws::form::LawForm;
use triaxis_laws::forms::Restricted;
use triaxis_laws::saved::SavedMember;
use triaxis_laws::{Compared, Fit, FitError, compare, forms, written};

use crate::by::By;
use crate::columns::COVERAGE;
use crate::comparison::Comparison;
use crate::data::Data;
use crate::form::Chosen;
use crate::law::Law;
use crate::outcome::Predicted;
use crate::panel::Panel;
use crate::predict::Request;
use crate::settings::Settings;
use crate::{Misuse, coverage};

/// A law fitted, and how it compares with others when none was asked for.
pub struct Answer<'a> {
    /// The law that is shown.
    pub law: Law<'a>,
    /// Its fit.
    pub fit: Fit,
    /// How the forms that the columns allow compare, when all were fitted.
    pub comparison: Option<Comparison>,
    /// What is said of each run asked for.
    pub predictions: Vec<Predicted>,
    /// Whether one law does for the sets of runs that a column parts, when one was named.
    pub by: Option<By>,
    /// The forms that predict together, with their weights, where the law is to be saved; none of one alone.
    pub members: Vec<SavedMember>,
    /// What was assumed, in words.
    pub notes: Vec<String>,
}

impl<'a> Answer<'a> {
    /// Fits what was chosen to `data`, and predicts the runs that are asked for.
    ///
    /// # Errors
    /// [`Misuse`] for settings that the law does not have and when no form can be fitted;
    /// [`FitError`](triaxis_laws::FitError) when the one asked for cannot.
    pub fn of(
        chosen: &'a Chosen,
        data: &Data,
        settings: &Settings,
        requests: &[Request],
    ) -> anyhow::Result<Self> {
        if settings.problems.is_some() && data.response != COVERAGE {
            return Err(Misuse::NoCurve(data.response.clone()).into());
        }
        let mut answer = match chosen {
            _ if data.response == COVERAGE && coverage::is_by_likelihood(chosen, data, settings) => {
                coverage::answer(chosen, data, settings, requests)?
            }
            Chosen::All => Self::of_all(data, settings, requests)?,
            Chosen::Frontier(frontier) => {
                settings.check_frontier()?;
                let given = [(data.by.is_some(), "--by"), (data.is_weighted(), "--weights")];
                if let Some((_, option)) = given.into_iter().find(|(given, _)| *given) {
                    return Err(Misuse::NotOfFrontiers(option).into());
                }
                let options = settings.of(frontier.definition(), data.held_out())?;
                let (runs, notes) = data.runs(settings.budget_tolerance)?;
                let found = frontier.fit(&runs, &options)?;
                let law = Law::Frontier(*frontier, found.optima, found.budgets);
                Self::alone(law, found.fit, data, requests, notes)?
            }
            Chosen::Form(form) => Self::of_one(*form, data, settings, requests)?,
            Chosen::Own(form) => Self::of_one(form.as_ref(), data, settings, requests)?,
        };
        for (predicted, request) in answer.predictions.iter_mut().zip(requests) {
            predicted.reaches(&request.reach(data));
        }
        if let (Some(column), Some(form)) = (&data.by, answer.law.form()) {
            answer.by = Some(By::of(column, form, data, settings)?);
        }
        Ok(answer)
    }

    fn of_one(
        form: &'a dyn LawForm,
        data: &Data,
        settings: &Settings,
        requests: &[Request],
    ) -> anyhow::Result<Self> {
        let mut held = Restricted::new(form);
        for (name, value) in &settings.held {
            held = held.fix(name, *value)?;
        }
        let law = match settings.held.is_empty() {
            true => Law::Form(form),
            false => {
                if form.response().name == "loss" {
                    held.check_floor(data.numbers("loss"))?;
                }
                Law::Held(Box::new(held))
            }
        };
        let fitted = law.form().unwrap_or(form);
        let options = settings.of(fitted.definition(), data.held_out())?;
        let values = settings
            .held
            .iter()
            .map(|(name, value)| format!("{name} is held at {}", written(*value)));
        let values: Vec<String> = values.collect();
        let notes = (!values.is_empty())
            .then(|| format!("{}: intervals and checks take that as certain", values.join(", ")));
        let fit = data.fit(fitted, &options)?;
        Self::alone(law, fit, data, requests, notes.into_iter().collect())
    }

    fn alone(
        law: Law<'a>,
        fit: Fit,
        data: &Data,
        requests: &[Request],
        notes: Vec<String>,
    ) -> anyhow::Result<Self> {
        let per_param_token = data.operations().per_param_token;
        let predictions = requests
            .iter()
            .map(|request| law.predicted(&fit, request, per_param_token));
        Ok(Self {
            predictions: predictions.collect::<anyhow::Result<_>>()?,
            law,
            fit,
            comparison: None,
            by: None,
            members: Vec::new(),
            notes,
        })
    }

    /// Bootstraps are for the forms that are heard; profiles tell of each what is identified.
    fn of_all(data: &Data, settings: &Settings, requests: &[Request]) -> anyhow::Result<Self> {
        if !settings.held.is_empty() {
            return Err(Misuse::NeedsForm("--fix").into());
        }
        let table = data.all();
        let held_out = data.held_out().common(&table);
        let compared = compare(&table, &data.response, &settings.of_all(held_out.clone())?);
        let mut panel = Panel::new(&compared, data, settings, held_out);
        let comparison = Comparison::new(&compared, &panel.answering(requests), data);
        let Some(shown) = &comparison.shown else {
            let is_input = |found: &Compared| matches!(found.fit, Err(FitError::Input(_)));
            return Err(Misuse::NothingFitted {
                reasons: comparison.reasons(),
                is_refused: !compared.iter().all(is_input),
            }
            .into());
        };
        let form = forms::find(shown)?;
        let fit = panel.shown(form)?;
        let predictions = requests.iter().map(|request| panel.predicted(request));
        let predictions = predictions.collect::<anyhow::Result<_>>()?;
        Ok(Self {
            predictions,
            members: match settings.saving {
                true => panel.members(requests, form)?,
                false => Vec::new(),
            },
            law: Law::Form(form),
            fit,
            comparison: Some(comparison),
            by: None,
            notes: Vec::new(),
        })
    }
}
