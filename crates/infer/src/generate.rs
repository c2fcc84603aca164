//! Answers to a prompt, token by token, several side by side.

use std::collections::BTreeSet;

use triaxis_random::Stream;

use crate::constraints::Constraint;
use crate::draft::{Draft, Drafted};
use crate::engine::{Engine, Reading, Wanted};
use crate::error::InferError;
use crate::sampling::{Counts, Distribution, Sampling, log_probabilities};
use crate::sequence::Sequence;

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
    /// Tokens that end an answer.
    pub ends: BTreeSet<u32>,
    /// How many of the likeliest tokens are told with each, beside the logarithm of its probability; nothing is if not given.
    pub likeliest: Option<usize>,
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
            ends: BTreeSet::new(),
            likeliest: None,
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
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its tokens, that which ended it not among them.
    pub tokens: Vec<Token>,
    /// Why it ended.
    pub ended: Ended,
    /// How many of its tokens were drafted.
    pub drafted: usize,
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

/// An answer that is going on.
struct Going {
    sequence: Sequence,
    /// Tokens that are not read yet: the last one, and what is drafted after it.
    next: Vec<u32>,
    counts: Counts,
    answer: Answer,
    over: bool,
}

/// Generates answers. `hear` is told of each token with the number of its answer, and says whether that answer goes on.
///
/// Without drafts an answer's draws depend on the seed, its number and the place of a token alone, so that it is the same
/// whatever other answers there are.
///
/// # Errors
/// When the prompt is empty or does not fit the model, or a setting breaks its rule.
pub fn generate(
    engine: &mut Engine,
    request: &Request,
    mut helpers: Helpers<'_>,
    hear: &mut dyn FnMut(usize, &Token) -> bool,
) -> Result<Vec<Answer>, InferError> {
    request.sampling.check()?;
    let Some((last, before)) = request.prompt.split_last() else {
        return Err(InferError::input(
            "the prompt has no tokens: give text, or a tokenizer that begins texts with a token",
        ));
    };
    let mut stem = engine.sequence();
    engine.read(&mut [Reading {
        sequence: &mut stem,
        tokens: before,
        wanted: Wanted::None,
    }])?;
    let counts = Counts::of_prompt(&request.prompt);
    let mut all: Vec<Going> = (0..request.samples)
        .map(|_| Going {
            sequence: stem.clone(),
            next: vec![*last],
            counts: counts.clone(),
            answer: Answer {
                tokens: Vec::new(),
                ended: Ended::Most,
                drafted: 0,
            },
            over: request.most == 0,
        })
        .collect();
    // Not all at once where that would be very many scores.
    let together = (COLUMNS / (request.drafted + 1)).max(1);
    while all.iter().any(|going| !going.over) {
        for (index, all) in all.chunks_mut(together).enumerate() {
            step(engine, request, &mut helpers, (index * together, all), hear)?;
        }
    }
    Ok(all.into_iter().map(|going| going.answer).collect())
}

/// Tokens that are read together at most.
const COLUMNS: usize = 128;

/// Reads what is next of some answers that go on, from the first's number on, with drafts, and takes what follows.
fn step(
    engine: &mut Engine,
    request: &Request,
    helpers: &mut Helpers<'_>,
    (first, all): (usize, &mut [Going]),
    hear: &mut dyn FnMut(usize, &Token) -> bool,
) -> Result<(), InferError> {
    let (context, vocabulary) = (engine.stack().context, engine.stack().vocabulary);
    let mut drafts: Vec<Vec<Drafted>> = vec![Vec::new(); all.len()];
    for (index, going) in all.iter_mut().enumerate().filter(|(_, going)| !going.over) {
        let sample = first + index;
        if helpers
            .constraints
            .get(sample)
            .is_some_and(|constraint| constraint.is_complete())
        {
            going.end(Ended::End);
            continue;
        }
        if going.sequence.position() + going.next.len() > context {
            going.end(Ended::Context);
            continue;
        }
        let room = context - going.sequence.position() - going.next.len();
        let left = request.most - going.answer.tokens.len();
        let most = request.drafted.min(room).min(left.saturating_sub(1));
        if let Some(draft) = helpers.draft.as_deref_mut().filter(|_| most > 0) {
            let tokens = [going.sequence.tokens(), &going.next].concat();
            let mut stream = request.stream("draft", sample, going.answer.tokens.len());
            drafts[index] = draft.propose(sample, &tokens, most, &mut || stream.uniform())?;
            going
                .next
                .extend(drafts[index].iter().map(|drafted| drafted.token));
        }
    }
    let before: Vec<Option<Sequence>> = all
        .iter()
        .zip(&drafts)
        .map(|(going, drafts)| (!drafts.is_empty()).then(|| going.sequence.clone()))
        .collect();
    let mut readings: Vec<Reading<'_>> = all
        .iter_mut()
        .zip(&drafts)
        .filter(|(going, _)| !going.over)
        .map(|(going, drafts)| Reading {
            sequence: &mut going.sequence,
            tokens: &going.next,
            wanted: if drafts.is_empty() {
                Wanted::Last
            } else {
                Wanted::All
            },
        })
        .collect();
    let scores = engine.read(&mut readings)?;
    if scores.iter().any(|score| score.is_nan()) {
        return Err(InferError::no_numbers());
    }
    let mut rows = scores.chunks_exact(vocabulary);
    for (index, ((going, drafts), before)) in all.iter_mut().zip(&drafts).zip(before).enumerate() {
        let sample = first + index;
        if going.over {
            continue;
        }
        let rows: Vec<&[f32]> = rows.by_ref().take(drafts.len() + 1).collect();
        let constraint = helpers
            .constraints
            .get_mut(sample)
            .map(|constraint| &mut **constraint as _);
        let taken = going.take(request, sample, drafts, &rows, constraint, hear)?;
        going.go_back(engine, taken, before)?;
    }
    Ok(())
}

impl Request {
    fn stream(&self, purpose: &str, sample: usize, place: usize) -> Stream {
        Stream::new(self.seed, &format!("{purpose} {sample}"), place as u64)
    }
}

impl Going {
    fn end(&mut self, ended: Ended) {
        (self.answer.ended, self.over) = (ended, true);
    }

    /// Takes tokens as long as drafts agree with the scores, and one more, and returns how many drafts were taken.
    fn take(
        &mut self,
        request: &Request,
        sample: usize,
        drafts: &[Drafted],
        rows: &[&[f32]],
        mut constraint: Option<&mut (dyn Constraint + '_)>,
        hear: &mut dyn FnMut(usize, &Token) -> bool,
    ) -> Result<usize, InferError> {
        for (index, scores) in rows.iter().enumerate() {
            let place = self.answer.tokens.len();
            let own = constraint.as_deref_mut().map(Constraint::allowed).transpose()?;
            let allowed = |token: u32| {
                (token as usize) < request.known && own.as_ref().is_none_or(|allows| allows(token))
            };
            let from = request
                .sampling
                .distribution(scores, &self.counts, Some(&allowed));
            drop(own);
            let drafted = drafts.get(index);
            let mut stream = request.stream("sample", sample, place);
            let (token, agrees) = choose(&from, drafted, &mut || stream.uniform());
            let Some(token) = token else {
                self.end(Ended::Nothing);
                return Ok(index);
            };
            if request.ends.contains(&token) {
                self.end(Ended::End);
                return Ok(index);
            }
            if let Some(constraint) = constraint.as_deref_mut() {
                constraint.accept(token)?;
            }
            self.counts.add(token);
            let told = told(scores, token, request.likeliest);
            let goes_on = hear(sample, &told);
            self.answer.tokens.push(told);
            self.answer.drafted += usize::from(agrees);
            self.next = vec![token];
            if !goes_on {
                self.end(Ended::Stopped);
            } else if constraint
                .as_deref()
                .is_some_and(|constraint| constraint.is_complete())
            {
                self.end(Ended::End);
            } else if self.answer.tokens.len() == request.most {
                self.end(Ended::Most);
            }
            if self.over || !agrees {
                return Ok(index + usize::from(agrees));
            }
        }
        Ok(drafts.len())
    }

    /// Leaves of what was read only the drafts that were taken, and of those all but the last token, which is next.
    fn go_back(
        &mut self,
        engine: &mut Engine,
        taken: usize,
        before: Option<Sequence>,
    ) -> Result<(), InferError> {
        let Some(before) = before else {
            return Ok(());
        };
        // What was read is the token that was next, then the drafts; what follows the taken ones is next now.
        let position = before.position() + 1 + taken;
        if self.over || position >= self.sequence.position() || self.sequence.truncate(position) {
            return Ok(());
        }
        let tokens = self.sequence.tokens()[before.position()..position].to_vec();
        self.sequence = before;
        engine.read(&mut [Reading {
            sequence: &mut self.sequence,
            tokens: &tokens,
            wanted: Wanted::None,
        }])?;
        Ok(())
    }
}

/// The token that comes next, and whether it is the drafted one: that is taken with the probability min(1, p ÷ q), and
/// otherwise another is drawn of what it leaves (Leviathan et al. 2023, arXiv 2211.17192, algorithm 1), so that tokens are
/// distributed as without drafts.
fn choose(
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

/// What is told of a token.
fn told(scores: &[f32], token: u32, likeliest: Option<usize>) -> Token {
    let Some(likeliest) = likeliest else {
        return Token {
            token,
            log_probability: None,
            likeliest: Vec::new(),
        };
    };
    let all = log_probabilities(scores);
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    let larger = |a: &u32, b: &u32| all[*b as usize].total_cmp(&all[*a as usize]).then(a.cmp(b));
    if likeliest < order.len() {
        order.select_nth_unstable_by(likeliest, larger);
        order.truncate(likeliest);
    }
    order.sort_unstable_by(larger);
    Token {
        token,
        log_probability: all.get(token as usize).copied(),
        likeliest: order
            .into_iter()
            .map(|token| (token, all[token as usize]))
            .collect(),
    }
}
