//! Counts that n-grams are estimated by.

use super::gram::{Adjusted, BEGIN, Counted, Gram, NOTHING, UNKNOWN, length};
use crate::NgramsError;
use crate::discounts::{Discounts, told};

/// How many n-grams of a length there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Those counted once to four times.
    seen: [u64; 4],
    /// Those that will be in the model.
    pub(crate) kept: u64,
}

impl Tally {
    fn add<const N: usize>(&mut self, record: &Adjusted<N>) {
        self.kept += u64::from(record.is_kept);
        if let 1..=4 = record.count {
            self.seen[record.count as usize - 1] += 1;
        }
    }

    /// The discounts, and whether they are told by these counts.
    pub(crate) fn discounts(&self) -> (Discounts, bool) {
        told(self.seen.map(|seen| seen as f64))
    }
}

/// An n-gram whose count may still grow.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    /// Times in the text if it is a longest one or begins a sentence, or else different words before it.
    adjusted: u64,
    /// Times in the text.
    times: u64,
}

/// Hands every n-gram of up to `N` words with the count that it is estimated by to `take`, each once. Those of `N` words,
/// and those that begin a sentence, have nothing before them that could vary, and count as often as they are there; of
/// others it counts how many different words they follow. `counted` comes in order; an n-gram that stands in the text at
/// most `prune` times, by length, will not be in the model.
pub(crate) fn adjust<const N: usize>(
    counted: impl Iterator<Item = Result<Counted<N>, NgramsError>>,
    prune: &[u64; N],
    mut take: impl FnMut(Adjusted<N>) -> Result<(), NgramsError>,
) -> Result<[Tally; N], NgramsError> {
    let mut tallies = [Tally::default(); N];
    let mut give = |gram: Gram<N>, length: usize, open: Open| {
        let record = Adjusted {
            gram,
            count: open.adjusted,
            is_kept: open.times > prune[length - 1],
        };
        tallies[length - 1].add(&record);
        take(record)
    };
    // Neither follows anything of its own, and both are in every model.
    let special = Open {
        adjusted: 0,
        times: u64::MAX,
    };
    let gram_of = |word| std::array::from_fn(|place| if place == 0 { word } else { NOTHING });
    give(gram_of(BEGIN), 1, special)?;
    // Words that are not known may stand in the text, and come first.
    let mut last = gram_of(UNKNOWN);
    let mut open = [special; N];
    for record in counted {
        let Counted { gram, count } = record?;
        let pairs = gram.iter().zip(&last);
        let same = pairs
            .take_while(|(word, last)| word == last && **word != NOTHING)
            .count();
        if gram != last {
            close(&last, same, &open, &mut give)?;
            if same > 0 {
                open[same - 1].adjusted += 1;
            }
            let own = length(&gram);
            open[same..own].fill(Open {
                adjusted: 1,
                times: 0,
            });
            open[own - 1].adjusted = 0;
            last = gram;
        }
        let own = length(&gram);
        open[own - 1].adjusted = open[own - 1].adjusted.saturating_add(count);
        for end in &mut open[..own] {
            end.times = end.times.saturating_add(count);
        }
    }
    close(&last, 0, &open, &mut give)?;
    Ok(tallies)
}

/// Gives the ends of `gram` of more than `same` words, the longest first.
fn close<const N: usize>(
    gram: &Gram<N>,
    same: usize,
    open: &[Open; N],
    give: &mut impl FnMut(Gram<N>, usize, Open) -> Result<(), NgramsError>,
) -> Result<(), NgramsError> {
    for length in (same + 1..=length(gram)).rev() {
        let mut end = *gram;
        end[length..].fill(NOTHING);
        give(end, length, open[length - 1])?;
    }
    Ok(())
}
