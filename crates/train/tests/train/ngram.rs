//! n-grams against the definition, and against KenLM.

use std::collections::{BTreeMap, BTreeSet};

use triaxis_ngrams::{Model, Settings, Trainer, Units};
use triaxis_train::ValidationText;
use triaxis_train::ngram::{NGram, windows};
use triaxis_units::Bytes;

const CONTEXT: usize = 12;
const VOCABULARY: u32 = 7;

/// A text in which some things follow others.
fn text(length: usize) -> Vec<u32> {
    let mut state = 1u64;
    let mut text = vec![1u32, 2];
    while text.len() < length {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let (one, two) = (text[text.len() - 1], text[text.len() - 2]);
        let noise = (state >> 33) as u32;
        text.push(match noise % 3 {
            0 => noise / 3 % VOCABULARY,
            _ => (one * 2 + two) % VOCABULARY,
        });
    }
    text
}

/// How often each n-gram counts: as often as it is there where it is as long as they get or begins a window, else by how
/// many tokens it follows.
fn counts(windows: &[&[u32]], order: usize, longest: usize) -> BTreeMap<Vec<u32>, f64> {
    let mut counts: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
    let mut followed: BTreeMap<Vec<u32>, BTreeSet<u32>> = BTreeMap::new();
    for window in windows {
        for begin in 0..=window.len() - order {
            let gram = window[begin..begin + order].to_vec();
            // The first token of a window is no target.
            if order == longest || begin == 0 && order > 1 {
                *counts.entry(gram).or_default() += 1.0;
            } else if begin > 0 {
                followed.entry(gram).or_default().insert(window[begin - 1]);
            }
        }
    }
    for (gram, before) in followed {
        *counts.entry(gram).or_default() += before.len() as f64;
    }
    counts
}

fn discount(counts: &BTreeMap<Vec<u32>, f64>, count: f64) -> f64 {
    let of = |times: f64| counts.values().filter(|count| **count == times).count() as f64;
    let common = of(1.0) / (of(1.0) + 2.0 * of(2.0));
    let all = [1.0, 2.0, 3.0].map(|times| times - (times + 1.0) * common * of(times + 1.0) / of(times));
    let possible = all
        .iter()
        .zip([1.0, 2.0, 3.0])
        .all(|(d, times)| *d > 0.0 && *d <= times);
    (if possible { all } else { [0.5, 1.0, 1.5] })[count.min(3.0) as usize - 1]
}

fn expected(windows: &[&[u32]], history: &[u32], token: u32, longest: usize) -> f64 {
    let shorter = match history.split_first() {
        Some((_, rest)) => expected(windows, rest, token, longest),
        None => f64::from(VOCABULARY).recip(),
    };
    let counts = counts(windows, history.len() + 1, longest);
    let after = counts.iter().filter(|(gram, _)| gram.starts_with(history));
    let after: Vec<(u32, f64)> = after.map(|(gram, count)| (gram[history.len()], *count)).collect();
    let total: f64 = after.iter().map(|(_, count)| count).sum();
    if total == 0.0 {
        return shorter;
    }
    let left: f64 = after.iter().map(|(_, count)| discount(&counts, *count)).sum();
    let own = after.iter().find(|(found, _)| *found == token);
    let own = own.map_or(0.0, |(_, count)| count - discount(&counts, *count));
    (own + left * shorter) / total
}

#[test]
fn probabilities_are_those_of_the_definition_and_sum_to_one() {
    let text = text(40 * CONTEXT + 1);
    let starts = windows(5, text.len(), CONTEXT, 30).unwrap();
    assert_eq!(starts.len(), 30);
    let seen: Vec<&[u32]> = starts
        .iter()
        .map(|&start| &text[start..start + CONTEXT + 1])
        .collect();
    for longest in 2..=4 {
        let model = NGram::count(&text, &starts, CONTEXT, longest, VOCABULARY as usize).unwrap();
        let places = (0..60).map(|place| place * 7 % (text.len() - 4));
        for history in places.map(|place| &text[place..place + longest - 1]) {
            let of = |token| model.probability(history, token);
            for token in 0..VOCABULARY {
                let expected = expected(&seen, history, token, longest);
                let found = of(token);
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{history:?} {token}: {found}, {expected}"
                );
            }
            assert!(((0..VOCABULARY).map(of).sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}

/// Windows that each begin with one token and end with another are sentences between their begin and their end, so that
/// the models are those of `triaxis-ngrams`, which are held against KenLM's.
#[test]
fn windows_that_are_sentences_are_estimated_as_sentences() {
    const WORDS: usize = 9;
    const SENTENCES: usize = 400;
    let noise = text(WORDS * SENTENCES);
    let (begin, end, first) = (0, 1, 2);
    let mut tokens = Vec::new();
    let mut lines = Vec::new();
    for sentence in noise.chunks_exact(WORDS) {
        // Some words are rare, so that there are discounts to tell.
        let rare =
            |(place, word): (usize, &u32)| word + VOCABULARY * (sentence[place * 5 % WORDS] % 5 * word % 4);
        let words: Vec<u32> = sentence
            .iter()
            .enumerate()
            .map(|pair| first + rare(pair))
            .collect();
        lines.push(words.iter().map(|word| format!("w{word} ")).collect::<String>());
        tokens.extend([begin].into_iter().chain(words).chain([end]));
    }
    let words: BTreeSet<u32> = tokens.iter().copied().filter(|token| *token >= first).collect();
    let starts: Vec<usize> = (0..SENTENCES).map(|sentence| sentence * (WORDS + 2)).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.arpa");
    for order in 2..=5 {
        // The end, the words and one that is not known; the begin, which never comes, has that one's number.
        let vocabulary = words.len() + 2;
        let number = |token: u32| {
            words
                .iter()
                .position(|word| *word == token)
                .map_or(token, |place| place as u32 + first)
        };
        let numbered: Vec<u32> = tokens.iter().map(|token| number(*token)).collect();
        let counted = NGram::count(&numbered, &starts, WORDS + 1, order, vocabulary).unwrap();
        let settings = Settings {
            order,
            units: Units::default(),
            tokenizer: None,
            prune: Vec::new(),
            memory: Bytes(1 << 20),
        };
        let mut trainer = Trainer::new(settings, &path).unwrap();
        trainer.add(&lines).unwrap();
        let trained = trainer.finish(&mut |_, _, _| ()).unwrap();
        assert!(trained.estimates.iter().any(|estimate| estimate.is_told));
        let model = Model::open(&path).unwrap();
        for (line, window) in lines.iter().zip(numbered.chunks_exact(WORDS + 2)) {
            // As they stand, and in the other order, which the models have not seen.
            for is_reversed in [false, true] {
                let mut window = window.to_vec();
                let mut words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
                if is_reversed {
                    window[1..=WORDS].reverse();
                    words.reverse();
                }
                let expected = model.sentence(words.into_iter()).log10;
                let of = |place: usize| {
                    let history = &window[(place + 1).saturating_sub(order)..place];
                    counted.probability(history, window[place]).log10()
                };
                let found: f64 = (1..window.len()).map(of).sum();
                assert!(
                    (found - expected).abs() < 1e-4,
                    "{order} {line}: {found}, {expected}"
                );
            }
        }
    }
}

#[test]
fn a_loss_is_the_mean_over_every_token_but_the_first_within_its_window() {
    let text = text(700);
    let starts = windows(5, text.len(), CONTEXT, u64::MAX).unwrap();
    assert_eq!(
        starts.len(),
        699 / CONTEXT,
        "each window once, however long the training"
    );
    let model = NGram::count(&text, &starts, CONTEXT, 3, VOCABULARY as usize).unwrap();
    let validation = text[..101].to_vec();
    let losses = (1..validation.len()).map(|place| {
        let begin = (place - 1) / CONTEXT * CONTEXT;
        let history = &validation[begin.max(place.saturating_sub(2))..place];
        -model.probability(history, validation[place]).ln()
    });
    let expected = losses.sum::<f64>() / 100.0;
    let validation = ValidationText::new("validation", validation, Bytes(150));
    let found = model.evaluate(&validation, CONTEXT).unwrap();
    assert!(
        (found.nats.0 / expected - 1.0).abs() < 1e-6,
        "{} {expected}",
        found.nats
    );
    let bigram = NGram::count(&text, &starts, CONTEXT, 2, VOCABULARY as usize).unwrap();
    let bigram = bigram.evaluate(&validation, CONTEXT).unwrap();
    assert!(
        found.nats.0 < 0.95 * bigram.nats.0,
        "the token before the last tells much"
    );
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let text = text(100);
    let refused = |starts: &[usize], context, order, vocabulary| {
        let error = NGram::count(&text, starts, context, order, vocabulary).unwrap_err();
        error.to_string()
    };
    assert!(refused(&[0], 10, 6, 7).contains("n-grams of 6 tokens"));
    assert!(refused(&[0], 10, 1, 7).contains("n-grams of 1 tokens"));
    assert!(refused(&[0], 10, 2, 1 << 25).contains("at most 16777216"));
    assert!(refused(&[0], 10, 2, 3).contains("outside the model's vocabulary of 3"));
    assert!(refused(&[0], 1 << 26, 2, 7).contains("more than the 33554432"));
    assert!(windows(1, 4, 4, 1).unwrap_err().to_string().contains("4 tokens"));
    // What was seen twice or not at all leaves no discount by its counts, and nothing is impossible all the same.
    let twice: Vec<u32> = [1, 2, 3, 4, 1, 2, 3, 4].into();
    let model = NGram::count(&twice, &[0, 4], 3, 2, 7).unwrap();
    assert!(model.probability(&[1], 5) > 0.0);
    // Windows shorter than an n-gram have what fits.
    assert!(NGram::count(&text, &[0, 2, 4], 2, 5, 7).is_ok());
}
