use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::whole_steps;
use crate::error::TaskError;
use crate::generator::Generator;
use crate::problem::Question;
use crate::verdict::Verdict;

/// What parts nodes, and ends a step.
const SPACE: &str = " ";
/// Names of nodes.
const NODES: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Arms of a star that there are names for at every level.
const ARMS: RangeInclusive<usize> = 2..=6;

/// Ways through a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GraphPaths {
    /// A star of so many arms, from whose centre the end of one is to be found, from 2 to 6; left out, the graph is a
    /// random one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arms: Option<usize>,
}

impl GraphPaths {
    pub(super) const ABOUT: &str = "a shortest path between two nodes of a graph that is given by its edges: a random one, \
        or a star, whose first step cannot be guessed (Bachmann and Nagarajan 2024, arXiv 2403.06963)";
}

impl Generator for GraphPaths {
    fn dial(&self) -> &'static str {
        "edges of the path"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        2..=8
    }

    fn instructions(&self) -> String {
        "Each pair of letters is an edge, which can be gone both ways. After `|` stand where to begin, where to end, and \
         how many edges to take. Write the nodes of such a path in order, with spaces between them, none of them twice, \
         and end the line."
            .to_owned()
    }

    fn step(&self) -> Option<&'static str> {
        Some(SPACE)
    }

    fn validate(&self) -> Result<(), TaskError> {
        match self.arms {
            Some(arms) if !ARMS.contains(&arms) => Err(TaskError::new(format!(
                "`arms = {arms}` of the task `graph-paths`: a star has from {} to {} arms; choose one of these, or leave \
                 it out for a random graph",
                ARMS.start(),
                ARMS.end()
            ))),
            _ => Ok(()),
        }
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let edges = level as usize;
        let (count, mut graph) = match self.arms {
            Some(arms) => star(arms, edges),
            None => random(edges, stream),
        };
        let mut names = NODES.to_vec();
        // Graphs of few nodes have small letters alone.
        let of = count.max(NODES.len() / 2);
        names.truncate(of);
        stream.shuffle(&mut names);
        stream.shuffle(&mut graph);
        let named = |node: usize| char::from(names[node]);
        let graph = graph.into_iter().map(|[one, other]| {
            let edge = [named(one), named(other)];
            if stream.below(2) == 0 {
                edge
            } else {
                [edge[1], edge[0]]
            }
        });
        Arc::new(Graph {
            edges: graph.collect(),
            path: (0..=edges).map(named).collect(),
        })
    }
}

/// Arms of equal length from node 0 on; the first is the path.
fn star(arms: usize, length: usize) -> (usize, Vec<[usize; 2]>) {
    let arm = |arm: usize| {
        let node = move |place: usize| if place == 0 { 0 } else { arm * length + place };
        (0..length).map(move |place| [node(place), node(place + 1)])
    };
    (arms * length + 1, (0..arms).flat_map(arm).collect())
}

/// A path of nodes 0, 1, and so on, and as many nodes beside it, each joined to some before it. Nodes lie in layers, the
/// path with one in each, and no edge leaves out a layer, so that no shorter path is made.
fn random(length: usize, stream: &mut Stream) -> (usize, Vec<[usize; 2]>) {
    let mut layers: Vec<usize> = (0..=length).collect();
    let mut edges: Vec<[usize; 2]> = (0..length).map(|node| [node, node + 1]).collect();
    for node in length + 1..2 * (length + 1) {
        let layer = stream.below(length + 1);
        let mut near: Vec<usize> = (0..node)
            .filter(|&other| layers[other].abs_diff(layer) <= 1)
            .collect();
        let count = near.len().min(1 + stream.below(3));
        stream.draw_first(&mut near, count);
        edges.extend(near[..count].iter().map(|&other| [other, node]));
        layers.push(layer);
    }
    (layers.len(), edges)
}

#[derive(Debug)]
struct Graph {
    edges: Vec<[char; 2]>,
    /// A shortest path.
    path: Vec<char>,
}

impl Graph {
    fn begin(&self) -> Option<char> {
        self.path.first().copied()
    }

    fn end(&self) -> Option<char> {
        self.path.last().copied()
    }

    fn are_joined(&self, one: char, other: char) -> bool {
        self.edges.contains(&[one, other]) || self.edges.contains(&[other, one])
    }

    /// Whether nodes are gone through one after the other from the beginning on, none of them twice.
    fn is_way(&self, nodes: &[char]) -> bool {
        let begins = nodes.first().copied() == self.begin();
        let goes = nodes.windows(2).all(|pair| self.are_joined(pair[0], pair[1]));
        begins && goes && (1..nodes.len()).all(|place| !nodes[..place].contains(&nodes[place]))
    }

    /// Edges from a node to the end, by breadth-first search.
    fn distance(&self, from: char) -> Option<usize> {
        let mut seen = vec![from];
        let mut queue = VecDeque::from([(from, 0)]);
        while let Some((node, distance)) = queue.pop_front() {
            if Some(node) == self.end() {
                return Some(distance);
            }
            for &[one, other] in &self.edges {
                let next = if one == node { other } else { one };
                if (one == node || other == node) && !seen.contains(&next) {
                    seen.push(next);
                    queue.push_back((next, distance + 1));
                }
            }
        }
        None
    }
}

fn written(nodes: &[char]) -> String {
    let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    nodes.join(SPACE)
}

impl Question for Graph {
    fn prompt(&self) -> String {
        let edges: Vec<String> = self.edges.iter().map(|edge| edge.iter().collect()).collect();
        let ends: String = self.begin().into_iter().chain(['>']).chain(self.end()).collect();
        format!("{}|{ends} {}:", edges.join(SPACE), self.path.len() - 1)
    }

    fn worked(&self) -> Option<String> {
        Some(written(&self.path))
    }

    fn check(&self, answer: &str) -> Verdict {
        let is_between = |sign: char| sign.is_whitespace() || matches!(sign, ',' | '-' | '>');
        let mut nodes = answer.chars().filter(|sign| !is_between(*sign)).peekable();
        if nodes.peek().is_none() || !nodes.clone().all(|sign| sign.is_ascii_alphabetic()) {
            return Verdict::unparsable("the answer has signs that are no nodes, or none");
        }
        let nodes: Vec<char> = nodes.take(self.path.len() + 1).collect();
        Verdict::of(
            nodes.len() == self.path.len() && nodes.last().copied() == self.end() && self.is_way(&nodes),
        )
    }

    fn partial(&self, prefix: &str) -> Option<f64> {
        let mut nodes = Vec::new();
        for step in whole_steps(prefix, SPACE).take(self.path.len() + 1) {
            let mut signs = step.chars();
            let (Some(node), None) = (signs.next(), signs.next()) else {
                return Some(0.0);
            };
            nodes.push(node);
        }
        let Some(&last) = nodes.last() else {
            return Some(1.0);
        };
        // A path of the wanted length is a shortest one: each step comes nearer, so that no node comes twice.
        let left = self.path.len().checked_sub(nodes.len());
        let can_end = left.is_some() && self.distance(last) == left;
        Some(f64::from(self.is_way(&nodes) && can_end))
    }
}
