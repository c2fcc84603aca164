//! Which law is fitted.

use std::path::Path;

use triaxis_laws::form::LawForm;
use triaxis_laws::forms::{Expression, ExpressionSpec, find};

use super::Misuse;

/// The law asked for.
pub enum Chosen {
    /// A registered one.
    Registered(&'static dyn LawForm),
    /// The user's own.
    Own(Box<Expression>),
    /// All that the columns allow.
    All,
}

impl Chosen {
    /// By name, from a file, or all.
    pub fn of(name: Option<&str>, file: Option<&Path>) -> anyhow::Result<Self> {
        match (name, file) {
            (Some(name), _) => Ok(Self::Registered(find(name)?)),
            (None, Some(file)) => Ok(Self::Own(Box::new(read(file)?))),
            (None, None) => Ok(Self::All),
        }
    }

    /// The form, when it is one.
    pub fn form(&self) -> Option<&dyn LawForm> {
        match self {
            Self::Registered(form) => Some(*form),
            Self::Own(form) => Some(form.as_ref()),
            Self::All => None,
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
