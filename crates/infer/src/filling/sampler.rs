use triaxis_random::Stream;

use super::canvas::Canvas;
use super::filler::Denoise;
use crate::error::InferError;
use crate::sampling::{Counts, Sampling};

/// Steps in which gaps are filled at most: more than a context has tokens.
const MOST_STEPS: usize = 1 << 20;

/// Which gaps are filled when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Each by chance, as time goes back evenly from where all is masked to where nothing is: what the model was trained on
    /// (MDLM: arXiv 2406.07524, equations 7 and 8).
    #[default]
    Ancestral,
    /// As many in each step, those of which the model is surest; the others are masked again (LLaDA: arXiv 2502.09992,
    /// algorithm 5, low-confidence remasking).
    Surest,
}

/// How gaps are filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Filling {
    /// Steps in which all are filled.
    pub steps: usize,
    /// Which when.
    pub order: Order,
    /// Gaps that are filled before those after them are begun, if not all are filled together; they share the steps out.
    pub block: Option<usize>,
    /// How a token is chosen from scores.
    pub sampling: Sampling,
    /// What draws depend on.
    pub seed: u64,
}

/// A text without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Its tokens.
    pub tokens: Vec<u32>,
    /// How often the model was asked: never in a step that fills nothing, for then nothing has changed.
    pub passes: usize,
}

/// Fills the gaps of a canvas, by what may come into each.
///
/// # Errors
/// When the canvas is longer than the model's context or has other tokens, a setting breaks its rule, or the model computes
/// no numbers.
pub fn fill(model: &mut dyn Denoise, canvas: &Canvas, filling: &Filling) -> Result<Filled, InferError> {
    check(model, canvas, filling)?;
    let gaps = canvas.gaps();
    let size = filling.block.unwrap_or(gaps.len()).clamp(1, gaps.len().max(1));
    let mut work = Work {
        canvas,
        filling,
        counts: Counts::of_prompt(&canvas.fixed()),
        tokens: canvas.tokens(model.mask()),
        stream: Stream::new(filling.seed, "filling", 0),
        passes: 0,
    };
    let blocks = gaps.len().div_ceil(size);
    for (index, block) in gaps.chunks(size).enumerate() {
        // Steps are shared out evenly, and each block has one at least.
        let before = |index: usize| index * filling.steps / blocks;
        let steps = (before(index + 1) - before(index)).max(1);
        work.block(model, block.to_vec(), steps)?;
    }
    Ok(Filled {
        tokens: work.tokens,
        passes: work.passes,
    })
}

fn check(model: &dyn Denoise, canvas: &Canvas, filling: &Filling) -> Result<(), InferError> {
    filling.sampling.check()?;
    let (length, context) = (canvas.len(), model.context());
    if length > context {
        return Err(InferError::input(format!(
            "a text of {length} tokens: what is fixed and what is filled must not exceed the model's context of {context}; \
             shorten the one or the other"
        )));
    }
    if !(1..=MOST_STEPS).contains(&filling.steps) || filling.block == Some(0) {
        return Err(InferError::input(format!(
            "`steps = {}`, `block = {:?}`: gaps are filled in 1 to {MOST_STEPS} steps, and a block has one gap at least; \
             choose others",
            filling.steps, filling.block
        )));
    }
    let vocabulary = model.vocabulary();
    let is_unknown = |token: &u32| *token as usize >= vocabulary;
    match canvas.fixed().into_iter().find(is_unknown) {
        None => Ok(()),
        Some(token) => Err(InferError::input(format!(
            "token {token} of the text is outside the model's vocabulary of {vocabulary}; give the tokenizer that belongs to \
             the model"
        ))),
    }
}

/// A text at work.
struct Work<'a> {
    canvas: &'a Canvas,
    filling: &'a Filling,
    counts: Counts,
    tokens: Vec<u32>,
    stream: Stream,
    passes: usize,
}

/// A token for a place, and how sure the model is of it.
struct Proposal {
    place: usize,
    token: u32,
    sureness: f64,
}

impl Work<'_> {
    /// Fills some gaps in so many steps.
    fn block(
        &mut self,
        model: &mut dyn Denoise,
        mut left: Vec<usize>,
        steps: usize,
    ) -> Result<(), InferError> {
        let all = left.len();
        for step in 0..steps {
            let chosen = match self.filling.order {
                // The share of those masked at this time that is not masked at the next one.
                Order::Ancestral => {
                    let share = 1.0 / (steps - step) as f64;
                    let stream = &mut self.stream;
                    let chosen = left.iter().copied().filter(|_| stream.uniform() < share);
                    let chosen: Vec<usize> = chosen.collect();
                    self.proposals(model, &chosen)?
                }
                Order::Surest => {
                    let wanted = all * (step + 1) / steps - (all - left.len());
                    let asked = if wanted == 0 { &[] } else { &left[..] };
                    let mut proposals = self.proposals(model, asked)?;
                    proposals.sort_by(|one, other| {
                        let by_sureness = other.sureness.total_cmp(&one.sureness);
                        by_sureness.then(one.place.cmp(&other.place))
                    });
                    proposals.truncate(wanted);
                    proposals
                }
            };
            for Proposal { place, token, .. } in chosen {
                self.tokens[place] = token;
                self.counts.add(token);
                left.retain(|&other| other != place);
            }
        }
        Ok(())
    }

    /// A token for each of some places, by the text as it is.
    fn proposals(&mut self, model: &mut dyn Denoise, places: &[usize]) -> Result<Vec<Proposal>, InferError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        self.passes += 1;
        let scores = model.scores(&self.tokens, places)?;
        let plain = Sampling::default();
        let rows = places.iter().zip(scores.chunks_exact(model.vocabulary()));
        rows.map(|(&place, scores)| {
            let set = self.canvas.allowed(place);
            let holds = |token: u32| set.is_none_or(|set| set.holds(token));
            let of =
                |sampling: &Sampling, counts: &Counts| sampling.distribution(scores, counts, Some(&holds));
            let drawn = of(&self.filling.sampling, &self.counts).draw(self.stream.uniform());
            let token = drawn.ok_or_else(InferError::no_numbers)?;
            Ok(Proposal {
                place,
                token,
                sureness: match self.filling.order {
                    Order::Ancestral => 0.0,
                    Order::Surest => of(&plain, &Counts::default()).probability(token),
                },
            })
        })
        .collect()
    }
}
