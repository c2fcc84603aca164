//! Many searches side by side over one model.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::sync::Arc;

use crate::accounting::Ledger;
use crate::error::SearchError;
use crate::frame::Frame;
use crate::log::Log;
use crate::outcome::Outcome;
use crate::reply::{Replied, Reply};
use crate::request::{Identity, Problem, Request, SampleRequest, ScoreRequest};
use crate::sampler::{Reader, Sampler, Verifier};
use crate::strategies::StrategySpec;
use crate::strategy::{Ending, Search, Turn};

/// What searches go on with.
pub struct Driver<'a, W> {
    /// The model.
    pub sampler: &'a mut dyn Sampler,
    /// What scores texts.
    pub verifier: &'a mut dyn Verifier,
    /// What reads answers in texts.
    pub reader: &'a dyn Reader,
    /// Replies that are known, and where others are kept.
    pub log: &'a mut Log<W>,
    /// What names the model, the verifier and their settings: replies to requests of another salt are not used.
    pub salt: &'a str,
    /// How many samples go on at once: outcomes are the same for any number.
    pub places: usize,
}

/// What is to be searched.
#[derive(Debug, Clone)]
pub struct Task {
    /// The problem.
    pub problem: Problem,
    /// By which strategy.
    pub strategy: StrategySpec,
    /// In which frame.
    pub frame: Arc<Frame>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// The outcome of each task.
    pub outcomes: Vec<Outcome>,
    /// Requests that the model and the verifier were asked.
    pub asked: u64,
    /// Requests whose replies were known.
    pub known: u64,
}

/// A search that goes on, and the turn that it waits for.
struct Going {
    search: Box<dyn Search>,
    ledger: Ledger,
    requests: Vec<Request>,
    replies: Vec<Option<Reply>>,
    /// How many replies it waits for.
    waiting: usize,
    /// Requests of the turns before.
    before: usize,
    faults: Vec<String>,
}

/// Which request: the task's place, and the request's in its turn.
type Place = (usize, usize);

/// Requests that wait and those that go on.
#[derive(Default)]
struct Queues {
    samples: VecDeque<(Identity, SampleRequest)>,
    scores: Vec<(Identity, ScoreRequest)>,
    /// Who waits for each.
    wanted: BTreeMap<Identity, Vec<Place>>,
    /// Samples that go on, by number.
    going: BTreeMap<usize, Identity>,
    begun: usize,
    known: u64,
    asked: u64,
}

impl<W: Write> Driver<'_, W> {
    /// Searches for all answers. A request that several searches have in common is asked once; what fails is said in its
    /// outcome, and no other is lost by it.
    ///
    /// # Errors
    /// When a strategy's or frame's setting breaks its rule, before anything is asked; when the model, the verifier or the
    /// log cannot go on: what was told by then is in the log.
    pub fn run(&mut self, tasks: &[Task]) -> Result<Ran, SearchError> {
        let mut names = BTreeSet::new();
        for task in tasks {
            task.strategy.check()?;
            task.frame.check()?;
            names.insert((&task.problem.name, &task.problem.prompt));
        }
        let distinct: BTreeSet<_> = names.iter().map(|(name, _)| name).collect();
        if distinct.len() < names.len() {
            return Err(SearchError::new(
                "two problems have one name and other prompts: draws hang on names; give each its own",
            ));
        }
        let places = self.places.max(1);
        let mut queues = Queues::default();
        let mut going: BTreeMap<usize, Going> = BTreeMap::new();
        let mut outcomes: Vec<Option<Outcome>> = vec![None; tasks.len()];
        let mut next = 0;
        loop {
            // Only as many searches go on as the model has places for: others wait.
            while next < tasks.len() && queues.samples.len() + queues.going.len() < places {
                going.insert(next, Going::new(&tasks[next]));
                self.turn(next, tasks, &mut going, &mut outcomes, &mut queues)?;
                next += 1;
            }
            self.score(tasks, &mut going, &mut outcomes, &mut queues)?;
            if going.is_empty() {
                match next == tasks.len() {
                    true => break,
                    false => continue,
                }
            }
            self.fill(places, &mut queues)?;
            for (number, result) in self.sampler.advance()? {
                let Some(id) = queues.going.remove(&number) else {
                    return Err(SearchError::new(format!(
                        "the model answered request {number}, which it was not asked or had answered: correct the model's side"
                    )));
                };
                let reply = result.map_or_else(Reply::Failed, Reply::Sampled);
                self.told(&id, &reply, tasks, &mut going, &mut outcomes, &mut queues)?;
            }
            self.score(tasks, &mut going, &mut outcomes, &mut queues)?;
        }
        Ok(Ran {
            outcomes: outcomes.into_iter().flatten().collect(),
            asked: queues.asked,
            known: queues.known,
        })
    }

    /// Begins samples while there are places.
    fn fill(&mut self, places: usize, queues: &mut Queues) -> Result<(), SearchError> {
        let mut requests = Vec::new();
        while queues.going.len() < places {
            let Some((id, request)) = queues.samples.pop_front() else {
                break;
            };
            queues.going.insert(queues.begun, id);
            requests.push((queues.begun, request));
            queues.begun += 1;
            queues.asked += 1;
        }
        match requests.is_empty() {
            true => Ok(()),
            false => self.sampler.begin(requests),
        }
    }

    /// Has scored what waits for it, until nothing does.
    fn score(
        &mut self,
        tasks: &[Task],
        going: &mut BTreeMap<usize, Going>,
        outcomes: &mut [Option<Outcome>],
        queues: &mut Queues,
    ) -> Result<(), SearchError> {
        while !queues.scores.is_empty() {
            let (ids, requests): (Vec<_>, Vec<_>) = std::mem::take(&mut queues.scores).into_iter().unzip();
            queues.asked += requests.len() as u64;
            let results = self.verifier.score(&requests)?;
            if results.len() != requests.len() {
                return Err(SearchError::new(format!(
                    "the verifier gave {} scores for {} texts: correct the verifier's side",
                    results.len(),
                    requests.len()
                )));
            }
            for (id, result) in ids.iter().zip(results) {
                let reply = result.map_or_else(Reply::Failed, Reply::Scored);
                self.told(id, &reply, tasks, going, outcomes, queues)?;
            }
        }
        Ok(())
    }

    /// Keeps a reply, and gives it to all who wait for it.
    fn told(
        &mut self,
        id: &Identity,
        reply: &Reply,
        tasks: &[Task],
        going: &mut BTreeMap<usize, Going>,
        outcomes: &mut [Option<Outcome>],
        queues: &mut Queues,
    ) -> Result<(), SearchError> {
        self.log.keep(id, reply)?;
        for (task, place) in queues.wanted.remove(id).unwrap_or_default() {
            let Some(search) = going.get_mut(&task) else {
                continue;
            };
            search.replies[place] = Some(reply.clone());
            search.waiting -= 1;
            if search.waiting == 0 {
                self.turn(task, tasks, going, outcomes, queues)?;
            }
        }
        Ok(())
    }

    /// Gives a search the replies that it waited for, until it waits for others or is over.
    fn turn(
        &mut self,
        task: usize,
        tasks: &[Task],
        going: &mut BTreeMap<usize, Going>,
        outcomes: &mut [Option<Outcome>],
        queues: &mut Queues,
    ) -> Result<(), SearchError> {
        let Some(search) = going.get_mut(&task) else {
            return Ok(());
        };
        loop {
            let replies = search.take(self.reader);
            match search.search.next(replies) {
                Turn::Done(ending) => {
                    if let Some(search) = going.remove(&task) {
                        outcomes[task] = Some(search.end(&tasks[task], ending));
                    }
                    return Ok(());
                }
                Turn::Ask(requests) if requests.is_empty() => {
                    return Err(SearchError::new(format!(
                        "the strategy `{}` waits for nothing: correct its search",
                        tasks[task].strategy.kind()
                    )));
                }
                Turn::Ask(requests) => self.ask(task, search, requests, queues),
            }
            if search.waiting > 0 {
                return Ok(());
            }
        }
    }

    /// Puts a search's requests into the queues, but for those whose replies are known.
    fn ask(&mut self, task: usize, search: &mut Going, requests: Vec<Request>, queues: &mut Queues) {
        search.replies = vec![None; requests.len()];
        if requests
            .iter()
            .any(|request| matches!(request, Request::Sample(_)))
        {
            search.ledger.turn();
        }
        for (place, request) in requests.iter().enumerate() {
            let id = request.identity(self.salt);
            if let Some(reply) = self.log.find(&id) {
                search.replies[place] = Some(reply.clone());
                queues.known += 1;
                continue;
            }
            search.waiting += 1;
            let waiting = queues.wanted.entry(id.clone()).or_default();
            waiting.push((task, place));
            if waiting.len() > 1 {
                queues.known += 1;
                continue;
            }
            match request {
                Request::Sample(request) => queues.samples.push_back((id, request.clone())),
                Request::Score(request) => queues.scores.push((id, request.clone())),
            }
        }
        search.requests = requests;
    }
}

impl Going {
    fn new(task: &Task) -> Self {
        Self {
            search: task.strategy.begin(&task.problem, &task.frame),
            ledger: Ledger::default(),
            requests: Vec::new(),
            replies: Vec::new(),
            waiting: 0,
            before: 0,
            faults: Vec::new(),
        }
    }

    /// The replies of its turn, entered into the account in the order of asking, whenever they came.
    fn take(&mut self, reader: &dyn Reader) -> Vec<Replied> {
        let requests = std::mem::take(&mut self.requests);
        let replies = std::mem::take(&mut self.replies);
        let mut replied = Vec::with_capacity(requests.len());
        for (request, reply) in requests.iter().zip(replies) {
            let reply = reply.unwrap_or_else(|| Reply::Failed("no reply came".to_owned()));
            let ticket = self.before;
            self.before += 1;
            let sample = match request {
                Request::Sample(sample) => Some(sample),
                Request::Score(_) => None,
            };
            self.ledger.replied(ticket, sample, &reply);
            if let Reply::Failed(reason) = &reply {
                self.faults.push(reason.clone());
            }
            let answer = match (&reply, sample) {
                (Reply::Sampled(sampled), Some(sample)) => {
                    reader.answer(&sample.problem, &format!("{}{}", sample.said, sampled.text))
                }
                _ => None,
            };
            replied.push(Replied {
                ticket,
                answer,
                reply,
            });
        }
        replied
    }

    fn end(self, task: &Task, ending: Ending) -> Outcome {
        let answer = ending.chosen.and_then(|chosen| ending.candidates.get(chosen));
        let spent = self.ledger.close(&ending.candidates, answer);
        Outcome {
            problem: task.problem.name.to_string(),
            chosen: ending.chosen,
            candidates: ending.candidates,
            why: ending.why,
            spent,
            faults: self.faults,
        }
    }
}
