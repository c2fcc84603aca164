use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{DEPTH, SAMPLES, StrategySpec};
use crate::choice::{Measure, Pick, first_largest};
use crate::error::SearchError;
use crate::frame::{Desk, Frame, at_least, within};
use crate::independent::{ask_scores, score};
use crate::outcome::{Candidate, Why};
use crate::reply::{Replied, Reply};
use crate::request::{Problem, Request, Scored};
use crate::strategy::{Ending, Search, Strategy, Turn};

/// Monte-Carlo tree search over steps: from the root to the child with the largest Q + c·P·√N ÷ (1 + n), where a node
/// without children gets some; each is rolled out to an answer, and the verifier's mean goes up to the root.
///
/// Priors P are even, Q is the mean of what the verifier said of answers below a node, N the visits of its parent and n its
/// own. A rollout is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mcts {
    /// How often a node is given children: compare at equal tokens, not at equal simulations.
    pub simulations: u64,
    /// How many children a node is given.
    pub children: u64,
    /// The most steps of a node.
    pub depth: u64,
    /// How much what is little known is sought (c).
    pub exploration: f64,
    /// How the answer is chosen.
    pub pick: Pick,
}

impl Default for Mcts {
    fn default() -> Self {
        Self {
            simulations: SAMPLES,
            children: 4,
            depth: DEPTH,
            exploration: 1.0,
            pick: Pick::Best,
        }
    }
}

impl Mcts {
    /// What it is.
    pub const ABOUT: &str = "Monte-Carlo tree search over steps, with rollouts that a verifier scores (PUCT)";
}

impl Strategy for Mcts {
    fn check(&self) -> Result<(), SearchError> {
        at_least("simulations", self.simulations, 1)?;
        at_least("children", self.children, 1)?;
        at_least("depth", self.depth, 1)?;
        within("exploration", self.exploration, 0.0, 1e6)
    }

    fn asks(&self) -> Vec<Scored> {
        vec![Scored::Answer]
    }

    fn single(&self) -> Option<StrategySpec> {
        let (simulations, children) = (1, 1);
        Some(StrategySpec::Mcts(Self {
            simulations,
            children,
            ..*self
        }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Box::new(Growing {
            settings: *self,
            desk: Desk::new(problem, frame),
            mark: [frame.step.clone()].into(),
            nodes: vec![Node::default()],
            simulations: 0,
            stage: Stage::Begun,
            fresh: Vec::new(),
            rollouts: Vec::new(),
            candidates: Vec::new(),
        })
    }
}

/// A beginning of an answer.
#[derive(Debug, Clone, Default)]
struct Node {
    candidate: Candidate,
    number: u64,
    parent: Option<usize>,
    children: Vec<usize>,
    depth: u64,
    visits: u64,
    value: f64,
    /// Whether nothing is left to try below it.
    closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Begun,
    /// Steps were asked for.
    Expanding,
    /// Answers that go on from them.
    RollingOut,
    Scoring,
}

struct Growing {
    settings: Mcts,
    desk: Desk,
    mark: Arc<[String]>,
    nodes: Vec<Node>,
    simulations: u64,
    stage: Stage,
    /// The children of this simulation.
    fresh: Vec<usize>,
    /// Their answers, and which child each is of.
    rollouts: Vec<(usize, Candidate)>,
    candidates: Vec<Candidate>,
}

impl Growing {
    /// The node without children that is tried next; `None` where nothing is left to try.
    fn select(&self) -> Option<usize> {
        let mut at = 0;
        while !self.nodes[at].closed {
            let node = &self.nodes[at];
            if node.children.is_empty() {
                return Some(at);
            }
            let open: Vec<&usize> = node
                .children
                .iter()
                .filter(|child| !self.nodes[**child].closed)
                .collect();
            let prior = 1.0 / node.children.len() as f64;
            let bound = |place: usize| {
                let child = &self.nodes[*open[place]];
                let mean = child.value / child.visits.max(1) as f64;
                let explored = (node.visits as f64).sqrt() / (1 + child.visits) as f64;
                mean + self.settings.exploration * prior * explored
            };
            at = first_largest(open.len(), bound).map(|place| *open[place])?;
        }
        None
    }

    fn close(&mut self, mut at: usize) {
        self.nodes[at].closed = true;
        while let Some(parent) = self.nodes[at].parent {
            let children = &self.nodes[parent].children;
            if !children.iter().all(|child| self.nodes[*child].closed) {
                return;
            }
            self.nodes[parent].closed = true;
            at = parent;
        }
    }

    fn simulate(&mut self) -> Turn {
        if self.simulations == self.settings.simulations {
            return self.end(Why::Drawn);
        }
        let Some(leaf) = self.select() else {
            return self.end(Why::Ended);
        };
        let most = self.desk.frame.answer - self.nodes[leaf].candidate.tokens;
        let children = self.desk.affords(self.settings.children);
        let most = self.desk.share(children, most);
        if most == 0 {
            return self.end(Why::Budget);
        }
        self.simulations += 1;
        self.fresh.clear();
        let mut requests = Vec::new();
        for _ in 0..children {
            // A node's rollout went on with its own draws, so that each child has draws of its own.
            let number = self.desk.number();
            let child = Node {
                candidate: self.nodes[leaf].candidate.clone(),
                number,
                parent: Some(leaf),
                depth: self.nodes[leaf].depth + 1,
                ..Node::default()
            };
            requests.push(Request::Sample(self.desk.ask(
                &child.candidate.said,
                number,
                &self.mark,
                most,
            )));
            let place = self.nodes.len();
            self.fresh.push(place);
            self.nodes[leaf].children.push(place);
            self.nodes.push(child);
        }
        self.stage = Stage::Expanding;
        Turn::Ask(requests)
    }

    fn expand(&mut self, replies: Vec<Replied>) -> Turn {
        let frame = Arc::clone(&self.desk.frame);
        for (child, replied) in self.fresh.clone().into_iter().zip(replies) {
            let Reply::Sampled(sampled) = &replied.reply else {
                self.close(child);
                continue;
            };
            self.desk.spend(sampled.tokens);
            let node = &mut self.nodes[child];
            node.candidate.grow(replied.ticket, sampled, replied.answer);
            let is_over = node.candidate.is_whole() || node.candidate.tokens >= frame.answer;
            self.rollouts.push((child, node.candidate.clone()));
            if is_over || self.nodes[child].depth == self.settings.depth {
                self.close(child);
            }
        }
        self.roll_out()
    }

    /// Whether a child is an answer as it is.
    fn is_answer(&self, candidate: &Candidate) -> bool {
        candidate.is_whole() || candidate.tokens >= self.desk.frame.answer
    }

    fn roll_out(&mut self) -> Turn {
        let unfinished = self
            .rollouts
            .iter()
            .filter(|(_, candidate)| !self.is_answer(candidate));
        let unfinished: Vec<&(usize, Candidate)> = unfinished.collect();
        let share = self.desk.share(unfinished.len() as u64, self.desk.frame.answer);
        if unfinished.is_empty() || share == 0 {
            return self.judge();
        }
        let ask = |(child, candidate): &&(usize, Candidate)| {
            let most = share.min(self.desk.frame.answer - candidate.tokens);
            let number = self.nodes[*child].number;
            Request::Sample(self.desk.ask(&candidate.said, number, &[].into(), most))
        };
        let requests = unfinished.iter().map(ask).collect();
        self.stage = Stage::RollingOut;
        Turn::Ask(requests)
    }

    fn take_rollouts(&mut self, replies: Vec<Replied>) -> Turn {
        let mut replies = replies.into_iter();
        let mut kept = Vec::new();
        for (child, mut candidate) in std::mem::take(&mut self.rollouts) {
            if self.is_answer(&candidate) {
                kept.push((child, candidate));
                continue;
            }
            let Some(Replied {
                ticket,
                answer,
                reply: Reply::Sampled(sampled),
            }) = replies.next()
            else {
                self.close(child);
                continue;
            };
            self.desk.spend(sampled.tokens);
            candidate.grow(ticket, &sampled, answer);
            kept.push((child, candidate));
        }
        self.rollouts = kept;
        self.judge()
    }

    fn judge(&mut self) -> Turn {
        if self.rollouts.is_empty() {
            return self.simulate();
        }
        self.stage = Stage::Scoring;
        let said = self.rollouts.iter().map(|(_, candidate)| candidate.said.clone());
        Turn::Ask(ask_scores(&self.desk, said, Scored::Answer))
    }

    fn back_up(&mut self, replies: &[Replied]) -> Turn {
        for ((child, mut candidate), replied) in std::mem::take(&mut self.rollouts).into_iter().zip(replies) {
            candidate.score = score(replied);
            let mut at = Some(child);
            while let Some(node) = at {
                self.nodes[node].visits += 1;
                self.nodes[node].value += candidate.score.unwrap_or(0.0);
                at = self.nodes[node].parent;
            }
            self.candidates.push(candidate);
        }
        self.simulate()
    }

    fn end(&mut self, why: Why) -> Turn {
        let candidates = std::mem::take(&mut self.candidates);
        Turn::Done(Ending::new(
            candidates,
            self.settings.pick,
            Measure::Verifier,
            why,
        ))
    }
}

impl Search for Growing {
    fn next(&mut self, replies: Vec<Replied>) -> Turn {
        match self.stage {
            Stage::Begun => self.simulate(),
            Stage::Expanding => self.expand(replies),
            Stage::RollingOut => self.take_rollouts(replies),
            Stage::Scoring => self.back_up(&replies),
        }
    }
}
