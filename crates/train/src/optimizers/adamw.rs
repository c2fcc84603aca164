use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use triaxis_kernels::{Moments, Parameter, Update, adamw_step};
use triaxis_model::weights::WeightSpec;

use crate::optimizer::{Due, Remembered, Rule};

/// AdamW for every weight: see `ABOUT`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamW {}

impl AdamW {
    /// What it does, and its paper.
    pub const ABOUT: &str = "AdamW for every weight (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2, \
        with the rate also multiplying the decay): each number moves by the mean of its gradients over the root of the \
        mean of their squares.";
}

/// What the two moments are saved by.
const FIRST: &str = "first";
const SECOND: &str = "second";

impl Rule for AdamW {
    fn numerics(&self) -> u32 {
        1
    }

    fn remembers(&self, _: &WeightSpec) -> &'static [&'static str] {
        &[FIRST, SECOND]
    }

    fn update(&self, due: Vec<Due<'_>>, update: &Update) -> Vec<(Tensor<1>, Remembered)> {
        let parameters = due.into_iter().map(|mut due| Parameter {
            moments: Moments {
                first: due.take(FIRST),
                second: due.take(SECOND),
            },
            value: due.value,
            gradient: due.gradient,
            weight_decay: due.weight_decay,
        });
        let updated = adamw_step(parameters.collect(), update).into_iter();
        updated
            .map(|(value, Moments { first, second })| (value, [(FIRST, first), (SECOND, second)].into()))
            .collect()
    }
}
