//! Which of what is joined in pairs hangs together.

/// Numbers from 0 in disjoint sets, each known by its least.
pub(super) struct Clusters {
    /// A number of the same set that is not above it; of the least itself.
    below: Vec<u32>,
}

impl Clusters {
    /// `count` numbers, each by itself.
    pub(super) fn new(count: u32) -> Self {
        Self {
            below: (0..count).collect(),
        }
    }

    /// The least of a number's set.
    pub(super) fn least(&mut self, mut number: u32) -> u32 {
        while self.below[number as usize] != number {
            // Halves the way for the next time.
            let below = self.below[number as usize];
            self.below[number as usize] = self.below[below as usize];
            number = self.below[number as usize];
        }
        number
    }

    /// Makes the sets of two numbers one.
    pub(super) fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.least(one), self.least(other));
        self.below[one.max(other) as usize] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Spreads the least number along the pairs until nothing changes.
    fn plainly(count: u32, pairs: &[(u32, u32)]) -> Vec<u32> {
        let mut least: Vec<u32> = (0..count).collect();
        loop {
            let before = least.clone();
            for (one, other) in pairs {
                let both = least[*one as usize].min(least[*other as usize]);
                least[*one as usize] = both;
                least[*other as usize] = both;
            }
            if least == before {
                return least;
            }
        }
    }

    fn joined(count: u32, pairs: &[(u32, u32)]) -> Vec<u32> {
        let mut clusters = Clusters::new(count);
        for (one, other) in pairs {
            clusters.join(*one, *other);
        }
        (0..count).map(|number| clusters.least(number)).collect()
    }

    proptest! {
        #[test]
        fn sets_are_what_hangs_together_in_whatever_order_it_is_joined(
            (pairs, shuffled) in prop::collection::vec((0_u32..50, 0_u32..50), 0..60)
                .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle()))
        ) {
            let expected = plainly(50, &pairs);
            prop_assert_eq!(&joined(50, &pairs), &expected);
            prop_assert_eq!(&joined(50, &shuffled), &expected);
        }
    }

    #[test]
    fn a_long_chain_is_one_set() {
        let chain: Vec<(u32, u32)> = (1..100_000).rev().map(|number| (number, number - 1)).collect();
        assert!(joined(100_000, &chain).iter().all(|least| *least == 0));
    }
}
