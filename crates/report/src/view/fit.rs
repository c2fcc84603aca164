use serde::{Deserialize, Serialize};

use super::{Estimate, IsoFlop};

/// Everything the page of one fit shows, as plain numbers and words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitView {
    /// Name of the file that was fitted.
    pub title: String,
    /// Version of the program.
    pub version: String,
    /// Name of the form.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// The equation with the fitted numbers.
    pub law: String,
    /// Paper and equation number.
    pub source: String,
    /// What was fitted and how: terms and words.
    pub facts: Vec<(String, String)>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// What the data refused to answer.
    pub refusals: Vec<String>,
    /// Which form to trust and why, when forms were compared.
    pub trust: Option<String>,
    /// The forms compared, the best first.
    pub compared: Vec<FitCompared>,
    /// What was not compared and why, in words; empty when nothing was.
    pub left_out: String,
    /// The parameters, in the order of the equation.
    pub parameters: Vec<FitParameter>,
    /// The runs predicted.
    pub predictions: Vec<FitPrediction>,
    /// Name and unit of the input along the curve.
    pub along: String,
    /// Name and unit of what is predicted.
    pub response: String,
    /// What the size of a run is.
    pub size: String,
    /// The runs, or an even choice of them when they are many.
    pub points: Vec<FitPoint>,
    /// The law along one input, the others held.
    pub curves: Vec<FitCurve>,
    /// Every budget with its curve, of approach 2; empty of anything else.
    pub isoflops: Vec<IsoFlop>,
    /// Whether loss still falls with compute as it did, in words, where it was asked.
    pub flattening: Option<String>,
    /// The check on runs held out, or why there is none.
    pub check: Option<FitCheck>,
}

/// A form of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitCompared {
    /// Its name.
    pub form: String,
    /// Its number of parameters.
    pub parameters: usize,
    /// Mean absolute relative error on the runs held out.
    pub held_out_error: Option<f64>,
    /// Its share in what the forms predict together.
    pub share: Option<f64>,
    /// The same of predicting a mean.
    pub baseline: Option<f64>,
    /// Share of the variance explained.
    pub r_squared: Option<f64>,
    /// Parameters the data do not identify.
    pub unidentified: Vec<String>,
    /// Why there is none.
    pub refused: Option<String>,
}

/// A parameter and its intervals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitParameter {
    /// Its name.
    pub name: String,
    /// Its unit and meaning.
    pub meaning: String,
    /// Its value and the interval to be used.
    pub estimate: Estimate,
    /// Whether the data bound it on both sides.
    pub identified: bool,
    /// The side on which they leave it open, `below` or `above`; empty when neither or both.
    pub open: String,
    /// The interval by each method: its name, low end, high end.
    pub methods: Vec<(String, f64, f64)>,
}

/// A run that was predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitPrediction {
    /// Its inputs, in words.
    pub inputs: String,
    /// Where it stands along the curve.
    pub at: f64,
    /// The response of one new run.
    pub estimate: Estimate,
    /// How far it lies beyond the runs fitted, in words.
    pub reach: String,
}

/// A run that was fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitPoint {
    /// Where it stands in the file.
    pub place: String,
    /// Its inputs, in words.
    pub inputs: String,
    /// The input along the curve.
    pub at: f64,
    /// Its size.
    pub size: f64,
    /// What was observed.
    pub observed: f64,
    /// What the law says.
    pub predicted: f64,
    /// The curve it is nearest to.
    pub curve: usize,
    /// What a fit without the runs held out says of it, if it is one of them.
    pub held_out: Option<f64>,
}

/// The law along one input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitCurve {
    /// The inputs that are held, in words; empty when there is no other.
    pub held: String,
    /// Points of the curve: the input, and the law there with its interval.
    pub points: Vec<(f64, Estimate)>,
}

/// How runs held out were predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitCheck {
    /// What was done, in words.
    pub words: String,
    /// Mean absolute relative error.
    pub error: f64,
    /// The same of predicting a mean.
    pub baseline: f64,
}
