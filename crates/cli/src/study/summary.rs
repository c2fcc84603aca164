//! The end of a study on a terminal: trials, laws, prediction, plan, and where the page is.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use triaxis_report::view::{Approach, Estimate, Finding, HeldOut, NGrams, Status, Trial, View};
use triaxis_units::{Params, Tokens};

use super::arm_columns;
use super::comparison::{Printed, by_text, compounded, repeated, texts};
use super::experts::Experts;
use super::mixtures::Swept;
use crate::Format;
use crate::output::{self, prose};
use crate::plan::text::Brief;
use crate::table::Table;

#[derive(Serialize)]
struct Summary<'a> {
    page: &'a Path,
    #[serde(flatten)]
    view: &'a View,
    /// Whether trials that are done are listed.
    #[serde(skip)]
    lists: bool,
}

/// Prints what `view` holds, trials that are done only where `lists` says so; JSON holds all of it.
pub fn print(view: &View, page: &Path, format: Format, lists: bool) -> anyhow::Result<()> {
    let lists = lists && view.trials.len() <= MANY;
    let summary = Summary { page, view, lists };
    output::print(format, &summary, &summary)
}

impl Summary<'_> {
    fn laws(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.view;
        if !view.approaches.is_empty() {
            if let Some(arm) = &view.arm {
                writeln!(formatter, "laws of `{arm}`")?;
            }
            writeln!(formatter, "{}", approaches(&view.approaches))?;
            for reason in refusals(&view.approaches) {
                writeln!(formatter, "{}\n", prose("refused: ", &reason))?;
            }
        }
        match &view.flattening {
            Some(Finding::Found(words)) => writeln!(formatter, "{}\n", prose("curve: ", words))?,
            Some(Finding::Refused(reason)) => {
                writeln!(
                    formatter,
                    "{}\n",
                    prose("curve: ", &format!("not told: {reason}"))
                )?;
            }
            None => {}
        }
        Ok(())
    }

    fn plan(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.view.plan {
            Some(Finding::Found(decision)) => writeln!(formatter, "plan\n{}", Brief(decision)),
            Some(Finding::Refused(reason)) => {
                writeln!(formatter, "{}", prose("plan: ", &format!("refused: {reason}")))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.view;
        let done = view
            .trials
            .iter()
            .filter(|trial| trial.status == Status::Done)
            .count();
        let all = view.trials.len();
        if !self.lists {
            writeln!(formatter, "{done} of {all} trials done; all are on the page\n")?;
        }
        if self.lists || done < all {
            writeln!(formatter, "{}", trials(view, self.lists))?;
        }
        if let Some(ngrams) = NGrams::of(view.trials.iter()) {
            writeln!(formatter, "{}\n", prose("n-grams: ", &ngrams.told()))?;
        }
        if !view.arm_texts.is_empty() {
            writeln!(formatter, "{}", texts(&view.arm_texts))?;
        }
        for comparison in view.comparison.iter().chain(&view.also) {
            match comparison {
                Finding::Found(found) => writeln!(formatter, "{}", Printed(found, view))?,
                Finding::Refused(reason) => {
                    writeln!(
                        formatter,
                        "{}\n",
                        prose("arms: ", &format!("not compared: {reason}"))
                    )?;
                }
            }
        }
        for compound in &view.compounds {
            writeln!(formatter, "{}\n", prose("together: ", &compounded(compound)))?;
        }
        for arm in &view.repeated {
            writeln!(formatter, "{}", prose("repeats: ", &repeated(arm)))?;
        }
        if !view.repeated.is_empty() {
            writeln!(formatter)?;
        }
        for sweep in &view.mixtures {
            writeln!(formatter, "{}", Swept(sweep))?;
        }
        if !view.experts.is_empty() {
            writeln!(formatter, "{}", Experts(&view.experts))?;
        }
        if let Some(losses) = &view.losses {
            writeln!(formatter, "{}", by_text(losses))?;
        }
        self.laws(formatter)?;
        for held_out in &view.held_out {
            writeln!(formatter, "{}\n", prose("", &prediction(held_out)))?;
        }
        self.plan(formatter)?;
        for notice in &view.notices {
            writeln!(formatter, "{}", prose("! ", notice))?;
        }
        write!(formatter, "\npage: {}", self.page.display())
    }
}

/// From so many trials on, those that are done are counted and not listed.
const MANY: usize = 60;

fn trials(view: &View, lists: bool) -> Table {
    let is_lossy = view
        .corpus
        .as_ref()
        .is_some_and(|corpus| corpus.tokenizer.lost.0 > 0);
    let has_arms = view.trials.iter().any(|trial| trial.arm.is_some());
    let loss = if is_lossy { "bits/byte kept" } else { "bits/byte" };
    let columns = ["trial", "N", "D", "FLOPs", loss, "nats/token", "time", "status"];
    let mut table = Table::new(arm_columns::heading(has_arms, &columns));
    let listed = |trial: &&Trial| lists || trial.status != Status::Done;
    for trial in view.trials.iter().filter(listed) {
        let dash = || "-".to_owned();
        let cells = [
            trial.id.clone(),
            trial.params.to_string(),
            trial.tokens.to_string(),
            trial.flops.to_string(),
            trial
                .bits_per_byte
                .map_or_else(dash, |loss| trial.as_bound(&loss.to_string())),
            trial
                .loss
                .map_or_else(dash, |loss| trial.as_bound(&loss.to_string())),
            trial.seconds.map_or_else(dash, |seconds| seconds.to_string()),
            trial.status.reason().map_or_else(
                || trial.status.label().to_owned(),
                |reason| format!("{}: {reason}", trial.status.label()),
            ),
        ];
        table.row(arm_columns::row(trial.arm.as_ref(), trial.seed, cells));
    }
    table
}

fn approaches(approaches: &[Approach]) -> Table {
    let reference = approaches
        .first()
        .map_or_else(String::new, |first| first.reference.to_string());
    let at = |of: &str| format!("{of}* at {reference}");
    let heading = ["approach", "N* ~ C^a", "D* ~ C^b"].map(str::to_owned);
    let [approach, params_law, tokens_law] = heading;
    let mut table = Table::new([approach, params_law, tokens_law, at("N"), at("D")]);
    for approach in approaches {
        let count = |finding: &Finding, print: fn(f64) -> String| match finding {
            Finding::Found(estimate) => interval(estimate, print),
            Finding::Refused(_) => "refused".to_owned(),
        };
        table.row([
            format!("{} {}", approach.number, approach.name),
            count(&approach.params_exponent, exponent),
            count(&approach.tokens_exponent, exponent),
            count(&approach.params, params),
            count(&approach.tokens, tokens),
        ]);
    }
    table
}

/// Why approaches have no numbers: each reason once, with those that have it.
fn refusals(approaches: &[Approach]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for approach in approaches {
        let findings = [
            &approach.params_exponent,
            &approach.tokens_exponent,
            &approach.params,
            &approach.tokens,
        ];
        for finding in findings {
            let Finding::Refused(reason) = finding else {
                continue;
            };
            let (reason, number) = (reason.as_str(), approach.number.to_string());
            match reasons.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, numbers)) if numbers.contains(&number) => {}
                Some((_, numbers)) => numbers.push(number),
                None => reasons.push((reason, vec![number])),
            }
        }
    }
    let told = |(reason, numbers): (&str, Vec<String>)| format!("approach {}: {reason}", numbers.join(", "));
    reasons.into_iter().map(told).collect()
}

fn prediction(held_out: &HeldOut) -> String {
    let bits = held_out.bits_per_nat.unwrap_or(f64::NAN);
    let arm = held_out
        .arm
        .as_ref()
        .map_or_else(String::new, |arm| format!("{arm}: "));
    let predicted = match &held_out.predicted {
        Finding::Found(estimate) => {
            let range = estimate.interval.map_or_else(String::new, |interval| {
                format!(
                    " ({:.4} to {:.4} at {:.0}%)",
                    interval.low * bits,
                    interval.high * bits,
                    interval.level * 100.0
                )
            });
            format!("predicted {:.4}{range} bits per byte", estimate.value * bits)
        }
        Finding::Refused(reason) => format!("not predicted: {reason}"),
    };
    let measured = match &held_out.measured {
        Finding::Found(loss) => format!("measured {:.4}", loss.0 * bits),
        Finding::Refused(reason) => format!("not measured: {reason}"),
    };
    let error = held_out
        .relative_error
        .map_or_else(String::new, |error| format!(", {:+.2}%", error * 100.0));
    let inside = match held_out.inside {
        Some(true) => ", inside the interval",
        Some(false) => ", OUTSIDE the interval",
        None => "",
    };
    // No trial of the ladder is done.
    let reach = match held_out.reach.compute.is_finite() {
        true => format!(", {:.1} x the largest trial", held_out.reach.compute),
        false => String::new(),
    };
    format!(
        "{arm}held-out run of {} parameters on {} tokens{reach}: {predicted}, {measured}{error}{inside}",
        held_out.params, held_out.tokens
    )
}

/// A number with its interval.
pub fn interval(estimate: &Estimate, print: fn(f64) -> String) -> String {
    match estimate.interval {
        Some(interval) => format!(
            "{} [{}, {}]",
            print(estimate.value),
            print(interval.low),
            print(interval.high)
        ),
        None => print(estimate.value),
    }
}

fn exponent(value: f64) -> String {
    format!("{value:.3}")
}

fn params(value: f64) -> String {
    Params::from_f64_rounded(value).map_or_else(|_| format!("{value:.2e}"), |params| params.to_string())
}

fn tokens(value: f64) -> String {
    Tokens::from_f64_rounded(value).map_or_else(|_| format!("{value:.2e}"), |tokens| tokens.to_string())
}
