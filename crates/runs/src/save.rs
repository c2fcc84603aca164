//! The law that was fitted, as a file that a plan reads.

use std::path::Path;

use triaxis_laws::saved::{SavedLaw, SavedMember};
use triaxis_tables::Source;

use crate::Misuse;
use crate::data::Data;
use crate::form::Chosen;
use crate::law::Law;
use crate::outcome::Outcome;

/// The units that a loss may be in.
pub(crate) const LOSS_UNITS: [&str; 2] = ["nats/token", "bits/byte"];

/// The law as it is saved: the form that is shown, or the `members` that predict together.
///
/// # Errors
/// [`Misuse::NotOfFrontiers`] for approaches 1 and 2, which have no law of the response; [`Misuse::Save`] for one
/// that could not be read again.
pub fn saved(
    chosen: &Chosen,
    law: &Law<'_>,
    outcome: &Outcome,
    members: Vec<SavedMember>,
    data: &Data,
) -> Result<SavedLaw, Misuse> {
    let alone = match law {
        Law::Form(form) => SavedMember::new(*form, &outcome.fit, 1.0),
        Law::Held(form) => SavedMember::held(form, &outcome.fit),
        Law::Frontier(..) => return Err(Misuse::NotOfFrontiers("--save")),
    };
    let members = match (members.is_empty(), chosen) {
        (false, _) => members,
        (true, Chosen::Own(form)) => vec![alone.of_user(form.spec())],
        (true, _) => vec![alone],
    };
    let saved = SavedLaw::new(
        &data.file.display().to_string(),
        &data.response,
        data.unit().as_deref(),
        outcome.level,
        members,
    );
    saved
        .validate()
        .map_err(|error| Misuse::Save(error.to_string()))?;
    Ok(saved)
}

/// Reads a law that was saved.
///
/// # Errors
/// [`Misuse::SavedLaw`] for a file that cannot be read, is none of a law, or has numbers that cannot be used.
pub fn read_law(path: &Path) -> Result<SavedLaw, Misuse> {
    let wrong = |problem: String| Misuse::SavedLaw {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read ({error})")))?;
    let law: SavedLaw = serde_json::from_str(&text).map_err(|error| {
        wrong(format!(
            "is no saved law: {error}; `triaxis fit RUNS --save LAW.json` makes one"
        ))
    })?;
    law.validate().map_err(|error| wrong(error.to_string()))?;
    Ok(law)
}

impl Data {
    /// The unit of the response: of a loss what the user or the name of its column says, if they do.
    fn unit(&self) -> Option<String> {
        let registered = || {
            let mut forms = triaxis_laws::forms::registry().iter();
            let form = forms.find(|form| form.response().name == self.response.as_str());
            form.map(|form| form.response().unit.to_owned())
        };
        if self.response != "loss" {
            return registered();
        }
        if let Some(unit) = &self.columns.loss_unit {
            return Some((*unit).to_owned());
        }
        let Some(Source::Column(column)) = self.columns.sources.get("loss") else {
            return None;
        };
        let column = column.to_lowercase();
        let says = |words: &[&str]| words.iter().all(|word| column.contains(word));
        match () {
            () if says(&["bpb"]) || says(&["bit", "byte"]) => Some(LOSS_UNITS[1].to_owned()),
            () if says(&["nat", "token"]) => Some(LOSS_UNITS[0].to_owned()),
            () => None,
        }
    }
}
