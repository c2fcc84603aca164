//! Which experts rows go to.

use std::ops::Range;

use crate::cpu::rows::ROWS;

/// Which experts each row goes to, and the order in which they are computed: those of one expert after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    chosen: usize,
    /// The expert of each place, `rows × chosen`.
    experts: Vec<u32>,
    /// The places by expert; those of one are in their order.
    order: Vec<u32>,
    /// Where each place lies in that order.
    positions: Vec<u32>,
    /// Where those of each expert begin in that order, and where the last ends.
    starts: Vec<usize>,
}

/// Some places of an expert that are one task.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) expert: usize,
    /// The first of them among those of the expert, a multiple of 32.
    pub(super) first: usize,
    /// Where they lie in the order.
    pub(super) positions: Range<usize>,
}

impl Choice {
    /// The choice of `chosen` of `experts` by each row, row by row.
    ///
    /// # Panics
    /// If an expert is not among them, or rows choose different numbers of experts.
    pub fn new(experts: usize, chosen: usize, choices: Vec<u32>) -> Self {
        assert!(
            choices.len().is_multiple_of(chosen.max(1)) && u32::try_from(choices.len()).is_ok(),
            "{} choices of {chosen} a row",
            choices.len()
        );
        let mut starts = vec![0; experts + 1];
        for &expert in &choices {
            assert!((expert as usize) < experts, "expert {expert} of {experts}");
            starts[expert as usize + 1] += 1;
        }
        for expert in 0..experts {
            starts[expert + 1] += starts[expert];
        }
        let (mut next, mut order, mut positions) =
            (starts.clone(), vec![0; choices.len()], vec![0; choices.len()]);
        for (place, &expert) in choices.iter().enumerate() {
            let position = &mut next[expert as usize];
            order[*position] = place as u32;
            positions[place] = *position as u32;
            *position += 1;
        }
        Self {
            chosen,
            experts: choices,
            order,
            positions,
            starts,
        }
    }

    /// Experts that there are.
    pub fn experts(&self) -> usize {
        self.starts.len() - 1
    }

    /// Experts of a row.
    pub fn chosen(&self) -> usize {
        self.chosen
    }

    /// Rows that chose.
    pub fn rows(&self) -> usize {
        self.experts.len().checked_div(self.chosen).unwrap_or(0)
    }

    /// The choices, row by row.
    pub fn choices(&self) -> &[u32] {
        &self.experts
    }

    /// The places of `rows × chosen` that chose an expert.
    pub fn places(&self, expert: usize) -> &[u32] {
        &self.order[self.positions_of(expert)]
    }

    /// Where the places of an expert lie in the order.
    pub(super) fn positions_of(&self, expert: usize) -> Range<usize> {
        self.starts[expert]..self.starts[expert + 1]
    }

    /// The place that lies there in the order.
    pub(super) fn place(&self, position: usize) -> usize {
        self.order[position] as usize
    }

    /// Where the places of a row lie in the order.
    pub(super) fn positions(&self, row: usize) -> impl Iterator<Item = usize> {
        let places = &self.positions[row * self.chosen..(row + 1) * self.chosen];
        places.iter().map(|&position| position as usize)
    }

    /// The tasks: blocks of the places of each expert.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let of_expert = |expert| {
            let all = self.positions_of(expert);
            all.clone().step_by(ROWS).map(move |start| Block {
                expert,
                first: start - all.start,
                positions: start..all.end.min(start + ROWS),
            })
        };
        (0..self.experts()).flat_map(of_expert).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lie_by_expert_in_their_order() {
        let choice = Choice::new(4, 2, vec![3, 0, 0, 1, 3, 1]);
        assert_eq!((choice.rows(), choice.experts()), (3, 4));
        let places: Vec<&[u32]> = (0..4).map(|expert| choice.places(expert)).collect();
        assert_eq!(places, [&[1, 2][..], &[3, 5], &[], &[0, 4]]);
        for row in 0..3 {
            for (slot, position) in choice.positions(row).enumerate() {
                assert_eq!(choice.place(position), 2 * row + slot);
            }
        }
        let rows = |blocks: Vec<Block>| blocks.into_iter().map(|block| (block.expert, block.positions));
        let long = Choice::new(2, 1, vec![1; ROWS + 1]);
        assert_eq!(
            rows(long.blocks()).collect::<Vec<_>>(),
            [(1, 0..ROWS), (1, ROWS..ROWS + 1)]
        );
        assert_eq!(Choice::new(3, 2, Vec::new()).blocks().len(), 0);
    }
}
