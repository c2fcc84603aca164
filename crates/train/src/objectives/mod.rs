//! The registry of objectives, and one file for each.

mod fill_in_the_middle;
mod masked_diffusion;
mod masked_next_token;
mod multi_token;
mod next_token;

pub use fill_in_the_middle::{FillInTheMiddle, Sentinels};
pub use masked_diffusion::MaskedDiffusion;
pub use masked_next_token::MaskedNextToken;
pub use multi_token::MultiToken;
pub use next_token::NextToken;

use crate::objective::Objective;

triaxis_names::registry! {
    /// What a training lowers, with its settings; in data, the key `kind` says which.
    pub enum ObjectiveSpec by "kind" as objective: Objective {
        NextToken = "next-token",
        MaskedDiffusion = "masked-diffusion",
        MaskedNextToken = "masked-next-token",
        FillInTheMiddle = "fill-in-the-middle",
        MultiToken = "multi-token",
    }
}
