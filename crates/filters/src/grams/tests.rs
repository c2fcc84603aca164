//! Against counting every run by itself.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use triaxis_words::{Splitter, Words};

use super::*;

fn characters(words: &[&str]) -> usize {
    words.iter().map(|word| word.chars().count()).sum()
}

/// The walk as it is defined.
fn walked(words: &[&str], size: usize) -> usize {
    let mut known = HashSet::new();
    let (mut place, mut sum) = (0, 0);
    while place + size <= words.len() {
        let run = &words[place..place + size];
        if known.insert(run) {
            place += 1;
        } else {
            sum += characters(run);
            place += size;
        }
    }
    sum
}

proptest! {
    #[test]
    fn runs_are_counted(text in "([abé]{1,2} ){0,60}") {
        let mut room = Words::new();
        let document = room.split(Splitter::Whitespace, &text);
        let words: Vec<&str> = document.words().collect();
        let mut grams = Grams::default();
        grams.read(&document, text.is_ascii());
        for size in 2..=10 {
            grams.longer();
            let runs: Vec<&[&str]> = words.windows(size).collect();
            let mut counts = HashMap::new();
            for run in &runs {
                *counts.entry(*run).or_insert(0) += 1;
            }
            prop_assert_eq!(grams.number(), runs.len());
            prop_assert_eq!(grams.walked(), walked(&words, size));
            let most = counts.values().copied().max().unwrap_or(0);
            let top: Vec<usize> =
                runs.iter().filter(|run| counts[**run] == most).map(|run| characters(run)).collect();
            prop_assert_eq!(grams.top().count, most);
            prop_assert_eq!(grams.top().first, top.first().copied().unwrap_or(0));
            if most > 1 {
                prop_assert_eq!(grams.top().longest, top.iter().copied().max().unwrap_or(0));
            }
            let repeated = |place: &usize| counts[runs[*place]] > 1;
            let copies: usize = (0..runs.len()).filter(repeated).map(|place| characters(runs[place])).sum();
            prop_assert_eq!(grams.copies(), copies);
            prop_assert_eq!(grams.run_characters(), runs.iter().map(|run| characters(run)).sum::<usize>());
            let covered: HashSet<usize> =
                (0..runs.len()).filter(repeated).flat_map(|place| place..place + size).collect();
            let covered: usize = covered.iter().map(|place| words[*place].chars().count()).sum();
            prop_assert_eq!(grams.covered(), covered);
        }
        prop_assert_eq!(grams.all_characters(), characters(&words));
    }
}
