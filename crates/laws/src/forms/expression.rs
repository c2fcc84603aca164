//! A user's own form: an equation over columns and parameters, with exact gradients.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::expression_parser::{Node, parse};
use crate::error::InputError;
use crate::form::{
    BLOCK, Block, Column, Definition, Example, LawForm, MOST_PARAMETERS, Parameter, Residual, Scale,
};

/// Most starts of a search: a grid of more takes minutes.
const MOST_STARTS: f64 = 100_000.0;

/// A parameter of a user's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpressionParameter {
    /// Name in the equation.
    pub name: String,
    /// Start values, in natural units.
    pub starts: Vec<f64>,
    /// Whether it is kept above zero. Default false.
    #[serde(default)]
    pub positive: bool,
}

/// A user's form as it stands in a TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpressionSpec {
    /// Name of the form.
    pub name: String,
    /// The predicted column.
    pub response: String,
    /// The right side: `+ - * / ^`, parentheses, `exp ln log10 sqrt`, columns and parameters.
    pub equation: String,
    /// The parameters; every other name is a column.
    pub parameters: Vec<ExpressionParameter>,
    /// The residual; default the logarithm, for responses above zero.
    #[serde(default = "log_residual")]
    pub residual: Residual,
}

fn log_residual() -> Residual {
    Residual::Log
}

/// A user's form, ready to be fitted.
///
/// ```
/// use triaxis_laws::forms::{Expression, ExpressionParameter, ExpressionSpec};
/// use triaxis_laws::form::{LawForm, Residual};
/// let parameter = |name: &str, start| ExpressionParameter { name: name.into(), starts: vec![start], positive: true };
/// let form = Expression::new(ExpressionSpec {
///     name: "mine".into(),
///     response: "loss".into(),
///     equation: "E + A / params^0.5".into(),
///     parameters: vec![parameter("E", 1.0), parameter("A", 10.0)],
///     residual: Residual::Log,
/// }).unwrap();
/// let mut gradient = [0.0; 2];
/// assert_eq!(form.value(&[1.5, 20.0], &[100.0], &mut gradient), 3.5);
/// assert_eq!(gradient, [1.0, 0.1]);
/// ```
#[derive(Debug, Clone)]
pub struct Expression {
    spec: ExpressionSpec,
    definition: Definition,
    root: Node,
}

impl Expression {
    /// Reads a form.
    ///
    /// # Errors
    /// [`InputError::Expression`] when the equation does not parse, a parameter is not in it, listed
    /// twice or without a finite start (above zero when positive), there are more than 20, or their starts
    /// have more than 100,000 combinations.
    pub fn new(spec: ExpressionSpec) -> Result<Self, InputError> {
        let given = spec.clone();
        let wrong = |problem: String| InputError::Expression {
            expression: spec.equation.clone(),
            problem,
        };
        if spec.parameters.is_empty() || spec.parameters.len() > MOST_PARAMETERS {
            return Err(wrong(format!(
                "{} parameters; there must be 1 to {MOST_PARAMETERS}",
                spec.parameters.len()
            )));
        }
        let names: Vec<&str> = spec
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        let (root, columns) = parse(&spec.equation, &names)
            .map_err(|(position, problem)| wrong(format!("{problem}, at character {position}")))?;
        for (index, parameter) in spec.parameters.iter().enumerate() {
            let usable = |start: &f64| start.is_finite() && (!parameter.positive || *start > 0.0);
            if parameter.starts.is_empty() || !parameter.starts.iter().all(usable) {
                let rule = if parameter.positive {
                    "finite starts above zero"
                } else {
                    "finite starts"
                };
                return Err(wrong(format!("parameter `{}` needs {rule}", parameter.name)));
            }
            if names[..index].contains(&names[index]) {
                return Err(wrong(format!(
                    "parameter `{}` is listed twice; list it once",
                    parameter.name
                )));
            }
            if !root.mentions(index) {
                return Err(wrong(format!("parameter `{}` is not in it", parameter.name)));
            }
        }
        let starts = spec
            .parameters
            .iter()
            .map(|parameter| parameter.starts.len() as f64);
        let starts: f64 = starts.product();
        if starts > MOST_STARTS {
            return Err(wrong(format!(
                "its parameters have {starts} combinations of starts; there must be {MOST_STARTS} at most, so give fewer"
            )));
        }
        let column = |name: String, scale: Scale, size: bool| Column {
            name: Cow::Owned(name),
            unit: "as given",
            meaning: "the user's",
            scale,
            size,
            falls: false,
            share: false,
        };
        let equation = format!("{} = {}", spec.response, spec.equation);
        let sized = |name: &str| matches!(name, "params" | "tokens" | "flops");
        let definition = Definition {
            name: Cow::Owned(spec.name),
            source: Cow::Borrowed("the user's"),
            inputs: columns
                .into_iter()
                .map(|name| {
                    let size = sized(&name);
                    column(name, Scale::Linear, size)
                })
                .collect(),
            response: column(spec.response, Scale::Log, false),
            parameters: spec.parameters.into_iter().map(searched).collect(),
            equation: Cow::Owned(equation),
            residual: spec.residual,
            linear: Cow::Borrowed(&[]),
        };
        Ok(Self {
            spec: given,
            definition,
            root,
        })
    }

    /// What it was made of.
    pub fn spec(&self) -> &ExpressionSpec {
        &self.spec
    }
}

fn searched(parameter: ExpressionParameter) -> Parameter {
    let scale = if parameter.positive {
        Scale::Log
    } else {
        Scale::Linear
    };
    let widest = parameter
        .starts
        .iter()
        .fold(1.0_f64, |widest, start| widest.max(start.abs()));
    Parameter {
        name: Cow::Owned(parameter.name),
        unit: "as given",
        meaning: "the user's",
        scale,
        starts: parameter
            .starts
            .iter()
            .map(|start| scale.forward(*start))
            .collect(),
        range: if parameter.positive {
            (1e-12 * widest, 1e12 * widest)
        } else {
            (-1e6 * widest, 1e6 * widest)
        },
    }
}

impl LawForm for Expression {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let dual = self.root.evaluate(parameters, inputs);
        for (slope, found) in gradient.iter_mut().zip(dual.slopes) {
            *slope = found;
        }
        dual.value
    }

    fn values(&self, parameters: &[f64], inputs: &[[f64; BLOCK]], blocks: &mut [Block]) {
        // A tree of any number of columns: nothing to be inlined.
        let mut row = vec![0.0; self.inputs().len()];
        for (columns, block) in inputs.chunks_exact(row.len()).zip(blocks) {
            for at in 0..BLOCK {
                for (input, column) in row.iter_mut().zip(columns) {
                    *input = column[at];
                }
                let dual = self.root.evaluate(parameters, &row);
                block.values[at] = dual.value;
                for (slopes, slope) in block.slopes.iter_mut().zip(dual.slopes) {
                    slopes[at] = slope;
                }
            }
        }
    }

    fn example(&self) -> Example {
        let natural = |parameter: &Parameter| parameter.scale.inverse(parameter.starts[0]);
        Example {
            parameters: self.definition.parameters.iter().map(natural).collect(),
            rows: Vec::new(),
        }
    }
}
