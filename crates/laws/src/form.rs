//! What a scaling-law form is: an equation with named parameters over named columns.

use std::borrow::Cow;

use serde::Serialize;

use crate::coverage::Difficulty;
use crate::numeric::vectorised;

/// The coordinate in which a column or parameter is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// As it is; any finite value.
    Linear,
    /// Its natural logarithm; only positive values.
    Log,
}

impl Scale {
    /// From the natural value to the coordinate.
    pub fn forward(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.ln(),
        }
    }

    /// From the coordinate to the natural value.
    pub fn inverse(self, coordinate: f64) -> f64 {
        match self {
            Self::Linear => coordinate,
            Self::Log => coordinate.exp(),
        }
    }

    /// The derivative of the natural value by the coordinate, at the natural value.
    pub fn derivative(self, value: f64) -> f64 {
        match self {
            Self::Linear => 1.0,
            Self::Log => value,
        }
    }
}

/// An input or the response of a form, by its canonical name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// Canonical name, as in the table of observations.
    pub name: Cow<'static, str>,
    /// Unit.
    pub unit: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// The coordinate that [`LawForm::value`] receives.
    pub scale: Scale,
    /// Whether a larger value means a larger run, for leave-largest-out.
    pub size: bool,
    /// Whether a smaller value means a larger run, which tells of sizes where nothing else does.
    pub falls: bool,
    /// Whether it is a share, which lies between 0 and 1.
    pub share: bool,
}

impl Column {
    /// A column of positive numbers that a form reads as logarithms.
    pub const fn log(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit,
            meaning,
            scale: Scale::Log,
            size: false,
            falls: false,
            share: false,
        }
    }

    /// A column of any finite numbers, read as they are.
    pub const fn linear(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit,
            meaning,
            scale: Scale::Linear,
            size: false,
            falls: false,
            share: false,
        }
    }

    /// The same column, marked as one that falls as runs grow.
    pub const fn falling(mut self) -> Self {
        self.falls = true;
        self
    }

    /// The same column, marked as a share: a response that is one is kept between 0 and 1.
    pub const fn share(mut self) -> Self {
        self.share = true;
        self
    }

    /// The same column, marked as a size of the run.
    pub const fn sized(mut self) -> Self {
        self.size = true;
        self
    }
}

/// A parameter of a form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Name, as printed in results.
    pub name: Cow<'static, str>,
    /// Unit.
    pub unit: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// The coordinate it is searched in; `Log` keeps it positive.
    pub scale: Scale,
    /// Start values in that coordinate; the start grid is the product over parameters.
    pub starts: Cow<'static, [f64]>,
    /// Range of the search for its interval, in natural units: beyond it the parameter is called unidentified.
    pub range: (f64, f64),
}

impl Parameter {
    /// A positive parameter, searched in its logarithm; `starts` are logarithms, `range` is natural.
    pub const fn positive(
        name: &'static str,
        unit: &'static str,
        meaning: &'static str,
        starts: &'static [f64],
        range: (f64, f64),
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit,
            meaning,
            scale: Scale::Log,
            starts: Cow::Borrowed(starts),
            range,
        }
    }

    /// A parameter of either sign.
    pub const fn real(
        name: &'static str,
        unit: &'static str,
        meaning: &'static str,
        starts: &'static [f64],
        range: (f64, f64),
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit,
            meaning,
            scale: Scale::Linear,
            starts: Cow::Borrowed(starts),
            range,
        }
    }
}

/// In which coordinate a residual is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Residual {
    /// Observed minus predicted.
    Linear,
    /// Logarithm of observed minus logarithm of predicted.
    Log,
}

/// Everything about a form but its arithmetic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// Unique name in kebab case.
    pub name: Cow<'static, str>,
    /// The equation, in plain text with the names of columns and parameters.
    pub equation: Cow<'static, str>,
    /// Paper and equation number.
    pub source: Cow<'static, str>,
    /// The input columns, in the order of every input vector.
    pub inputs: Cow<'static, [Column]>,
    /// The column that is predicted.
    pub response: Column,
    /// The parameters, in the order of every parameter vector.
    pub parameters: Cow<'static, [Parameter]>,
    /// The residual that the source uses.
    pub residual: Residual,
    /// Parameters in which the value is linear, for variable projection; the others get the start grid.
    pub linear: Cow<'static, [usize]>,
}

/// An equation with values in the place of some of its names: `value` gives the number and how it is written.
pub fn with_values(equation: &str, value: impl Fn(&str) -> Option<(f64, String)>) -> String {
    let (mut text, mut rest) = (String::new(), equation);
    while let Some(start) = rest.find(|sign: char| sign.is_alphabetic()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|sign: char| !sign.is_alphanumeric() && !matches!(sign, '_' | '\''));
        let (word, after) = from.split_at(end.unwrap_or(from.len()));
        text.push_str(before);
        match value(word) {
            Some((value, written)) if value < 0.0 => text.push_str(&format!("({written})")),
            Some((_, written)) => text.push_str(&written),
            None => text.push_str(word),
        }
        rest = after;
    }
    text + rest
}

/// A truth to simulate from: how a form is checked to recover its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Plausible parameters in natural units.
    pub parameters: Vec<f64>,
    /// Rows of natural inputs at which they can be recovered.
    pub rows: Vec<Vec<f64>>,
}

/// A scaling law: one file, one line in [`crate::forms::registry`].
///
/// Inputs arrive in the coordinate of their [`Column::scale`], parameters in natural units.
pub trait LawForm: Send + Sync {
    /// Name, equation, columns and parameters.
    fn definition(&self) -> &Definition;

    /// Predicted response at `parameters` (natural units) for one row of `inputs` (column coordinates);
    /// writes the derivative by each natural parameter into `gradient`. All three have at least the
    /// form's lengths.
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64;

    /// The same for blocks of rows: `inputs` has an array a column and block, `blocks` one place a block.
    ///
    /// With [`LawForm::value`] inlined and free of branches this becomes vector instructions.
    fn values(&self, parameters: &[f64], inputs: &[[f64; BLOCK]], blocks: &mut [Block]) {
        // Loops of a length known when compiled are several times as fast.
        match parameters.len() {
            ..=3 => values_of::<_, 3>(self, parameters, inputs, blocks),
            4..=6 => values_of::<_, 6>(self, parameters, inputs, blocks),
            _ => values_of::<_, MOST_PARAMETERS>(self, parameters, inputs, blocks),
        }
    }

    /// A truth to simulate from, for recovery checks.
    fn example(&self) -> Example;

    /// How hard single problems are by a law of coverage; `None` of every other law.
    fn difficulty(&self) -> Option<&dyn Difficulty> {
        None
    }

    /// The form's name.
    fn name(&self) -> &str {
        &self.definition().name
    }
    /// The input columns.
    fn inputs(&self) -> &[Column] {
        &self.definition().inputs
    }
    /// The column that is predicted.
    fn response(&self) -> &Column {
        &self.definition().response
    }
    /// The parameters.
    fn parameters(&self) -> &[Parameter] {
        &self.definition().parameters
    }
}

/// The largest number of parameters of any form.
pub const MOST_PARAMETERS: usize = 20;

/// The largest number of inputs of a form whose rows are computed together.
const MOST_INPUTS: usize = 4;

/// Rows that are computed together.
pub const BLOCK: usize = 16;

/// Predicted responses of a block of rows, and their derivatives by each natural parameter.
#[derive(Debug, Clone)]
pub struct Block {
    /// The responses.
    pub values: [f64; BLOCK],
    /// The derivatives, a parameter an array.
    pub slopes: [[f64; BLOCK]; MOST_PARAMETERS],
}

impl Block {
    /// Zeros, to be written over.
    pub const EMPTY: Self = Self {
        values: [0.0; BLOCK],
        slopes: [[0.0; BLOCK]; MOST_PARAMETERS],
    };
}

fn values_of<F: LawForm + ?Sized, const SIZE: usize>(
    form: &F,
    parameters: &[f64],
    inputs: &[[f64; BLOCK]],
    blocks: &mut [Block],
) {
    let width = form.inputs().len();
    let mut natural = [0.0; SIZE];
    natural[..parameters.len()].copy_from_slice(parameters);
    vectorised(
        #[inline(always)]
        || {
            for (columns, block) in inputs.chunks_exact(width).zip(blocks) {
                let columns: [&[f64; BLOCK]; MOST_INPUTS] =
                    std::array::from_fn(|at| &columns[at.min(width - 1)]);
                let mut slopes = [[0.0; BLOCK]; SIZE];
                for row in 0..BLOCK {
                    let mut gradient = [0.0; SIZE];
                    let inputs: [f64; MOST_INPUTS] = std::array::from_fn(|at| columns[at][row]);
                    block.values[row] = form.value(&natural, &inputs, &mut gradient);
                    for (slopes, slope) in slopes.iter_mut().zip(gradient) {
                        slopes[row] = slope;
                    }
                }
                block.slopes[..SIZE].copy_from_slice(&slopes);
            }
        },
    );
}
