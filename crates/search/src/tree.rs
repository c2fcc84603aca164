//! Answers that grow by steps which are scored: what beam search, DVTS and REBASE share.

use std::sync::Arc;

use crate::choice::{Aggregate, Measure, Pick};
use crate::frame::{Desk, Frame};
use crate::independent::{ask_scores, score};
use crate::outcome::{Candidate, Why};
use crate::reply::{Replied, Reply};
use crate::request::{Problem, Request, Scored};
use crate::strategy::{Ending, Search, Turn};

/// The beginning of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub candidate: Candidate,
    /// The sample whose draws it goes on with.
    pub number: u64,
    /// The score of each step.
    pub steps: Vec<Option<f64>>,
    /// Which tree it is of.
    pub tree: usize,
}

impl Branch {
    /// A branch of nothing yet.
    pub fn root(desk: &mut Desk, tree: usize) -> Self {
        Self {
            candidate: Candidate::default(),
            number: desk.number(),
            steps: Vec::new(),
            tree,
        }
    }

    /// So many copies: the first goes on with the draws of the branch, each other with its own.
    pub fn fork(self, copies: u64, desk: &mut Desk) -> Vec<Self> {
        let copy = |place: u64| Self {
            number: if place == 0 { self.number } else { desk.number() },
            ..self.clone()
        };
        (0..copies).map(copy).collect()
    }

    /// Whether it goes no further: the model ended it, or it has all the tokens that an answer may have.
    pub fn is_over(&self, frame: &Frame) -> bool {
        self.candidate.is_whole() || self.candidate.tokens >= frame.answer
    }
}

/// What tells strategies of trees apart.
pub(crate) trait Policy: Send {
    /// Takes branches that grew by a step and were scored, and returns those that grow next.
    fn select(&mut self, grown: Vec<Branch>, desk: &mut Desk) -> Vec<Branch>;

    /// What may be the answer, where these branches go on no further.
    fn answers(&mut self, left: Vec<Branch>) -> Vec<Branch>;
}

/// How a tree's answers are judged and for how long it grows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    pub depth: u64,
    pub aggregate: Aggregate,
    pub pick: Pick,
}

/// A search that grows branches as a policy says.
pub(crate) struct Tree<P> {
    desk: Desk,
    policy: P,
    growth: Growth,
    /// Branches that a step or its score was asked for.
    going: Vec<Branch>,
    scoring: bool,
    depth: u64,
    mark: Arc<[String]>,
}

impl<P: Policy + 'static> Tree<P> {
    /// A search that begins with so many branches in each of so many trees.
    pub fn plant(
        problem: &Problem,
        frame: &Arc<Frame>,
        (trees, branches): (u64, u64),
        growth: Growth,
        policy: P,
    ) -> Box<dyn Search> {
        let mut desk = Desk::new(problem, frame);
        let places = (0..trees).flat_map(|tree| (0..branches).map(move |_| tree as usize));
        let going = places.map(|tree| Branch::root(&mut desk, tree)).collect();
        Box::new(Self {
            mark: [frame.step.clone()].into(),
            desk,
            policy,
            growth,
            going,
            scoring: false,
            depth: 0,
        })
    }

    fn grow(&mut self) -> Turn {
        let frame = Arc::clone(&self.desk.frame);
        if self.going.is_empty() || self.depth == self.growth.depth {
            return self.end(Why::Ended);
        }
        if self.depth == 0 {
            // Of branches that hold nothing yet only those begin that the budget has a token for.
            self.going
                .truncate(self.desk.affords(self.going.len() as u64) as usize);
        }
        let share = self.desk.share(self.going.len() as u64, frame.answer);
        if share == 0 {
            return self.end(Why::Budget);
        }
        self.depth += 1;
        // The last step goes on to the end of the answer, as in search-and-learn.
        let marks = match self.depth == self.growth.depth {
            true => [].into(),
            false => Arc::clone(&self.mark),
        };
        let ask = |branch: &Branch| {
            let most = share.min(frame.answer - branch.candidate.tokens);
            Request::Sample(self.desk.ask(&branch.candidate.said, branch.number, &marks, most))
        };
        Turn::Ask(self.going.iter().map(ask).collect())
    }

    fn take_steps(&mut self, replies: Vec<Replied>) {
        let going = std::mem::take(&mut self.going);
        for (mut branch, replied) in going.into_iter().zip(replies) {
            // A branch whose step failed is lost, and no other.
            if let Reply::Sampled(sampled) = &replied.reply {
                branch.candidate.grow(replied.ticket, sampled, replied.answer);
                self.desk.spend(sampled.tokens);
                self.going.push(branch);
            }
        }
    }

    fn end(&mut self, why: Why) -> Turn {
        let left = std::mem::take(&mut self.going);
        let branches = self.policy.answers(left);
        let aggregate = self.growth.aggregate;
        let candidate = |branch: Branch| Candidate {
            score: aggregate.of(&branch.steps),
            ..branch.candidate
        };
        let candidates: Vec<Candidate> = branches.into_iter().map(candidate).collect();
        let why = match candidates.iter().any(Candidate::is_whole) {
            false if why != Why::Budget => Why::NoneEnded,
            _ => why,
        };
        Turn::Done(Ending::new(candidates, self.growth.pick, Measure::Verifier, why))
    }
}

impl<P: Policy + 'static> Search for Tree<P> {
    fn next(&mut self, replies: Vec<Replied>) -> Turn {
        if self.depth == 0 {
            return self.grow();
        }
        if !self.scoring {
            self.take_steps(replies);
            if self.going.is_empty() {
                return self.end(Why::Ended);
            }
            self.scoring = true;
            let said = self.going.iter().map(|branch| branch.candidate.said.clone());
            return Turn::Ask(ask_scores(&self.desk, said, Scored::Step));
        }
        self.scoring = false;
        for (branch, replied) in self.going.iter_mut().zip(&replies) {
            branch.steps.push(score(replied));
        }
        let grown = std::mem::take(&mut self.going);
        self.going = self.policy.select(grown, &mut self.desk);
        self.grow()
    }
}

/// The branches with the largest scores first; of equals the one that was sampled first.
pub(crate) fn ranked(mut branches: Vec<Branch>, aggregate: Aggregate) -> Vec<Branch> {
    let score = |branch: &Branch| aggregate.of(&branch.steps).unwrap_or(f64::NEG_INFINITY);
    branches.sort_by(|one, other| score(other).total_cmp(&score(one)));
    branches
}

/// Branches that went as far as they go, for policies that keep them apart from the others.
#[derive(Debug, Default)]
pub(crate) struct Over {
    branches: Vec<Branch>,
}

impl Over {
    /// Takes those that are over, and returns the others.
    pub fn sort_out(&mut self, grown: Vec<Branch>, frame: &Frame) -> Vec<Branch> {
        let (over, going) = grown.into_iter().partition(|branch| branch.is_over(frame));
        self.branches.extend::<Vec<Branch>>(over);
        going
    }

    /// How many the model ended.
    pub fn ended(&self) -> u64 {
        self.branches
            .iter()
            .filter(|branch| branch.candidate.is_whole())
            .count() as u64
    }

    /// Those that the model ended; where there is none, all that there are.
    pub fn answers(&mut self, left: Vec<Branch>) -> Vec<Branch> {
        let mut all = std::mem::take(&mut self.branches);
        all.extend(left);
        // Copies of a branch that did not grow any more are the same text.
        all.dedup_by(|one, other| one.candidate.tickets == other.candidate.tickets);
        match all.iter().any(|branch| branch.candidate.is_whole()) {
            true => all
                .into_iter()
                .filter(|branch| branch.candidate.is_whole())
                .collect(),
            false => all,
        }
    }
}
