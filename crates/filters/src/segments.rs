//! Lines and paragraphs that stand in a document more than once.

use triaxis_words::hash;

use crate::characters::characters;

/// Numbers of the slots of a table for so many keys: a power of two, at most half full.
pub(crate) fn slots(keys: usize) -> usize {
    (2 * keys).next_power_of_two().max(16)
}

/// The table in which segments are found again.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// Slots with the hash of a segment and how often it came; a hash of 0 is an empty slot.
    table: Vec<(u64, u64)>,
    hashes: Vec<(u64, usize)>,
}

/// What was counted of segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Repeats {
    pub(crate) segments: usize,
    pub(crate) characters: usize,
    /// Copies after the first.
    pub(crate) later: usize,
    pub(crate) later_characters: usize,
    /// All copies of what stands more than once.
    pub(crate) copies: usize,
    pub(crate) copies_characters: usize,
}

impl Segments {
    /// Counts what of some segments stands more than once.
    pub(crate) fn count<'t>(&mut self, segments: impl Iterator<Item = &'t str>, is_ascii: bool) -> Repeats {
        self.hashes.clear();
        self.hashes
            .extend(segments.map(|segment| (hash(segment.as_bytes()).max(1), characters(segment, is_ascii))));
        self.table.clear();
        self.table.resize(slots(self.hashes.len()), (0, 0));
        let mask = self.table.len() - 1;
        let mut repeats = Repeats::default();
        for (hash, characters) in &self.hashes {
            repeats.segments += 1;
            repeats.characters += characters;
            let mut slot = *hash as usize & mask;
            while self.table[slot].0 != 0 && self.table[slot].0 != *hash {
                slot = (slot + 1) & mask;
            }
            let (known, count) = &mut self.table[slot];
            *known = *hash;
            *count += 1;
            if *count > 1 {
                // The second copy tells that the first is one, too.
                let copies = if *count == 2 { 2 } else { 1 };
                repeats.later += 1;
                repeats.later_characters += characters;
                repeats.copies += copies;
                repeats.copies_characters += copies * characters;
            }
        }
        repeats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_counted() {
        let mut segments = Segments::default();
        let repeats = segments.count(["é", "", "bb", "é", "bb", "bb", "c"].into_iter(), false);
        let expected = Repeats {
            segments: 7,
            characters: 9,
            later: 3,
            later_characters: 5,
            copies: 5,
            copies_characters: 8,
        };
        assert_eq!(repeats, expected);
        assert_eq!(segments.count([].into_iter(), true), Repeats::default());
    }
}
