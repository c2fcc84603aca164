//! What a sweep over mixtures of sources says, on a terminal.

use std::fmt::{self, Display, Formatter};

use triaxis_laws::mixture::{BestMixture, Sweep};
use triaxis_report::view::{Estimate, Finding};
use triaxis_units::Tokens;

use super::summary::interval;
use crate::output::prose;
use crate::table::Table;

/// A sweep in print: the best mixture by all texts together, and what each alone would have.
pub(super) struct Swept<'a>(pub(super) &'a Sweep);

impl Display for Swept<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self(sweep) = self;
        let of_tokens = Tokens::from_f64_rounded(sweep.of_tokens).unwrap_or_default();
        let arm = sweep
            .arm
            .as_ref()
            .map_or_else(String::new, |arm| format!(" of `{arm}`"));
        let first = sweep.best.first();
        let level = first
            .and_then(|best| best.found.found())
            .map_or(0.0, |found| found.level);
        writeln!(
            formatter,
            "the best mixture{arm} by the loss on {}, {:.0}% intervals, no source more than {} times in {of_tokens} tokens",
            first.map_or("all texts", |best| best.text.as_str()),
            100.0 * level,
            sweep.max_epochs
        )?;
        let Some(best) = first else { return Ok(()) };
        match &best.found {
            Finding::Refused(reason) => {
                return writeln!(
                    formatter,
                    "{}",
                    prose("mixture: ", &format!("not told: {reason}"))
                );
            }
            Finding::Found(found) => {
                writeln!(formatter, "{}", shares(sweep, found))?;
                writeln!(formatter, "{}", prose("mixture: ", &gain(sweep, found)))?;
                writeln!(formatter, "{}", prose("laws: ", &checked(found)))?;
            }
        }
        for other in &sweep.best[1..] {
            let said = match &other.found {
                Finding::Refused(reason) => format!("not told: {reason}"),
                Finding::Found(found) => mixture(sweep, found),
            };
            writeln!(formatter, "{}", prose(&format!("by `{}`: ", other.text), &said))?;
        }
        Ok(())
    }
}

fn shares(sweep: &Sweep, found: &BestMixture) -> Table {
    let mut table = Table::new([
        "source",
        "of the text",
        "largest in a run",
        "at most",
        "best share",
    ]);
    for (at, source) in sweep.sources.iter().enumerate() {
        let largest = sweep.runs.iter().map(|run| run.shares[at]).fold(0.0, f64::max);
        let beyond = if found.beyond.contains(&at) {
            ", beyond every run"
        } else {
            ""
        };
        table.row([
            source.clone(),
            percent(sweep.natural[at]),
            percent(largest),
            percent(sweep.caps[at]),
            format!("{}{beyond}", interval(&found.shares[at], percent)),
        ]);
    }
    table
}

fn gain(sweep: &Sweep, found: &BestMixture) -> String {
    let loss = |of: &Estimate| interval(of, |value| format!("{value:.4}"));
    let measured = sweep.lowest().and_then(|run| run.losses.first());
    let measured = measured.map_or_else(String::new, |loss| {
        format!(", and the lowest of {} runs {loss:.4}", sweep.runs.len())
    });
    format!(
        "the mean of the best {} of {} mixtures that were drawn; its predicted loss is {} bits per byte, that of the text as it is \
         {}{measured}; the gain is {}, of which some {:.4} is luck, as a law is lowest where its errors made it so; intervals of \
         it and of the loss are without luck",
        found.top,
        found.candidates,
        loss(&found.loss),
        loss(&found.natural),
        interval(&found.gain, |value| format!("{value:+.4}")),
        found.optimism
    )
}

fn checked(found: &BestMixture) -> String {
    let each = found.checked.iter().map(|checked| {
        let error = checked
            .error
            .map_or_else(|| "no".to_owned(), |error| format!("{error:.4}"));
        let rank = checked
            .rank
            .map_or_else(|| "none".to_owned(), |rank| format!("{rank:.3}"));
        format!("{} {error} (rank correlation {rank})", checked.regressor.name())
    });
    let each: Vec<String> = each.collect();
    format!(
        "error on runs left out, a fifth at a time: {}; the first is taken",
        each.join(", ")
    )
}

fn mixture(sweep: &Sweep, found: &BestMixture) -> String {
    let shares = sweep.sources.iter().zip(&found.shares);
    let shares: Vec<String> = shares
        .map(|(source, share)| format!("{source} {}", interval(share, percent)))
        .collect();
    format!(
        "{}; a gain of {}",
        shares.join(", "),
        interval(&found.gain, |value| format!("{value:+.4}"))
    )
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}
