//! What `--predict N=7B,D=4T` asks for.

use std::collections::BTreeMap;

use triaxis_laws::form::{Definition, Scale};
use triaxis_laws::forms::TOKENS_PER_PARAM;
use triaxis_laws::{FitError, InputError, Reach};
use triaxis_names::suggestion;
use triaxis_units::Written;

use crate::Misuse;
use crate::compute::Operations;
use crate::data::Data;
use crate::equation::number;
use crate::form::definitions;
use crate::names::{LETTERS, canonical};
use crate::plausible::APART;

/// A run to be predicted: as given, and its inputs by canonical name.
pub struct Request {
    given: String,
    inputs: BTreeMap<String, f64>,
    /// Those of them that follow from others.
    derived: Vec<&'static str>,
    /// Whether it is asked of a law of one's own, which may count as it likes.
    of_own: bool,
}

/// Reads every `--predict`. One law reads the inputs `own` of it; without a law any known input may be meant.
pub fn requests(given: &[String], own: Option<&Definition>) -> Result<Vec<Request>, Misuse> {
    let known = known(own);
    given.iter().map(|given| request(given, own, &known)).collect()
}

/// The inputs that a prediction may name: those of the law, and N, D and C, which follow from each other.
fn known(own: Option<&Definition>) -> Vec<String> {
    let inputs = |definition: &Definition| -> Vec<String> {
        let columns = definition.inputs.iter();
        columns.map(|column| column.name.to_string()).collect()
    };
    let mut names = match own {
        Some(own) => inputs(own),
        None => definitions().flat_map(inputs).collect(),
    };
    names.extend(["params", "tokens", "flops"].map(String::from));
    names.sort();
    names.dedup();
    names
}

fn request(given: &str, own: Option<&Definition>, known: &[String]) -> Result<Request, Misuse> {
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
        let number = Written::read(value).map(Written::value);
        // What a number cannot hold is beyond all runs, too.
        let number = number
            .or_else(|| value.parse::<f64>().ok())
            .filter(|number| !number.is_nan());
        let number =
            number.ok_or_else(|| wrong(format!("`{value}` is not a number; write 7000000000, 7e9 or 7B")))?;
        if number.abs() > 1e100 {
            return Err(wrong(format!("`{value}` is beyond 1e100, and no run is")));
        }
        if !known.iter().any(|known| known == canonical(name)) {
            let names = known.iter().map(String::as_str);
            let letters = LETTERS.iter().map(|(letter, _)| *letter);
            return Err(wrong(format!(
                "`{name}` is no input of {}: name {}{}",
                own.map_or("any form".into(), |own| format!("form `{}`", own.name)),
                known.join(", "),
                suggestion(name, names.chain(letters))
            )));
        }
        if inputs.insert(canonical(name).to_owned(), number).is_some() {
            return Err(wrong(format!("`{name}` is given twice")));
        }
    }
    Ok(Request {
        given: given.into(),
        inputs,
        derived: Vec::new(),
        of_own: own.is_some_and(|own| definitions().all(|known| known.name != own.name)),
    })
}

/// What is wrong with a size and a length that no run has: mostly a suffix that was left out.
fn impossible(params: Option<f64>, tokens: Option<f64>) -> Option<String> {
    let below_one = [("params", params), ("tokens", tokens)]
        .into_iter()
        .find(|(_, value)| value.is_some_and(|value| value > 0.0 && value < 1.0));
    if let Some((name, Some(value))) = below_one {
        return Some(format!(
            "{name} is {}, less than one; write its unit",
            number(value)
        ));
    }
    let ratio = tokens? / params?;
    (ratio > 0.0 && ratio < *TOKENS_PER_PARAM.start()).then(|| {
        format!(
            "{} tokens are fewer than a ten-thousandth of {} parameters; write their unit",
            number(tokens.unwrap_or_default()),
            number(params.unwrap_or_default())
        )
    })
}

impl Request {
    /// Adds the one of N, D and C that follows from the other two.
    ///
    /// # Errors
    /// [`Misuse::Prediction`] where all three are given and contradict each other, and for sizes that no run has.
    pub fn complete(&mut self, operations: Operations) -> Result<(), Misuse> {
        let per = operations.per_param_token;
        let three = [self.input("params"), self.input("tokens"), self.input("flops")];
        let derived = match three {
            [Some(params), Some(tokens), Some(flops)] => {
                let times = flops / (per * params * tokens);
                if !(APART.recip()..=APART).contains(&times) {
                    return Err(self.wrong(format!(
                        "the compute is {times:.1e} times {operations}, and must be within {APART} times of it; leave \
                         one of N, D and C out"
                    )));
                }
                None
            }
            [Some(params), Some(tokens), None] => Some(("flops", per * params * tokens)),
            [Some(params), None, Some(flops)] => Some(("tokens", flops / (per * params))),
            [None, Some(tokens), Some(flops)] => Some(("params", flops / (per * tokens))),
            _ => None,
        };
        if let Some((input, value)) = derived {
            self.inputs.insert(input.into(), value);
        }
        // Two of the three say all: a law of N and D knows a compute that is given with one of them.
        if three.iter().flatten().count() >= 2 {
            self.derived.push("flops");
        }
        match impossible(self.input("params"), self.input("tokens")) {
            Some(problem) if !self.of_own => Err(self.wrong(problem)),
            _ => Ok(()),
        }
    }

    fn input(&self, name: &str) -> Option<f64> {
        self.inputs.get(name).copied()
    }

    fn wrong(&self, problem: String) -> Misuse {
        Misuse::Prediction {
            given: self.given.clone(),
            problem,
        }
    }

    /// The inputs that a law must know to answer, and those that follow from them.
    pub(crate) fn known(&self) -> (Vec<&str>, Vec<&str>) {
        let given = self.inputs.keys().map(String::as_str);
        let given = given.filter(|input| !self.derived.contains(input));
        (given.collect(), self.derived.clone())
    }

    /// The inputs given that a law of `reads` leaves out, where a compute is split by it or not.
    pub(crate) fn unread(&self, reads: impl Fn(&str) -> bool) -> Vec<String> {
        let (given, _) = self.known();
        let unread = given.into_iter().filter(|input| !reads(input));
        unread.map(str::to_owned).collect()
    }

    /// How far its size, its length and their ratio lie from those of the rows, whether a law reads them or not.
    pub(crate) fn reach(&self, data: &Data) -> Vec<(&'static str, Reach)> {
        let [params, tokens] = ["params", "tokens"].map(|name| (self.input(name), data.numbers(name)));
        let ratios: Vec<f64> = tokens
            .1
            .iter()
            .zip(params.1)
            .map(|(tokens, params)| tokens / params)
            .collect();
        let ratio = tokens.0.zip(params.0).map(|(tokens, params)| tokens / params);
        let all = [
            ("params", params.0, params.1),
            ("tokens", tokens.0, tokens.1),
            ("tokens/params", ratio, &ratios),
        ];
        let of = |values: &[f64]| {
            let ends = (f64::INFINITY, f64::NEG_INFINITY);
            values
                .iter()
                .fold(ends, |(low, high), value| (low.min(*value), high.max(*value)))
        };
        let known = all.into_iter().filter(|(_, _, values)| !values.is_empty());
        known
            .filter_map(|(name, value, values)| Some((name, Reach::of(value?, of(values)))))
            .collect()
    }

    /// What a law says of it that cannot be, as of this request: it stands in no row.
    pub(crate) fn told(&self, error: impl Into<FitError>) -> anyhow::Error {
        let error = error.into();
        let FitError::Input(input) = &error else {
            return error.into();
        };
        let (column, value, rule) = match input {
            InputError::NotFinite { column, value, .. } => (column, value, "finite"),
            InputError::NotPositive { column, value, .. } => (column, value, "above zero"),
            InputError::OutOfRange {
                column, value, rule, ..
            } => (column, value, *rule),
            _ => return error.into(),
        };
        self.wrong(format!("{column} is {} and must be {rule}", number(*value)))
            .into()
    }

    /// That no law was found for it.
    pub(crate) fn unanswered(&self) -> Misuse {
        self.wrong("no form that was fitted predicts from these inputs".into())
    }

    /// The compute, and the inputs beside it, when neither parameters nor tokens are given.
    pub fn compute(&self) -> Option<(f64, BTreeMap<String, f64>)> {
        let mut others = self.inputs.clone();
        let flops = others.remove("flops")?;
        let is_alone = !others.contains_key("params") && !others.contains_key("tokens");
        is_alone.then_some((flops, others))
    }

    /// The inputs in the order of a law.
    pub fn inputs(&self, law: &Definition) -> Result<Vec<f64>, Misuse> {
        let input = |column: &triaxis_laws::form::Column| {
            let name = column.name.as_ref();
            let value = self.input(name).ok_or_else(|| {
                self.wrong(format!("form `{}` needs {name} ({})", law.name, column.meaning))
            })?;
            match column.scale {
                Scale::Log if value <= 0.0 => {
                    Err(self.wrong(format!("{name} is {value} and must be above zero")))
                }
                _ => Ok(value),
            }
        };
        law.inputs.iter().map(input).collect()
    }
}
