//! The training of one run: the trunk, and every branch off it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use triaxis_kernels::parallel::inside;
use triaxis_routing::ExpertsOutcome;
use triaxis_units::{Nats, Seconds};

use crate::checkpoint::Store;
use crate::config::{Branch, TrainConfig};
use crate::course::Course;
use crate::data::{TokenSource, ValidationText};
use crate::error::TrainError;
use crate::estimate::{own_steps, total_steps};
use crate::observer::{Cadence, Observer, StepEvent};
use crate::outcome::{BranchOutcome, Divergence, Evaluation, NamedEvaluation, Status, curve};
use crate::routing::Watch;
use crate::schedule::Span;
use crate::state::{Context, State, learning_rate};

/// Version of a training as a whole: raised when its steps, its branching, what counts as divergence, or the loss that is
/// measured at its end become others, though no part that it is made of does.
pub const NUMERICS: u32 = 1;

/// Trains every branch of `config` that is not in `finished`, shortest shared part first, and
/// returns their outcomes in that order, with the loss on `validation`, whole and by source.
///
/// `folder` holds the run's checkpoints and, at the end, each branch's weights as
/// [`Branch::model_file`] says. Interrupted at any moment and called again, it continues from
/// the last checkpoint, with the same bits as undisturbed. The device is burn's default; its number
/// of threads is that of the global rayon pool.
///
/// # Errors
/// When the configuration or the text breaks a rule, a file cannot be written, the folder belongs
/// to another run, or the observer asks to stop. A training that diverges is no error.
pub fn run(
    config: &TrainConfig,
    train: &dyn TokenSource,
    validation: &ValidationText,
    folder: &Path,
    finished: &BTreeSet<usize>,
    observer: &mut dyn Observer,
) -> Result<Vec<BranchOutcome>, TrainError> {
    config.validate()?;
    let context = Context {
        config,
        train,
        course: Course::of(train, config)?,
        device: Device::default().autodiff(),
    };
    let watch = Watch::of(config, validation);
    let store = Store::open(folder, config, train.len())?;
    let mut left: Vec<(u64, usize)> = (0..config.branches.len())
        .filter(|branch| !finished.contains(branch))
        .map(|branch| (config.shared_steps(config.branches[branch]), branch))
        .collect();
    left.sort_unstable();
    for branch in finished.iter().filter_map(|&index| config.branches.get(index)) {
        store.clear(Some(*branch))?;
    }
    let Some(&(first_fork, _)) = left.first() else {
        store.clear(None)?;
        return Ok(Vec::new());
    };

    let initial = State::initial(config, &context.device)?;
    let loaded = store.load(None, first_fork, &initial, &context.device, observer)?;
    let mut trunk = Training::new(None, loaded.unwrap_or_else(|| initial.clone()), config);
    trunk.done_before = finished
        .iter()
        .filter_map(|&index| config.branches.get(index))
        .map(|&branch| own_steps(config, branch))
        .sum();
    let mut outcomes = Vec::new();
    for (fork, index) in left {
        let branch = config.branches[index];
        trunk = trunk.advance(
            fork,
            &config.span(branch),
            &context,
            watch.as_ref(),
            &store,
            observer,
        )?;
        let state = match store.load(Some(branch), branch.end, &initial, &context.device, observer)? {
            Some(state) => state,
            None => trunk.state.clone(),
        };
        let mut training = Training::new(Some(index), state, config);
        training.divergence = trunk.divergence;
        training.done_before = trunk.done_before;
        training = training.advance(
            branch.end,
            &config.span(branch),
            &context,
            watch.as_ref(),
            &store,
            observer,
        )?;
        trunk.done_before += own_steps(config, branch);
        let outcome = training.finish(&context, validation, watch.as_ref())?;
        store.save_model(config, branch, &training.state)?;
        observer.branch_finished(&outcome);
        if observer.should_stop() {
            return Err(TrainError::stopped(training.state.step()));
        }
        store.clear(Some(branch))?;
        outcomes.push(outcome);
    }
    store.clear(None)?;
    Ok(outcomes)
}

/// A trunk or branch under way.
struct Training {
    /// The branch; none for the trunk.
    index: Option<usize>,
    branch: Option<Branch>,
    state: State,
    divergence: Option<Divergence>,
    /// Steps of the run that are done besides this training's, for the events.
    done_before: u64,
}

impl Training {
    fn new(index: Option<usize>, state: State, config: &TrainConfig) -> Self {
        let branch = index.map(|index| config.branches[index]);
        Self {
            index,
            branch,
            state,
            divergence: None,
            done_before: 0,
        }
    }

    /// Trains up to `until` steps, or until it diverges.
    fn advance(
        mut self,
        until: u64,
        span: &Span,
        context: &Context<'_>,
        watch: Option<&Watch<'_>>,
        store: &Store<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        let total = total_steps(context.config);
        let mut saved = (Instant::now(), self.state.step());
        loop {
            let step = self.state.step();
            let due = match observer.cadence() {
                Cadence::Seconds(seconds) => saved.0.elapsed().as_secs_f64() >= seconds,
                Cadence::Steps(steps) => step - saved.1 >= steps,
            };
            let stop = observer.should_stop();
            if (due || stop) && step > saved.1 {
                store.save(self.branch, &self.state)?;
                saved = (Instant::now(), step);
            }
            if stop {
                return Err(TrainError::stopped(step));
            }
            if self.divergence.is_some() || step >= until {
                return Ok(self);
            }
            let state = self.state;
            let (state, divergence) = inside(|| state.advance(context, span))?;
            self.state = state;
            self.divergence = divergence;
            if self.state.step() > step {
                if let Some(watch) = watch {
                    inside(|| watch.look(&mut self.state))?;
                }
                observer.step(&self.event(total, span, context));
            }
        }
    }

    fn event(&self, total: u64, span: &Span, context: &Context<'_>) -> StepEvent {
        let step = self.state.step();
        let last = |values: &[f32]| values.last().copied().map_or(f64::NAN, f64::from);
        StepEvent {
            branch: self.index,
            step,
            steps_done: self.done_before + step,
            steps_total: total,
            tokens: context.config.batch_tokens() * step,
            loss: Nats(last(&self.state.losses)),
            learning_rate: learning_rate(context.config, step - 1, span),
            gradient_norm: last(&self.state.norms),
        }
    }

    /// Evaluates a branch that is done and sums it up.
    fn finish(
        &mut self,
        context: &Context<'_>,
        validation: &ValidationText,
        watch: Option<&Watch<'_>>,
    ) -> Result<BranchOutcome, TrainError> {
        let config = context.config;
        let started = Instant::now();
        let steps = self.state.step();
        let mut measured = None;
        if self.divergence.is_none() {
            let (whole, sources) = inside(|| self.measure(config, validation))?;
            match whole.nats.0.is_finite() {
                true => measured = Some((whole, sources)),
                false => self.divergence = Some(Divergence::ValidationNotFinite),
            }
        }
        let experts = match watch.filter(|_| measured.is_some()) {
            Some(watch) => Some(inside(|| self.experts(watch))?),
            None => None,
        };
        let (validation, sources) = measured.unzip();
        let (index, branch) = self.index.zip(self.branch).expect("only branches are finished");
        let curve = curve(config, branch, &self.state.losses, &self.state.norms);
        Ok(BranchOutcome {
            branch: index,
            status: self
                .divergence
                .map_or(Status::Completed, |reason| Status::Diverged {
                    step: steps,
                    reason,
                }),
            steps,
            tokens: config.batch_tokens() * steps,
            epochs: context.course.epochs(steps * config.batch_sequences as u64),
            final_train_loss: curve.last().map(|point| point.loss),
            validation,
            sources: sources.unwrap_or_default(),
            experts,
            curve,
            seconds: Seconds(self.state.seconds + started.elapsed().as_secs_f64()),
        })
    }

    fn experts(&mut self, watch: &Watch<'_>) -> Result<ExpertsOutcome, TrainError> {
        let (step, model) = (self.state.step(), self.state.measured());
        watch.finish(&model, step, &mut self.state.trace)
    }

    fn measure(
        &self,
        config: &TrainConfig,
        validation: &ValidationText,
    ) -> Result<(Evaluation, Vec<NamedEvaluation>), TrainError> {
        let vocabulary = config.text_vocabulary();
        let (model, device) = (self.state.measured(), Device::default());
        config
            .objective
            .evaluate(&model, validation, config.context, vocabulary, &device)
    }
}
