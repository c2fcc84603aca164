use serde::{Deserialize, Serialize};
use triaxis_laws::emergence::TaskEmergence;
use triaxis_laws::experts::ExpertsLaws;
use triaxis_routing::ExpertsOutcome;
use triaxis_units::{Flops, Nats};

/// What a study says of mixtures of experts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ExpertsView {
    /// What the experts of each trial that has any did, in the order of the trials.
    pub trials: Vec<TrialExperts>,
    /// How many experts, and how fine, where arms differ in that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub laws: Option<ExpertsLaws>,
    /// What mixtures take to learn probes beside dense models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergence: Vec<TaskEmergence>,
}

impl ExpertsView {
    /// Whether the study has none.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty() && self.laws.is_none() && self.emergence.is_empty()
    }

    /// The trial of most compute of each arm, the first of equals.
    pub fn largest(&self) -> Vec<&TrialExperts> {
        let mut largest: Vec<&TrialExperts> = Vec::new();
        for trial in &self.trials {
            match largest.iter_mut().find(|other| other.arm == trial.arm) {
                Some(other) if other.flops.0 < trial.flops.0 => *other = trial,
                Some(_) => {}
                None => largest.push(trial),
            }
        }
        largest
    }
}

/// What the experts of one trial did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialExperts {
    /// The trial.
    pub trial: String,
    /// Its arm, where the study has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// Its training compute.
    pub flops: Flops,
    /// The validation loss by its own choices.
    pub learned: Nats,
    /// Whether that and the losses by other routes are bounds from above.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bound: bool,
    /// What its experts did.
    pub experts: ExpertsOutcome,
}

impl TrialExperts {
    /// A loss of it as it is said: that it is a bound, if it is one.
    pub fn as_bound(&self, loss: &str) -> String {
        let bound = if self.is_bound { "≤ " } else { "" };
        format!("{bound}{loss}")
    }
}
