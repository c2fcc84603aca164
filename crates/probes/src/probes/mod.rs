//! The registry of probes, and one file for each.

mod associative_recall;
mod few_shot_functions;
mod induction;
mod linear_regression;
mod needle;
mod parity;
mod s3_words;
mod s5_words;
mod selective_copying;

use associative_recall::AssociativeRecall;
use few_shot_functions::FewShotFunctions;
use induction::Induction;
use linear_regression::LinearRegression;
use needle::Needle;
use parity::Parity;
use s3_words::S3Words;
use s5_words::S5Words;
use selective_copying::SelectiveCopying;

use crate::generator::Generator;

triaxis_names::registry! {
    /// What is asked of a model.
    #[derive(PartialOrd, Ord)]
    pub enum Probe as implementation: Generator {
        AssociativeRecall = "associative-recall",
        SelectiveCopying = "selective-copying",
        Induction = "induction",
        Needle = "needle",
        FewShotFunctions = "few-shot-functions",
        LinearRegression = "linear-regression",
        Parity = "parity",
        S3Words = "s3-words",
        S5Words = "s5-words",
    }
}
