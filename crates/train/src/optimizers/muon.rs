use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use triaxis_kernels::{MuonParameter, MuonUpdate, Update, muon_step};
use triaxis_model::weights::WeightSpec;

use super::AdamW;
use crate::config::rule;
use crate::error::TrainError;
use crate::optimizer::{Due, Remembered, Rule};

/// Muon for matrices within the network, AdamW for the rest: see `ABOUT`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Muon {
    /// Decay of the mean of the gradients of matrices.
    pub momentum: f64,
}

impl Default for Muon {
    fn default() -> Self {
        Self { momentum: 0.95 }
    }
}

impl Muon {
    /// What it does, and its papers.
    pub const ABOUT: &str = "Muon for the matrices within the network (Jordan et al. 2024): each moves by the \
        orthogonal matrix that five steps of Newton and Schulz's iteration make of its Nesterov momentum, times \
        0.2 sqrt(max(rows, columns)), so that rates and decays of AdamW serve (Liu et al. 2025, arXiv 2502.16982, equation \
        4). Queries, keys and values, gates and experts that lie in one weight are matrices by themselves; embeddings, \
        head, vectors and filters follow AdamW.";
}

/// What the momentum is saved by.
const MOMENTUM: &str = "momentum";

/// What moves the weights that have no hidden matrices.
const REST: AdamW = AdamW {};

impl Rule for Muon {
    fn numerics(&self) -> u32 {
        1
    }

    fn validate(&self) -> Result<(), TrainError> {
        rule(
            (0.0..1.0).contains(&self.momentum),
            "momentum",
            self.momentum,
            || ("must be from 0 to below 1".into(), "the usual is 0.95".into()),
        )
    }

    fn remembers(&self, line: &WeightSpec) -> &'static [&'static str] {
        match line.hidden {
            Some(_) => &[MOMENTUM],
            None => REST.remembers(line),
        }
    }

    fn update(&self, due: Vec<Due<'_>>, update: &Update) -> Vec<(Tensor<1>, Remembered)> {
        let order: Vec<bool> = due.iter().map(|due| due.line.hidden.is_some()).collect();
        let (mut hidden, mut rest) = (Vec::new(), Vec::new());
        for mut due in due {
            match &due.line.hidden {
                Some(matrices) => hidden.push(MuonParameter {
                    matrices: matrices.clone(),
                    momentum: due.take(MOMENTUM),
                    value: due.value,
                    gradient: due.gradient,
                    weight_decay: due.weight_decay,
                }),
                None => rest.push(due),
            }
        }
        let of_matrices = MuonUpdate {
            learning_rate: update.learning_rate,
            momentum: self.momentum,
            gradient_scale: update.gradient_scale,
        };
        let hidden = muon_step(hidden, &of_matrices).into_iter();
        let mut hidden = hidden.map(|(value, momentum)| (value, [(MOMENTUM, momentum)].into()));
        let mut rest = REST.update(rest, update).into_iter();
        let next = |is_hidden| if is_hidden { hidden.next() } else { rest.next() };
        order.into_iter().filter_map(next).collect()
    }
}
