//! What a program can do, one line a word.

use std::collections::HashSet;

use super::value::Value;

/// What a word does to a value.
type Effect = fn(&mut Value);

/// Every word. None makes a value more than twice as long.
pub const WORDS: [(&str, Effect); 11] = [
    ("reverse", |value| value.items.reverse()),
    ("sort", |value| value.items.sort_unstable()),
    ("unique", unique),
    // The first item last.
    ("rotate", |value| {
        let by = usize::from(!value.items.is_empty());
        value.items.rotate_left(by);
    }),
    // Without the first item.
    ("tail", |value| {
        drop(value.items.drain(..1.min(value.items.len())))
    }),
    // Without the last item.
    ("chop", |value| {
        value.items.truncate(value.items.len().saturating_sub(1))
    }),
    ("double", |value| value.items.extend_from_within(..)),
    // The value and its reverse after it.
    ("mirror", |value| {
        value.items.extend_from_within(..);
        let half = value.items.len() / 2;
        value.items[half..].reverse();
    }),
    // Every other item, from the first on.
    ("alternate", |value| {
        let mut is_kept = false;
        value.items.retain(|_| {
            is_kept = !is_kept;
            is_kept
        });
    }),
    // The next letter, or one more.
    ("next", |value| {
        for place in 0..value.items.len() {
            value.items[place] = value.item(value.items[place] + 1);
        }
    }),
    // Sums of the items up to each, where `a` counts nothing.
    ("running", |value| {
        for place in 1..value.items.len() {
            value.items[place] = value.item(value.items[place - 1] + value.items[place]);
        }
    }),
];

/// Without items that were there before.
fn unique(value: &mut Value) {
    let mut seen = HashSet::new();
    value.items.retain(|item| seen.insert(*item));
}
