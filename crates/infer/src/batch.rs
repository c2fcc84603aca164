//! Answers that go on side by side, of one request or of many.

use std::ops::Range;
use std::sync::Arc;

use triaxis_units::Bytes;

use crate::constraints::Constraint;
use crate::draft::{Draft, Drafted};
use crate::engine::{Engine, Reading, Wanted};
use crate::error::InferError;
use crate::generate::{Answer, Ended, Request, Token, choose, told};
use crate::prefixes::PrefixCache;
use crate::sampling::Counts;
use crate::sequence::Sequence;

/// Tokens that are read together at most: of more that would be very many scores.
const COLUMNS: usize = 128;

/// Answers to requests, each of which begins when there is room for it and goes on beside the others, a token or what is
/// drafted of each at a step. An answer is the same whatever others there are, unless a model of other mixers drafts.
///
/// ```no_run
/// # fn answer(engine: &mut triaxis_infer::Engine, requests: Vec<triaxis_infer::Request>) -> Result<(), triaxis_infer::InferError> {
/// use triaxis_infer::{Batch, PrefixCache};
/// let mut prefixes = PrefixCache::new(engine, triaxis_units::Bytes(1 << 30));
/// let mut batch = Batch::new(engine, Some(&mut prefixes), None);
/// for request in requests {
///     batch.begin(request, Vec::new())?;
/// }
/// while batch.goes_on() {
///     for (number, answer) in batch.step(&mut |_, _| true)? {
///         println!("answer {number} has {} tokens", answer.tokens.len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Batch<'a> {
    engine: &'a mut Engine,
    prefixes: Option<&'a mut PrefixCache>,
    draft: Option<&'a mut dyn Draft>,
    going: Vec<Going<'a>>,
    begun: usize,
}

/// An answer that is going on.
struct Going<'a> {
    request: Arc<Request>,
    /// Which of all answers it is, and which of its request's.
    number: usize,
    sample: usize,
    /// Which of those that go on at once.
    place: usize,
    sequence: Sequence,
    /// Tokens that are not read yet: the last one, and what is drafted after it.
    next: Vec<u32>,
    counts: Counts,
    constraint: Option<Box<dyn Constraint + 'a>>,
    /// Bytes that it may come to remember beyond what it shares.
    bytes: Bytes,
    answer: Answer,
    over: bool,
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Batch")
            .field("going", &self.going.len())
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

impl<'a> Batch<'a> {
    /// No answers yet of an engine. What `prefixes` have of prompts is not read again, and the rest is kept there, with the
    /// answers; `draft` drafts before each step.
    pub fn new(
        engine: &'a mut Engine,
        prefixes: Option<&'a mut PrefixCache>,
        draft: Option<&'a mut dyn Draft>,
    ) -> Self {
        Self {
            engine,
            prefixes,
            draft,
            going: Vec::new(),
            begun: 0,
        }
    }

    /// Reads the prompt of a request, begins its answers, with a constraint on each if there are any, and returns their
    /// numbers.
    ///
    /// # Errors
    /// When the prompt is empty or does not fit the model, or a setting breaks its rule. Others go on as they were.
    pub fn begin(
        &mut self,
        request: Request,
        constraints: Vec<Box<dyn Constraint + 'a>>,
    ) -> Result<Range<usize>, InferError> {
        request.sampling.check()?;
        self.engine.knows(&request.prompt)?;
        if !constraints.is_empty() && constraints.len() != request.samples {
            return Err(InferError::input(format!(
                "{} constraints for {} answers: give each one, or none",
                constraints.len(),
                request.samples
            )));
        }
        let request = Arc::new(request);
        let Some((&last, before)) = request.prompt.split_last() else {
            return Err(InferError::input(
                "the prompt has no tokens: give text, or a tokenizer that begins texts with a token",
            ));
        };
        let stem = match &mut self.prefixes {
            Some(prefixes) => prefixes.read(self.engine, before, &request.salt)?,
            None => {
                let mut stem = self.engine.sequence();
                self.engine.read(&mut [Reading {
                    sequence: &mut stem,
                    tokens: before,
                    wanted: Wanted::None,
                }])?;
                stem
            }
        };
        let counts = Counts::of_prompt(&request.prompt);
        let bytes = Bytes(self.bytes_of(&request).0 / request.samples.max(1) as u64);
        let numbers = self.begun..self.begun + request.samples;
        self.begun = numbers.end;
        let mut constraints = constraints.into_iter();
        for number in numbers.clone() {
            let going = Going {
                number,
                sample: number - numbers.start,
                place: self.free_place(),
                sequence: stem.clone(),
                next: vec![last],
                counts: counts.clone(),
                constraint: constraints.next(),
                bytes,
                answer: Answer {
                    tokens: Vec::new(),
                    ended: Ended::Most,
                    end: None,
                    drafted: 0,
                    fault: None,
                },
                over: request.most == 0,
                request: Arc::clone(&request),
            };
            self.going.push(going);
        }
        Ok(numbers)
    }

    /// The first place that no answer has.
    fn free_place(&self) -> usize {
        let taken = |place: &usize| self.going.iter().any(|going| going.place == *place);
        (0..).find(|place| !taken(place)).unwrap_or(self.going.len())
    }

    /// Bytes that the answers which go on may come to remember.
    pub fn bytes(&self) -> Bytes {
        self.going.iter().map(|going| going.bytes).sum()
    }

    /// Bytes that the answers to a request may come to remember.
    pub fn bytes_of(&self, request: &Request) -> Bytes {
        let prompt = request.prompt.len();
        let most = prompt
            .saturating_add(request.most)
            .min(self.engine.stack().context);
        let all = self.engine.remembers(most);
        // Samples share the prompt as far as they can.
        let shared = self.engine.shared(prompt.saturating_sub(1)).min(all);
        let own = (all - shared).saturating_mul(request.samples);
        Bytes(shared.saturating_add(own) as u64)
    }

    /// How many answers go on.
    pub fn going(&self) -> usize {
        self.going.len()
    }

    /// Whether any answer goes on.
    pub fn goes_on(&self) -> bool {
        !self.going.is_empty()
    }

    /// Goes a step on with all answers, and returns those that are over, by number. `hear` is told of each token with the
    /// number of its answer, and says whether that goes on.
    ///
    /// # Errors
    /// When the model's scores are no numbers, or a constraint asks for more work than is given to it. No answer goes on
    /// then: what is over by now was returned.
    pub fn step(
        &mut self,
        hear: &mut dyn FnMut(usize, &Token) -> bool,
    ) -> Result<Vec<(usize, Answer)>, InferError> {
        let drafted = |going: &Going<'_>| going.request.drafted.saturating_add(1);
        let most = match self.draft {
            Some(_) => self.going.iter().map(drafted).max().unwrap_or(1),
            None => 1,
        };
        for going in self.going.chunks_mut((COLUMNS / most).max(1)) {
            step(self.engine, self.draft.as_deref_mut(), going, hear)?;
        }
        let over: Vec<Going<'_>> = self.going.extract_if(.., |going| going.over).collect();
        if let Some(prefixes) = &mut self.prefixes {
            for going in &over {
                prefixes.keep_answer(&going.sequence, &going.request.salt);
            }
        }
        Ok(over
            .into_iter()
            .map(|going| (going.number, going.answer))
            .collect())
    }
}

/// An answer with what is drafted of it, and where it was before.
struct Proposed<'a, 'e> {
    going: &'a mut Going<'e>,
    drafts: Vec<Drafted>,
    mark: Option<Sequence>,
}

/// Reads what is next of some answers, with drafts, and takes what follows.
fn step(
    engine: &mut Engine,
    mut draft: Option<&mut (dyn Draft + '_)>,
    all: &mut [Going<'_>],
    hear: &mut dyn FnMut(usize, &Token) -> bool,
) -> Result<(), InferError> {
    let (context, vocabulary) = (engine.stack().context, engine.stack().vocabulary);
    let mut proposed = Vec::with_capacity(all.len());
    for going in all {
        let drafts = going.propose(context, draft.as_deref_mut())?;
        if !going.over {
            let mark = (!drafts.is_empty()).then(|| going.sequence.mark()).flatten();
            proposed.push(Proposed { going, drafts, mark });
        }
    }
    let mut readings: Vec<Reading<'_>> = proposed
        .iter_mut()
        .map(|Proposed { going, drafts, .. }| Reading {
            sequence: &mut going.sequence,
            tokens: &going.next,
            wanted: match drafts.is_empty() {
                true => Wanted::Last,
                false => Wanted::All,
            },
        })
        .collect();
    let scores = engine.read(&mut readings)?;
    if scores.iter().any(|score| score.is_nan()) {
        return Err(InferError::no_numbers());
    }
    let mut rows = scores.chunks_exact(vocabulary);
    for Proposed { going, drafts, mark } in proposed {
        let rows: Vec<&[f32]> = rows.by_ref().take(drafts.len() + 1).collect();
        let before = going.sequence.position() - drafts.len();
        let taken = going.take(&drafts, &rows, hear)?;
        // Of drafts only those that were taken stay, and the last of what was taken is next.
        let position = before + taken;
        if !going.over && position < going.sequence.position() {
            engine.go_back(&mut going.sequence, position, mark)?;
        }
    }
    Ok(())
}

impl Going<'_> {
    fn end(&mut self, ended: Ended) {
        (self.answer.ended, self.over) = (ended, true);
    }

    fn fail(&mut self, fault: InferError) {
        self.answer.fault = Some(fault);
        self.end(Ended::Fault);
    }

    /// Whether its constraint leaves nothing but the end.
    fn is_complete(&self) -> bool {
        self.constraint
            .as_deref()
            .is_some_and(|constraint| constraint.is_complete())
    }

    /// Drafts what may follow, if anything drafts and there is room.
    fn propose(
        &mut self,
        context: usize,
        draft: Option<&mut (dyn Draft + '_)>,
    ) -> Result<Vec<Drafted>, InferError> {
        let length = self.sequence.position() + self.next.len();
        if !self.over && self.is_complete() {
            self.end(Ended::End);
        }
        if !self.over && length > context {
            self.end(Ended::Context);
        }
        let place = self.answer.tokens.len();
        let left = self.request.most.saturating_sub(place + 1);
        let most = self.request.drafted.min(left).min(context.saturating_sub(length));
        let Some(draft) = draft.filter(|_| !self.over && most > 0) else {
            return Ok(Vec::new());
        };
        let tokens = [self.sequence.tokens(), &self.next].concat();
        let mut stream = self.request.stream("draft", self.sample, place);
        let drafts = draft.propose(self.place, &tokens, most, &mut || stream.uniform())?;
        self.next.extend(drafts.iter().map(|drafted| drafted.token));
        Ok(drafts)
    }

    /// Takes tokens as long as drafts agree with the scores, and one more, and returns how many drafts were taken.
    fn take(
        &mut self,
        drafts: &[Drafted],
        rows: &[&[f32]],
        hear: &mut dyn FnMut(usize, &Token) -> bool,
    ) -> Result<usize, InferError> {
        let request = Arc::clone(&self.request);
        for (index, scores) in rows.iter().enumerate() {
            let place = self.answer.tokens.len();
            let own = self.constraint.as_mut().map(|constraint| constraint.allowed());
            let (own, fault) = match own.transpose() {
                Ok(own) => (own, None),
                Err(fault) => (None, Some(fault)),
            };
            if let Some(fault) = fault {
                drop(own);
                self.fail(fault);
                return Ok(index);
            }
            let allowed = |token: u32| {
                (token as usize) < request.known && own.as_ref().is_none_or(|allows| allows(token))
            };
            let from = request
                .sampling
                .distribution(scores, &self.counts, Some(&allowed));
            drop(own);
            let mut stream = request.stream("sample", self.sample, place);
            let (token, agrees) = choose(&from, drafts.get(index), &mut || stream.uniform());
            let Some(token) = token else {
                self.end(Ended::Nothing);
                return Ok(index);
            };
            if request.ends.contains(&token) {
                self.answer.end = Some(told(scores, token, &request));
                self.end(Ended::End);
                return Ok(index);
            }
            if let Some(Err(fault)) = self
                .constraint
                .as_mut()
                .map(|constraint| constraint.accept(token))
            {
                self.fail(fault);
                return Ok(index);
            }
            self.counts.add(token);
            let told = told(scores, token, &request);
            let goes_on = hear(self.number, &told);
            self.answer.tokens.push(told);
            self.answer.drafted += usize::from(agrees);
            self.next = vec![token];
            if !goes_on {
                self.end(Ended::Stopped);
            } else if self.is_complete() {
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
}
