/// Tokens and their probabilities, which sum to one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    tokens: Vec<u32>,
    probabilities: Vec<f64>,
}

/// As many of the largest are sorted at first; twice as many each time that they do not suffice.
const SORTED: usize = 256;

/// The larger score first, of equal ones the lower token.
fn order(a: &(f64, u32), b: &(f64, u32)) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

impl Distribution {
    /// The token with the largest score.
    pub(super) fn of_largest(scores: &[(f64, u32)]) -> Self {
        let largest = scores.iter().min_by(|a, b| order(a, b));
        Self {
            tokens: largest.iter().map(|(_, token)| *token).collect(),
            probabilities: largest.iter().map(|_| 1.0).collect(),
        }
    }

    /// What is kept of scores.
    pub(super) fn kept(mut scores: Vec<(f64, u32)>, top_k: usize, top_p: f64, min_p: f64) -> Self {
        let largest = scores
            .iter()
            .fold(f64::NEG_INFINITY, |most, (score, _)| most.max(*score));
        if top_k < scores.len() {
            scores.select_nth_unstable_by(top_k - 1, order);
            scores.truncate(top_k);
        }
        let weight = |score: f64| (score - largest).exp();
        let total: f64 = scores.iter().map(|(score, _)| weight(*score)).sum();
        if top_p < 1.0 {
            let count = nucleus(&mut scores, top_p * total, weight);
            scores.truncate(count);
        }
        scores.retain(|(score, _)| weight(*score) >= min_p);
        if top_k != usize::MAX || top_p < 1.0 {
            scores.sort_unstable_by(order);
        }
        let total: f64 = scores.iter().map(|(score, _)| weight(*score)).sum();
        Self {
            tokens: scores.iter().map(|(_, token)| *token).collect(),
            probabilities: scores.iter().map(|(score, _)| weight(*score) / total).collect(),
        }
    }

    /// Its tokens.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The probability of a token.
    pub fn probability(&self, token: u32) -> f64 {
        let place = self.tokens.iter().position(|&other| other == token);
        place.map_or(0.0, |place| self.probabilities[place])
    }

    /// The token that a uniform number in [0, 1) stands for; none of an empty distribution.
    pub fn draw(&self, uniform: f64) -> Option<u32> {
        let mut left = uniform;
        for (&token, &probability) in self.tokens.iter().zip(&self.probabilities) {
            left -= probability;
            if left < 0.0 {
                return Some(token);
            }
        }
        // What rounding leaves goes to the last that has any.
        let pairs = self.tokens.iter().zip(&self.probabilities);
        pairs
            .rev()
            .find(|(_, probability)| **probability > 0.0)
            .map(|(&token, _)| token)
    }

    /// What is left of it where `other`, of which a token was drawn and refused, has less: norm(max(0, p - q)) (Leviathan et
    /// al. 2023, arXiv 2211.17192, algorithm 1).
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let left = |(&token, &probability): (&u32, &f64)| (probability - other.probability(token)).max(0.0);
        let left: Vec<f64> = self.tokens.iter().zip(&self.probabilities).map(left).collect();
        let total: f64 = left.iter().sum();
        if total <= 0.0 {
            return self.clone();
        }
        Self {
            tokens: self.tokens.clone(),
            probabilities: left.into_iter().map(|probability| probability / total).collect(),
        }
    }

    /// The distribution that has a token alone.
    pub fn certain(token: u32) -> Self {
        Self {
            tokens: vec![token],
            probabilities: vec![1.0],
        }
    }
}

/// Puts the largest first and returns how many of them weigh `share` together.
fn nucleus(scores: &mut [(f64, u32)], share: f64, weight: impl Fn(f64) -> f64) -> usize {
    let mut sorted = SORTED;
    loop {
        let whole = sorted >= scores.len();
        if !whole {
            scores.select_nth_unstable_by(sorted - 1, order);
        }
        let end = sorted.min(scores.len());
        let head = &mut scores[..end];
        head.sort_unstable_by(order);
        let mut sum = 0.0;
        for (index, (score, _)) in head.iter().enumerate() {
            sum += weight(*score);
            if sum >= share {
                return index + 1;
            }
        }
        if whole {
            return end;
        }
        sorted *= 2;
    }
}
