//! The rows of a table that tokens choose, and the gradient back to the table.

use crate::parallel::{self, Shared, block};

/// Rows a task copies.
const ROWS: usize = 256;

/// Copies row `tokens[i]` of the table (`vocabulary × width`) to row i of `y`.
///
/// # Panics
/// If a token is not in the vocabulary, or the lengths do not agree.
pub fn gather(table: &[f32], width: usize, tokens: &[u32], y: &mut [f32]) {
    assert_eq!(
        y.len(),
        tokens.len() * width,
        "a row of {width} values for each token"
    );
    check(tokens, table.len().checked_div(width).unwrap_or(0));
    let y = Shared::new(y);
    parallel::for_each(tokens.len().div_ceil(ROWS), tokens.len() * width, |task| {
        for index in block(task, ROWS, tokens.len()) {
            let from = tokens[index] as usize * width;
            // SAFETY: rows do not overlap.
            let to = unsafe { y.part(index * width..(index + 1) * width) };
            to.copy_from_slice(&table[from..from + width]);
        }
    });
}

/// Writes the gradient of the table, or adds to it: to row t, the rows of `dy` whose token is t, in order.
///
/// # Panics
/// If a token is not in the vocabulary, or the lengths do not agree.
pub fn scatter(dy: &[f32], width: usize, tokens: &[u32], dtable: &mut [f32], accumulate: bool) {
    assert_eq!(
        dy.len(),
        tokens.len() * width,
        "a row of {width} values for each token"
    );
    let vocabulary = dtable.len().checked_div(width).unwrap_or(0);
    check(tokens, vocabulary);
    // Each task owns a range of the vocabulary and looks for its tokens.
    let tasks = if parallel::worthwhile(2, dy.len() + dtable.len()) {
        rayon::current_num_threads()
    } else {
        1
    };
    let size = vocabulary.div_ceil(tasks);
    let dtable = Shared::new(dtable);
    parallel::for_each(tasks, dy.len() + vocabulary * width, |task| {
        let mine = block(task, size, vocabulary);
        // SAFETY: ranges of the vocabulary do not overlap.
        let dtable = unsafe { dtable.part(mine.start * width..mine.end * width) };
        if !accumulate {
            dtable.fill(0.0);
        }
        for (&token, dy) in tokens.iter().zip(dy.chunks_exact(width.max(1))) {
            if mine.contains(&(token as usize)) {
                let start = (token as usize - mine.start) * width;
                let sums = &mut dtable[start..start + width];
                sums.iter_mut().zip(dy).for_each(|(sum, value)| *sum += value);
            }
        }
    });
}

/// The rule that both directions rely on.
pub(super) fn check(tokens: &[u32], vocabulary: usize) {
    if let Some(token) = tokens.iter().find(|&&token| token as usize >= vocabulary) {
        // Not an index error deep inside: this is the caller's data.
        assert!(
            (*token as usize) < vocabulary,
            "token {token} is not in the vocabulary of {vocabulary}"
        );
    }
}
