//! What layers leave for later ones in one pass through a network.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::weights::Scope;

/// What the first block got: the embedding of the tokens.
pub(crate) const BEGIN: &str = "begin";

/// Rows by name, of the positions that are computed.
#[derive(Debug, Default)]
pub(crate) struct Between(RefCell<BTreeMap<&'static str, Tensor<2>>>);

impl Between {
    /// Leaves rows, in the place of those of that name.
    pub(crate) fn leave(&self, name: &'static str, rows: Tensor<2>) {
        self.0.borrow_mut().insert(name, rows);
    }
}

impl Scope<'_> {
    /// Leaves rows for later layers, in the place of those of that name.
    pub(crate) fn leave(&self, name: &'static str, rows: Tensor<2>) {
        if let Some(between) = self.between() {
            between.leave(name, rows);
        }
    }

    /// What the last layer that left rows of that name left.
    pub(crate) fn left(&self, name: &str) -> Option<Tensor<2>> {
        self.between()?.0.borrow().get(name).cloned()
    }
}
