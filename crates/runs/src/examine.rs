//! A second look at the rows of a fit: runs far from the law, and whether loss still falls as it did.

use std::collections::BTreeMap;

use serde::Serialize;
use triaxis_laws::{Fit, FitOptions, Flattening, Outlier, flattening, outliers};

use crate::columns::COVERAGE;
use crate::data::Data;
use crate::equation::number;
use crate::law::Law;
use crate::outcome::{Outcome, Predicted, Said};
use crate::predict::Request;
use crate::settings::Settings;

/// Runs far from the law, and what the fit would be without them.
#[derive(Serialize)]
pub struct Outlying {
    /// In plain words.
    pub message: String,
    /// The runs, the farthest first.
    pub runs: Vec<Placed>,
    /// The parameters of a fit without them; none where there can be no such fit.
    pub parameters: BTreeMap<String, f64>,
    /// The responses predicted without them, in the order of the predictions; none of one that several laws make
    /// together, or that the law cannot make.
    pub predictions: Vec<BTreeMap<String, f64>>,
}

/// An outlier, and where it stands in the file.
#[derive(Serialize)]
pub struct Placed {
    /// Where.
    pub place: String,
    /// The library's judgement.
    #[serde(flatten)]
    pub of: Outlier,
}

/// Whether loss still falls with compute as it did, or why nobody can say.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Curved {
    /// What the runs show.
    Found(Box<Said<Flattening>>),
    /// Why they show nothing.
    Refused {
        /// The reason.
        refused: String,
    },
}

impl Curved {
    /// In plain words.
    pub fn words(&self) -> &str {
        match self {
            Self::Found(said) => &said.message,
            Self::Refused { refused } => refused,
        }
    }
}

/// Responses predicted by two fits of one law.
type Moved = BTreeMap<String, [f64; 2]>;

/// What one law says of a run by each of two fits; nothing where it cannot by both.
fn moved(law: &Law<'_>, fits: [&Fit; 2], request: &Request, per_param_token: f64) -> Moved {
    let said = fits.map(|fit| law.predicted(fit, request, per_param_token));
    let [Ok(one), Ok(other)] = said else {
        return Moved::new();
    };
    let pairs = one.of.into_iter().zip(other.of);
    pairs
        .map(|((name, one), (_, other))| (name, [one.value, other.value]))
        .collect()
}

impl Outcome {
    /// Adds the runs far from the law, and, where it was asked for or no law was, whether the curve flattens.
    pub fn examine(&mut self, law: &Law<'_>, data: &Data, requests: &[Request], settings: &Settings) {
        self.outliers = self.outlying(law, data, requests, settings);
        if settings.flattening || self.comparison.is_some() {
            self.flattening = self.curved(data, settings);
        }
    }

    /// A second look is no answer: what cannot be had of it is left out. Points of coverage are of the same
    /// problems, so that none of them is an outlier.
    fn outlying(
        &self,
        law: &Law<'_>,
        data: &Data,
        requests: &[Request],
        settings: &Settings,
    ) -> Option<Outlying> {
        let form = law.form().filter(|_| data.response != COVERAGE)?;
        let options = settings.of(form.definition(), data.held_out()).ok()?;
        let table = data.observations(form).ok()?;
        let found = outliers(form, &table, &self.fit, &options).ok()??;
        let runs: Vec<Placed> = found
            .rows
            .iter()
            .map(|of| Placed {
                place: data.place(of.row),
                of: *of,
            })
            .collect();
        let mut parameters = BTreeMap::new();
        let mut predictions: Vec<Moved> = Vec::new();
        if let Ok(fit) = &found.without {
            let named = form.parameters().iter().zip(&fit.best);
            parameters.extend(named.map(|(parameter, value)| (parameter.name.to_string(), *value)));
            let moved = |(request, said): (&Request, &Predicted)| match said.is_of(&self.form)
                && said.refused().is_none()
            {
                true => moved(law, [&self.fit, fit], request, data.operations().per_param_token),
                false => Moved::new(),
            };
            predictions.extend(requests.iter().zip(&self.predictions).map(moved));
        }
        let without = |moved: &Moved| moved.iter().map(|(name, [_, of])| (name.clone(), *of)).collect();
        Some(Outlying {
            message: self.words(&runs, &parameters, &predictions),
            runs,
            parameters,
            predictions: predictions.iter().map(without).collect(),
        })
    }

    fn words(&self, runs: &[Placed], parameters: &BTreeMap<String, f64>, predictions: &[Moved]) -> String {
        const NAMED: usize = 3;
        let named = runs.iter().take(NAMED).map(|run| {
            let Outlier {
                observed,
                predicted,
                studentised,
                ..
            } = run.of;
            format!(
                "{} is {} where the law has {} ({:.0} standard errors)",
                run.place,
                number(observed),
                number(predicted),
                studentised.abs()
            )
        });
        let named: Vec<String> = named.collect();
        let more = match runs.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let changed = self.order.iter().filter_map(|name| {
            let (with, without) = (self.fit.parameter(name)?, parameters.get(name)?);
            Some(format!("{name} {} (was {})", number(*without), number(with)))
        });
        let predicted = predictions.iter().flatten().map(|(name, [with, without])| {
            format!("predicted {name} {} (was {})", number(*without), number(*with))
        });
        let changed: Vec<String> = changed.chain(predicted).collect();
        let (what, them) = match runs.len() {
            1 => ("an outlier", "it"),
            _ => ("outliers", "them"),
        };
        let without = match changed.is_empty() {
            true => format!("no law can be fitted without {them}"),
            false => format!("without {them} {}", changed.join(", ")),
        };
        format!("{what}: {}{more}; {without}", named.join(", "))
    }

    fn curved(&self, data: &Data, settings: &Settings) -> Option<Curved> {
        let options = FitOptions {
            level: settings.level,
            seed: settings.seed,
            ..FitOptions::default()
        };
        let curve = data.compute_curve(settings.budget_tolerance)?;
        let found = curve
            .map_err(|error| error.to_string())
            .and_then(|curve| flattening(&curve, &options).map_err(|error| error.to_string()));
        Some(match found {
            Ok(found) => Curved::Found(Box::new(Said::of(found))),
            Err(refused) => Curved::Refused { refused },
        })
    }
}
