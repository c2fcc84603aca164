//! The law that is shown: of a form, or the two of a frontier.

use triaxis_laws::approach::{Budget, EnvelopePoint, Frontier, has_split, split};
use triaxis_laws::form::{Definition, LawForm};
use triaxis_laws::forms::Restricted;
use triaxis_laws::{Fit, predict};

use crate::data::Data;
use crate::outcome::Predicted;
use crate::predict::Request;

/// What was fitted.
pub enum Law<'a> {
    /// A form.
    Form(&'a dyn LawForm),
    /// A form with some parameters held.
    Held(Box<Restricted<'a>>),
    /// Approach 1 or 2, the optima that it found, and of approach 2 every budget with its curve.
    Frontier(Frontier, Vec<EnvelopePoint>, Vec<Budget>),
}

impl Law<'_> {
    /// Name, equation, columns and parameters.
    pub fn definition(&self) -> &Definition {
        match self {
            Self::Form(form) => form.definition(),
            Self::Held(form) => form.definition(),
            Self::Frontier(frontier, ..) => frontier.definition(),
        }
    }

    /// The form; none of a frontier.
    pub fn form(&self) -> Option<&dyn LawForm> {
        match self {
            Self::Form(form) => Some(*form),
            Self::Held(form) => Some(form.as_ref()),
            Self::Frontier(..) => None,
        }
    }

    /// The optima of a frontier; none of a form.
    pub fn optima(&self) -> &[EnvelopePoint] {
        match self {
            Self::Form(_) | Self::Held(_) => &[],
            Self::Frontier(_, optima, _) => optima,
        }
    }

    /// The names of the columns that were read for it.
    pub fn columns(&self, data: &Data) -> Vec<String> {
        if data.is_counted() {
            return data.read_columns();
        }
        let definition = self.definition();
        let response = self.form().map(|_| &definition.response);
        let columns = definition.inputs.iter().chain(response);
        columns.map(|column| column.name.to_string()).collect()
    }

    /// Predicts the run, or the optimum, that was asked for. A compute alone, asked of a law of parameters and
    /// tokens, is split the best way, by `C = per_param_token N D`.
    pub fn predicted(&self, fit: &Fit, request: &Request, per_param_token: f64) -> anyhow::Result<Predicted> {
        let of = match (self.form(), self) {
            (Some(form), _) => match request.compute().filter(|_| has_split(form)) {
                Some((flops, others)) => {
                    let split = split(form, fit, flops, per_param_token, &others)
                        .map_err(|error| request.told(error))?;
                    let named = [
                        ("params_opt", split.params),
                        ("tokens_opt", split.tokens),
                        ("loss", split.loss),
                    ];
                    named.map(|(name, of)| (name.to_owned(), of)).to_vec()
                }
                None => {
                    let inputs = request.inputs(form.definition())?;
                    let predicted = predict(form, fit, &inputs).map_err(|error| request.told(error))?;
                    vec![(form.response().name.to_string(), predicted)]
                }
            },
            (None, Self::Frontier(frontier, ..)) => {
                let laws = frontier.laws();
                let flops = request.inputs(laws[0].definition())?;
                let names = laws.iter().map(|law| law.response().name.to_string());
                let optima = frontier.at(fit, flops[0]).map_err(|error| request.told(error))?;
                names.zip(optima).collect()
            }
            (None, _) => Vec::new(),
        };
        // A compute that is split by a law of N and D, and that of a frontier.
        let is_split = of.len() > 1;
        let columns = self.definition().inputs.iter();
        let unheeded = request.unread(|input| {
            columns.clone().any(|column| column.name == input) || (is_split && input == "flops")
        });
        Ok(Predicted {
            unheeded,
            ..Predicted::alone(of)
        })
    }
}
