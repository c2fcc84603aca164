//! The bootstrap's samples of a law, as a table for other programs.

use std::path::{Path, PathBuf};

use serde_json::{Map, json};

use crate::{Misuse, Outcome, Settings};

const NONE_DRAWN: &str = "no bootstrap sample was drawn: leave --replicates out, or ask for 20 or more";

/// Where the parameters of every bootstrap sample go, a sample a row.
#[derive(Debug)]
pub struct Samples {
    path: PathBuf,
    write: fn(&Outcome) -> Vec<String>,
}

impl Samples {
    /// A file of samples: CSV, or JSON Lines, by the ending of `path`.
    ///
    /// # Errors
    /// [`Misuse::Draws`] for another ending, and where no sample is asked for.
    pub fn of(path: &Path, settings: &Settings) -> Result<Self, Misuse> {
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let write = match ending.as_deref().and_then(|ending| ending.to_str()) {
            Some("csv") => comma_separated,
            Some("jsonl") => json_lines,
            _ => {
                return Err(wrong(
                    path,
                    "its name must end in .csv or .jsonl, which is what it becomes",
                ));
            }
        };
        if settings.replicates == 0 {
            return Err(wrong(path, NONE_DRAWN));
        }
        Ok(Self {
            path: path.to_owned(),
            write,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its content.
    ///
    /// # Errors
    /// [`Misuse::Draws`] where no sample was drawn.
    pub fn text(&self, outcome: &Outcome) -> Result<String, Misuse> {
        if outcome.fit.replicates.is_empty() {
            return Err(wrong(&self.path, NONE_DRAWN));
        }
        Ok((self.write)(outcome).join("\n") + "\n")
    }
}

fn wrong(path: &Path, problem: &'static str) -> Misuse {
    Misuse::Draws {
        path: path.to_owned(),
        problem,
    }
}

fn comma_separated(outcome: &Outcome) -> Vec<String> {
    let rows = outcome.fit.replicates.iter().map(|sample| {
        let numbers: Vec<String> = sample.iter().map(f64::to_string).collect();
        numbers.join(",")
    });
    std::iter::once(outcome.order.join(",")).chain(rows).collect()
}

fn json_lines(outcome: &Outcome) -> Vec<String> {
    let row = |sample: &Vec<f64>| {
        let named = outcome.order.iter().zip(sample);
        let row: Map<_, _> = named.map(|(name, value)| (name.clone(), json!(value))).collect();
        json!(row).to_string()
    };
    outcome.fit.replicates.iter().map(row).collect()
}
