use serde::{Deserialize, Serialize};
use triaxis_units::{Estimate, Finding, Flops, Nats, Params};

/// The trials of one budget and the parabola through them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsoFlop {
    /// The budget.
    pub budget: Flops,
    /// What was measured.
    pub points: Vec<IsoFlopPoint>,
    /// The fitted curve, sampled; empty when there is none.
    pub curve: Vec<CurvePoint>,
    /// Its minimum.
    pub minimum: Finding<IsoFlopMinimum>,
}

impl IsoFlop {
    /// That of a budget in FLOPs: its points, the curve as (parameters, loss), and where it is least as (N*, D*, loss), or
    /// why nowhere.
    pub fn of(
        budget: f64,
        points: Vec<IsoFlopPoint>,
        curve: impl IntoIterator<Item = (f64, f64)>,
        minimum: Result<[f64; 3], String>,
    ) -> Self {
        let curve = curve.into_iter();
        Self {
            budget: Flops(budget),
            points,
            curve: curve.map(|(params, loss)| CurvePoint { params, loss }).collect(),
            minimum: Finding::of(minimum.map(|least| {
                let [params, tokens, loss] = least.map(Estimate::point);
                IsoFlopMinimum { params, tokens, loss }
            })),
        }
    }
}

/// One measured point of an IsoFLOP curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsoFlopPoint {
    /// The trial it comes from.
    pub trial: String,
    /// N of the fit.
    pub params: Params,
    /// Validation loss in nats a token.
    pub loss: Nats,
}

/// One sample of a fitted curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Parameters.
    pub params: f64,
    /// Loss in nats a token.
    pub loss: f64,
}

/// The bottom of an IsoFLOP curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IsoFlopMinimum {
    /// N*, in parameters.
    pub params: Estimate,
    /// D*, in tokens.
    pub tokens: Estimate,
    /// The loss there, in nats a token.
    pub loss: Estimate,
}

/// What one of the three approaches found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approach {
    /// 1, 2 or 3.
    pub number: u8,
    /// What it does, in a few words.
    pub name: String,
    /// a in N* ~ C^a.
    pub params_exponent: Finding,
    /// b in D* ~ C^b.
    pub tokens_exponent: Finding,
    /// The budget at which the three are compared.
    pub reference: Flops,
    /// N* there.
    pub params: Finding,
    /// D* there.
    pub tokens: Finding,
    /// Fitted constants (E, A, B, alpha, beta for approach 3).
    pub parameters: Vec<Parameter>,
    /// Mean relative error on trials kept out of the fit, as a fraction.
    pub hold_out_error: Finding<f64>,
    /// What the reader should know about this fit.
    pub warnings: Vec<String>,
    /// The optimum along compute, sampled for the charts; empty when refused.
    pub frontier: Vec<FrontierPoint>,
    /// One entry a trial, for a fit that predicts losses.
    pub residuals: Vec<Residual>,
}

/// One fitted constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its usual name.
    pub name: String,
    /// Its value.
    pub value: Finding,
    /// Whether the data pins it down.
    pub identified: bool,
}

/// The optimum at one budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrontierPoint {
    /// The budget.
    pub compute: Flops,
    /// N*.
    pub params: Estimate,
    /// D*.
    pub tokens: Estimate,
    /// The loss there in nats a token, if this approach predicts one.
    pub loss: Option<Estimate>,
}

/// How far a fit is from one measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Residual {
    /// The trial.
    pub trial: String,
    /// Its training compute.
    pub flops: Flops,
    /// Its parameters, as the fit counts them.
    pub params: Params,
    /// The fit's loss.
    pub predicted: Nats,
    /// The measured loss.
    pub measured: Nats,
    /// `measured / predicted - 1`.
    pub relative_error: f64,
    /// Whether the fit did not see this trial.
    pub held_out: bool,
}

/// Which multiple of the learning rate is best at each size and length of a ladder that tries several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The factors tried, ascending.
    pub factors: Vec<f64>,
    /// How often each of them is best.
    pub best: Vec<usize>,
}

impl Sweep {
    /// Points of the ladder.
    pub fn points(&self) -> usize {
        self.best.iter().sum()
    }

    /// How often the smallest and the largest factor are best.
    pub fn at_edges(&self) -> [usize; 2] {
        [self.best.first(), self.best.last()].map(|count| count.copied().unwrap_or(0))
    }

    /// How often another factor than 1 is best.
    pub fn not_one(&self) -> usize {
        let both = self.factors.iter().zip(&self.best);
        both.filter(|(factor, _)| **factor != 1.0)
            .map(|(_, count)| count)
            .sum()
    }
}
