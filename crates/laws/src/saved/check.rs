//! What a saved law must be for its numbers to be used: a file may come from anywhere.

use thiserror::Error;

use super::{SCHEMA, SavedLaw, SavedMember};
use crate::error::written;
use crate::form::{Column, LawForm, MOST_PARAMETERS, Scale};
use crate::forms::{Expression, find};

/// Why a saved law cannot be used, and what to do.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{0}")]
pub struct SavedError(String);

/// A form by its name, or the user's own.
pub enum Form {
    /// One of the registry.
    Registered(&'static dyn LawForm),
    /// The user's own.
    Own(Box<Expression>),
}

impl Form {
    /// The form.
    pub fn get(&self) -> &dyn LawForm {
        match self {
            Self::Registered(form) => *form,
            Self::Own(form) => form.as_ref(),
        }
    }
}

fn wrong<T>(problem: String) -> Result<T, SavedError> {
    Err(SavedError(format!("{problem}; fit and save the law again")))
}

impl SavedLaw {
    /// Whether the numbers can be used: every form is known, every vector has the form's parameters, and the law
    /// has a value at the runs that it was fitted to.
    ///
    /// # Errors
    /// [`SavedError`] with what is wrong, the rule and the remedy.
    pub fn validate(&self) -> Result<(), SavedError> {
        self.forms().map(drop)
    }

    /// The forms of the members, checked.
    ///
    /// # Errors
    /// As [`SavedLaw::validate`].
    pub fn forms(&self) -> Result<Vec<Form>, SavedError> {
        if self.schema != SCHEMA {
            return wrong(format!(
                "its schema is {}, and this program reads {SCHEMA}",
                self.schema
            ));
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return wrong(format!(
                "its level is {}, and must be between 0 and 1",
                written(self.level)
            ));
        }
        if self.members.is_empty() {
            return wrong("it has no members, and must have one form or more".into());
        }
        let weights = self.members.iter().map(|member| member.weight);
        if let Some(weight) = weights
            .clone()
            .find(|weight| !(*weight > 0.0 && weight.is_finite()))
        {
            return wrong(format!("a weight is {}, and must be above 0", written(weight)));
        }
        let total: f64 = weights.sum();
        if (total - 1.0).abs() > 1e-6 {
            return wrong(format!(
                "its weights sum to {}, and must sum to 1",
                written(total)
            ));
        }
        let checked = self.members.iter().map(|member| member.form(&self.response));
        checked.collect()
    }
}

impl SavedMember {
    /// The form, if all of its numbers are ones that it can have.
    fn form(&self, response: &str) -> Result<Form, SavedError> {
        let form = match &self.user_form {
            Some(spec) => Expression::new(spec.clone()).map(|own| Form::Own(Box::new(own))),
            None => find(&self.form).map(Form::Registered),
        };
        let form = form.or_else(|error| wrong(format!("form `{}`: {error}", self.form)))?;
        self.check(form.get(), response)
            .or_else(|problem| wrong(format!("form `{}`: {problem}", self.form)))?;
        Ok(form)
    }

    fn check(&self, form: &dyn LawForm, response: &str) -> Result<(), String> {
        if form.name() != self.form {
            return Err(format!("the user's form beside it is called `{}`", form.name()));
        }
        if form.response().name != response {
            return Err(format!(
                "it predicts {}, and the law {response}",
                form.response().name
            ));
        }
        self.check_parameters(form)?;
        self.check_spans(form)?;
        let measured = [
            ("noise", self.noise.map(|noise| noise.value)),
            ("held_out_error", self.held_out_error),
        ];
        for (name, value) in measured {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= 0.0)) {
                return Err(format!("its {name} is {}, and must be 0 or more", written(value)));
            }
        }
        if self.rows == 0 {
            return Err("its rows are 0, and a law is of one or more".into());
        }
        let middle = form.inputs().iter().map(|column| {
            let (low, high) = self.spans[column.name.as_ref()];
            0.5 * (column.scale.forward(low) + column.scale.forward(high))
        });
        let middle: Vec<f64> = middle.collect();
        let value = form.value(
            &self.best(),
            &middle,
            &mut [0.0; MOST_PARAMETERS][..self.parameters.len()],
        );
        match value.is_finite() {
            true => Ok(()),
            false => Err(format!(
                "its value amid its own runs is {value}, and must be a number"
            )),
        }
    }

    fn check_parameters(&self, form: &dyn LawForm) -> Result<(), String> {
        let known: Vec<&str> = form
            .parameters()
            .iter()
            .map(|parameter| parameter.name.as_ref())
            .collect();
        let names: Vec<&str> = self
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        if names != known {
            return Err(format!(
                "its parameters are {}, and must be {}",
                names.join(", "),
                known.join(", ")
            ));
        }
        let best = self.best();
        let drawn = self.draws.iter().enumerate();
        let vectors = std::iter::once(("the best values".to_owned(), &best))
            .chain(drawn.map(|(at, draw)| (format!("draw {}", at + 1), draw)));
        for (which, vector) in vectors {
            if vector.len() != known.len() {
                return Err(format!(
                    "{which} has {} numbers, and the form {} parameters",
                    vector.len(),
                    known.len()
                ));
            }
            for (parameter, value) in form.parameters().iter().zip(vector) {
                let rule = match parameter.scale {
                    _ if !value.is_finite() => "a finite number",
                    Scale::Log if *value < 0.0 => "0 or more",
                    _ => continue,
                };
                return Err(format!(
                    "{} of {which} is {}, and must be {rule}",
                    parameter.name,
                    written(*value)
                ));
            }
        }
        for parameter in &self.parameters {
            let ends = parameter.estimate.interval;
            if ends.is_some_and(|ends| ends.width().is_nan() || ends.width() < 0.0) {
                return Err(format!(
                    "the interval of {} ends before it begins",
                    parameter.name
                ));
            }
        }
        Ok(())
    }

    fn check_spans(&self, form: &dyn LawForm) -> Result<(), String> {
        for Column { name, scale, .. } in form.inputs() {
            let Some((low, high)) = self.spans.get(name.as_ref()) else {
                return Err(format!("its spans lack {name}, which it reads"));
            };
            let usable = |value: f64| scale.forward(value).is_finite();
            if !(usable(*low) && usable(*high) && low <= high) {
                return Err(format!(
                    "its runs span {} to {} in {name}, which must be two numbers{} in order",
                    written(*low),
                    written(*high),
                    if *scale == Scale::Log { " above 0" } else { "" },
                ));
            }
        }
        Ok(())
    }
}
