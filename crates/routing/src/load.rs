use serde::{Deserialize, Serialize};

use crate::routes::Routes;

/// The part of its fair share of the load below which an expert is dead.
const DEAD: f64 = 0.01;

/// How a layer's load is spread over its experts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The share of all choices that each expert has; 1 together.
    pub shares: Vec<f64>,
    /// The shares' standard deviation over their mean: 0 where all are alike.
    pub variation: f64,
    /// The largest share over the mean: 1 where all are alike.
    pub most: f64,
    /// Experts that have less than a hundredth of the mean, so that they learn next to nothing.
    pub dead: Vec<usize>,
    /// The mean entropy of what the router gives its experts, over that of giving all alike: 0 of a router that is sure,
    /// 1 of one that prefers none.
    pub entropy: f64,
}

impl Load {
    /// That of some tokens; all shares alike where there are none.
    pub fn of(routes: &Routes) -> Self {
        let experts = routes.experts();
        let mut counts = vec![0_u64; experts];
        for expert in routes.choices().flatten() {
            counts[*expert as usize] += 1;
        }
        let all: u64 = counts.iter().sum();
        let mean = 1.0 / experts as f64;
        let share = |count: &u64| match all {
            0 => mean,
            all => *count as f64 / all as f64,
        };
        let shares: Vec<f64> = counts.iter().map(share).collect();
        let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() * mean;
        Self {
            variation: variance.sqrt() / mean,
            most: shares.iter().copied().fold(0.0, f64::max) / mean,
            dead: (0..experts)
                .filter(|&expert| shares[expert] < DEAD * mean)
                .collect(),
            entropy: entropy(routes),
            shares,
        }
    }
}

fn entropy(routes: &Routes) -> f64 {
    let most = (routes.experts() as f64).ln();
    if routes.tokens() == 0 || most == 0.0 {
        return 0.0;
    }
    let of_token = |given: &[f32]| {
        let sum: f64 = given.iter().map(|&part| f64::from(part)).sum();
        let parts = given.iter().map(|&part| f64::from(part) / sum);
        -parts
            .filter(|part| *part > 0.0)
            .map(|part| part * part.ln())
            .sum::<f64>()
    };
    routes.probabilities().map(of_token).sum::<f64>() / routes.tokens() as f64 / most
}
