//! How fast a configuration trains on this machine, and where the time goes.

use std::time::Instant;

use burn::tensor::Device;
use triaxis_kernels::cpu::matrix::Matrix;
use triaxis_kernels::parallel::inside;
use triaxis_kernels::profile::{OperationTime, profile};
use triaxis_model::ArchitectureSpec;
use triaxis_random as random;
use triaxis_units::{Nats, Seconds};

use crate::config::{Branch, OptimizerConfig, TrainConfig};
use crate::course::Course;
use crate::data::{EpochOrder, TokenSource};
use crate::dtype::Dtype;
use crate::error::TrainError;
use crate::objectives::{MaskedDiffusion, ObjectiveSpec};
use crate::schedule::Schedule;
use crate::state::{Context, State};

/// Steps of a configuration, timed.
#[derive(Debug, Clone, PartialEq)]
pub struct Speed {
    /// The time of each step, in order.
    pub steps: Vec<Seconds>,
    /// The loss of the last step.
    pub loss: Nats,
    /// What the kernels took, all steps together. The rest of the time is burn's: the gradient's graph, sums
    /// of tensors, memory; and, in a composed implementation, everything.
    pub operations: Vec<OperationTime>,
}

impl Speed {
    /// The median time of a step.
    pub fn step(&self) -> Seconds {
        Seconds::median(&self.steps)
    }
}

/// A configuration to time, of what a model can learn by what its positions see: what says nothing of how long a step takes
/// is left as it may be.
pub fn config(architecture: ArchitectureSpec, sequences: usize, dtype: Dtype) -> TrainConfig {
    let objective = match architecture.stack().is_bidirectional() {
        true => ObjectiveSpec::MaskedDiffusion(MaskedDiffusion::default()),
        false => ObjectiveSpec::default(),
    };
    TrainConfig {
        context: architecture.context(),
        architecture,
        batch_sequences: sequences,
        dtype,
        schedule: Schedule::Wsd,
        warmup_steps: 0,
        peak_learning_rate: 1.0,
        optimizer: OptimizerConfig::default(),
        seed: 0,
        unique: None,
        order: EpochOrder::default(),
        decay_on: Vec::new(),
        shares: Vec::new(),
        objective,
        branches: vec![Branch { end: 1, decay: 0 }],
    }
}

/// Times `steps` steps of `config` after `warm_up` others, on tokens drawn at random.
///
/// Neither the branches nor the rate of `config` count: a step takes as long in each and at any rate.
///
/// # Errors
/// When the rest of the configuration breaks a rule.
pub fn measure(config: &TrainConfig, warm_up: u64, steps: u64) -> Result<Speed, TrainError> {
    let branch = Branch {
        end: warm_up + steps + 1,
        decay: 1,
    };
    let config = &TrainConfig {
        branches: vec![branch],
        warmup_steps: 0,
        // So low that nothing diverges.
        peak_learning_rate: 1e-9,
        unique: None,
        ..config.clone()
    };
    config.validate()?;
    inside(|| steps_of(config, branch, warm_up, steps))
}

/// The same, of a configuration that is valid.
fn steps_of(config: &TrainConfig, branch: Branch, warm_up: u64, steps: u64) -> Result<Speed, TrainError> {
    let train = &Drawn {
        vocabulary: config.text_vocabulary() as u64,
        length: DRAWN.max(config.context + 1),
    };
    let context = Context {
        config,
        train,
        course: Course::plain(train, config)?,
        device: Device::default().autodiff(),
    };
    let advance = |state: State| Ok::<_, TrainError>(state.advance(&context, &config.span(branch))?.0);

    let warm = (0..warm_up).try_fold(State::initial(config, &context.device)?, |state, _| {
        advance(state)
    })?;
    let mut times = Vec::new();
    let timed = |state: State, _| {
        let started = Instant::now();
        let state = advance(state)?;
        times.push(Seconds(started.elapsed().as_secs_f64()));
        Ok::<_, TrainError>(state)
    };
    let (state, operations) = profile(|| (0..steps).try_fold(warm, timed));
    let loss = state?.losses.last().copied().map_or(f64::NAN, f64::from);
    Ok(Speed {
        steps: times,
        loss: Nats(loss),
        operations,
    })
}

/// Operations a second of large matrix products in `dtype`, of the kernels and on all threads, packing of
/// the operands included: the best of some.
pub fn product_peak(dtype: Dtype) -> f64 {
    let rate = |side: usize| {
        let values = vec![1.0; side * side];
        let (matrix, mut product) = (Matrix::new(&values, side, side), vec![0.0; side * side]);
        let started = Instant::now();
        dtype
            .precision()
            .multiply(matrix, matrix, &mut product, side, false);
        2.0 * (side as f64).powi(3) / started.elapsed().as_secs_f64()
    };
    [512, 1024, 2048]
        .into_iter()
        .flat_map(|side| [side; 5])
        .map(rate)
        .fold(0.0, f64::max)
}

/// Tokens of the text that steps are timed on.
const DRAWN: usize = 1 << 20;

/// A text of random tokens.
struct Drawn {
    vocabulary: u64,
    length: usize,
}

impl TokenSource for Drawn {
    fn len(&self) -> usize {
        self.length
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        for (position, token) in (start as u64..).zip(out) {
            *token = (random::mix(position) % self.vocabulary) as u32;
        }
    }
}
