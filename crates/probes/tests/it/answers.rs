//! Answers against plain solutions, which score all of them, and guesses, which score what is said of them.

use proptest::prelude::*;
use triaxis_probes::{Level, Probe, Purpose, Sample, Task};

use crate::registry::{drawn, task};

/// What follows the first `key` in a sequence.
fn after(tokens: &[u32], key: u32) -> Option<u32> {
    let place = tokens.iter().position(|&token| token == key)?;
    tokens.get(place + 1).copied()
}

/// What every position of a word of bits or permutations is answered by, without codes of permutations: each is a list
/// in the order of the dictionary.
fn running(sample: &Sample, size: usize) -> Vec<u32> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        all = all
            .into_iter()
            .flat_map(|begun| {
                let left = (0..size).filter(|next| !begun.contains(next)).collect::<Vec<_>>();
                left.into_iter()
                    .map(move |next| [begun.clone(), vec![next]].concat())
            })
            .collect();
    }
    let mut product: Vec<usize> = (0..size).collect();
    let steps = sample.tokens.iter().map(|&token| {
        product = all[token as usize].iter().map(|&at| product[at]).collect();
        all.iter().position(|one| *one == product).unwrap() as u32
    });
    steps.collect()
}

/// The value of the only map that fits the examples before a position, by trying each.
fn mapped(tokens: &[u32], modulus: u32, position: usize) -> Option<u32> {
    let examples: Vec<(u32, u32)> = (0..position / 2)
        .map(|example| (tokens[2 * example], tokens[2 * example + 1] - modulus))
        .collect();
    let maps = (1..modulus).flat_map(|factor| (0..modulus).map(move |shift| (factor, shift)));
    let mut fitting = maps.filter(|(factor, shift)| {
        examples
            .iter()
            .all(|(x, value)| (factor * x + shift) % modulus == *value)
    });
    let (factor, shift) = fitting.next()?;
    fitting
        .next()
        .is_none()
        .then(|| modulus + (factor * tokens[position] + shift) % modulus)
}

proptest! {
    #[test]
    fn plain_solutions_find_every_answer(
        answers in 1usize..10, longer in 0usize..30, more in 0usize..30, seed: u64
    ) {
        for &probe in Probe::ALL {
            let task = task(probe, answers, longer, more);
            let sample = drawn(&task, seed);
            let tokens = &sample.tokens;
            let copied: Vec<u32> = tokens.iter().copied().filter(|&token| token >= 2).collect();
            let words = match probe {
                Probe::Parity => running(&sample, 2),
                Probe::S3Words => running(&sample, 3),
                Probe::S5Words => running(&sample, 5),
                _ => Vec::new(),
            };
            for (number, (position, answer)) in sample.answers().enumerate() {
                let found = match probe {
                    Probe::AssociativeRecall => after(&tokens[..2 * task.train[0].answers], tokens[position]),
                    Probe::SelectiveCopying => copied.get(number).copied(),
                    Probe::Induction | Probe::Needle => after(tokens, tokens[position]),
                    Probe::FewShotFunctions => {
                        let half = (task.vocabulary / 2) as u32;
                        let is_prime = |number: &u32| (2..*number).all(|by| !number.is_multiple_of(by));
                        mapped(tokens, (2..=half).rev().find(is_prime).unwrap(), position)
                    }
                    Probe::LinearRegression => Some(tokens[position + 1]),
                    Probe::Parity | Probe::S3Words | Probe::S5Words => Some(words[position]),
                };
                prop_assert_eq!(found, Some(answer), "{:?} at {}: {:?}", probe, position, sample);
            }
        }
    }
}

/// The share of right answers over many samples.
fn share(task: &Task, level: Level, answered: impl Fn(&Sample) -> Vec<u32>) -> f64 {
    let (mut right, mut all) = (0, 0);
    for index in 0..2000 {
        let sample = task.sample(level, 3, Purpose::Training, index);
        let given = answered(&sample);
        assert_eq!(given.len(), level.answers);
        right += sample
            .answers()
            .zip(given)
            .filter(|((_, answer), given)| answer == given)
            .count();
        all += level.answers;
    }
    right as f64 / all as f64
}

#[test]
fn guesses_score_the_chance_that_is_said() {
    for &probe in Probe::ALL {
        let task = Task::usual(probe);
        for &level in &task.test[..1] {
            let guess = |sample: &Sample| match probe {
                // The value of the first pair.
                Probe::AssociativeRecall => vec![sample.tokens[1]; level.answers],
                // The bin above zero.
                Probe::LinearRegression => vec![24; level.answers],
                _ => vec![task.vocabulary as u32 - 1; level.answers],
            };
            let (guessed, said) = (share(&task, level, guess), task.chance(level));
            let error = (said * (1.0 - said) / 2000.0).sqrt();
            assert!(
                (guessed - said).abs() < 5.0 * error,
                "{probe:?}: {guessed}, {said}"
            );
        }
    }
}

#[test]
fn ridge_regression_grows_better_by_examples_and_beats_guessing() {
    let task = Task::usual(Probe::LinearRegression);
    let answered = |sample: &Sample| {
        Probe::LinearRegression
            .generator()
            .reference(task.vocabulary, sample)
            .unwrap()
            .1
    };
    let shares: Vec<f64> = task
        .test
        .iter()
        .map(|&level| share(&task, level, answered))
        .collect();
    assert!(shares.windows(2).all(|pair| pair[0] < pair[1]), "{shares:?}");
    assert!(
        shares[0] > 3.0 * task.chance(task.test[0]) && shares[2] > 0.7,
        "{shares:?}"
    );
}

/// Zoology's weights of gaps are `n^(0.01 - 1)`, normalised over the places: here ten of them and one pair.
#[test]
fn queries_come_after_gaps_by_the_power_law() {
    let level = Level::new(22, 1);
    let task = Task {
        vocabulary: 64,
        train: vec![level],
        test: vec![level],
        ..Task::usual(Probe::AssociativeRecall)
    };
    let mut counts = [0.0; 10];
    for index in 0..20_000 {
        let sample = task.sample(level, 1, Purpose::Training, index);
        let (position, _) = sample.answers().next().unwrap();
        counts[(position - 2) / 2] += 1.0;
    }
    let weights: Vec<f64> = (1..=10).map(|place| f64::from(place).powf(0.01 - 1.0)).collect();
    let sum: f64 = weights.iter().sum();
    for (count, weight) in counts.iter().zip(&weights) {
        let expected = 20_000.0 * weight / sum;
        assert!((count - expected).abs() < 4.0 * expected.sqrt(), "{counts:?}");
    }
}
