//! What a study answers: the laws of each arm, and what the arms are worth.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Corpus;

use crate::analysis::Analysis;
use crate::arm::Arm;
use crate::prediction::Prediction;
use crate::run::Survey;
use crate::spec::StudySpec;

/// All that is computed from a study's records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What is computed of each arm by itself, in their order.
    pub arms: Vec<ArmAnswer>,
}

/// What is computed of one arm by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmAnswer {
    /// Its name; the study's, where there are no arms.
    pub arm: String,
    /// Its laws, prediction and plan.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Answer {
    /// Computes everything from the records of `survey`; corpora and predictions are in the order of the arms.
    pub fn of(
        spec: &StudySpec,
        arms: &[Arm],
        survey: &Survey,
        corpora: &[Arc<Corpus>],
        predictions: Vec<Option<Prediction>>,
    ) -> Self {
        let each = arms.iter().zip(corpora).zip(predictions);
        let arms = each.map(|((arm, corpus), prediction)| ArmAnswer {
            arm: arm.name.clone(),
            analysis: Analysis::of(&arm.spec, &survey.of_arm(&arm.name), corpus, prediction),
        });
        Self {
            arms: arms.collect(),
        }
    }
}
