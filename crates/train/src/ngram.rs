//! A model that only counts: what a network is worth beside it says whether the network was trained long enough.

use crate::data::{Order, TokenSource, ValidationText, read_window};
use crate::error::TrainError;
use crate::evaluate::evaluate_by;
use crate::outcome::Evaluation;
use triaxis_host::Kind;
use triaxis_ngrams::discounts::{Discounts, of_count, told};

/// Version of its arithmetic: raised when equal tokens give another loss.
pub const NUMERICS: u32 = 1;

/// The longest n-gram that a key holds.
pub const LONGEST: usize = 5;

/// Tokens counted at most: 40 bytes each while they are sorted.
pub const MOST_TOKENS: u64 = 1 << 25;

/// Bytes that n-grams of up to `order` tokens take a token at most: of each length but 1, of which there are few, its key, its
/// count and its history; and its key once more while it is sorted.
pub(crate) fn bytes_per_token(order: usize) -> u64 {
    let gram = size_of::<u128>() + size_of::<u32>() + size_of::<(u128, f64, f64)>();
    (order.saturating_sub(1) * gram + size_of::<u128>()) as u64
}

/// Bits of a token in a key.
const TOKEN: u32 = 24;

/// Interpolated n-grams with modified Kneser–Ney discounts (Chen and Goodman 1999, *An empirical study of smoothing techniques for language modeling*), counted within windows of
/// a text: what a network was trained on, seen as it saw it.
///
/// ```
/// use triaxis_train::ngram::NGram;
/// let text: Vec<u32> = [0, 1, 2].repeat(50);
/// let bigram = NGram::count(&text, &[0, 30, 60], 30, 2, 3)?;
/// assert!(bigram.probability(&[0], 1) > 0.9);
/// # Ok::<(), triaxis_train::TrainError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NGram {
    vocabulary: usize,
    /// That of single tokens first.
    levels: Vec<Level>,
}

impl NGram {
    /// Counts n-grams of up to `order` tokens in the windows of `context` inputs and a last target that begin at
    /// `starts`.
    ///
    /// # Errors
    /// When the order is not from 2 to [`LONGEST`], the windows hold more than [`MOST_TOKENS`], or a token is not below
    /// `vocabulary`.
    pub fn count(
        source: &dyn TokenSource,
        starts: &[usize],
        context: usize,
        order: usize,
        vocabulary: usize,
    ) -> Result<Self, TrainError> {
        let refused = |message| Err(TrainError::new(Kind::Input, message));
        if !(2..=LONGEST).contains(&order) || vocabulary > 1 << TOKEN {
            return refused(format!(
                "n-grams of {order} tokens out of {vocabulary}: they have from 2 to {LONGEST}, of at most {}",
                1u32 << TOKEN
            ));
        }
        if (starts.len() * context) as u64 > MOST_TOKENS {
            return refused(format!(
                "{} windows of {context} tokens are more than the {MOST_TOKENS} whose n-grams are counted; take fewer",
                starts.len()
            ));
        }
        let order = order.min(context + 1);
        let mut whole = Vec::with_capacity(starts.len() * (context + 2 - order));
        // What begins a window has nothing before it, and counts as often as it is there.
        let mut first: Vec<Vec<u128>> = vec![Vec::with_capacity(starts.len()); order];
        let mut window = vec![0; context + 1];
        for &start in starts {
            read_window(source, "training", start, &mut window, vocabulary)?;
            whole.extend(window.windows(order).map(key));
            for (length, first) in first.iter_mut().enumerate().skip(2) {
                first.push(key(&window[..length]));
            }
        }
        let mut levels = vec![Level::of(whole)];
        for length in (1..order).rev() {
            // Of shorter ones it counts how many different tokens they follow.
            let longer = &levels[levels.len() - 1].grams;
            let mut grams: Vec<u128> = longer.iter().map(|&gram| gram & mask(length)).collect();
            grams.append(&mut first[length]);
            levels.push(Level::of(grams));
        }
        levels.reverse();
        Ok(Self { vocabulary, levels })
    }

    /// The probability of a token after others: the fewer are known to the model, the fewer it heeds.
    pub fn probability(&self, history: &[u32], token: u32) -> f64 {
        let uniform = (self.vocabulary as f64).recip();
        self.levels
            .iter()
            .enumerate()
            .take_while(|(known, _)| *known <= history.len())
            .fold(uniform, |shorter, (known, level)| {
                level.probability(key(&history[history.len() - known..]), token, shorter)
            })
    }

    /// The loss on all of a text, as that of a network of `context`.
    ///
    /// # Errors
    /// As [`evaluate`](crate::evaluate()).
    pub fn evaluate(&self, text: &ValidationText, context: usize) -> Result<Evaluation, TrainError> {
        let known = self.levels.len() - 1;
        let (evaluation, _) = evaluate_by(text, context, self.vocabulary, &mut |batch| {
            let token = |place: usize| batch.inputs[place] as u32;
            let loss = |place: usize| {
                let begin = place - place % batch.length;
                let seen = (place + 1 - begin).min(known);
                let history: Vec<u32> = (place + 1 - seen..=place).map(token).collect();
                -self.probability(&history, batch.targets[place] as u32).ln() as f32
            };
            Ok((0..batch.targets.len()).map(loss).collect())
        })?;
        Ok(evaluation)
    }
}

/// Where the windows begin that a training of so many sequences saw, each once: at most those of [`MOST_TOKENS`].
///
/// # Errors
/// When a text of `tokens` tokens has not one.
pub fn windows(seed: u64, tokens: usize, context: usize, sequences: u64) -> Result<Vec<usize>, TrainError> {
    let order = Order::new(seed, tokens, context)?;
    let blocks = ((tokens - 1) / context) as u64;
    let most = sequences.min(blocks).min(MOST_TOKENS / context as u64);
    Ok((0..most).map(|index| order.start(index)).collect())
}

/// The counts of n-grams of one length.
#[derive(Debug, Clone)]
struct Level {
    /// Different n-grams, in order, so that those of one history stand together.
    grams: Vec<u128>,
    counts: Vec<u32>,
    /// Different histories, in order, each with the sum of its counts and the share that its discounts leave.
    histories: Vec<(u128, f64, f64)>,
    discounts: Discounts,
}

impl Level {
    fn of(mut all: Vec<u128>) -> Self {
        all.sort_unstable();
        let (mut grams, mut counts): (Vec<u128>, Vec<u32>) = (Vec::new(), Vec::new());
        for same in all.chunk_by(|one, other| one == other) {
            grams.push(same[0]);
            counts.push(same.len() as u32);
        }
        let discounts = discounts(&counts);
        let mut level = Self {
            grams,
            counts,
            histories: Vec::new(),
            discounts,
        };
        let mut at = 0;
        for grams in level.grams.chunk_by(|one, other| one >> TOKEN == other >> TOKEN) {
            let counts = &level.counts[at..at + grams.len()];
            let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
            let left: f64 = counts
                .iter()
                .map(|&count| of_count(&discounts, count.into()))
                .sum();
            level.histories.push((grams[0] >> TOKEN, total, left / total));
            at += grams.len();
        }
        level
    }

    /// Where `shorter` is the probability without the first token of the history.
    fn probability(&self, history: u128, token: u32, shorter: f64) -> f64 {
        let Ok(found) = self.histories.binary_search_by_key(&history, |known| known.0) else {
            return shorter;
        };
        let (_, total, left) = self.histories[found];
        let gram = history << TOKEN | u128::from(token);
        let own = self.grams.binary_search(&gram).map_or(0.0, |place| {
            let count = self.counts[place];
            f64::from(count) - of_count(&self.discounts, count.into())
        });
        own / total + left * shorter
    }
}

/// The discounts of n-grams by how many were seen one to four times; those that small counts make impossible are
/// half, one and one and a half.
fn discounts(counts: &[u32]) -> Discounts {
    let mut seen = [0.0; 4];
    for &count in counts.iter().filter(|&&count| count <= 4) {
        seen[count as usize - 1] += 1.0;
    }
    told(seen).0
}

/// The tokens of an n-gram, the last in the lowest bits.
fn key(tokens: &[u32]) -> u128 {
    tokens
        .iter()
        .fold(0, |key, &token| key << TOKEN | u128::from(token))
}

fn mask(tokens: usize) -> u128 {
    (1 << (TOKEN * tokens as u32)) - 1
}
