//! Exact counts of parameters and floating-point operations, and their conventions.

use serde::{Deserialize, Serialize};
use triaxis_units::{Flops, Params};

/// Trainable parameters of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCount {
    /// All of them; a table tied to the head counts once.
    pub total: Params,
    /// Those in tables of tokens and positions: the embedding, learned positions and, when it is not tied, the head.
    pub embedding: Params,
    /// The rest, the `N` of Kaplan et al. 2020.
    pub non_embedding: Params,
    /// All but those of the experts that a token does not pass.
    pub active: Params,
}

impl ParameterCount {
    /// The counts of a model with `embedding` parameters in tables and `non_embedding` others, of which a token does not
    /// pass `idle`.
    pub fn new(embedding: u64, non_embedding: u64, idle: u64) -> Self {
        let total = embedding + non_embedding;
        Self {
            total: Params(total),
            embedding: Params(embedding),
            non_embedding: Params(non_embedding),
            active: Params(total - idle),
        }
    }

    /// Those outside of tables that a token passes.
    pub fn active_non_embedding(&self) -> Params {
        Params(self.active.0 - self.embedding.0)
    }
}

/// Floating-point operations of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationCount {
    /// What computes: `attention scores`, `head`, …
    pub operation: String,
    /// How much, a multiply-add being two.
    pub flops: Flops,
}

/// Floating-point operations of a forward pass over one sequence, by operation.
///
/// Matrix products only (element-wise work is below 1% at these shapes and is left out, as Hoffmann
/// et al. 2022, appendix F, leave it); the embedding look-up is free. Attention counts the full
/// square of positions, masked half included, which is what the reference operations compute and
/// what the field reports; a kernel that skips the masked half does less. Within a window it counts
/// blocks of a window of queries, each with all keys that any of them sees: about twice the window
/// a position, whatever the length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlopCount {
    /// One entry an operation.
    pub operations: Vec<OperationCount>,
}

impl FlopCount {
    /// The sum over the operations.
    pub fn total(&self) -> Flops {
        self.operations.iter().map(|count| count.flops).sum()
    }

    /// A training step's cost over the same tokens: the backward pass has two products for each one
    /// of the forward pass, so three times the forward count.
    pub fn training(&self) -> Flops {
        Flops(3.0 * self.total().0)
    }

    /// Builds the count from (operation, FLOPs) pairs, adding up those of one operation.
    pub fn of<'a>(operations: impl IntoIterator<Item = (&'a str, f64)>) -> Self {
        let mut counts: Vec<OperationCount> = Vec::new();
        for (operation, flops) in operations {
            match counts.iter_mut().find(|count| count.operation == operation) {
                Some(count) => count.flops.0 += flops,
                None => counts.push(OperationCount {
                    operation: operation.to_owned(),
                    flops: Flops(flops),
                }),
            }
        }
        Self { operations: counts }
    }
}

/// Operations of a product of `[rows, inner]` with `[inner, columns]`.
pub fn product_flops(rows: usize, inner: usize, columns: usize) -> f64 {
    2.0 * rows as f64 * inner as f64 * columns as f64
}
