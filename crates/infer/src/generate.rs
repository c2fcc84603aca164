//! Answers to a prompt: what is asked, what comes back, and how the next token is chosen.

use std::collections::BTreeSet;

use triaxis_random::Stream;

use crate::batch::Batch;
use crate::constraints::Constraint;
use crate::draft::{Draft, Drafted};
use crate::engine::Engine;
use crate::error::InferError;
use crate::sampling::{Distribution, Sampling, log_probabilities};

/// What is asked of a model.
#[derive(Debug, Clone)]
pub struct Request {
    /// The prompt, of at least one token.
    pub prompt: Vec<u32>,
    /// How many answers, which share the reading of the prompt.
    pub samples: usize,
    /// The most tokens of an answer.
    pub most: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// What draws depend on, with the number of the answer and the place of the token.
    pub seed: u64,
    /// The place of the first token among those that draws go by: an answer that is asked for in pieces, each after the
    /// tokens before it, is the one that is asked for at once.
    pub first: usize,
    /// What requests have in common that may share what was read of their prompts.
    pub salt: String,
    /// Tokens that end an answer.
    pub ends: BTreeSet<u32>,
    /// How many of the likeliest tokens are told with each, beside the logarithm of its probability; nothing is if not given.
    pub likeliest: Option<usize>,
    /// Whether it is told of each token how certain the model was.
    pub certainty: bool,
    /// How many tokens the tokenizer has: a model's table may have more rows, which stand for none.
    pub known: usize,
    /// The most tokens that are drafted at a time.
    pub drafted: usize,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            prompt: Vec::new(),
            samples: 1,
            most: 128,
            sampling: Sampling::default(),
            seed: 0,
            first: 0,
            salt: String::new(),
            ends: BTreeSet::new(),
            likeliest: None,
            certainty: false,
            known: usize::MAX,
            drafted: 4,
        }
    }
}

/// A token of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The token.
    pub token: u32,
    /// The logarithm of its probability as the model has it, before anything changes it, if that was asked for.
    pub log_probability: Option<f64>,
    /// The likeliest tokens and theirs, the first one first.
    pub likeliest: Vec<(u32, f64)>,
    /// The divergence of the uniform distribution over the model's table from the model's, in nats, if that was asked for
    /// (self-certainty: Kang et al. 2025, arXiv 2502.18581).
    pub certainty: Option<f64>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By a token that ends answers, or because its constraint leaves nothing but the end.
    End,
    /// By the number of tokens.
    Most,
    /// By the end of the model's context.
    Context,
    /// By whoever heard of its tokens.
    Stopped,
    /// Nothing that its constraint allows can come next, and it is not whole.
    Nothing,
    /// By a fault of its constraint.
    Fault,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its tokens, that which ended it not among them.
    pub tokens: Vec<Token>,
    /// Why it ended.
    pub ended: Ended,
    /// The token that ended it, if one did.
    pub end: Option<Token>,
    /// How many of its tokens were drafted.
    pub drafted: usize,
    /// What its constraint could not do, where that ended it: other answers go on.
    pub fault: Option<InferError>,
}

/// What helps with generating.
#[derive(Default)]
pub struct Helpers<'a> {
    /// What drafts, if anything does.
    pub draft: Option<&'a mut dyn Draft>,
    /// What may come next in each answer, if not everything.
    pub constraints: Vec<Box<dyn Constraint + 'a>>,
}

impl std::fmt::Debug for Helpers<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Helpers")
            .field("draft", &self.draft.is_some())
            .field("constraints", &self.constraints.len())
            .finish()
    }
}

impl Request {
    pub(crate) fn stream(&self, purpose: &str, sample: usize, place: usize) -> Stream {
        let place = (self.first as u64).saturating_add(place as u64);
        Stream::new(self.seed, &format!("{purpose} {sample}"), place)
    }
}

/// Generates answers to a request. `hear` is told of each token with the number of its answer, and says whether that answer
/// goes on. Several requests are answered side by side by a [`Batch`].
///
/// Without drafts an answer's draws depend on the seed, its number and the place of a token alone, so that it is the same
/// whatever other answers there are.
///
/// # Errors
/// When the prompt is empty or does not fit the model, or a setting breaks its rule.
pub fn generate(
    engine: &mut Engine,
    request: &Request,
    helpers: Helpers<'_>,
    hear: &mut dyn FnMut(usize, &Token) -> bool,
) -> Result<Vec<Answer>, InferError> {
    let Helpers { draft, constraints } = helpers;
    let draft = draft.map(|draft| draft as &mut dyn Draft);
    let mut batch = Batch::new(engine, None, draft);
    batch.begin(request.clone(), constraints)?;
    let mut answers = Vec::new();
    while batch.goes_on() {
        answers.extend(batch.step(hear)?);
    }
    answers.sort_by_key(|(number, _)| *number);
    let answers = answers.into_iter().map(|(_, answer)| answer);
    answers
        .map(|mut answer| answer.fault.take().map_or(Ok(answer), Err))
        .collect()
}

/// The token that comes next, and whether it is the drafted one: that is taken with the probability min(1, p ÷ q), and
/// otherwise another is drawn of what it leaves (Leviathan et al. 2023, arXiv 2211.17192, algorithm 1), so that tokens are
/// distributed as without drafts.
pub(crate) fn choose(
    from: &Distribution,
    drafted: Option<&Drafted>,
    uniform: &mut dyn FnMut() -> f64,
) -> (Option<u32>, bool) {
    let Some(drafted) = drafted else {
        return (from.draw(uniform()), false);
    };
    let ratio = from.probability(drafted.token) / drafted.from.probability(drafted.token);
    match uniform() < ratio {
        true => (Some(drafted.token), true),
        false => (from.without(&drafted.from).draw(uniform()), false),
    }
}

/// What a request asks to be told of a token.
pub(crate) fn told(scores: &[f32], token: u32, request: &Request) -> Token {
    let mut told = Token {
        token,
        log_probability: None,
        likeliest: Vec::new(),
        certainty: None,
    };
    if request.likeliest.is_none() && !request.certainty {
        return told;
    }
    let all = log_probabilities(scores);
    if request.certainty {
        // Σ 1/V · ln((1/V) ÷ p) over the V tokens of the table.
        let count = all.len() as f64;
        told.certainty = Some(-count.ln() - all.iter().sum::<f64>() / count);
    }
    if let Some(most) = request.likeliest {
        told.log_probability = all.get(token as usize).copied();
        told.likeliest = likeliest(&all, most);
    }
    told
}

/// The tokens of the largest values with these, the first one first.
fn likeliest(all: &[f64], most: usize) -> Vec<(u32, f64)> {
    if most == 0 {
        return Vec::new();
    }
    let mut order: Vec<u32> = (0..all.len() as u32).collect();
    let larger = |a: &u32, b: &u32| all[*b as usize].total_cmp(&all[*a as usize]).then(a.cmp(b));
    if most < order.len() {
        order.select_nth_unstable_by(most, larger);
        order.truncate(most);
    }
    order.sort_unstable_by(larger);
    order
        .into_iter()
        .map(|token| (token, all[token as usize]))
        .collect()
}
