//! A model whose chances are known, so that what strategies are worth can be computed and held against what they do.
//!
//! It answers in steps, each right with a known probability once all before it were; a wrong step leads to one of some wrong
//! answers. Asked again, it mends a wrong answer or spoils a right one with known probabilities. A token is a word.

use std::sync::Arc;

use triaxis_random::{Stream, key};
use triaxis_units::Seconds;

use crate::error::SearchError;
use crate::reply::{Ended, Sampled, Verdict};
use crate::request::{Problem, SampleRequest, ScoreRequest, Scored};
use crate::sampler::{Finished, Sampler, Verifier};

/// What draws among alternatives, given the place of the word and their probabilities.
pub type Choose<'a> = &'a mut dyn FnMut(u64, &[f64]) -> usize;

/// How a problem goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chances {
    /// The probability that each step is right.
    pub steps: Vec<f64>,
    /// How likely each wrong answer is among them.
    pub wrong: Vec<f64>,
    /// The probability that another attempt, or more thought, mends a wrong answer.
    pub mend: f64,
    /// The probability that it spoils a right one.
    pub spoil: f64,
    /// Whether it thinks first: the steps are thoughts, which `</think>` ends.
    pub thinks: bool,
    /// The probability that an answer is right where thoughts were right so far and were cut.
    pub guess: f64,
    /// Words of a step.
    pub words: usize,
}

impl Chances {
    /// Steps of these probabilities, two words each; two wrong answers, the first twice as likely; attempts that change
    /// nothing.
    pub fn of_steps(steps: &[f64]) -> Self {
        Self {
            steps: steps.to_vec(),
            wrong: vec![2.0 / 3.0, 1.0 / 3.0],
            mend: 0.0,
            spoil: 0.0,
            thinks: false,
            guess: 0.0,
            words: 2,
        }
    }

    /// The probability that one sample is right.
    pub fn success(&self) -> f64 {
        self.steps.iter().product()
    }
}

/// Problems whose chances are known.
#[derive(Debug, Clone)]
pub struct World {
    problems: Arc<Vec<Chances>>,
}

/// What a text says so far.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    done: usize,
    /// Which wrong answer it leads to.
    wrong: Option<usize>,
    closed: bool,
    waited: bool,
    /// The answer that was given last, with which wrong one it was.
    given: Option<Option<usize>>,
}

impl State {
    fn of(text: &str) -> Self {
        text.split_whitespace().fold(Self::default(), Self::after)
    }

    fn after(mut self, word: &str) -> Self {
        let meant = word.split('#').next().unwrap_or(word);
        let leads = |name: &str| name.strip_prefix("wrong").and_then(|number| number.parse().ok());
        if let Some(answer) = meant.strip_prefix("answer=") {
            return Self {
                given: Some(leads(answer)),
                ..Self::default()
            };
        }
        if let Some(way) = meant.strip_prefix("step=") {
            (self.done, self.wrong) = (self.done + 1, self.wrong.or(leads(way)));
        } else if let Some(way) = meant.strip_prefix("again=") {
            (self.waited, self.wrong) = (false, leads(way));
        } else if meant == "</think>" {
            self.closed = true;
        } else if meant == "Wait" {
            (self.waited, self.closed) = (true, false);
        }
        self
    }
}

fn name(wrong: Option<usize>) -> String {
    wrong.map_or_else(|| "right".to_owned(), |number| format!("wrong{number}"))
}

/// What the model says next.
struct Piece {
    /// What it may lead to, and how likely each is.
    ways: Vec<(Option<usize>, f64)>,
    word: &'static str,
    words: usize,
    ends: bool,
}

impl World {
    /// A world of these problems.
    pub fn new(problems: Vec<Chances>) -> Self {
        Self {
            problems: Arc::new(problems),
        }
    }

    /// Its problems.
    pub fn problems(&self) -> impl Iterator<Item = Problem> {
        (0..self.problems.len()).map(|index| self.problem(index))
    }

    /// The problem of that index.
    pub fn problem(&self, index: usize) -> Problem {
        Problem::new(format!("simulated/{index}"), format!("Solve problem {index} : "))
    }

    /// How the problem of that index goes.
    pub fn chances(&self, index: usize) -> Option<&Chances> {
        self.problems.get(index)
    }

    /// The answer in a text: `right`, or which wrong one.
    pub fn read(_problem: &str, said: &str) -> Option<String> {
        let mut words = said.split_whitespace().rev();
        let answer = words.find_map(|word| word.strip_prefix("answer="))?;
        answer.split('#').next().map(str::to_owned)
    }

    /// The model.
    pub fn sampler(&self) -> Simulated {
        Simulated {
            world: self.clone(),
            going: Vec::new(),
        }
    }

    fn of(&self, problem: &str) -> Result<&Chances, String> {
        let number = problem
            .strip_prefix("simulated/")
            .and_then(|number| number.parse().ok());
        number
            .and_then(|number: usize| self.problems.get(number))
            .ok_or_else(|| format!("`{problem}` is no simulated problem: ask one of the world's"))
    }

    /// What the model says, where `choose` draws.
    ///
    /// # Errors
    /// When the problem is none of the world's.
    pub fn say(&self, request: &SampleRequest, choose: Choose<'_>) -> Result<Sampled, String> {
        let chances = self.of(&request.problem)?;
        let prefix = request.prefix();
        let mut state = State::of(&prefix);
        let before = request.said.split_whitespace().count() as u64;
        let mut said = Saying::after(&prefix);
        while said.ended.is_none() {
            let piece = chances.next(&state);
            let place = before + said.words;
            let probabilities: Vec<f64> = piece.ways.iter().map(|(_, chance)| *chance).collect();
            let way = choose(place, &probabilities).min(piece.ways.len() - 1);
            said.chosen(&probabilities, way);
            let word = match piece.word {
                "</think>" => "</think>".to_owned(),
                word => {
                    let tag = key(request.seed, "tag", place) as u32;
                    format!("{word}={}#{tag:08x} ", name(piece.ways[way].0))
                }
            };
            state = state.after(&word);
            said.add(&word, &piece, request);
        }
        Ok(said.reply(prefix.split_whitespace().count() as u64))
    }
}

/// A text that is being said.
struct Saying {
    text: String,
    words: u64,
    log_probability: f64,
    certainty: f64,
    ended: Option<Ended>,
}

impl Saying {
    fn after(prefix: &str) -> Self {
        let is_open = prefix.ends_with(|sign: char| !sign.is_whitespace());
        Self {
            text: String::from(if is_open { " " } else { "" }),
            words: 0,
            log_probability: 0.0,
            certainty: 0.0,
            ended: None,
        }
    }

    fn chosen(&mut self, probabilities: &[f64], way: usize) {
        self.log_probability += probabilities[way].ln();
        let possible = probabilities.iter().filter(|chance| **chance > 0.0);
        let count = probabilities.len() as f64;
        self.certainty -= possible.map(|chance| (count * chance).ln()).sum::<f64>() / count;
    }

    fn add(&mut self, word: &str, piece: &Piece, request: &SampleRequest) {
        self.text.push_str(word);
        self.words += 1;
        for _ in 1..piece.words {
            if self.words < request.most {
                self.text.push_str(". ");
                self.words += 1;
            } else {
                self.ended = Some(Ended::Most);
            }
        }
        if self.ended.is_some() {
            return;
        }
        if piece.word == "step" {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str("\n\n");
        }
        let stops = request
            .stop
            .as_deref()
            .is_some_and(|stop| self.text.ends_with(stop));
        self.ended = if piece.ends || stops {
            Some(Ended::End)
        } else if request
            .marks
            .iter()
            .any(|mark| self.text.ends_with(mark.as_str()))
        {
            Some(Ended::Mark)
        } else {
            (self.words >= request.most).then_some(Ended::Most)
        };
        if piece.word == "</think>" && self.ended.is_none() {
            self.text.push(' ');
        }
    }

    fn reply(self, before: u64) -> Sampled {
        Sampled {
            tokens: self.words,
            before,
            log_probability: self.log_probability,
            self_certainty: Some(self.certainty / self.words.max(1) as f64),
            ended: self.ended.unwrap_or(Ended::End),
            seconds: Seconds(self.words as f64 * 0.01),
            text: self.text,
        }
    }
}

impl Chances {
    /// Right with this probability, and else one of the wrong ways.
    fn ways(&self, right: f64) -> Vec<(Option<usize>, f64)> {
        let total: f64 = self.wrong.iter().sum();
        let wrong = self.wrong.iter().enumerate();
        let wrong = wrong.map(|(way, share)| (Some(way), (1.0 - right) * share / total));
        std::iter::once((None, right)).chain(wrong).collect()
    }

    /// What another look makes of a way.
    fn again(&self, wrong: Option<usize>) -> Vec<(Option<usize>, f64)> {
        match wrong {
            None => self.ways(1.0 - self.spoil),
            Some(way) => vec![(None, self.mend), (Some(way), 1.0 - self.mend)],
        }
    }

    fn next(&self, state: &State) -> Piece {
        let sure = |wrong| vec![(wrong, 1.0)];
        let piece = |ways, word, words, ends| Piece {
            ways,
            word,
            words,
            ends,
        };
        if let Some(given) = state.given {
            return piece(self.again(given), "answer", 1, true);
        }
        match self.steps.get(state.done) {
            Some(_) if state.closed && state.wrong.is_none() => {
                piece(self.ways(self.guess), "answer", 1, true)
            }
            Some(right) if !state.closed => {
                let ways = state
                    .wrong
                    .map_or_else(|| self.ways(*right), |wrong| sure(Some(wrong)));
                piece(ways, "step", self.words, false)
            }
            None if state.waited => piece(self.again(state.wrong), "again", 1, false),
            None if self.thinks && !state.closed => piece(sure(None), "</think>", 1, false),
            _ => piece(sure(state.wrong), "answer", 1, true),
        }
    }
}

/// The model of a world. Of what goes on at once the shortest text is over first.
#[derive(Debug, Clone)]
pub struct Simulated {
    world: World,
    going: Vec<(usize, Result<Sampled, String>)>,
}

/// Draws one of these probabilities by a number in [0, 1); at most the last of those above zero.
fn drawn(probabilities: &[f64], uniform: f64) -> usize {
    let mut left = uniform;
    let mut last = 0;
    for (way, chance) in probabilities
        .iter()
        .enumerate()
        .filter(|(_, chance)| **chance > 0.0)
    {
        last = way;
        left -= chance;
        if left < 0.0 {
            break;
        }
    }
    last
}

impl Sampler for Simulated {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        for (number, request) in requests {
            let is_greedy = request.sampling.temperature == 0.0;
            let mut choose = |place: u64, probabilities: &[f64]| match is_greedy {
                true => {
                    crate::choice::first_largest(probabilities.len(), |way| probabilities[way]).unwrap_or(0)
                }
                false => drawn(probabilities, Stream::new(request.seed, "word", place).uniform()),
            };
            let said = self.world.say(&request, &mut choose);
            self.going.push((number, said));
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let words = |said: &Result<Sampled, String>| said.as_ref().map_or(0, |said| said.tokens);
        let least = self.going.iter().map(|(_, said)| words(said)).min().unwrap_or(0);
        Ok(self
            .going
            .extract_if(.., |(_, said)| words(said) == least)
            .collect())
    }
}

/// A verifier that errs with known probabilities.
#[derive(Debug, Clone)]
pub struct Judge {
    world: World,
    /// The probability that a right text is accepted, scored 1 and not 0.
    pub right: f64,
    /// The same of a wrong one.
    pub wrong: f64,
    /// What its errors hang on, with the text.
    pub seed: u64,
}

impl Judge {
    /// One that never errs.
    pub fn perfect(world: &World) -> Self {
        Self::new(world, 1.0, 0.0)
    }

    /// One that accepts right and wrong texts with these probabilities.
    pub fn new(world: &World, right: f64, wrong: f64) -> Self {
        Self {
            world: world.clone(),
            right,
            wrong,
            seed: 0,
        }
    }

    /// What it says of a text, where `choose` draws.
    ///
    /// # Errors
    /// When the problem is none of the world's.
    pub fn judge(&self, request: &ScoreRequest, choose: Choose<'_>) -> Result<Verdict, String> {
        self.world.of(&request.problem)?;
        let state = State::of(&request.said);
        let is_right = match request.of {
            Scored::Step => state.given.unwrap_or(state.wrong).is_none(),
            Scored::Answer | Scored::Likelihood => state.given == Some(None),
        };
        let accepts = if is_right { self.right } else { self.wrong };
        let words = |text: &str| text.split_whitespace().count() as u64;
        let score = match request.of {
            Scored::Likelihood => -(words(&request.said) as f64),
            Scored::Step | Scored::Answer => [1.0, 0.0][choose(0, &[accepts, 1.0 - accepts]).min(1)],
        };
        let tokens = words(&request.prompt) + words(&request.said);
        Ok(Verdict {
            score,
            tokens,
            seconds: Seconds(tokens as f64 * 0.001),
        })
    }
}

impl Verifier for Judge {
    fn score(&mut self, requests: &[ScoreRequest]) -> Result<Vec<Result<Verdict, String>>, SearchError> {
        let score = |request: &ScoreRequest| {
            let of = request.of as u64;
            let mut stream = Stream::new(key(self.seed, &request.problem, of), &request.said, 0);
            self.judge(request, &mut |_, probabilities| {
                drawn(probabilities, stream.uniform())
            })
        };
        Ok(requests.iter().map(score).collect())
    }
}
