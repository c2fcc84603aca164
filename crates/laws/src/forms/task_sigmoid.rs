//! Bhagia et al. 2024 (the OLMo ladder): a task's score from its loss, the second of two steps.

use std::borrow::Cow;

use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `score = floor + span / (1 + exp(steepness (L - midpoint)))`.
#[derive(Debug, Clone, Copy)]
pub struct TaskSigmoid;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("task-sigmoid"),
    equation: Cow::Borrowed("score = floor + span / (1 + exp(steepness (task_loss - midpoint)))"),
    source: Cow::Borrowed(
        "Bhagia et al. 2024, Establishing Task Scaling Laws via Compute-Efficient Model Ladders, equation 3",
    ),
    inputs: Cow::Borrowed(&[
        Column::linear("task_loss", "bits/byte", "loss on the task's correct answers").falling(),
    ]),
    response: Column::linear("score", "1", "accuracy of the task, 0 to 1").share(),
    parameters: Cow::Borrowed(&[
        Parameter::real("floor", "1", "score of guessing", &[0.25], (-0.5, 1.0)),
        Parameter::positive("span", "1", "ceiling above the floor", &[-0.3], (1e-2, 2.0)),
        Parameter::positive(
            "midpoint",
            "task loss",
            "loss halfway up",
            &[-0.7, -0.2, 0.2, 0.7],
            (1e-2, 1e2),
        ),
        Parameter::positive(
            "steepness",
            "1/task loss",
            "how sharp the rise is",
            &[0.5, 1.5, 2.5],
            (1e-2, 1e3),
        ),
    ]),
    residual: Residual::Linear,
    linear: Cow::Borrowed(&[0, 1]),
};

impl LawForm for TaskSigmoid {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (span, distance) = (parameters[1], inputs[0] - parameters[2]);
        let share = (1.0 + exp(parameters[3] * distance)).recip();
        let slope = span * share * (1.0 - share);
        gradient[0] = 1.0;
        gradient[1] = share;
        gradient[2] = slope * parameters[3];
        gradient[3] = -slope * distance;
        parameters[0] + span * share
    }

    fn example(&self) -> Example {
        let rows = (0..30).map(|step| vec![0.4 + 0.05 * f64::from(step)]).collect();
        Example {
            parameters: vec![0.25, 0.65, 1.0, 6.0],
            rows,
        }
    }
}
