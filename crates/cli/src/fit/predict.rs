//! What `--predict N=7B,D=4T` asks for.

use std::collections::BTreeMap;

use triaxis_laws::form::{Definition, Scale};
use triaxis_laws::forms::FLOPS_PER_PARAM_TOKEN;
use triaxis_units::Tokens;

use super::Misuse;
use super::names::canonical;

/// A run to be predicted: as given, and its inputs by canonical name.
pub struct Request {
    given: String,
    inputs: BTreeMap<String, f64>,
}

/// Reads every `--predict`.
pub fn requests(given: &[String]) -> Result<Vec<Request>, Misuse> {
    given.iter().map(|given| request(given)).collect()
}

fn request(given: &str) -> Result<Request, Misuse> {
    let wrong = |problem: String| Misuse::Prediction {
        given: given.into(),
        problem,
    };
    let mut inputs = BTreeMap::new();
    for part in given.split(',') {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| wrong(format!("`{part}` is not NAME=NUMBER")))?;
        let (name, value) = (name.trim(), value.trim());
        let number = value
            .parse::<f64>()
            .ok()
            .or_else(|| value.parse::<Tokens>().ok().map(Tokens::as_f64));
        let number = number.filter(|number| number.is_finite());
        let number =
            number.ok_or_else(|| wrong(format!("`{value}` is not a number; write 7000000000, 7e9 or 7B")))?;
        if inputs.insert(canonical(name).to_owned(), number).is_some() {
            return Err(wrong(format!("`{name}` is given twice")));
        }
    }
    // The one of N, D and C that is missing, by C = 6ND.
    let of = |name: &str| inputs.get(name).copied();
    let derived = match (of("params"), of("tokens"), of("flops")) {
        (Some(params), Some(tokens), None) => Some(("flops", FLOPS_PER_PARAM_TOKEN * params * tokens)),
        (Some(params), None, Some(flops)) => Some(("tokens", flops / (FLOPS_PER_PARAM_TOKEN * params))),
        (None, Some(tokens), Some(flops)) => Some(("params", flops / (FLOPS_PER_PARAM_TOKEN * tokens))),
        _ => None,
    };
    if let Some((input, value)) = derived {
        inputs.insert(input.into(), value);
    }
    Ok(Request {
        given: given.into(),
        inputs,
    })
}

impl Request {
    /// The inputs in the order of a law.
    pub fn inputs(&self, law: &Definition) -> Result<Vec<f64>, Misuse> {
        let wrong = |problem: String| Misuse::Prediction {
            given: self.given.clone(),
            problem,
        };
        let input = |column: &triaxis_laws::form::Column| {
            let name = column.name.as_ref();
            let value = self.inputs.get(name).copied();
            let value = value
                .ok_or_else(|| wrong(format!("form `{}` needs {name} ({})", law.name, column.meaning)))?;
            match column.scale {
                Scale::Log if value <= 0.0 => Err(wrong(format!("{name} is {value} and must be above zero"))),
                _ => Ok(value),
            }
        };
        law.inputs.iter().map(input).collect()
    }
}
