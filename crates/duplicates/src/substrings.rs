//! Long passages that stand earlier, too: repeated substrings, by a suffix array (Lee et al. 2022, arXiv 2107.06499).
//!
//! All suffixes of the text at hand are sorted; those that begin with the same bytes are then neighbours. What is
//! removed is every byte within a passage of `least` bytes that stands earlier in the text, too, so that of equal
//! passages the first is kept. Passages end with their documents.
//!
//! The text at hand takes 5⅛ times its size in memory, and [`at_once`] says how much of it a workspace has room for;
//! a larger corpus is looked through in pieces of that size, and a passage that stands in two of them is not found.
//!
//! ```
//! use triaxis_duplicates::{Workspace, substrings, without};
//! let workspace = Workspace::new(std::env::temp_dir(), "1MiB".parse()?)?;
//! let texts = ["All rights are reserved. First.", "Second. All rights are reserved"];
//! let removed = substrings::repeats(&texts, 20, &workspace)?;
//! assert_eq!(without(texts[0], &removed[0]), texts[0]);
//! assert_eq!(without(texts[1], &removed[1]), "Second. ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ops::Range;

use rayon::prelude::*;
use triaxis_units::Bytes;

use crate::{DuplicatesError, Workspace, ranges};

/// Stands between documents, and in no text: it is no byte of UTF-8.
const BETWEEN: u8 = 0xff;

/// Suffixes that are compared with their neighbours at once.
const BLOCK: usize = 1 << 16;

/// The text that a workspace has room for at once, with a byte more for each document.
pub fn at_once(workspace: &Workspace) -> Bytes {
    // A byte, its place in the array of suffixes, a bit of marks.
    let most = (u128::from(workspace.memory().0) * 8 / 41) as u64;
    Bytes(most.saturating_sub(BLOCK as u64).min(i32::MAX as u64))
}

/// What of each text to remove: parts on borders of its characters, in order, that do not touch. Each byte of them
/// is in a passage of `least` bytes that stands earlier, too.
///
/// # Errors
/// Where the texts are more than a workspace has [room for](at_once), or `least` is none.
pub fn repeats(
    texts: &[&str],
    least: usize,
    workspace: &Workspace,
) -> Result<Vec<Vec<Range<usize>>>, DuplicatesError> {
    if least == 0 {
        let rule = "a passage has one byte at least; 100 and more are usual";
        return Err(DuplicatesError::setting("least", least, rule));
    }
    let all: u64 = texts.iter().map(|text| text.len() as u64 + 1).sum();
    let most = at_once(workspace);
    if all > most.0 {
        return Err(DuplicatesError::memory(format!(
            "{} of text are to be looked through at once, and {} of memory have room for {most}: give less at once, \
             or more memory, which counts up to 11GiB",
            Bytes(all),
            workspace.memory()
        )));
    }
    let mut joined = Vec::with_capacity(all as usize);
    let mut starts = Vec::with_capacity(texts.len());
    for text in texts {
        starts.push(joined.len());
        joined.extend_from_slice(text.as_bytes());
        joined.push(BETWEEN);
    }
    let copies = copies(&joined, least);
    let removed = texts.iter().zip(starts).map(|(text, start)| {
        let starts = (0..text.len()).filter(|place| copies.has(start + place));
        let mut removed = Vec::new();
        for place in starts {
            ranges::add(&mut removed, place..place + least);
        }
        on_borders(text, removed)
    });
    Ok(removed.collect())
}

/// Marks of places.
struct Marks(Vec<u64>);

impl Marks {
    fn set(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] & 1 << (place % 64) != 0
    }
}

/// Where passages of `least` bytes within a document begin that stand earlier, too.
fn copies(joined: &[u8], least: usize) -> Marks {
    let mut copies = Marks(vec![0; joined.len().div_ceil(64)]);
    let mut suffixes = vec![0; joined.len()];
    divsufsort::sort_in_place(joined, &mut suffixes);
    let passage = |suffix: i32| joined.get(suffix as usize..suffix as usize + least);
    // Of neighbours that begin with one passage, the first place so far.
    let mut first: Option<usize> = None;
    for block in (1..suffixes.len()).step_by(BLOCK) {
        let until = (block + BLOCK).min(suffixes.len());
        let is_same: Vec<bool> = suffixes[block - 1..until]
            .par_windows(2)
            .map(|pair| {
                let passage = [passage(pair[0]), passage(pair[1])];
                matches!(passage, [Some(one), Some(other)] if one == other && !one.contains(&BETWEEN))
            })
            .collect();
        for (index, is_same) in (block..until).zip(is_same) {
            if !is_same {
                first = None;
                continue;
            }
            let (last, this) = (suffixes[index - 1] as usize, suffixes[index] as usize);
            let earliest = first.unwrap_or(last);
            copies.set(earliest.max(this));
            first = Some(earliest.min(this));
        }
    }
    copies
}

/// The parts that are whole characters, of each that has any.
fn on_borders(text: &str, parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let parts = parts.into_iter().map(|part| {
        let start = text.ceil_char_boundary(part.start);
        start..text.floor_char_boundary(part.end)
    });
    parts.filter(|part| part.start < part.end).collect()
}
