//! N-grams of one length by their key: 21 bytes each, found in one or two reads of memory.

/// Where nothing is.
const EMPTY: u64 = u64::MAX;

/// What is not in a table.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// An n-gram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    key: u64,
    pub(crate) probability: f32,
    pub(crate) backoff: f32,
}

const FREE: Slot = Slot {
    key: EMPTY,
    probability: 0.0,
    backoff: 0.0,
};

/// Keys in slots beside one another, from the one that the key chooses on. At most three in four are taken.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    held: usize,
}

impl Table {
    /// A table for about so many, which grows when there are more.
    pub(crate) fn new(expected: usize) -> Self {
        Self {
            slots: vec![FREE; room(expected)],
            held: 0,
        }
    }

    /// The slot of a key, or [`NOWHERE`].
    #[inline]
    pub(crate) fn find(&self, key: u64) -> u32 {
        let place = self.place(key);
        match self.slots[place].key == key {
            true => place as u32,
            false => NOWHERE,
        }
    }

    /// A slot that was found.
    #[inline]
    pub(crate) fn slot(&self, place: u32) -> &Slot {
        &self.slots[place as usize]
    }

    /// Where a key is, or would be.
    #[inline]
    fn place(&self, key: u64) -> usize {
        let count = self.slots.len();
        // The high half of a product with a number without pattern spreads keys over all slots.
        let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) ^ key;
        let spread = spread.wrapping_mul(0xd6e8_feb8_6659_fd93);
        let mut place = ((u128::from(spread) * count as u128) >> 64) as usize;
        while self.slots[place].key != key && self.slots[place].key != EMPTY {
            place += 1;
            if place == count {
                place = 0;
            }
        }
        place
    }

    /// Adds a key, unless it is there: whether it was not. Slots may move.
    pub(crate) fn add(&mut self, key: u64, probability: f32, backoff: f32) -> bool {
        if room(self.held + 1) > self.slots.len() {
            self.resize(room(2 * self.held));
        }
        let place = self.place(key);
        let is_new = self.slots[place].key == EMPTY;
        if is_new {
            self.held += 1;
            self.slots[place] = Slot {
                key,
                probability,
                backoff,
            };
        }
        is_new
    }

    /// Gives back what more than three in four slots need. Slots move.
    pub(crate) fn tighten(&mut self) {
        if self.slots.len() > room(self.held) {
            self.resize(room(self.held));
        }
    }

    fn resize(&mut self, slots: usize) {
        let before = std::mem::replace(&mut self.slots, vec![FREE; slots]);
        for slot in before.into_iter().filter(|slot| slot.key != EMPTY) {
            let place = self.place(slot.key);
            self.slots[place] = slot;
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    /// What it holds of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }
}

/// Slots for so many.
fn room(held: usize) -> usize {
    held + held / 3 + 2
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_added_is_found_and_nothing_else(
            keys in prop::collection::vec(0..300u64, 0..300),
            expected in 0..400usize,
        ) {
            let mut table = Table::new(expected);
            let mut known = HashMap::new();
            for (number, key) in keys.iter().enumerate() {
                // Keys of a history and a word, whose low bits differ little.
                let key = ((key / 20) << 32) | (key % 20);
                prop_assert_eq!(table.add(key, number as f32, 0.5), !known.contains_key(&key));
                known.entry(key).or_insert(number as f32);
            }
            table.tighten();
            prop_assert_eq!(table.len(), known.len());
            prop_assert!(table.bytes() <= known.len() * 22 + 32);
            for key in 0..300u64 {
                let key = ((key / 20) << 32) | (key % 20);
                let found = match table.find(key) {
                    NOWHERE => None,
                    place => Some(table.slot(place).probability),
                };
                prop_assert_eq!(found, known.get(&key).copied());
            }
        }
    }
}
