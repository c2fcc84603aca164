//! Which law is fitted.

use std::path::Path;

use triaxis_laws::form::LawForm;
use triaxis_laws::forms::{Expression, ExpressionSpec, find};

use super::Misuse;

/// The law asked for.
pub enum Chosen {
    /// This one.
    One(Box<dyn LawForm>),
    /// All that the columns allow.
    All,
}

/// A registered form, as a box like a user's own.
struct Registered(&'static dyn LawForm);

impl LawForm for Registered {
    fn definition(&self) -> &triaxis_laws::form::Definition {
        self.0.definition()
    }

    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        self.0.value(parameters, inputs, gradient)
    }

    fn example(&self) -> triaxis_laws::form::Example {
        self.0.example()
    }
}

impl Chosen {
    /// By name, from a file, or all.
    pub fn of(name: Option<&str>, file: Option<&Path>) -> anyhow::Result<Self> {
        match (name, file) {
            (Some(name), _) => Ok(Self::One(Box::new(Registered(find(name)?)))),
            (None, Some(file)) => Ok(Self::One(Box::new(read(file)?))),
            (None, None) => Ok(Self::All),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Expression> {
    let problem = |problem: String| Misuse::UserForm {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| problem(format!("cannot be read ({error}); give the path of a TOML file")))?;
    let spec: ExpressionSpec =
        toml::from_str(&text).map_err(|error| problem(format!("is not a form\n{error}")))?;
    Expression::new(spec).map_err(|error| problem(error.to_string()).into())
}
