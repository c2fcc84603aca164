use serde::Serialize;
use triaxis_laws::forms::{Coupled, DataConstrained};

use crate::Uncertain;

/// The repeats after which one more is worth 1/e of fresh text, R_D*: 15.39 (Muennighoff et al. 2023). Their 182 runs
/// do not bound it: refitted they allow 5.6 to beyond 10,000 with the best at 95. Another study of autoregressive
/// models has 31. It hangs on the recipe, so measure your own.
pub const REPEATS_WORTH: (f64, f64, f64) = (15.39, 5.6, 95.4);

/// What passes over a text are worth, in texts of the same size that are new.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Epochs {
    /// Passes.
    pub epochs: f64,
    /// All of them: between 1 and `epochs`.
    pub worth: Uncertain,
    /// One more: a share of a fresh text.
    pub next: Uncertain,
}

/// What passes over a text are worth by Muennighoff's law, with the interval of its R_D*.
///
/// ```
/// use triaxis_plan::wall::epochs;
/// let four = epochs(4.0, &triaxis_plan::Uncertain::certain(15.39));
/// assert_eq!(format!("{:.2} {:.2}", four.worth.value(), four.next.value()), "3.73 0.82");
/// ```
pub fn epochs(epochs: f64, repeats_worth: &Uncertain) -> Epochs {
    let epochs = epochs.max(1.0);
    let worth = |limit: f64| DataConstrained::data_multiplier(limit, epochs);
    let next = |limit: f64| (-(epochs - 1.0) / limit).exp();
    let of = |value: &dyn Fn(f64) -> f64| {
        let [middle, low, high] =
            [repeats_worth.value(), repeats_worth.low(), repeats_worth.high()].map(value);
        // Both grow with R_D*, so that its interval carries over; rounding may turn equals round.
        Uncertain::new(middle, low.min(middle), high.max(middle)).unwrap_or(Uncertain::certain(middle))
    };
    Epochs {
        epochs,
        worth: of(&worth),
        next: of(&next),
    }
}

/// What more of each is worth at one size and length by a law, in its loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fresh {
    /// Loss saved by a factor of e more fresh tokens: `-dL / d ln D`.
    pub tokens: f64,
    /// Loss saved by a factor of e more parameters: `-dL / d ln N`.
    pub params: f64,
    /// Loss that no size takes away at this length.
    pub plateau: f64,
}

impl Fresh {
    /// At `params` and `tokens` by `L = E + (A/N^alpha + B/D^beta)^gamma`.
    ///
    /// ```
    /// use triaxis_laws::forms::Coupled;
    /// // Epoch AI's toy: at 3e14 tokens the data alone keep the loss 0.00931 above its floor.
    /// let law = Coupled { E: 1.69, A: 514.0, B: 2115.2, alpha: 0.35, beta: 0.37, gamma: 1.0 };
    /// let fresh = triaxis_plan::wall::Fresh::at(&law, 1e13, 3e14);
    /// assert_eq!(format!("{:.5}", fresh.plateau), "0.00931");
    /// ```
    pub fn at(law: &Coupled, params: f64, tokens: f64) -> Self {
        let (of_params, of_tokens) = (law.A * params.powf(-law.alpha), law.B * tokens.powf(-law.beta));
        let outer = law.gamma * (of_params + of_tokens).powf(law.gamma - 1.0);
        Self {
            tokens: outer * law.beta * of_tokens,
            params: outer * law.alpha * of_params,
            plateau: of_tokens.powf(law.gamma),
        }
    }

    /// Loss saved by the next fresh token.
    pub fn next_token(&self, tokens: f64) -> f64 {
        self.tokens / tokens
    }

    /// Whether the next dollar buys more as data than as parameters, by what one percent more of each costs.
    pub fn favours_tokens(&self, percent_of_tokens: f64, percent_of_params: f64) -> bool {
        self.tokens * percent_of_params > self.params * percent_of_tokens
    }
}
