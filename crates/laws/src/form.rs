//! What a scaling-law form is: an equation with named parameters over named columns.

use serde::Serialize;

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
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Column {
    /// Canonical name, as in the table of observations.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// The coordinate that [`LawForm::value`] receives.
    pub scale: Scale,
    /// Whether a larger value means a larger run, for leave-largest-out.
    pub size: bool,
}

/// A parameter of a form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parameter {
    /// Name, as printed in results.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// The coordinate it is searched in; `Log` keeps it positive.
    pub scale: Scale,
    /// Start values in that coordinate; the start grid is the product over parameters.
    pub starts: &'static [f64],
    /// Range of the search for its interval, in natural units: beyond it the parameter is called unidentified.
    pub range: (f64, f64),
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

/// A scaling law: one file, one line in [`crate::forms::registry`].
///
/// Inputs arrive in the coordinate of their [`Column::scale`], parameters in natural units.
pub trait LawForm: Send + Sync {
    /// Unique name in kebab case.
    fn name(&self) -> &str;
    /// The equation, in plain text with the parameters' names.
    fn equation(&self) -> &str;
    /// Paper and equation number.
    fn source(&self) -> &str;
    /// The input columns.
    fn inputs(&self) -> &[Column];
    /// The column that is predicted.
    fn response(&self) -> Column;
    /// The parameters, in the order of every parameter vector.
    fn parameters(&self) -> &[Parameter];
    /// The residual that the source uses.
    fn residual(&self) -> Residual;
    /// Predicted response at `parameters` (natural units) for one row of `inputs` (column coordinates);
    /// writes the derivative by each natural parameter into `gradient`.
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64;

    /// Parameters in which the value is linear, for variable projection; the others get the start grid.
    fn linear(&self) -> &[usize] {
        &[]
    }

    /// A truth to simulate from, for recovery checks: plausible parameter values in natural units.
    fn example(&self) -> Vec<f64>;

    /// Rows of natural inputs, one after another, at which [`Self::example`] can be recovered.
    fn example_design(&self) -> Vec<Vec<f64>>;
}

/// The largest number of parameters of any form.
pub const MOST_PARAMETERS: usize = 16;
