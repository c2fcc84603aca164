//! Where an engine's weights come from.

use std::collections::BTreeMap;

use triaxis_blocks::{Format, Rows};
use triaxis_model::weights::{Group, Weight, WeightSpec};
use triaxis_model::{Published, Stack};

use crate::error::InferError;

/// A model's weights, as they are stored. Several threads read them at once.
pub trait WeightSource: Sync {
    /// The network that they are of.
    fn stack(&self) -> &Stack;

    /// A weight of the network's table as rows, one after the other, in one piece or several. Of a matrix that multiplies
    /// a row is an output; tables are as they are; anything of one dimension is one row.
    ///
    /// # Errors
    /// When it cannot be read.
    fn rows(&self, weight: &str) -> Result<Vec<Rows>, InferError>;
}

impl WeightSource for Published {
    fn stack(&self) -> &Stack {
        self.stack()
    }

    fn rows(&self, weight: &str) -> Result<Vec<Rows>, InferError> {
        self.rows(weight)
            .map_err(|error| InferError::new(error.kind(), error.to_string()))
    }
}

/// Weights in single precision, as a training leaves them.
#[derive(Debug)]
pub struct Weights {
    stack: Stack,
    lines: BTreeMap<String, WeightSpec>,
    weights: BTreeMap<String, Weight>,
}

impl Weights {
    /// The weights of a network.
    ///
    /// # Errors
    /// When they are not those of its table.
    pub fn new(stack: Stack, weights: BTreeMap<String, Weight>) -> Result<Self, InferError> {
        let lines = stack.weights().into_iter();
        let lines: BTreeMap<_, _> = lines.map(|line| (line.name.clone(), line)).collect();
        for (name, line) in &lines {
            let found = weights
                .get(name)
                .map(|weight| (&weight.shape, weight.values.len()));
            if found != Some((&line.shape, line.size())) {
                return Err(InferError::input(format!(
                    "the weight `{name}` must have shape {:?}, and has {:?}; give the weights of this model",
                    line.shape,
                    found.map(|(shape, _)| shape)
                )));
            }
        }
        Ok(Self {
            stack,
            lines,
            weights,
        })
    }
}

impl WeightSource for Weights {
    fn stack(&self) -> &Stack {
        &self.stack
    }

    fn rows(&self, weight: &str) -> Result<Vec<Rows>, InferError> {
        let missing = || {
            InferError::input(format!(
                "there is no weight `{weight}`; give the weights of this model"
            ))
        };
        let (line, found) = self
            .lines
            .get(weight)
            .zip(self.weights.get(weight))
            .ok_or_else(missing)?;
        let (rows, columns, values) = match (&line.shape[..], line.group) {
            (&[inputs, outputs], Group::Matrix) => (outputs, inputs, turned(&found.values, inputs, outputs)),
            (&[rows, columns], _) => (rows, columns, found.values.clone()),
            (shape, _) => (1, shape.iter().product(), found.values.clone()),
        };
        Ok(vec![Rows {
            format: Format::F32,
            rows,
            columns,
            bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }])
    }
}

/// `[inputs, outputs]` by output.
fn turned(values: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let column = |output: usize| (0..inputs).map(move |input| values[input * outputs + output]);
    (0..outputs).flat_map(column).collect()
}
