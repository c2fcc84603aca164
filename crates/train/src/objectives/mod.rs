//! The registry of objectives, and one file for each.

mod masked_diffusion;
mod next_token;

pub use masked_diffusion::MaskedDiffusion;
pub use next_token::NextToken;

use crate::objective::Objective;

triaxis_names::registry! {
    /// What a training lowers, with its settings; in data, the key `kind` says which.
    pub enum ObjectiveSpec by "kind" as objective: Objective {
        NextToken = "next-token",
        MaskedDiffusion = "masked-diffusion",
    }
}
