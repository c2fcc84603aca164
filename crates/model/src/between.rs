//! What layers leave in one pass through a network: for later layers, and for whoever asked for the pass.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::routes::{LayerRoutes, Routing};
use crate::weights::Scope;

/// What the first block got: the embedding of the tokens.
pub(crate) const BEGIN: &str = "begin";

/// Rows by name, of the positions that are computed, and what is told of the pass.
#[derive(Debug, Default)]
pub(crate) struct Between {
    rows: RefCell<BTreeMap<&'static str, Tensor<2>>>,
    routing: Routing,
    training: Option<RefCell<Training>>,
    routes: Option<RefCell<Vec<LayerRoutes>>>,
}

/// What a pass that trains leaves besides its loss.
#[derive(Debug, Default)]
pub(crate) struct Training {
    /// What is added to the loss.
    pub(crate) losses: Vec<Tensor<1>>,
    /// What experts were given, by the name of the weight that balances them.
    pub(crate) loads: BTreeMap<String, Load>,
}

/// What the experts of a layer were given, and how fast they are balanced.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) counts: Vec<u64>,
    pub(crate) rate: f64,
}

impl Between {
    /// Of a pass in which experts are chosen so.
    pub(crate) fn of(routing: Routing) -> Self {
        Self {
            routing,
            ..Self::default()
        }
    }

    /// The same of a pass that trains.
    pub(crate) fn training(self) -> Self {
        Self {
            training: Some(RefCell::default()),
            ..self
        }
    }

    /// The same of a pass that tells which experts tokens go to.
    pub(crate) fn routes(self) -> Self {
        Self {
            routes: Some(RefCell::default()),
            ..self
        }
    }

    /// Leaves rows, in the place of those of that name.
    pub(crate) fn leave(&self, name: &'static str, rows: Tensor<2>) {
        self.rows.borrow_mut().insert(name, rows);
    }

    /// What a pass that trained left.
    pub(crate) fn trained(self) -> Training {
        self.training.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Which experts tokens went to, layer by layer.
    pub(crate) fn routed(self) -> Vec<LayerRoutes> {
        self.routes.map(RefCell::into_inner).unwrap_or_default()
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
        self.between()?.rows.borrow().get(name).cloned()
    }

    /// How experts are chosen in this pass.
    pub(crate) fn routing(&self) -> Routing {
        self.between().map(|between| between.routing).unwrap_or_default()
    }

    /// Whether the pass trains.
    pub(crate) fn trains(&self) -> bool {
        self.between().is_some_and(|between| between.training.is_some())
    }

    /// Adds to the loss that is trained on.
    pub(crate) fn charge(&self, loss: Tensor<1>) {
        if let Some(training) = self.between().and_then(|between| between.training.as_ref()) {
            training.borrow_mut().losses.push(loss);
        }
    }

    /// Tells a pass that trains what experts were given, which the weight of that name balances.
    pub(crate) fn load(&self, name: &str, load: Load) {
        if let Some(training) = self.between().and_then(|between| between.training.as_ref()) {
            training.borrow_mut().loads.insert(self.full(name), load);
        }
    }

    /// Tells which experts tokens went to, if it was asked.
    pub(crate) fn tell(&self, routes: impl FnOnce() -> LayerRoutes) {
        if let Some(told) = self.between().and_then(|between| between.routes.as_ref()) {
            told.borrow_mut().push(routes());
        }
    }
}
