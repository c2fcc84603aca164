use serde::{Deserialize, Serialize};

/// `L(N, D) = E + A / N^alpha + B / D^beta` (Hoffmann et al. 2022, equation 2), loss in the unit it was fitted in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[allow(non_snake_case)]
pub struct Chinchilla {
    /// Irreducible loss.
    pub E: f64,
    /// Coefficient of the parameter term.
    pub A: f64,
    /// Coefficient of the data term.
    pub B: f64,
    /// Exponent of the parameter term.
    pub alpha: f64,
    /// Exponent of the data term.
    pub beta: f64,
}

impl Chinchilla {
    /// The loss at `params` parameters and `tokens` training tokens.
    pub fn loss(&self, params: f64, tokens: f64) -> f64 {
        self.E + self.A * params.powf(-self.alpha) + self.B * tokens.powf(-self.beta)
    }
}
