//! Which experts tokens go to: what is told of it, and how it can be made otherwise.

use triaxis_random::Stream;

/// What the experts of one layer were given in one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRoutes {
    /// Which layer of the network, counted from 0.
    pub layer: usize,
    /// Experts among which tokens choose.
    pub experts: usize,
    /// Experts of a token.
    pub chosen: usize,
    /// The experts of each token, `[tokens × chosen]`, that of the highest score first.
    pub choices: Vec<u32>,
    /// What their outputs are multiplied by, `[tokens × chosen]`.
    pub weights: Vec<f32>,
    /// What the router gives each expert, `[tokens × experts]`: its scores over their sum, whatever corrects the choice.
    pub probabilities: Vec<f32>,
}

impl LayerRoutes {
    /// How many tokens there were.
    pub fn tokens(&self) -> usize {
        self.choices.len().checked_div(self.chosen).unwrap_or(0)
    }

    /// How many tokens each expert was given.
    pub fn loads(&self) -> Vec<u64> {
        loads(self.experts, &self.choices)
    }
}

/// How often each of so many experts was chosen.
pub(crate) fn loads(experts: usize, choices: &[u32]) -> Vec<u64> {
    let mut loads = vec![0; experts];
    for &expert in choices {
        loads[expert as usize] += 1;
    }
    loads
}

/// Which experts tokens go to. Otherwise than by what was learnt, the outputs of those that compute are multiplied by what
/// the router gave to those that it chose: only who computes is another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Routing {
    /// Those that the router chooses.
    #[default]
    Learned,
    /// As many others, drawn for each token by itself.
    Random {
        /// Of the draws.
        seed: u64,
    },
    /// For each expert another one, the same for all tokens: every expert stands in for one other.
    Permuted {
        /// Of the permutation.
        seed: u64,
    },
}

impl Routing {
    /// The experts that compute in a layer, where the router has chosen so many of each token.
    pub(crate) fn routed(self, layer: usize, experts: usize, chosen: usize, choices: &[u32]) -> Vec<u32> {
        let stream = |seed| Stream::new(seed, "routing", layer as u64);
        match self {
            Self::Learned => choices.to_vec(),
            Self::Random { seed } => {
                let (mut stream, mut all) = (stream(seed), Vec::from_iter(0..experts as u32));
                let draw = |_| {
                    stream.draw_first(&mut all, chosen);
                    all[..chosen].to_vec()
                };
                (0..choices.len() / chosen).flat_map(draw).collect()
            }
            Self::Permuted { seed } => {
                let others = cycle(&mut stream(seed), experts);
                choices.iter().map(|&expert| others[expert as usize]).collect()
            }
        }
    }
}

/// A permutation that is one cycle, so that it leaves nothing in its place (Sattolo 1986).
fn cycle(stream: &mut Stream, length: usize) -> Vec<u32> {
    let mut all = Vec::from_iter(0..length as u32);
    for place in (1..length).rev() {
        all.swap(place, stream.below(place));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn other_routings_choose_as_many_others() {
        let choices = [0, 3, 1, 2, 4, 0];
        let of = |routing: Routing, layer| routing.routed(layer, 5, 2, &choices);
        assert_eq!(of(Routing::Learned, 0), choices);
        let permuted = of(Routing::Permuted { seed: 1 }, 0);
        for (index, (before, after)) in choices.iter().zip(&permuted).enumerate() {
            assert_ne!(before, after);
            for (other, expert) in choices.iter().zip(&permuted).skip(index) {
                assert_eq!(before == other, after == expert, "one stands in for one");
            }
        }
        let random = of(Routing::Random { seed: 1 }, 0);
        assert_eq!(random, of(Routing::Random { seed: 1 }, 0));
        assert_ne!(random, of(Routing::Random { seed: 2 }, 0));
        assert_ne!(random, of(Routing::Random { seed: 1 }, 1));
        for token in random.chunks(2) {
            assert_eq!(BTreeSet::from_iter(token).len(), 2);
        }
        let many = Routing::Random { seed: 7 }.routed(0, 5, 2, &vec![0; 20_000]);
        for load in loads(5, &many) {
            assert!(load.abs_diff(4000) < 200, "{load}");
        }
        assert_eq!(Routing::Permuted { seed: 1 }.routed(0, 1, 1, &[0]), [0]);
    }

    #[test]
    fn loads_are_counted() {
        let routes = LayerRoutes {
            layer: 0,
            experts: 4,
            chosen: 2,
            choices: vec![0, 2, 2, 0, 2, 3],
            weights: vec![0.5; 6],
            probabilities: vec![0.25; 12],
        };
        assert_eq!((routes.tokens(), routes.loads()), (3, vec![2, 0, 3, 1]));
    }
}
