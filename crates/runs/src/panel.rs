//! The forms that predict together where none was chosen.

use std::collections::BTreeMap;

use triaxis_laws::average::{LEAST_SHARE, average};
use triaxis_laws::form::LawForm;
use triaxis_laws::forms::find;
use triaxis_laws::saved::SavedMember;
use triaxis_laws::{
    Compared, Fit, FitOptions, HeldOut, InputError, Prediction, Starts, answering, predict, trusted,
};

use crate::data::Data;
use crate::outcome::Predicted;
use crate::predict::Request;
use crate::settings::Settings;

/// The forms that can answer for one request, each with its share, the largest first.
type Shares = Vec<(String, f64)>;

/// The forms compared, and with intervals those of them that are heard.
pub struct Panel<'a> {
    compared: &'a [Compared],
    data: &'a Data,
    settings: &'a Settings,
    held_out: HeldOut,
    fits: BTreeMap<String, Fit>,
}

impl<'a> Panel<'a> {
    /// Before any form has intervals.
    pub fn new(compared: &'a [Compared], data: &'a Data, settings: &'a Settings, held_out: HeldOut) -> Self {
        Self {
            compared,
            data,
            settings,
            held_out,
            fits: BTreeMap::new(),
        }
    }

    /// The compared forms that answer for every request alike: what there is to choose from.
    pub fn answering(&self, requests: &[Request]) -> Vec<&'a Compared> {
        let of = |request: &Request| {
            let (given, derived) = request.known();
            answering(self.compared, &given, &derived)
        };
        let first = requests.first().map(of);
        let able = first.filter(|able| able.iter().any(|one| one.fit.is_ok()));
        able.unwrap_or_else(|| self.compared.iter().collect())
    }

    /// The form with its check and all its intervals.
    pub fn shown(&mut self, form: &dyn LawForm) -> anyhow::Result<Fit> {
        let options = self.settings.of(form.definition(), self.held_out.clone())?;
        let fit = self.data.fit(form, &options)?;
        self.fits.insert(form.name().to_owned(), fit.clone());
        Ok(fit)
    }

    /// What the forms that know all that a request names say together.
    pub fn predicted(&mut self, request: &Request) -> anyhow::Result<Predicted> {
        let (given, derived) = request.known();
        let mut said: Vec<(f64, Prediction)> = Vec::new();
        let mut heard: Shares = Vec::new();
        let mut problem = None;
        for (name, share) in self.shares(&given, &derived) {
            let form = find(&name)?;
            let inputs = request.inputs(form.definition())?;
            match predict(form, self.fit(form)?, &inputs) {
                Ok(prediction) => {
                    said.push((share, prediction));
                    heard.push((name, share));
                }
                Err(error) => problem = Some(error),
            }
        }
        let total: f64 = heard.iter().map(|(_, share)| share).sum();
        heard.iter_mut().for_each(|(_, share)| *share /= total);
        let Some(prediction) = average(&said) else {
            return Err(self.nothing(request, problem));
        };
        let reads = |form: &str, input: &str| {
            find(form).is_ok_and(|form| form.inputs().iter().any(|column| column.name == input))
        };
        let unheeded = given
            .iter()
            .filter(|input| !heard.iter().all(|(form, _)| reads(form, input)));
        Ok(Predicted {
            of: vec![(self.data.response.clone(), prediction)],
            unheeded: unheeded.map(|input| (*input).to_owned()).collect(),
            shares: heard,
        })
    }

    /// The forms that are heard of a run of which `given` is known and `derived` follows from it.
    fn shares(&self, given: &[&str], derived: &[&str]) -> Shares {
        let able = answering(self.compared, given, derived);
        let mut shares: Shares = match trusted(able.iter().copied()) {
            Ok(trust) => trust.shares,
            // None of them is checked, or is better than a mean: the first is all there is.
            Err(_) => able
                .iter()
                .filter(|one| one.fit.is_ok())
                .take(1)
                .map(|one| (one.form.clone(), 1.0))
                .collect(),
        };
        shares.retain(|(_, share)| *share >= LEAST_SHARE);
        shares
    }

    /// The forms to be saved: those that answer for the runs asked for, else for any size and length where the
    /// rows tell of both, else those that read what the form `shown` reads.
    pub fn members(&mut self, requests: &[Request], shown: &dyn LawForm) -> anyhow::Result<Vec<SavedMember>> {
        const SIZES: [&str; 2] = ["params", "tokens"];
        let own: Vec<&str> = shown.inputs().iter().map(|column| column.name.as_ref()).collect();
        let known = requests.first().map(Request::known);
        let of_both = SIZES.iter().all(|size| !self.data.numbers(size).is_empty());
        let shares = match known {
            Some((given, derived)) => self.shares(&given, &derived),
            None if of_both => self.shares(&SIZES, &["flops"]),
            None => self.shares(&own, &[]),
        };
        let mut members = Vec::new();
        for (name, share) in shares {
            let form = find(&name)?;
            let member = SavedMember::new(form, self.fit(form)?, share);
            let checked = self.compared.iter().find(|one| one.form == name);
            let error = checked.map(Compared::held_out_error);
            members.push(SavedMember {
                held_out_error: error.filter(|error| error.is_finite()),
                ..member
            });
        }
        Ok(members)
    }

    /// A form's fit with a bootstrap, from the minima that the comparison found.
    fn fit(&mut self, form: &dyn LawForm) -> anyhow::Result<&Fit> {
        if !self.fits.contains_key(form.name()) {
            let compared = self.compared.iter().find(|one| one.form == form.name());
            let minima = compared
                .and_then(|one| one.fit.as_ref().ok())
                .map(|fit| &fit.minima);
            let points = minima
                .into_iter()
                .flatten()
                .map(|minimum| minimum.parameters.clone());
            let options = FitOptions {
                starts: Starts::Given(points.collect()),
                holdout: HeldOut::None,
                profile: false,
                ..self.settings.of(form.definition(), HeldOut::None)?
            };
            let fit = self.data.fit(form, &options)?;
            self.fits.insert(form.name().to_owned(), fit);
        }
        Ok(&self.fits[form.name()])
    }

    /// Why nothing is predicted: what a form said of it, or what the first form lacks.
    fn nothing(&self, request: &Request, problem: Option<InputError>) -> anyhow::Error {
        if let Some(problem) = problem {
            return request.told(problem);
        }
        let first = self.compared.iter().find(|one| one.fit.is_ok());
        let form = first.and_then(|one| find(&one.form).ok());
        match form.map(|form| request.inputs(form.definition())) {
            Some(Err(problem)) => problem.into(),
            _ => request.unanswered().into(),
        }
    }
}
