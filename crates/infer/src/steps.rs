//! The engine of networks whose mixers step as in training, in single precision.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_kernels::parallel::inside;
use triaxis_model::weights::{self, Group, Weight};
use triaxis_model::{Memory, Model};

use crate::engine::{Reading, Wanted};
use crate::error::InferError;
use crate::sequence::Remembered;
use crate::source::WeightSource;

/// Tokens that are read at a time, so that what is in between stays small. Readings are cut where a multiple of it was read,
/// so that one that begins there has the bits of one that began before.
pub(crate) const AT_ONCE: usize = 256;

/// A model that steps.
#[derive(Debug)]
pub(crate) struct Steps {
    model: Model,
    device: Device,
    bytes: usize,
}

impl Steps {
    pub(crate) fn new(source: &dyn WeightSource) -> Result<Self, InferError> {
        let (stack, device) = (source.stack(), Device::default());
        let mut all = BTreeMap::new();
        for line in stack.weights() {
            let rows = source.rows(&line.name)?;
            let values: Vec<f32> = rows.iter().flat_map(triaxis_blocks::Rows::values).collect();
            let values = match (&line.shape[..], line.group) {
                // Rows are outputs; a weight is by input.
                (&[inputs, outputs], Group::Matrix) => (0..inputs * outputs)
                    .map(|index| values[index % outputs * inputs + index / outputs])
                    .collect(),
                _ => values,
            };
            let shape = line.shape;
            all.insert(line.name, Weight { shape, values });
        }
        let bytes = 4 * stack.parameters().active.0 as usize;
        let model = weights::write(stack.build(0, &device)?, &all)?;
        Ok(Self {
            model: model.without_gradients(),
            device,
            bytes,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reads one sequence after the other.
    pub(crate) fn read(
        &self,
        readings: &mut [Reading<'_>],
        each: &mut dyn FnMut(&[f32]),
    ) -> Result<(), InferError> {
        for reading in readings {
            let Remembered::Memory(memory) = &mut reading.sequence.remembered else {
                continue;
            };
            self.read_one(memory, reading.tokens, reading.wanted, each)?;
        }
        Ok(())
    }

    fn read_one(
        &self,
        memory: &mut Memory,
        tokens: &[u32],
        wanted: Wanted,
        each: &mut dyn FnMut(&[f32]),
    ) -> Result<(), InferError> {
        let mut rest = tokens;
        while !rest.is_empty() {
            let most = AT_ONCE - memory.position() % AT_ONCE;
            let (piece, later) = rest.split_at(most.min(rest.len()));
            rest = later;
            let data = TensorData::new(
                piece.iter().map(|&token| i64::from(token)).collect(),
                [1, piece.len()],
            );
            let input = Tensor::<2, Int>::from_data(data, &self.device);
            let memories = std::slice::from_mut(memory);
            let found = inside(|| self.model.step(input, memories))?;
            let found: Vec<f32> = found.into_data().iter::<f32>().collect();
            let vocabulary = found.len() / piece.len();
            let first = match wanted {
                Wanted::All => 0,
                Wanted::Last if rest.is_empty() => piece.len() - 1,
                Wanted::Last | Wanted::None => piece.len(),
            };
            found.chunks_exact(vocabulary).skip(first).for_each(&mut *each);
        }
        Ok(())
    }
}
