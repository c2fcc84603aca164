//! Answers against plain solutions, which score all of them, and guesses, which score what is said of them.

use std::collections::BTreeSet;

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

/// Whether an answer is, within what rounding may take off, what coefficients say that are fitted to the examples before
/// by least squares on the middles of their bins; nothing where those examples settle none.
fn fitted(tokens: &[u32], bins: usize, position: usize, answer: u32) -> Option<bool> {
    let width = 2.0 / bins as f64;
    let middle = |bin: u32| (f64::from(bin) + 0.5) * width - 1.0;
    let place = |token: u32| token - bins as u32;
    // What lies beyond the range is in its last bins, which do not tell by how much.
    let is_last = |bin: u32| bin == 0 || bin as usize == bins - 1;
    let examples = tokens[..position - 1].chunks_exact(3);
    let examples = examples.filter(|example| !is_last(place(example[2])));
    let examples: Vec<[f64; 3]> = examples
        .map(|example| [middle(example[0]), middle(example[1]), middle(place(example[2]))])
        .collect();
    let sum = |of: &dyn Fn(&[f64; 3]) -> f64| examples.iter().map(of).sum::<f64>();
    let (a, b, d) = (
        sum(&|e| e[0] * e[0]),
        sum(&|e| e[0] * e[1]),
        sum(&|e| e[1] * e[1]),
    );
    let determinant = a * d - b * b;
    if determinant < 1e-9 {
        return None;
    }
    let x = [middle(tokens[position - 1]), middle(tokens[position])];
    // What each example's value counts for in the value at x.
    let weight = |e: &[f64; 3]| {
        let first = (d * x[0] - b * x[1]) / determinant;
        let second = (a * x[1] - b * x[0]) / determinant;
        first * e[0] + second * e[1]
    };
    let value = sum(&|e| weight(e) * e[2]);
    let error = width / 2.0 * (1.0 + sum(&|e| weight(e).abs())) + 1e-9;
    let bin = place(answer);
    let (above, below) = (value >= middle(bin) - error, value <= middle(bin) + error);
    // The first bin has all that is below it, and the last all that is above.
    Some(match bin as usize {
        0 => below,
        last if last == bins - 1 => above,
        _ => above && below,
    })
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
                    Probe::LinearRegression => {
                        let is_fitted = fitted(tokens, task.vocabulary / 2, position, answer).unwrap_or(true);
                        is_fitted.then_some(answer)
                    }
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

/// The token that is most frequent of some; of equals the smallest.
fn most_frequent(tokens: impl Iterator<Item = u32>) -> u32 {
    let mut tokens: Vec<u32> = tokens.collect();
    tokens.sort_unstable();
    let alike = tokens.chunk_by(|one, other| one == other);
    let best = alike.reduce(|best, next| if next.len() > best.len() { next } else { best });
    best.unwrap()[0]
}

/// Ways to answer without what a probe is about: what each gives for every answer of a sample.
fn guesses(task: &Task, sample: &Sample) -> Vec<Vec<u32>> {
    let (tokens, half) = (&sample.tokens, task.vocabulary as u32 / 2);
    let positions: Vec<usize> = sample.answers().map(|(position, _)| position).collect();
    let same = |answer: u32| vec![answer; positions.len()];
    let each = |of: &dyn Fn(usize) -> u32| positions.iter().map(|&position| of(position)).collect();
    let constant = same(task.vocabulary as u32 - 1);
    match task.probe {
        // The value of the first pair.
        Probe::AssociativeRecall => vec![constant, same(tokens[1])],
        // The value of the first needle, and of the last.
        Probe::Needle => {
            let body = &tokens[..tokens.len() - positions.len()];
            let first = body.iter().position(|&token| token < half).unwrap();
            let last = body.iter().rposition(|&token| token < half).unwrap();
            vec![constant, same(tokens[first + 1]), same(tokens[last + 1])]
        }
        // Any token that was there, and the one that was there most often.
        Probe::SelectiveCopying | Probe::Induction => {
            let first = if task.probe == Probe::Induction { 1 } else { 2 };
            let seen = || tokens.iter().copied().filter(|&token| token >= first);
            vec![
                constant,
                same(seen().next().unwrap()),
                same(most_frequent(seen())),
            ]
        }
        Probe::FewShotFunctions => {
            let before = |position: usize| tokens[..position].chunks_exact(2);
            // The value that this x had before, or else the last value.
            let looked_up = |position: usize| {
                let found = before(position).find(|example| example[0] == tokens[position]);
                found.map_or(tokens[position - 1], |example| example[1])
            };
            // The first value that was not there.
            let new = |position: usize| {
                let is_new = |value: &u32| before(position).all(|example| example[1] != *value);
                (half..).find(is_new).unwrap()
            };
            vec![constant, each(&looked_up), each(&new)]
        }
        // The bin above zero, and the value of the example before.
        Probe::LinearRegression => vec![same(24), each(&|position| tokens[position - 2])],
        // The last token, and the most frequent one.
        Probe::Parity | Probe::S3Words | Probe::S5Words => {
            vec![
                constant,
                each(&|position| tokens[position]),
                same(most_frequent(tokens.iter().copied())),
            ]
        }
    }
}

#[test]
fn the_best_guess_scores_the_chance_that_is_said() {
    for &probe in Probe::ALL {
        let task = Task::usual(probe);
        let levels: BTreeSet<Level> = task.levels().collect();
        for level in levels {
            let said = task.chance(level);
            let ways = guesses(&task, &task.sample(level, 3, Purpose::Training, 0)).len();
            let shares =
                (0..ways).map(|way| share(&task, level, |sample| guesses(&task, sample).swap_remove(way)));
            let shares: Vec<f64> = shares.collect();
            let best = shares.iter().copied().fold(0.0, f64::max);
            let error = (said * (1.0 - said) / 2000.0).sqrt();
            assert!(
                (best - said).abs() < 5.0 * error,
                "{probe:?} {level}: {shares:?}, {said}"
            );
        }
    }
}

/// Else the plain solution of linear regression would say nothing.
#[test]
fn coefficients_that_are_fitted_say_most_answers_to_a_bin() {
    let task = Task::usual(Probe::LinearRegression);
    let level = Level::new(48, 1);
    let (mut settled, mut wrong) = (0, 0);
    for index in 0..500 {
        let sample = task.sample(level, 3, Purpose::Training, index);
        let (position, answer) = sample.answers().next().unwrap();
        let bins = task.vocabulary / 2;
        settled += usize::from(fitted(&sample.tokens, bins, position, answer) == Some(true));
        // Four bins away.
        let other = bins as u32 + (answer - bins as u32 + 4) % bins as u32;
        wrong += usize::from(fitted(&sample.tokens, bins, position, other) == Some(true));
    }
    assert!(settled > 450 && wrong < 50, "{settled} and {wrong}");
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
