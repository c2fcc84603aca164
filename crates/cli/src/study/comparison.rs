//! What the arms are worth, on a terminal.

use std::fmt;

use triaxis_laws::Estimate;
use triaxis_laws::worth::{Comparison, Compounded, Repeated, Worth};
use triaxis_report::view::{ArmText, Finding, LossesByText, View};
use triaxis_units::{Flops, Tokens};

use super::summary::interval;
use crate::output::prose;
use crate::table::Table;

/// What repeated text is worth, a line an arm.
pub fn repeated(arm: &Repeated) -> String {
    let beside = arm
        .beside
        .as_ref()
        .map_or_else(String::new, |beside| format!(" (beside `{beside}`)"));
    match &arm.found {
        Finding::Refused(reason) => format!("`{}`{beside}: no law of repeats: {reason}", arm.arm),
        Finding::Found(law) => format!(
            "`{}`{beside}: {:.1} epochs of {} tokens are worth {} times as many fresh ones; after {} repeats a further one is \
             worth 1/e of new text",
            arm.arm,
            law.most.epochs,
            Tokens(law.most.unique as u64),
            interval(&law.most.data_multiplier.told(arm.level), times),
            interval(&law.limit.told(arm.level), times)
        ),
    }
}

/// What a whole is worth beside its parts.
pub fn compounded(of: &Compounded) -> String {
    let named = format!("`{}` beside `{}`", of.whole, of.parts.join("` and `"));
    match &of.found {
        Finding::Refused(reason) => format!("{named}: not told: {reason}"),
        Finding::Found(found) => {
            let parts: Vec<String> = found
                .parts
                .iter()
                .map(|part| multiplier(part, found.level))
                .collect();
            format!(
                "{named}: worth {} times the compute of `{}`, and its parts {}, {} together; over that product {}: {} \
                 (chance {:.1}%)",
                multiplier(&found.whole, found.level),
                of.baseline,
                parts.join(" and "),
                multiplier(&found.product, found.level),
                multiplier(&found.over_product, found.level),
                found.verdict(),
                found.chance * 100.0
            )
        }
    }
}

/// The text of each arm.
pub fn texts(arms: &[ArmText]) -> Table {
    let mut table = Table::new(["arm", "text", "unique tokens", "epochs", "steps"]);
    for arm in arms {
        let steps = arm.steps.iter().map(|of| match of.edited {
            0 => format!(
                "{} {:.0}%",
                of.step,
                100.0 * of.kept as f64 / of.read.max(1) as f64
            ),
            edited => format!("{} (edits {edited})", of.step),
        });
        table.row([
            arm.arm.clone(),
            arm.bytes.to_string(),
            arm.unique.to_string(),
            format!("{:.2}", arm.epochs),
            steps.collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}

/// Losses by validation text and source, an arm a column.
pub fn by_text(losses: &LossesByText) -> String {
    let several = losses.arms.len() > 1;
    let arms = losses.arms.iter().map(String::as_str);
    let heading = ["text", "of"].into_iter().chain(arms.filter(|_| several));
    let mut table = Table::new(heading.chain((!several).then_some("bits per byte")));
    for text in &losses.texts {
        let of = if text.is_source { "source" } else { "validation" };
        let cells = text.arms.iter().map(|loss| match loss {
            None => "-".to_owned(),
            Some(loss) => {
                let spread = loss.deviation.map_or_else(String::new, |of| format!(" ±{of:.4}"));
                let against = loss
                    .difference
                    .map_or_else(String::new, |of| format!(" ({})", difference(of)));
                format!("{:.4}{spread}{against}", loss.mean)
            }
        });
        table.row([text.name.clone(), of.to_owned()].into_iter().chain(cells));
    }
    let against = if several {
        ", the difference to the baseline"
    } else {
        ""
    };
    let what = format!(
        "bits per byte of {}: mean and deviation of seeds{against}",
        losses.at
    );
    format!("{}\n{table}", prose("", &what))
}

/// A comparison as it is printed, of a study whose view says which arms' losses are bounds.
pub struct Printed<'a>(pub &'a Comparison, pub &'a View);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = self.0;
        writeln!(
            formatter,
            "arms against `{}`, {:.0}% intervals; losses in bits per byte at {} operations",
            self.1.named(&comparison.baseline),
            comparison.level * 100.0,
            Flops(comparison.end.flops)
        )?;
        let mut table = Table::new([
            "arm",
            "runs",
            "compute x",
            "data x",
            "loss difference",
            "paired",
            "P(better)",
            "P(asked)",
            "verdict",
        ]);
        for worth in &comparison.arms {
            table.row(cells(self.1.named(&worth.arm), worth, comparison.level));
        }
        writeln!(formatter, "{table}")?;
        if let Some(asked) = asked(comparison) {
            writeln!(formatter, "{}", prose("asked: ", &asked))?;
        }
        for worth in &comparison.arms {
            if let Some(test) = worth.one_law.filter(|test| !test.holds) {
                let said = format!(
                    "one law does not do for `{}` and `{}` (chance {:.1}%): what is said of it is of its pairs at the \
                     ladder's end",
                    worth.arm,
                    comparison.baseline,
                    test.chance * 100.0
                );
                writeln!(formatter, "{}", prose("! ", &said))?;
            }
        }
        for worth in &comparison.arms {
            if let Err(why) = &worth.paired {
                let said = format!("{} has no pairs with the baseline: {why}", worth.arm);
                writeln!(formatter, "{}", prose("! ", &said))?;
            }
        }
        for refusal in &comparison.refused {
            writeln!(formatter, "{}", prose("! ", &refusal.to_string()))?;
        }
        for warning in &comparison.warnings {
            writeln!(formatter, "{}", prose("! ", &warning.to_string()))?;
        }
        Ok(())
    }
}

/// How far the compute asked for reaches, and why nothing is said of it where that is too far.
fn asked(comparison: &Comparison) -> Option<String> {
    let (place, reach) = comparison.asked.zip(comparison.reach)?;
    let asked = Flops(place.flops);
    Some(match comparison.too_far() {
        Some(why) => format!(
            "no probability at {asked} operations: {why}; ask for less by `compare.at`, or add larger budgets"
        ),
        None if reach.is_within() => format!("{asked} operations, as the ladder has them"),
        None => format!(
            "{asked} operations are {} times what the ladder has",
            times(reach.factor)
        ),
    })
}

fn cells(arm: String, worth: &Worth, level: f64) -> [String; 9] {
    let estimate = |of: &Estimate, print: fn(f64) -> String| interval(&of.told(level), print);
    let dash = || "-".to_owned();
    let share = |share: f64| format!("{:.0}%", share * 100.0);
    let order = worth.order.as_ref();
    [
        arm,
        worth.runs.to_string(),
        multiplier(&worth.compute_multiplier, level),
        worth
            .data_multiplier
            .as_ref()
            .map_or_else(dash, |of| multiplier(of, level)),
        estimate(&worth.at_end.difference, difference),
        worth
            .paired
            .as_ref()
            .map_or_else(|_| dash(), |paired| estimate(&paired.difference, difference)),
        order.map_or_else(dash, |order| share(order.at_end)),
        order.and_then(|order| order.at_asked).map_or_else(dash, share),
        worth.verdict(|seen| format!("x {}", times(seen))),
    ]
}

/// A multiplier, or the side on which it is known where it lies beyond all that was measured.
fn multiplier(of: &Estimate, level: f64) -> String {
    of.bound(times)
        .unwrap_or_else(|| interval(&of.told(level), times))
}

fn times(value: f64) -> String {
    match value.abs() < 1e4 && value.abs() > 1e-3 {
        true => format!("{value:.3}"),
        false => format!("{value:.2e}"),
    }
}

fn difference(value: f64) -> String {
    format!("{value:+.4}")
}
