//! The bootstrap's samples of a law, as a table for other programs.

use std::path::Path;

use serde_json::{Map, json};

use crate::{Misuse, Outcome};

/// The parameters of every bootstrap sample, a sample a row: CSV, or JSON Lines, by the ending of `path`.
///
/// # Errors
/// [`Misuse::Draws`] for another ending, and where no sample was drawn.
pub fn draws(outcome: &Outcome, path: &Path) -> Result<String, Misuse> {
    let wrong = |problem: &'static str| Misuse::Draws {
        path: path.to_owned(),
        problem,
    };
    let samples = &outcome.fit.replicates;
    if samples.is_empty() {
        return Err(wrong(
            "no bootstrap sample was drawn: leave --replicates out, or ask for 20 or more",
        ));
    }
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let lines: Vec<String> = match ending.as_deref().and_then(|ending| ending.to_str()) {
        Some("csv") => {
            let rows = samples.iter().map(|sample| {
                let numbers: Vec<String> = sample.iter().map(f64::to_string).collect();
                numbers.join(",")
            });
            std::iter::once(outcome.order.join(",")).chain(rows).collect()
        }
        Some("jsonl") => samples
            .iter()
            .map(|sample| {
                let named = outcome.order.iter().zip(sample);
                let row: Map<_, _> = named.map(|(name, value)| (name.clone(), json!(value))).collect();
                json!(row).to_string()
            })
            .collect(),
        _ => {
            return Err(wrong(
                "its name must end in .csv or .jsonl, which is what it becomes",
            ));
        }
    };
    Ok(lines.join("\n") + "\n")
}
