//! A table of the vocabulary at both ends of a model: it embeds tokens and is the head.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Int, Tensor};
use burn_flex::FlexTensor;

use super::cross_entropy::{Weighing, head_cross_entropy_with};
use super::embedding::embedding_with;

/// A table that embeds tokens and is the head, for one forward pass: the embedding adds its gradient to the one that
/// the head left, in place, where the graph would add two tables.
#[derive(Clone, Debug)]
pub struct TiedTable {
    table: Tensor<2>,
    meeting: Meeting,
}

impl TiedTable {
    /// The table, `[vocabulary, width]`.
    pub fn new(table: Tensor<2>) -> Self {
        Self {
            table,
            meeting: Meeting::default(),
        }
    }

    /// As [`embedding`](crate::embedding).
    ///
    /// # Panics
    /// If a token is not in the vocabulary.
    pub fn embedding(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        embedding_with(self.table.clone(), tokens, self.meeting.clone())
    }

    /// As [`head_cross_entropy`](crate::head_cross_entropy), of an `x` computed from this table's embedding.
    ///
    /// # Panics
    /// As there.
    pub fn head_cross_entropy(&self, x: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        head_cross_entropy_with(x, self.table.clone(), targets, None, self.meeting.clone())
    }

    /// As [`weighted_head_cross_entropy`](crate::weighted_head_cross_entropy), of such an `x`.
    ///
    /// # Panics
    /// As there.
    pub fn weighted_head_cross_entropy(
        &self,
        x: Tensor<2>,
        targets: Tensor<1, Int>,
        weighing: Weighing,
    ) -> Tensor<1> {
        head_cross_entropy_with(
            x,
            self.table.clone(),
            targets,
            Some(weighing),
            self.meeting.clone(),
        )
    }
}

/// Where the head leaves the table's gradient for the embedding, whose backward pass comes last. One that only an
/// embedding, or only a head, knows has no effect.
#[derive(Clone, Debug, Default)]
pub(super) struct Meeting(Arc<Mutex<Place>>);

#[derive(Debug, Default)]
enum Place {
    /// No embedding will come for what is left.
    #[default]
    Closed,
    Open(Option<FlexTensor>),
}

impl Meeting {
    /// Promises that an embedding will take what is left.
    pub(super) fn open(&self) {
        *self.place() = Place::Open(None);
    }

    /// Leaves a gradient, or returns it if nobody will take it.
    pub(super) fn leave(&self, gradient: FlexTensor) -> Option<FlexTensor> {
        match &mut *self.place() {
            Place::Open(left @ None) => {
                *left = Some(gradient);
                None
            }
            _ => Some(gradient),
        }
    }

    /// Takes what was left.
    pub(super) fn take(&self) -> Option<FlexTensor> {
        match std::mem::take(&mut *self.place()) {
            Place::Open(left) => left,
            Place::Closed => None,
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Place> {
        // Every change above is complete before anything could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
