//! Reading the weights of a part.

use triaxis_blocks::{Format, Rows};
use triaxis_model::Norm;

use super::projection::Projection;
use crate::error::InferError;
use crate::source::WeightSource;

/// The weights of a part of a network.
pub(super) struct Load<'a> {
    pub(super) source: &'a dyn WeightSource,
    /// What their names begin with.
    pub(super) prefix: String,
    /// The format that matrices in floating point are quantised to, if they are.
    pub(super) format: Option<Format>,
}

impl Load<'_> {
    /// How the network normalises.
    pub(super) fn norm(&self) -> Norm {
        let stack = self.source.stack();
        Norm {
            kind: stack.norm,
            epsilon: stack.norm_epsilon,
        }
    }

    /// A weight as numbers.
    pub(super) fn vector(&self, name: &str) -> Result<Vec<f32>, InferError> {
        Ok(self.stored(name)?.iter().flat_map(Rows::values).collect())
    }

    /// A matrix as it is multiplied.
    pub(super) fn projection(&self, name: &str) -> Result<Projection, InferError> {
        Projection::new(self.pieces(name)?)
    }

    /// The rows of a matrix, in the format that was asked for.
    pub(super) fn pieces(&self, name: &str) -> Result<Vec<Rows>, InferError> {
        let pieces = self.stored(name)?;
        Ok(pieces.into_iter().map(|piece| self.quantised(piece)).collect())
    }

    fn stored(&self, name: &str) -> Result<Vec<Rows>, InferError> {
        let name = match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}.{name}"),
        };
        self.source.rows(&name)
    }

    /// Rows in floating point, quantised if that was asked for and blocks divide them.
    fn quantised(&self, rows: Rows) -> Rows {
        match self.format {
            Some(format) if rows.format.values() == 1 && format.row_bytes(rows.columns).is_some() => {
                Rows::quantised(&rows.values(), rows.columns, format)
            }
            _ => rows,
        }
    }
}
