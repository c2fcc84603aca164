//! The law that is shown: of a form, or the two of a frontier.

use triaxis_laws::approach::{EnvelopePoint, Frontier};
use triaxis_laws::form::{Definition, LawForm};
use triaxis_laws::{Fit, predict};

use crate::data::Data;
use crate::outcome::Predicted;
use crate::predict::Request;

/// What was fitted.
pub enum Law<'a> {
    /// A form.
    Form(&'a dyn LawForm),
    /// Approach 1 or 2, and the optima that it found.
    Frontier(Frontier, Vec<EnvelopePoint>),
}

impl Law<'_> {
    /// Name, equation, columns and parameters.
    pub fn definition(&self) -> &Definition {
        match self {
            Self::Form(form) => form.definition(),
            Self::Frontier(frontier, _) => frontier.definition(),
        }
    }

    /// The optima of a frontier; none of a form.
    pub fn optima(&self) -> &[EnvelopePoint] {
        match self {
            Self::Form(_) => &[],
            Self::Frontier(_, optima) => optima,
        }
    }

    /// The names of the columns that were read for it.
    pub fn columns(&self, data: &Data) -> Vec<String> {
        if data.is_counted() {
            return data.read_columns();
        }
        let definition = self.definition();
        let response = matches!(self, Self::Form(_)).then_some(&definition.response);
        let columns = definition.inputs.iter().chain(response);
        columns.map(|column| column.name.to_string()).collect()
    }

    /// Predicts the run, or the optimum, that was asked for.
    pub fn predicted(&self, fit: &Fit, request: &Request) -> anyhow::Result<Predicted> {
        let of = match self {
            Self::Form(form) => {
                let inputs = request.inputs(form.definition())?;
                vec![(form.response().name.to_string(), predict(*form, fit, &inputs)?)]
            }
            Self::Frontier(frontier, _) => {
                let laws = frontier.laws();
                let flops = request.inputs(laws[0].definition())?;
                let names = laws.iter().map(|law| law.response().name.to_string());
                names.zip(frontier.at(fit, flops[0])?).collect()
            }
        };
        Ok(Predicted::alone(of))
    }
}
