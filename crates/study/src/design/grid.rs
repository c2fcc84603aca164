use serde::{Deserialize, Serialize};
use triaxis_units::Tokens;

use super::{Design, Point};
use crate::spec::SpecError;

/// The full grid of `sizes` and `tokens`: what a parametric fit of L(N, D) likes best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Tokens to train each size on.
    pub tokens: Vec<Tokens>,
    /// The models, each laid over `[model]`.
    pub sizes: Vec<toml::Table>,
}

impl Grid {
    pub(super) const ABOUT: &str =
        "Every size at every number of tokens: what a parametric fit of L(N, D) likes best.";
}

impl Design for Grid {
    fn sizes(&self) -> &[toml::Table] {
        &self.sizes
    }

    fn check(&self) -> Result<(), SpecError> {
        super::check_axis(
            "design.tokens",
            &self
                .tokens
                .iter()
                .map(|tokens| tokens.as_f64())
                .collect::<Vec<_>>(),
        )
    }

    fn points(&self, _: &[f64]) -> Vec<Point> {
        (0..self.sizes.len())
            .flat_map(|size| {
                self.tokens.iter().map(move |&tokens| Point {
                    size,
                    budget: None,
                    tokens,
                })
            })
            .collect()
    }
}
