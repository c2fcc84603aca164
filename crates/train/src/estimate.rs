use serde::{Deserialize, Serialize};
use triaxis_model::weights::WeightSpec;
use triaxis_units::{Bytes, Flops, Params, Tokens};

use crate::config::{Branch, TrainConfig};
use crate::data::EpochOrder;
use crate::{ngram, sorted};

/// What a run will cost, known before it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Trainable parameters.
    pub parameters: Params,
    /// Those outside the vocabulary's tables.
    pub non_embedding: Params,
    /// Tokens trained on: the trunk's once, and every branch's own.
    pub tokens: Tokens,
    /// Training operations for those tokens, counted exactly.
    pub flops: Flops,
    /// `6 N D` with all parameters that a token passes, for comparison.
    pub six_nd: Flops,
    /// Steps: the trunk's once, and every branch's own.
    pub steps: u64,
    /// Peak memory of the process, estimated.
    pub memory: Bytes,
    /// Each branch.
    pub branches: Vec<BranchEstimate>,
}

/// What one branch costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BranchEstimate {
    /// Tokens it has seen at its end, the trunk's included.
    pub tokens: Tokens,
    /// Operations for them: what it would cost alone, and the cost to fit a law to.
    pub flops: Flops,
    /// `6 N D` for them.
    pub six_nd: Flops,
    /// Operations of its own steps only, after it leaves the trunk.
    pub own_flops: Flops,
}

/// What the program itself, its buffers and the pages of text it maps take besides the model, measured on
/// runs of tiny models.
const BASE_BYTES: u64 = 48 << 20;

/// Copies of the weights at the peak of a step: weights, gradients, two moments, and about one of what is packed
/// for products or copied before it is changed.
const STEP_COPIES: u64 = 5;

/// Copies that wait during a run: the initial weights, and weights and moments of the trunk while a branch runs.
const WAITING_COPIES: u64 = 4;

/// Averages of the weights beside them.
fn averages(config: &TrainConfig) -> u64 {
    u64::from(config.objective.average().is_some())
}

/// Weights that are trained: those of the model, and what the objective trains beside them.
fn weights(config: &TrainConfig) -> u64 {
    let beside = config.objective.beside(&config.architecture.stack());
    let beside: usize = beside.iter().map(WeightSpec::size).sum();
    config.architecture.parameters().total.0 + beside as u64
}

/// Peak memory, estimated, of a process that does steps of `config` and keeps nothing else.
pub fn step_memory(config: &TrainConfig) -> Bytes {
    let architecture = &config.architecture;
    let copies = STEP_COPIES + averages(config);
    let (stack, objective) = (architecture.stack(), &config.objective);
    let weights = weights(config) * copies + objective.tables_beside(&stack);
    let beside = objective.activations_beside(&stack, config.context);
    let sequence = architecture.activations(config.context).saturating_add(beside);
    let values = sequence
        .saturating_mul(config.batch_sequences as u64)
        .saturating_add(weights);
    Bytes(values.saturating_mul(4).saturating_add(BASE_BYTES))
}

/// Memory that ordering a training text of `tokens` tokens takes before the first step, estimated: that of the n-grams of its
/// two halves, where they say what is likely.
pub fn order_memory(config: &TrainConfig, tokens: Tokens) -> Bytes {
    let is_counted = matches!(config.order, EpochOrder::LikelyFirst | EpochOrder::UnlikelyFirst);
    let tokens = config.unique.map_or(tokens, |unique| unique.min(tokens)).0;
    let counted = if is_counted {
        tokens.min(2 * ngram::MOST_TOKENS)
    } else {
        0
    };
    Bytes(counted.saturating_mul(ngram::bytes_per_token(sorted::NGRAM)))
}

/// Counts what `config` will cost, without building its model.
pub fn estimate(config: &TrainConfig) -> Estimate {
    let counts = config.architecture.parameters();
    let batch = config.batch_tokens();
    let step = Flops(config.sequence_flops().0 * config.batch_sequences as f64);
    let cost = |steps: u64| Flops(step.0 * steps as f64);
    let branches = config.branches.iter().map(|&branch| {
        let tokens = batch * branch.end;
        BranchEstimate {
            tokens,
            flops: cost(branch.end),
            six_nd: Flops::six_nd(counts.active, tokens),
            own_flops: cost(own_steps(config, branch)),
        }
    });
    let steps = total_steps(config);
    let tokens = batch * steps;
    let waiting = 4 * weights(config) * (WAITING_COPIES + averages(config));
    Estimate {
        parameters: counts.total,
        non_embedding: counts.non_embedding,
        tokens,
        flops: cost(steps),
        six_nd: Flops::six_nd(counts.active, tokens),
        steps,
        memory: Bytes(step_memory(config).0.saturating_add(waiting)),
        branches: branches.collect(),
    }
}

/// Steps of the whole run: the trunk's once, up to where the last branch leaves it, and every
/// branch's own.
pub(crate) fn total_steps(config: &TrainConfig) -> u64 {
    let trunk = config
        .branches
        .iter()
        .map(|&branch| config.shared_steps(branch))
        .max()
        .unwrap_or(0);
    trunk
        + config
            .branches
            .iter()
            .map(|&branch| own_steps(config, branch))
            .sum::<u64>()
}

/// Steps of a branch after it leaves the trunk.
pub(crate) fn own_steps(config: &TrainConfig, branch: Branch) -> u64 {
    branch.end - config.shared_steps(branch)
}
