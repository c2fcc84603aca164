//! From the rows and what was asked for to a law fitted.

use triaxis_laws::form::LawForm;
use triaxis_laws::{Fit, compare, forms};

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
        if let Some(answer) = coverage::answer(chosen, data, settings, requests)? {
            return Ok(answer);
        }
        match chosen {
            Chosen::All => Self::of_all(data, settings, requests),
            Chosen::Frontier(frontier) => {
                settings.check_frontier()?;
                let options = settings.of(frontier.definition(), data.held_out())?;
                let found = frontier.fit(&data.runs()?, &options)?;
                Self::alone(Law::Frontier(*frontier, found.optima), found.fit, requests)
            }
            Chosen::Form(form) => Self::of_one(*form, data, settings, requests),
            Chosen::Own(form) => Self::of_one(form.as_ref(), data, settings, requests),
        }
    }

    fn of_one(
        form: &'a dyn LawForm,
        data: &Data,
        settings: &Settings,
        requests: &[Request],
    ) -> anyhow::Result<Self> {
        let options = settings.of(form.definition(), data.held_out())?;
        Self::alone(Law::Form(form), data.fit(form, &options)?, requests)
    }

    fn alone(law: Law<'a>, fit: Fit, requests: &[Request]) -> anyhow::Result<Self> {
        let predictions = requests.iter().map(|request| law.predicted(&fit, request));
        Ok(Self {
            predictions: predictions.collect::<anyhow::Result<_>>()?,
            law,
            fit,
            comparison: None,
        })
    }

    /// Bootstraps are for the forms that are heard; profiles tell of each what is identified.
    fn of_all(data: &Data, settings: &Settings, requests: &[Request]) -> anyhow::Result<Self> {
        let table = data.all();
        let held_out = data.held_out().common(&table);
        let compared = compare(&table, &data.response, &settings.of_all(held_out.clone())?);
        let mut panel = Panel::new(&compared, data, settings, held_out);
        let comparison = Comparison::new(&compared, &panel.answering(requests), data);
        let Some(shown) = &comparison.shown else {
            return Err(Misuse::NothingFitted(comparison.reasons()).into());
        };
        let form = forms::find(shown)?;
        let fit = panel.shown(form)?;
        let predictions = requests.iter().map(|request| panel.predicted(request));
        Ok(Self {
            predictions: predictions.collect::<anyhow::Result<_>>()?,
            law: Law::Form(form),
            fit,
            comparison: Some(comparison),
        })
    }
}
