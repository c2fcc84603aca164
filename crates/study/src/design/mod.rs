//! Which trials a ladder consists of. One file a design, one line of the registry.

mod grid;
mod isoflop;

use triaxis_units::{Flops, Tokens};

pub use grid::Grid;
pub use isoflop::Isoflop;

use crate::spec::SpecError;

triaxis_names::registry! {
    /// A design and its settings, tagged by `kind`.
    pub enum DesignSpec by "kind" as design: Design {
        Isoflop = "isoflop",
        Grid = "grid",
    }
}

/// Which trials a ladder consists of.
pub(crate) trait Design {
    fn sizes(&self) -> &[toml::Table];
    /// Refuses settings of its own.
    fn check(&self) -> Result<(), SpecError>;
    /// The points of the ladder, given the training operations a token of each size.
    fn points(&self, flops_per_token: &[f64]) -> Vec<Point>;
}

/// One point of a ladder: how many tokens one size is trained on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Index into [`DesignSpec::sizes`].
    pub size: usize,
    /// The exact budget that asks for this point, where the design has budgets.
    pub budget: Option<Flops>,
    /// Tokens to train on, before rounding to whole steps.
    pub tokens: Tokens,
}

impl DesignSpec {
    /// The models of the ladder, each a table laid over the study's `[model]`.
    pub fn sizes(&self) -> &[toml::Table] {
        self.design().sizes()
    }

    /// The points of the ladder, given the training operations a token of each size.
    pub fn points(&self, flops_per_token: &[f64]) -> Vec<Point> {
        self.design().points(flops_per_token)
    }

    pub(crate) fn check(&self) -> Result<(), SpecError> {
        crate::spec::rule(
            !self.sizes().is_empty(),
            "design.sizes",
            "empty",
            "one or more tables, such as `[[design.sizes]]` with `width = 64`",
        )?;
        crate::spec::rule(
            crate::spec::distinct(self.sizes()),
            "design.sizes",
            "repeated in part",
            "different tables: each is trained once",
        )?;
        self.design().check()
    }
}

/// That `values` is not empty, above zero, and without a repetition, in the order given.
fn check_axis(key: &str, values: &[f64]) -> Result<(), SpecError> {
    let distinct = crate::spec::distinct(values);
    let positive = values.iter().all(|value| *value > 0.0 && value.is_finite());
    crate::spec::rule(
        !values.is_empty() && distinct && positive,
        key,
        format!("{values:?}"),
        "one or more different numbers above 0",
    )
}
