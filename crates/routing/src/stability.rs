use serde::{Deserialize, Serialize};

use crate::error::RoutingError;
use crate::routes::Routes;

/// How far a layer's choices for the same tokens are those of an earlier moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// The share of tokens whose experts are all the same.
    pub same: f64,
    /// The mean share of a token's experts that it had before.
    pub overlap: f64,
    /// What that would be if each token had the experts of any other: routers that send all to one expert are no more
    /// stable than their load makes them.
    pub by_chance: f64,
}

impl Stability {
    /// That of the choices `now` beside those `before`, each `[tokens × top]`.
    ///
    /// # Errors
    /// When they are not of as many tokens, or there is none.
    pub fn between(before: &[u32], now: &Routes) -> Result<Self, RoutingError> {
        let (tokens, top) = (now.tokens(), now.top());
        if tokens == 0 || before.len() != tokens * top {
            return Err(RoutingError::new(format!(
                "choices of {} and of {tokens} tokens cannot be compared: let both be of the same, at least one",
                before.len() / top
            )));
        }
        let (mut same, mut kept) = (0_usize, 0_usize);
        let mut counts = [vec![0_u64; now.experts()], vec![0_u64; now.experts()]];
        for (before, now) in before.chunks_exact(top).zip(now.choices()) {
            let both = now.iter().filter(|expert| before.contains(expert)).count();
            same += usize::from(both == top);
            kept += both;
            for (counts, chosen) in counts.iter_mut().zip([before, now]) {
                for expert in chosen {
                    // What is no expert is in no choice of now.
                    if let Some(count) = counts.get_mut(*expert as usize) {
                        *count += 1;
                    }
                }
            }
        }
        let [before, now] = counts;
        let pairs = before.iter().zip(&now);
        let met: f64 = pairs.map(|(before, now)| *before as f64 * *now as f64).sum();
        let tokens = tokens as f64;
        Ok(Self {
            same: same as f64 / tokens,
            overlap: kept as f64 / (tokens * top as f64),
            by_chance: met / (tokens * tokens * top as f64),
        })
    }
}
