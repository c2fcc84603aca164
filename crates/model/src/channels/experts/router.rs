//! Which experts the scores of a token choose.

use serde::{Deserialize, Serialize};

use crate::ops::RouterForm;

/// What a router makes of the numbers that it computes for the experts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Router {
    /// Shares of one, of which the largest of a group stands for it (Switch, arXiv 2101.03961; DeepSeek-V2).
    #[default]
    Softmax,
    /// Numbers from 0 to 1, each by itself, of which the two largest of a group stand for it (DeepSeek-V3).
    Sigmoid,
}

impl Router {
    pub(super) fn form(self) -> RouterForm {
        match self {
            Self::Softmax => RouterForm::Softmax,
            Self::Sigmoid => RouterForm::Sigmoid,
        }
    }
}

/// How many are chosen of what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chooser {
    pub(super) router: Router,
    pub(super) experts: usize,
    pub(super) chosen: usize,
    /// Groups of neighbouring experts, and of how many of them experts may be chosen.
    pub(super) groups: [usize; 2],
}

impl Chooser {
    /// The experts that each row of scores chooses, the highest first and of equal ones the first; `corrections` are added
    /// to the scores for this alone.
    pub(super) fn choose(&self, scores: &[f64], corrections: Option<&[f64]>) -> Vec<u32> {
        let mut choices = Vec::with_capacity(scores.len() / self.experts * self.chosen);
        let mut row = vec![0.0; self.experts];
        for scores in scores.chunks_exact(self.experts) {
            row.copy_from_slice(scores);
            if let Some(corrections) = corrections {
                row.iter_mut()
                    .zip(corrections)
                    .for_each(|(score, by)| *score += by);
            }
            self.choose_of(&mut row, &mut choices);
        }
        choices
    }

    fn choose_of(&self, row: &mut [f64], choices: &mut Vec<u32>) {
        let ([groups, allowed], mut left) = (self.groups, vec![true; self.experts]);
        if allowed < groups {
            let size = self.experts / groups;
            let standing: Vec<f64> = row
                .chunks_exact(size)
                .map(|group| self.stands_for(group))
                .collect();
            left.fill(false);
            let mut is_taken = vec![false; groups];
            for _ in 0..allowed {
                let group = largest(&standing, |group| !is_taken[group]);
                is_taken[group] = true;
                left[group * size..(group + 1) * size].fill(true);
            }
        }
        for _ in 0..self.chosen {
            let expert = largest(row, |expert| left[expert]);
            left[expert] = false;
            choices.push(expert as u32);
        }
    }

    /// What stands for a group.
    fn stands_for(&self, group: &[f64]) -> f64 {
        let first = largest(group, |_| true);
        match self.router {
            Router::Softmax => group[first],
            Router::Sigmoid if group.len() == 1 => group[first],
            Router::Sigmoid => group[first] + group[largest(group, |expert| expert != first)],
        }
    }
}

/// The place of the largest of those that are allowed, of equal ones the first. What is no number is below all.
fn largest(values: &[f64], is_allowed: impl Fn(usize) -> bool) -> usize {
    let mut best = None;
    for (place, &value) in values.iter().enumerate() {
        let is_better =
            best.is_none_or(|best: usize| value > values[best] || values[best].is_nan() && !value.is_nan());
        if is_allowed(place) && is_better {
            best = Some(place);
        }
    }
    best.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chooser(router: Router, chosen: usize, groups: [usize; 2]) -> Chooser {
        Chooser {
            router,
            experts: 6,
            chosen,
            groups,
        }
    }

    #[test]
    fn the_highest_are_chosen_and_of_equal_ones_the_first() {
        let all = chooser(Router::Softmax, 3, [1, 1]);
        assert_eq!(all.choose(&[0.1, 0.4, 0.2, 0.4, 0.0, 0.2], None), [1, 3, 2]);
        assert_eq!(all.choose(&[f64::NAN; 6], None), [0, 1, 2]);
        let some = [f64::NAN, 0.1, f64::NEG_INFINITY, 0.3, f64::NAN, f64::NAN];
        assert_eq!(all.choose(&some, None), [3, 1, 2]);
    }

    #[test]
    fn groups_limit_the_choice() {
        let scores = [0.9, 0.0, 0.5, 0.6, 0.4, 0.45];
        // By their largest the first group goes before the second, by their two largest behind it.
        let of = |router, allowed| chooser(router, 2, [3, allowed]).choose(&scores, None);
        assert_eq!(of(Router::Softmax, 1), [0, 1]);
        assert_eq!(of(Router::Sigmoid, 1), [3, 2]);
        assert_eq!(of(Router::Sigmoid, 2), [0, 3]);
        assert_eq!(of(Router::Sigmoid, 3), [0, 3]);
        // What is no number chooses no group twice.
        for router in [Router::Softmax, Router::Sigmoid] {
            let of = |scores: [f64; 6]| chooser(router, 4, [3, 2]).choose(&scores, None);
            assert_eq!(of([f64::NAN; 6]), [0, 1, 2, 3]);
            let some = [
                f64::NAN,
                f64::NAN,
                f64::NEG_INFINITY,
                f64::NEG_INFINITY,
                f64::NAN,
                f64::NAN,
            ];
            assert_eq!(of(some), [2, 3, 0, 1]);
        }
    }

    #[test]
    fn corrections_change_who_is_chosen() {
        let all = chooser(Router::Sigmoid, 2, [1, 1]);
        let scores = [0.1, 0.4, 0.2, 0.3, 0.0, 0.2];
        assert_eq!(all.choose(&scores, Some(&[0.0; 6])), [1, 3]);
        assert_eq!(
            all.choose(&scores, Some(&[0.0, -0.3, 0.0, 0.0, 0.5, 0.0])),
            [4, 3]
        );
    }
}
