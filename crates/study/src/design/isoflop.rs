use serde::{Deserialize, Serialize};
use triaxis_units::{Flops, Tokens};

use super::{Design, Point};
use crate::spec::SpecError;

/// IsoFLOP profiles: `budgets` of exact training operations, spent on each of `sizes` (Hoffmann et al.
/// 2022, section 3.2). The loss of a budget against N has its minimum at the compute-optimal size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isoflop {
    /// Training compute of the trials of one curve, counted exactly, not as 6ND.
    pub budgets: Vec<Flops>,
    /// The models, each laid over `[model]`.
    pub sizes: Vec<toml::Table>,
}

impl Isoflop {
    pub(super) const ABOUT: &str = "Every size at every compute budget (Hoffmann et al. 2022, arXiv 2203.15556, section 3.2): the loss of a budget \
        against N has its minimum at the compute-optimal size.";
}

impl Design for Isoflop {
    fn sizes(&self) -> &[toml::Table] {
        &self.sizes
    }

    fn check(&self) -> Result<(), SpecError> {
        super::check_axis(
            "design.budgets",
            &self.budgets.iter().map(|budget| budget.0).collect::<Vec<_>>(),
        )
    }

    fn points(&self, flops_per_token: &[f64]) -> Vec<Point> {
        let sizes = flops_per_token.iter().enumerate();
        sizes
            .flat_map(|(size, flops)| {
                self.budgets.iter().map(move |&budget| Point {
                    size,
                    budget: Some(budget),
                    tokens: Tokens((budget.0 / flops) as u64),
                })
            })
            .collect()
    }
}
