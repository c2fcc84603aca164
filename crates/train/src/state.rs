use std::time::Instant;

use burn::tensor::{Device, Tensor};
use triaxis_model::{Model, ModelError};
use triaxis_units::Nats;

use crate::average::Average;
use crate::config::TrainConfig;
use crate::course::Course;
use crate::data::{Batch, TokenSource};
use crate::error::TrainError;
use crate::objective::Noise;
use crate::optimizer::{OptimizerState, WeightGradients};
use crate::outcome::Divergence;
use crate::routing::Trace;
use crate::schedule::Span;

/// A training at some step: all that the steps to come depend on.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) model: Model,
    pub(crate) optimizer: OptimizerState,
    /// What is measured in the place of the model's weights, if the objective has it so.
    pub(crate) average: Option<Average>,
    /// Loss of each step done, before its update.
    pub(crate) losses: Vec<f32>,
    /// Gradient norm of each step done, before clipping.
    pub(crate) norms: Vec<f32>,
    /// What its experts did so far, if it has any.
    pub(crate) trace: Trace,
    /// Time spent so far.
    pub(crate) seconds: f64,
}

/// Steps over which the mean loss is compared with the first step's.
const RISE_STEPS: usize = 20;

/// How far above the first step's loss, as a factor, that mean counts as divergence. The first loss
/// is near the logarithm of the vocabulary, what a model that knows nothing pays.
const RISE_FACTOR: f64 = 1.5;

/// What a training needs besides its state.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a TrainConfig,
    pub(crate) train: &'a dyn TokenSource,
    pub(crate) course: Course,
    /// Where gradients are recorded.
    pub(crate) device: Device,
}

impl State {
    /// The state before the first step.
    pub(crate) fn initial(config: &TrainConfig, device: &Device) -> Result<Self, TrainError> {
        let beside = config.objective.beside(&config.architecture.stack());
        let model = config.architecture.build(config.seed, device)?;
        let model = model.beside(beside, config.seed, device);
        Ok(Self {
            average: config.objective.average().map(|_| Average::of(&model)),
            model,
            optimizer: OptimizerState::new(&config.optimizer),
            losses: Vec::new(),
            norms: Vec::new(),
            trace: Trace::default(),
            seconds: 0.0,
        })
    }

    /// Steps done.
    pub(crate) fn step(&self) -> u64 {
        self.losses.len() as u64
    }

    /// The model that is measured and saved, without gradients.
    pub(crate) fn measured(&self) -> Model {
        let model = self.model.without_gradients();
        let model = match &self.average {
            Some(average) => model.map(|_, _| average.values.clone()),
            None => model,
        };
        model.alone()
    }

    /// Does one step on the text at the rate that `span` gives it; a step that diverges changes nothing.
    pub(crate) fn advance(
        self,
        context: &Context<'_>,
        span: &Span,
    ) -> Result<(Self, Option<Divergence>), TrainError> {
        let started = Instant::now();
        let config = context.config;
        let own = config.schedule.stable_until(span);
        let starts = context.course.batch(own, self.step(), config.batch_sequences);
        let vocabulary = config.text_vocabulary();
        let batch = Batch::read(context.train, "training", &starts, config.context, vocabulary)?;
        let noise = Noise {
            seed: config.seed,
            step: self.step(),
        };
        self.learn(config, span, started, |model| {
            config.objective.cost(model, &batch, noise, &context.device)
        })
    }

    /// Does one step, which `started` then, by what it costs a model to be as it is.
    pub(crate) fn learn(
        self,
        config: &TrainConfig,
        span: &Span,
        started: Instant,
        cost: impl FnOnce(&Model) -> Result<Tensor<1>, ModelError>,
    ) -> Result<(Self, Option<Divergence>), TrainError> {
        let step = self.step();
        // What a step that diverges gave to experts is none of the next one's: a copy has it no more.
        let unchanged = |state: Self| Self {
            model: state.model.clone(),
            ..state
        };
        // Gradients are computed in the precision of the forward pass.
        let loss = config.dtype.precision().run(|| cost(&self.model))?;
        let value = loss.clone().into_scalar::<f32>();
        if !value.is_finite() {
            return Ok((unchanged(self), Some(Divergence::LossNotFinite)));
        }
        let gradients = WeightGradients::take(&self.model, loss.backward());
        if !gradients.norm.is_finite() {
            return Ok((unchanged(self), Some(Divergence::GradientNotFinite)));
        }
        let Self {
            model,
            mut optimizer,
            average,
            mut losses,
            mut norms,
            trace,
            seconds,
        } = self;
        losses.push(value);
        norms.push(gradients.norm as f32);
        let rate = learning_rate(config, step, span);
        let model = optimizer.update(model, gradients, rate, step + 1).balanced();
        let moved = average.zip(config.objective.average());
        let average = moved.map(|(average, decay)| average.moved(&model, decay, step + 1));
        let divergence = rise(&losses, |first| config.objective.at_first(first, model.stack()));
        let seconds = seconds + started.elapsed().as_secs_f64();
        Ok((
            Self {
                model,
                optimizer,
                average,
                losses,
                norms,
                trace,
                seconds,
            },
            divergence,
        ))
    }
}

/// The rate of `step`, counted from 0.
pub(crate) fn learning_rate(config: &TrainConfig, step: u64, span: &Span) -> f64 {
    config.peak_learning_rate * config.schedule.factor(step, span)
}

fn rise(losses: &[f32], at_first: impl FnOnce(f64) -> f64) -> Option<Divergence> {
    let recent = losses
        .len()
        .checked_sub(RISE_STEPS)
        .map(|start| &losses[start..])?;
    let mean = recent.iter().map(|&loss| f64::from(loss)).sum::<f64>() / RISE_STEPS as f64;
    let initial = at_first(f64::from(*losses.first()?));
    (mean > RISE_FACTOR * initial).then_some(Divergence::LossRose {
        mean: Nats(mean),
        initial: Nats(initial),
    })
}

#[cfg(test)]
mod tests {
    use triaxis_model::{ArchitectureSpec, weights};

    use super::*;
    use crate::config::tests::config;
    use crate::evaluate;

    #[test]
    fn a_step_that_diverges_leaves_nothing_to_the_next() {
        let text = r#"{"pattern": "a", "vocabulary": 13, "width": 16, "layers": 1, "context": 16, "blocks": {"a": {
            "mixer": {"kind": "attention", "head_dim": 8},
            "channel": {"kind": "experts", "experts": 4, "chosen": 1, "bias_rate": 0.01}}}}"#;
        let config = TrainConfig {
            architecture: ArchitectureSpec::Stack(serde_json::from_str(text).unwrap()),
            ..config()
        };
        let device = Device::default().autodiff();
        // One token again and again, which one expert is given, and then others.
        let tokens: Vec<u32> = (0..80u32)
            .map(|place| place.saturating_sub(40) * place % 13)
            .collect();
        let step = |state: State, starts: &[usize], factor: f32| {
            let batch = Batch::read(&tokens, "training", starts, 8, 13).unwrap();
            let cost = |model: &Model| {
                let loss = evaluate::loss(model, &batch, &device)?;
                Ok(loss.mul_scalar(factor))
            };
            let span = config.span(config.branches[0]);
            state.learn(&config, &span, Instant::now(), cost).unwrap()
        };
        let first = || State::initial(&config, &device).unwrap();
        let (undisturbed, _) = step(first(), &[50, 60], 1.0);
        let (state, divergence) = step(first(), &[0, 8, 16, 24], f32::NAN);
        assert_eq!(divergence, Some(Divergence::LossNotFinite));
        let (after, _) = step(state, &[50, 60], 1.0);
        assert_eq!(weights::read(&after.model), weights::read(&undisturbed.model));
    }
}
