use serde::{Deserialize, Serialize};

/// What a choice costs, in dollars, by what they are spent on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Bill {
    /// Hours that train.
    pub training: f64,
    /// Paid hours that do not train: failures, restarts, checkpoints.
    pub failures: f64,
    /// Runs that fail or only tune.
    pub other_runs: f64,
    /// Text that people wrote.
    pub text: f64,
    /// Text that a model wrote.
    pub synthesis: f64,
    /// Answering queries until the model is replaced.
    pub serving: f64,
    /// The runs behind the laws.
    pub ladder: f64,
}

impl Bill {
    /// Its parts with their names, in the order in which they are spent.
    pub fn parts(&self) -> [(&'static str, f64); 7] {
        [
            ("ladder", self.ladder),
            ("text", self.text),
            ("synthesis", self.synthesis),
            ("training", self.training),
            ("failures", self.failures),
            ("other runs", self.other_runs),
            ("serving", self.serving),
        ]
    }

    /// Everything.
    pub fn total(&self) -> f64 {
        self.before_serving() + self.serving
    }

    /// Everything before the first query.
    pub fn before_serving(&self) -> f64 {
        self.training + self.failures + self.other_runs + self.text + self.synthesis + self.ladder
    }

    /// The sum of two bills, part by part.
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self {
            training: self.training + other.training,
            failures: self.failures + other.failures,
            other_runs: self.other_runs + other.other_runs,
            text: self.text + other.text,
            synthesis: self.synthesis + other.synthesis,
            serving: self.serving + other.serving,
            ladder: self.ladder + other.ladder,
        }
    }

    /// The bill times a factor.
    pub(super) fn times(&self, factor: f64) -> Self {
        Self {
            training: self.training * factor,
            failures: self.failures * factor,
            other_runs: self.other_runs * factor,
            text: self.text * factor,
            synthesis: self.synthesis * factor,
            serving: self.serving * factor,
            ladder: self.ladder * factor,
        }
    }
}

/// What becomes of a choice in one state of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Tokens seen.
    pub tokens: f64,
    /// Training operations.
    pub flops: f64,
    /// Loss.
    pub loss: f64,
    /// Share of queries answered right; 0 where nothing says so.
    pub right: f64,
    /// What right answers are worth, in dollars.
    pub value: f64,
    /// What it costs.
    pub bill: Bill,
    /// Whether it reaches the goal, whatever that costs.
    pub is_reached: bool,
    /// Whether it does what is asked: reaches the goal, holds the latency, and fits in memory.
    pub is_met: bool,
}
