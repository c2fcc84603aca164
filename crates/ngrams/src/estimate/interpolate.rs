//! From counts to probabilities.

use super::gram::{Adjusted, BEGIN, Gram, NOTHING, Share, history, length};
use crate::NgramsError;
use crate::discounts::{Discounts, of_count};

/// Parts of probabilities, by history: what each n-gram has of its own, and what its history leaves to those of fewer
/// words. `adjusted` comes with those of one history together.
pub(crate) fn shares<const N: usize>(
    adjusted: impl Iterator<Item = Result<Adjusted<N>, NgramsError>>,
    discounts: &[Discounts; N],
    mut take: impl FnMut(Share<N>) -> Result<(), NgramsError>,
) -> Result<(), NgramsError> {
    let mut group: Vec<Adjusted<N>> = Vec::new();
    for record in adjusted {
        let record = record?;
        if group
            .first()
            .is_some_and(|first| first.gram[1..] != record.gram[1..])
        {
            share(&group, discounts, &mut take)?;
            group.clear();
        }
        group.push(record);
    }
    share(&group, discounts, &mut take)
}

/// The parts of n-grams of one history.
fn share<const N: usize>(
    group: &[Adjusted<N>],
    discounts: &[Discounts; N],
    take: &mut impl FnMut(Share<N>) -> Result<(), NgramsError>,
) -> Result<(), NgramsError> {
    let Some(first) = group.first() else {
        return Ok(());
    };
    let history = history(&first.gram);
    let discounts = &discounts[length(&history)];
    let total: f64 = group.iter().map(|record| record.count as f64).sum();
    // What is not in the model leaves all that it counted.
    let left = |record: &Adjusted<N>| match record.is_kept {
        true => of_count(discounts, record.count),
        false => record.count as f64,
    };
    let left = group.iter().map(left).sum::<f64>() / total;
    for record in group.iter().filter(|record| record.is_kept) {
        let own = (record.count as f64 - of_count(discounts, record.count)) / total;
        take(Share::of_gram(record.gram, own, left))?;
    }
    match history[0] {
        NOTHING => Ok(()),
        _ => take(Share::of_history(history, left)),
    }
}

/// An n-gram of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimated<const N: usize> {
    pub(crate) gram: Gram<N>,
    /// Logarithm to the base 10 of the probability of its last word after the others.
    pub(crate) probability: f64,
    /// Logarithm to the base 10 of the share that it leaves, as a history, to those of fewer words.
    pub(crate) backoff: f64,
}

/// Probabilities: each n-gram's own part, and what its history leaves times the probability without its first word.
/// `shares` comes in order, so that a gram follows all that it ends with. `words` are those of the vocabulary, one that is
/// not known included.
pub(crate) fn interpolate<const N: usize>(
    shares: impl Iterator<Item = Result<Share<N>, NgramsError>>,
    words: u64,
    mut take: impl FnMut(Estimated<N>) -> Result<(), NgramsError>,
) -> Result<(), NgramsError> {
    // Of the ends of the gram at hand, by length; of no word the same for all.
    let mut probabilities = vec![(words as f64).recip(); N + 1];
    let mut pending: Option<Estimated<N>> = None;
    for share in shares {
        let share = share?;
        if share.is_history {
            // A history that is not in the model has nothing to leave.
            if let Some(known) = pending.as_mut().filter(|known| known.gram == share.gram) {
                known.backoff = share.left().log10();
            }
            continue;
        }
        if let Some(done) = pending.take() {
            take(done)?;
        }
        let length = length(&share.gram);
        let own = share.own() + share.left() * probabilities[length - 1];
        probabilities[length] = own;
        let is_begin = length == 1 && share.gram[0] == BEGIN;
        pending = Some(Estimated {
            gram: share.gram,
            probability: if is_begin { 0.0 } else { own.log10() },
            backoff: 0.0,
        });
    }
    pending.map_or(Ok(()), take)
}
