//! Searches over steps, whose answers end at different ones, against their definitions in plain loops.

use std::collections::BTreeMap;

use triaxis_random::Stream;
use triaxis_search::strategies::Rebase;
use triaxis_search::{Outcome, Why};

use crate::named::{Named, search, value};

/// Whether an answer is over: with each step as likely.
fn ends(said: &str) -> bool {
    Stream::new(8, said, 0).uniform() < 0.35
}

/// Names of steps as the model gives them.
#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    fn grow(&mut self, said: &str) -> String {
        let order = self.0.entry(said.to_owned()).or_insert(0);
        *order += 1;
        format!("{said}{order}\n\n")
    }
}

/// The best first; of equals the first.
fn ranked(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_by(|one, other| value(other).total_cmp(&value(one)));
    texts
}

fn said(outcome: &Outcome) -> Vec<String> {
    outcome
        .candidates
        .iter()
        .map(|candidate| candidate.said.clone())
        .collect()
}

#[test]
fn beams_that_ended_leave_the_pool() {
    for (beams, width) in [(1, 1), (4, 2), (6, 2), (8, 4), (9, 3)] {
        let (mut names, mut drawn) = (Names::default(), 0);
        let (mut going, mut over) = (vec![String::new(); beams], Vec::new());
        while !going.is_empty() && over.len() < beams {
            drawn += going.len();
            let grown: Vec<String> = going.iter().map(|text| names.grow(text)).collect();
            let (ended, left): (Vec<_>, Vec<_>) = grown.into_iter().partition(|text| ends(text));
            over.extend(ended);
            let mut kept = ranked(left);
            kept.truncate(beams / width);
            going = kept.clone();
            // Copies in turns, and those of one text side by side.
            for at in kept.len()..if kept.is_empty() { 0 } else { beams } {
                going.push(kept[at % kept.len()].clone());
            }
            let rank = |text: &String| kept.iter().position(|kept| kept == text);
            going.sort_by_key(rank);
        }
        let outcome = search(
            &mut Named::new(ends),
            &format!("beam:beams={beams},width={width}"),
        );
        assert_eq!(
            (said(&outcome), outcome.spent.samples),
            (over, drawn as u64),
            "{beams} {width}"
        );
        assert_eq!(outcome.why, Why::Ended);
        let best = ranked(said(&outcome)).swap_remove(0);
        assert_eq!(outcome.answer().unwrap().said, best);
    }
}

#[test]
fn branches_that_ended_take_their_place_out_of_the_width() {
    for width in [1, 3, 8, 20] {
        let (mut names, mut drawn) = (Names::default(), 0);
        let (mut going, mut over) = (vec![String::new(); width], Vec::new());
        while !going.is_empty() {
            drawn += going.len();
            let grown: Vec<String> = going.iter().map(|text| names.grow(text)).collect();
            let (ended, left): (Vec<_>, Vec<_>) = grown.into_iter().partition(|text| ends(text));
            over.extend(ended);
            let left = ranked(left);
            let scores: Vec<f64> = left.iter().map(|text| value(text)).collect();
            let counts = Rebase::children((width - over.len()) as u64, &scores, 0.2);
            let copies = left
                .iter()
                .zip(counts)
                .map(|(text, count)| vec![text.clone(); count as usize]);
            going = copies.collect::<Vec<_>>().concat();
        }
        assert_eq!(over.len(), width);
        let outcome = search(&mut Named::new(ends), &format!("rebase:width={width}"));
        assert_eq!(
            (said(&outcome), outcome.spent.samples),
            (over, drawn as u64),
            "{width}"
        );
    }
}

#[test]
fn each_tree_is_greedy() {
    for (trees, width) in [(1, 3), (3, 2), (2, 4)] {
        let mut names = Names::default();
        let mut going = vec![Some(String::new()); trees];
        let mut last = vec![(0, Vec::new()); trees];
        let mut turn = 0;
        while going.iter().any(Option::is_some) {
            turn += 1;
            for (tree, at) in going.iter_mut().enumerate() {
                let Some(text) = at.take() else { continue };
                let children: Vec<String> = (0..width).map(|_| names.grow(&text)).collect();
                let best = ranked(children.clone()).swap_remove(0);
                last[tree] = (turn, children);
                *at = (!ends(&best)).then_some(best);
            }
        }
        // Answers come in the order in which they were sampled.
        last.sort_by_key(|(turn, _)| *turn);
        let expected: Vec<String> = last.into_iter().flat_map(|(_, children)| children).collect();
        let text = format!("dvts:beams={},width={width}", trees * width);
        assert_eq!(
            said(&search(&mut Named::new(ends), &text)),
            expected,
            "{trees} {width}"
        );
    }
}
