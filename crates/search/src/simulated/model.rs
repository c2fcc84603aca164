use triaxis_random::Stream;

use super::World;
use crate::error::SearchError;
use crate::reply::Sampled;
use crate::request::SampleRequest;
use crate::sampler::{Finished, Sampler};

/// The model of a world. Of what goes on at once the shortest text is over first.
#[derive(Debug, Clone)]
pub struct Simulated {
    world: World,
    going: Vec<(usize, Result<Sampled, String>)>,
}

impl Simulated {
    pub(super) fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            going: Vec::new(),
        }
    }
}

/// Draws one of these probabilities by a number in [0, 1); at most the last of those above zero.
pub(super) fn drawn(probabilities: &[f64], uniform: f64) -> usize {
    let mut left = uniform;
    let mut last = 0;
    for (way, chance) in probabilities
        .iter()
        .enumerate()
        .filter(|(_, chance)| **chance > 0.0)
    {
        last = way;
        left -= chance;
        if left < 0.0 {
            break;
        }
    }
    last
}

impl Sampler for Simulated {
    fn begin(&mut self, requests: Vec<(usize, SampleRequest)>) -> Result<(), SearchError> {
        for (number, request) in requests {
            let is_greedy = request.sampling.temperature == 0.0;
            let mut choose = |place: u64, probabilities: &[f64]| match is_greedy {
                true => {
                    crate::choice::first_largest(probabilities.len(), |way| probabilities[way]).unwrap_or(0)
                }
                false => drawn(probabilities, Stream::new(request.seed, "word", place).uniform()),
            };
            let said = self.world.say(&request, &mut choose);
            self.going.push((number, said));
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<Vec<Finished>, SearchError> {
        let words = |said: &Result<Sampled, String>| said.as_ref().map_or(0, |said| said.tokens);
        let least = self.going.iter().map(|(_, said)| words(said)).min().unwrap_or(0);
        Ok(self
            .going
            .extract_if(.., |(_, said)| words(said) == least)
            .collect())
    }
}
