//! Sweeps of the learning rate: which multiple is best at each point of the ladder.

use triaxis_records::Role;

use crate::ladder::Ladder;
use crate::run::Survey;
use crate::spec::StudySpec;
use crate::trial::Trial;

/// What the sweep of a ladder says of its own factors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sweep {
    /// The factors tried, in order.
    pub factors: Vec<f64>,
    /// How often each of them is best.
    pub best: Vec<usize>,
}

impl Sweep {
    /// Looks which factor the laws take at each size and length; `None` where one alone is tried, or nothing is done.
    pub fn of(spec: &StudySpec, survey: &Survey) -> Option<Self> {
        let mut factors = spec.training.learning_rate_factors.clone();
        factors.sort_by(f64::total_cmp);
        let taken = Ladder::of(spec, survey).trials;
        if factors.len() < 2 || taken.is_empty() {
            return None;
        }
        let ladder: Vec<&Trial> = survey
            .trials()
            .filter(|trial| trial.role == Role::Ladder)
            .collect();
        let mut best = vec![0; factors.len()];
        // Seeds share their point's rate: one of them stands for all.
        let own = |trial: &&&Trial| trial.config.seed == spec.seed && taken.contains(&trial.id);
        for trial in ladder.iter().filter(own) {
            let point = |other: &&&Trial| {
                other.config.seed == spec.seed
                    && other.architecture() == trial.architecture()
                    && (other.tokens, other.budget) == (trial.tokens, trial.budget)
            };
            let rate = |trial: &Trial| trial.config.peak_learning_rate;
            let lower = ladder
                .iter()
                .filter(point)
                .filter(|other| rate(other) < rate(trial));
            if let Some(count) = best.get_mut(lower.count()) {
                *count += 1;
            }
        }
        Some(Self { factors, best })
    }

    /// Points of the ladder.
    pub fn points(&self) -> usize {
        self.best.iter().sum()
    }

    /// How often the smallest and the largest factor are best.
    pub fn at_edges(&self) -> [usize; 2] {
        [self.best.first(), self.best.last()].map(|count| count.copied().unwrap_or(0))
    }

    /// How often another factor than 1 is best.
    pub fn not_one(&self) -> usize {
        let both = self.factors.iter().zip(&self.best);
        both.filter(|(factor, _)| **factor != 1.0)
            .map(|(_, count)| count)
            .sum()
    }
}
