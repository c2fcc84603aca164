//! The laws of the sets of runs that `--by` parts, for people.

use triaxis_runs::{By, Outcome, number, percent};

use super::text::end;
use crate::table::Table;

/// A table of them, and why some have no law.
pub fn table(by: &By, outcome: &Outcome) -> String {
    let mut table = Table::new([
        "set",
        "rows",
        "held-out error",
        "parameter",
        "value",
        "low",
        "high",
    ]);
    let mut reasons = String::new();
    for set in &by.sets {
        let value = format!("{} = {}", by.column, set.value);
        if let Some(refused) = &set.refused {
            reasons.push_str(&format!("{value} refused: {refused}\n"));
        }
        let error = set
            .held_out_error
            .map_or_else(|| "-".into(), |share| percent(share, 2));
        let of = |name: &String| Some((name.clone(), set.parameters.get(name)?.estimate));
        for (index, (name, estimate)) in outcome.order.iter().filter_map(of).enumerate() {
            let first = |text: &str| {
                if index == 0 {
                    text.to_owned()
                } else {
                    String::new()
                }
            };
            table.row([
                first(&value),
                first(&set.rows.to_string()),
                first(&error),
                name,
                number(estimate.value),
                end(estimate.open_below, "≤", estimate.interval.map(|of| of.low)),
                end(estimate.open_above, "≥", estimate.interval.map(|of| of.high)),
            ]);
        }
    }
    format!("{table}{reasons}")
}
