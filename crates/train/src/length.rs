//! How long a token takes, stepped after so many others.

use std::time::Instant;

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_kernels::parallel::inside;
use triaxis_model::{Memory, Model, Stack};
use triaxis_random as random;
use triaxis_units::{Bytes, Seconds};

use crate::error::TrainError;

/// A model with initial weights that reads random tokens.
#[derive(Debug)]
pub struct Reader {
    model: Model,
    vocabulary: u64,
    memory: [Memory; 1],
}

impl Reader {
    /// One that has read nothing.
    ///
    /// # Errors
    /// When the model is not valid.
    pub fn new(stack: &Stack) -> Result<Self, TrainError> {
        Ok(Self {
            model: inside(|| stack.build(0, &Device::default()))?,
            vocabulary: stack.vocabulary as u64,
            memory: [Memory::default()],
        })
    }

    /// Tokens read.
    pub fn position(&self) -> usize {
        self.memory[0].position()
    }

    /// What is remembered of them.
    pub fn remembered(&self) -> Bytes {
        self.memory[0].bytes()
    }

    /// Reads so many tokens in one step, and tells how long it took.
    ///
    /// # Errors
    /// When the model's context ends before them.
    pub fn read(&mut self, count: usize) -> Result<Seconds, TrainError> {
        let started = Instant::now();
        inside(|| {
            let from = self.position() as u64;
            let token = |position| (random::mix(position) % self.vocabulary) as i32;
            let tokens: Vec<i32> = (from..from + count as u64).map(token).collect();
            let tokens = TensorData::new(tokens, [1, count]);
            let tokens = Tensor::<2, Int>::from_data(tokens, &Device::default());
            self.model.step(tokens, &mut self.memory).map(drop)
        })?;
        Ok(Seconds(started.elapsed().as_secs_f64()))
    }

    /// As if so many tokens had been read, where what is remembered grows with them: see [`Memory::repeated`]. Nothing
    /// changes where nothing was read, or more than that.
    pub fn repeat(&mut self, positions: usize) {
        if let Some(memory) = inside(|| self.memory[0].repeated(positions)) {
            self.memory = [memory];
        }
    }
}
