use crate::error::RoutingError;

/// The experts that one layer chose for some tokens, as many for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Routes {
    experts: usize,
    top: usize,
    /// `[tokens × top]`
    chosen: Vec<u32>,
    /// `[tokens × experts]`
    probabilities: Vec<f32>,
}

impl Routes {
    /// The choices of a layer of so many `experts`: `top` different ones a token, and what the router gave each expert,
    /// in any unit that is 0 or more.
    ///
    /// # Errors
    /// When the lists do not fit each other, an expert is none or is chosen twice for a token, or a router gave nothing
    /// to any expert.
    pub fn new(
        experts: usize,
        top: usize,
        chosen: Vec<u32>,
        probabilities: Vec<f32>,
    ) -> Result<Self, RoutingError> {
        let refused = |rule: String| Err(RoutingError::new(format!("routes of a layer: {rule}")));
        if !(1..=experts).contains(&top) {
            return refused(format!(
                "{top} of {experts} experts are chosen; it must be from 1 to all of them"
            ));
        }
        let tokens = chosen.len() / top;
        if chosen.len() != tokens * top || tokens.checked_mul(experts) != Some(probabilities.len()) {
            return refused(format!(
                "{} choices of {top} experts a token do not fit {} probabilities of {experts} experts",
                chosen.len(),
                probabilities.len()
            ));
        }
        for (token, own) in chosen.chunks_exact(top).enumerate() {
            let is_known = own.iter().all(|&expert| (expert as usize) < experts);
            let is_once = (1..top).all(|at| !own[..at].contains(&own[at]));
            if !is_known || !is_once {
                return refused(format!(
                    "token {token} has the experts {own:?}; they must be different ones below {experts}"
                ));
            }
        }
        for (token, own) in probabilities.chunks_exact(experts).enumerate() {
            let sum: f32 = own.iter().sum();
            if own.iter().any(|share| *share < 0.0) || !(sum > 0.0 && sum.is_finite()) {
                return refused(format!(
                    "token {token} has the probabilities {own:?}; they must be 0 or more, and not all 0"
                ));
            }
        }
        Ok(Self {
            experts,
            top,
            chosen,
            probabilities,
        })
    }

    /// Experts of the layer.
    pub fn experts(&self) -> usize {
        self.experts
    }

    /// Experts that a token has.
    pub fn top(&self) -> usize {
        self.top
    }

    /// How many tokens they are of.
    pub fn tokens(&self) -> usize {
        self.chosen.len() / self.top
    }

    /// The experts of each token.
    pub fn choices(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.chosen.chunks_exact(self.top)
    }

    /// What the router gave each expert, token by token.
    pub fn probabilities(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.probabilities.chunks_exact(self.experts)
    }
}
