//! A model of the lab's as a sampler: many requests as one batch, over beginnings that they share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use triaxis_infer::{self as infer, Answer, Batch, Engine, InferError, PrefixCache, Token, text};
use triaxis_tokens::Tokenizer;
use triaxis_units::Seconds;

use crate::error::SearchError;
use crate::reply::{Ended, Sampled};
use crate::request::{SampleRequest, Sampling};
use crate::sampler::{Finished, Sampler};

/// An engine and its tokenizer as a [`Sampler`].
///
/// A text that was sampled by a seed goes on, by the same seed, from the tokens that it was sampled in, which its text may
/// not tell; other text is encoded.
///
/// ```no_run
/// # fn sampler(engine: &mut triaxis_infer::Engine, tokenizer: &triaxis_tokens::Tokenizer) {
/// use triaxis_search::EngineSampler;
/// let mut prefixes = triaxis_infer::PrefixCache::new(engine, triaxis_units::Bytes(1 << 30));
/// let mut sampler = EngineSampler::new(engine, &mut prefixes, tokenizer);
/// # }
/// ```
#[derive(Debug)]
pub struct EngineSampler<'a> {
    batch: Batch<'a>,
    tokenizer: &'a Tokenizer,
    /// What goes on, by the batch's numbers.
    going: BTreeMap<usize, Going>,
    /// What is over and was not told yet.
    ready: Vec<Finished>,
    kept: BTreeMap<By, BTreeMap<String, Kept>>,
}

/// What tokens of a text are kept by: seed, sampling and prompt.
type By = (u64, String, Arc<str>);

/// The tokens of what was said.
#[derive(Debug, Clone, Default)]
struct Kept {
    tokens: Vec<u32>,
    /// Bytes of the last tokens that are no part of the text: what stands after a mark, or a character's first ones.
    rest: Vec<u8>,
}

/// A request that goes on.
#[derive(Debug)]
struct Going {
    number: usize,
    request: SampleRequest,
    /// Tokens of what was said before, then those that are sampled.
    tokens: Vec<u32>,
    /// Tokens of the prompt and of what was said before.
    before: u64,
    bytes: Vec<u8>,
    /// Where a mark ends it.
    cut: Option<(usize, Ended)>,
    log_probability: f64,
    certainty: f64,
    sampled: u64,
    seconds: f64,
}

impl From<InferError> for SearchError {
    fn from(error: InferError) -> Self {
        Self::new(error)
    }
}

impl<'a> EngineSampler<'a> {
    /// A sampler that has sampled nothing yet.
    pub fn new(engine: &'a mut Engine, prefixes: &'a mut PrefixCache, tokenizer: &'a Tokenizer) -> Self {
        Self {
            batch: Batch::new(engine, Some(prefixes), None),
            tokenizer,
            going: BTreeMap::new(),
            ready: Vec::new(),
            kept: BTreeMap::new(),
        }
    }

    /// The tokens of what a request says so far.
    fn said(&self, request: &SampleRequest) -> Result<Kept, InferError> {
        let said = &*request.said;
        let kept = self.kept.get(&by(request));
        if let Some(kept) = kept.and_then(|kept| kept.get(said)) {
            return Ok(kept.clone());
        }
        // What was put into the model's mouth stands after what it said.
        let begins = |(own, kept): &(&String, &Kept)| said.starts_with(own.as_str()) && kept.rest.is_empty();
        let own = kept.into_iter().flatten().filter(begins);
        let own = own.max_by_key(|(own, _)| own.len());
        let (length, mut tokens) =
            own.map_or((0, Vec::new()), |(own, kept)| (own.len(), kept.tokens.clone()));
        tokens.extend(self.tokenizer.encode(&said[length..])?);
        let rest = Vec::new();
        Ok(Kept { tokens, rest })
    }

    fn begin_one(&mut self, number: usize, request: SampleRequest) -> Result<(), InferError> {
        let began = Instant::now();
        let mut prompt = text::prompt(self.tokenizer, &request.prompt)?;
        let Kept { tokens, rest } = self.said(&request)?;
        prompt.extend(&tokens);
        let mut going = Going {
            number,
            before: prompt.len() as u64,
            bytes: rest,
            cut: None,
            log_probability: 0.0,
            certainty: 0.0,
            sampled: 0,
            seconds: 0.0,
            tokens,
            request,
        };
        going.look(0);
        if going.cut.is_some() {
            let over = self.end(going, Ended::Mark);
            self.ready.push(over);
            return Ok(());
        }
        let asked = infer::Request {
            prompt,
            most: usize::try_from(going.request.most).unwrap_or(usize::MAX),
            sampling: sampling(going.request.sampling),
            seed: going.request.seed,
            first: going.tokens.len(),
            ends: self.tokenizer.ends().clone(),
            likeliest: Some(0),
            certainty: true,
            known: self.tokenizer.vocabulary(),
            ..infer::Request::default()
        };
        let numbers = self.batch.begin(asked, Vec::new())?;
        going.seconds = began.elapsed().as_secs_f64();
        self.going.insert(numbers.start, going);
        Ok(())
    }

    /// What an answer of the batch is.
    fn over(&mut self, mut going: Going, answer: Answer) -> Finished {
        if let Some(fault) = answer.fault {
            return (going.number, Err(fault.to_string()));
        }
        if let Some(end) = &answer.end {
            going.count(end);
        }
        match answer.ended {
            infer::Ended::End => self.end(going, Ended::End),
            infer::Ended::Stopped => self.end(going, Ended::Mark),
            infer::Ended::Most | infer::Ended::Context => self.end(going, Ended::Most),
            infer::Ended::Nothing | infer::Ended::Fault => (
                going.number,
                Err("no token of the tokenizer has a score that is a number: give a sound model".to_owned()),
            ),
        }
    }

    /// The reply, once nothing is sampled any more; its tokens are kept.
    fn end(&mut self, going: Going, ended: Ended) -> Finished {
        let whole = going.bytes.len();
        let (end, ended) = match (going.cut, ended) {
            (Some(cut), _) => cut,
            (None, Ended::Most) => (whole - begun(&going.bytes), Ended::Most),
            (None, ended) => (whole, ended),
        };
        let text = String::from_utf8_lossy(&going.bytes[..end]).into_owned();
        let kept = Kept {
            tokens: going.tokens,
            rest: going.bytes[end..].to_vec(),
        };
        // Where nothing was said, the same is asked again.
        if !text.is_empty() {
            let said = format!("{}{text}", going.request.said);
            let own = self.kept.entry(by(&going.request)).or_default();
            own.insert(said, kept);
        }
        let sampled = Sampled {
            text,
            tokens: going.sampled,
            before: going.before,
            log_probability: going.log_probability,
            self_certainty: (going.sampled > 0).then(|| going.certainty / going.sampled as f64),
            ended,
            seconds: Seconds(going.seconds),
        };
        (going.number, Ok(sampled))
    }
}

impl Sampler for EngineSampler<'_> {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        for (number, request) in requests {
            if let Err(error) = self.begin_one(number, request) {
                self.ready.push((number, Err(error.to_string())));
            }
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        while self.ready.is_empty() && self.batch.goes_on() {
            let (began, together) = (Instant::now(), self.batch.going() as f64);
            let (going, tokenizer) = (&mut self.going, self.tokenizer);
            let over = self.batch.step(&mut |number, token| {
                going
                    .get_mut(&number)
                    .is_none_or(|going| going.hear(token, tokenizer))
            })?;
            let share = began.elapsed().as_secs_f64() / together;
            self.going.values_mut().for_each(|going| going.seconds += share);
            for (number, answer) in over {
                if let Some(going) = self.going.remove(&number) {
                    let over = self.over(going, answer);
                    self.ready.push(over);
                }
            }
        }
        Ok(std::mem::take(&mut self.ready))
    }
}

impl Going {
    /// Counts a token that was sampled.
    fn count(&mut self, token: &Token) {
        self.sampled += 1;
        self.log_probability += token.log_probability.unwrap_or(0.0);
        self.certainty += token.certainty.unwrap_or(0.0);
    }

    /// Takes a token, and returns whether others are to follow. Control tokens are no text.
    fn hear(&mut self, token: &Token, tokenizer: &Tokenizer) -> bool {
        self.count(token);
        self.tokens.push(token.token);
        let had = self.bytes.len();
        if !tokenizer.is_special(token.token) {
            self.bytes.extend_from_slice(tokenizer.bytes_of(token.token));
        }
        self.look(had);
        self.cut.is_none()
    }

    /// Looks for what ends it in bytes of which the first were looked at. Of several the first to end does, and the text
    /// that ends the answer before a mark.
    fn look(&mut self, looked: usize) {
        let marks = self.request.marks.iter().map(|mark| (mark, Ended::Mark));
        let stop = self.request.stop.iter().map(|stop| (stop, Ended::End));
        let end = |(text, ended): (&String, Ended)| {
            let from = looked.saturating_sub(text.len().saturating_sub(1));
            let mut windows = self.bytes[from..].windows(text.len().max(1));
            let place = windows.position(|window| window == text.as_bytes())?;
            Some((from + place + text.len(), ended))
        };
        self.cut = stop.chain(marks).filter_map(end).min_by_key(|(end, _)| *end);
    }
}

/// How many of the last bytes are the first ones of a character that is not whole.
fn begun(bytes: &[u8]) -> usize {
    let begins = |length: &usize| {
        let tail = std::str::from_utf8(&bytes[bytes.len() - length..]);
        tail.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=bytes.len().min(3)).find(begins).unwrap_or(0)
}

fn by(request: &SampleRequest) -> By {
    let sampling = format!("{:?}", request.sampling);
    (request.seed, sampling, Arc::clone(&request.prompt))
}

fn sampling(sampling: Sampling) -> infer::Sampling {
    let Sampling {
        temperature,
        top_k,
        top_p,
        min_p,
    } = sampling;
    infer::Sampling {
        temperature,
        top_k,
        top_p,
        min_p,
        ..infer::Sampling::default()
    }
}
