//! What the arms are worth, on a terminal.

use std::fmt;

use triaxis_laws::Estimate;
use triaxis_laws::worth::{Call, Comparison, Worth};
use triaxis_report::view::{Finding, Repeated};
use triaxis_units::{Flops, Tokens};

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
            estimate(&law.most.data_multiplier, times),
            estimate(&law.limit, times)
        ),
    }
}

/// A comparison as it is printed.
pub struct Printed<'a>(pub &'a Comparison);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = self.0;
        writeln!(
            formatter,
            "arms against `{}`, {:.0}% intervals; losses in bits per byte at {} operations",
            comparison.baseline,
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
            table.row(cells(worth));
        }
        writeln!(formatter, "{table}")?;
        for worth in &comparison.arms {
            if let Some(test) = worth.one_law.filter(|test| !test.holds) {
                writeln!(
                    formatter,
                    "! one law does not do for `{}` and `{}` (chance {:.1}%): what is said of it is of its pairs at the \
                     ladder's end",
                    worth.arm,
                    comparison.baseline,
                    test.chance * 100.0
                )?;
            }
        }
        for refusal in &comparison.refused {
            writeln!(formatter, "! {refusal}")?;
        }
        for warning in &comparison.warnings {
            writeln!(formatter, "! {warning}")?;
        }
        Ok(())
    }
}

fn cells(worth: &Worth) -> [String; 9] {
    let dash = || "-".to_owned();
    let share = |share: f64| format!("{:.0}%", share * 100.0);
    let order = worth.order.as_ref();
    [
        worth.arm.clone(),
        worth.runs.to_string(),
        multiplier(&worth.compute_multiplier),
        worth.data_multiplier.as_ref().map_or_else(dash, multiplier),
        estimate(&worth.at_end.difference, difference),
        worth
            .paired
            .as_ref()
            .map_or_else(|_| dash(), |paired| estimate(&paired.difference, difference)),
        order.map_or_else(dash, |order| share(order.at_end)),
        order.and_then(|order| order.at_asked).map_or_else(dash, share),
        match (worth.call, worth.detectable) {
            (Call::Better, _) => "better".to_owned(),
            (Call::Worse, _) => "worse".to_owned(),
            (Call::NoDifferenceSeen, Some(seen)) => {
                format!("no difference seen; one of x {} would have been", times(seen))
            }
            (Call::NoDifferenceSeen, None) => {
                "no difference seen; how small a one would have been is open".to_owned()
            }
            (Call::CannotTell, _) => "cannot tell: too few pairs for their noise".to_owned(),
        },
    ]
}

/// A multiplier, or the side on which it is known where it lies beyond all that was measured.
fn multiplier(of: &Estimate) -> String {
    match (of.interval, of.open_below, of.open_above) {
        (Some(_), true, true) => "open".to_owned(),
        (Some(ends), true, false) => format!("at most {}", times(ends.high)),
        (Some(ends), false, true) => format!("at least {}", times(ends.low)),
        _ => estimate(of, times),
    }
}

fn estimate(estimate: &Estimate, print: fn(f64) -> String) -> String {
    match estimate.interval {
        Some(interval) => {
            format!(
                "{} [{}, {}]",
                print(estimate.value),
                print(interval.low),
                print(interval.high)
            )
        }
        None => print(estimate.value),
    }
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
