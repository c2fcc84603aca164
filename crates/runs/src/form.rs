//! Which law is fitted.

use std::path::Path;

use triaxis_laws::InputError;
use triaxis_laws::approach::Frontier;
use triaxis_laws::form::{Column, Definition, LawForm};
use triaxis_laws::forms::{Expression, ExpressionSpec, find, registry};
use triaxis_names::suggestion;

use crate::Misuse;

/// The law asked for.
pub enum Chosen {
    /// A registered form.
    Form(&'static dyn LawForm),
    /// The user's own.
    Own(Box<Expression>),
    /// Approach 1 or 2.
    Frontier(Frontier),
    /// All that the columns allow.
    All,
}

/// The definition of everything that can be asked for by name, in the order of the list.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    let frontiers = Frontier::ALL.into_iter().map(Frontier::definition);
    registry().iter().map(|form| form.definition()).chain(frontiers)
}

impl Chosen {
    /// By name, from a file, or all.
    pub fn of(name: Option<&str>, file: Option<&Path>) -> anyhow::Result<Self> {
        match (name, file) {
            (Some(name), _) => Ok(Self::named(name)?),
            (None, Some(file)) => Ok(Self::Own(Box::new(read(file)?))),
            (None, None) => Ok(Self::All),
        }
    }

    fn named(name: &str) -> Result<Self, InputError> {
        if let Some(frontier) = Frontier::named(name) {
            return Ok(Self::Frontier(frontier));
        }
        let names: Vec<&str> = definitions().map(|definition| definition.name.as_ref()).collect();
        find(name).map(Self::Form).map_err(|_| InputError::UnknownForm {
            name: name.into(),
            available: names.join(", "),
            hint: suggestion(name, names),
        })
    }

    /// Its definition, when it is one law.
    pub fn definition(&self) -> Option<&Definition> {
        match self {
            Self::Form(form) => Some(form.definition()),
            Self::Own(form) => Some(form.definition()),
            Self::Frontier(frontier) => Some(frontier.definition()),
            Self::All => None,
        }
    }

    /// The columns that it reads.
    pub fn columns(&self) -> Vec<&Column> {
        let definition = self.definition();
        let inputs = definition
            .into_iter()
            .flat_map(|definition| definition.inputs.iter());
        // What a frontier gives is in no file.
        let response = definition.filter(|_| !matches!(self, Self::Frontier(_)));
        inputs
            .chain(response.map(|definition| &definition.response))
            .collect()
    }
}

fn read(path: &Path) -> anyhow::Result<Expression> {
    let problem = |problem: String| Misuse::UserForm {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| problem(format!("cannot be read ({error}); give the path of a TOML file")))?;
    let spec: ExpressionSpec = toml::from_str(&text).map_err(|error| {
        problem(format!(
            "is not a form: {}{}",
            line(&error, &text),
            error.message()
        ))
    })?;
    if definitions().any(|definition| definition.name == spec.name) {
        return Err(problem(format!(
            "`{}` is the name of a form already; choose another",
            spec.name
        ))
        .into());
    }
    Expression::new(spec).map_err(|error| problem(error.to_string()).into())
}

/// The line of a text that an error is about, to stand before what is wrong with it.
fn line(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.map_or_else(String::new, |before| {
        format!("line {}: ", before.matches('\n').count() + 1)
    })
}
