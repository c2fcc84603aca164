//! What the charts have in common: axes, colours, markers, hovers.

use serde_json::{Value, json};

use crate::scale;
use crate::text;
use crate::view::{Estimate, Trial};

/// Filled, and open where the colours come again.
const SYMBOLS: [&str; 12] = [
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "triangle-down",
    "pentagon",
    "circle-open",
    "square-open",
    "diamond-open",
    "triangle-up-open",
    "triangle-down-open",
    "pentagon-open",
];

/// The colour of ordered things (budgets): from few to many.
pub(crate) fn ramp(index: usize, count: usize) -> String {
    format!("var(--ramp-{})", scale::ramp_step(index, count))
}

/// The colour of things without order (approaches, choices).
pub(crate) fn series(index: usize) -> String {
    format!("var(--series-{})", index % 6)
}

/// The same colour, thin enough to lie behind a line.
pub(crate) fn band(index: usize) -> String {
    format!("var(--band-{})", index % 6)
}

/// A marker, so that nothing is told by colour alone.
pub(crate) fn symbol(index: usize) -> &'static str {
    SYMBOLS[index % SYMBOLS.len()]
}

/// A logarithmic axis over `values`, its ticks written by `print`.
pub(crate) fn logarithmic_axis(
    title: &str,
    values: impl IntoIterator<Item = f64>,
    print: fn(f64) -> String,
) -> Value {
    let (low, high) = scale::extent(values.into_iter().filter(|value| *value > 0.0)).unwrap_or((1.0, 10.0));
    let ticks = scale::logarithmic_ticks(low, high);
    let labels = scale::labels(&ticks, print);
    json!({ "type": "log", "title": { "text": title }, "tickvals": ticks, "ticktext": labels,
            "minor": { "ticks": "outside", "ticklen": 2, "tickvals": scale::minor_ticks(low / 2.0, high * 2.0) } })
}

/// Whether values are best seen on a logarithmic axis: sizes over more than a decade or two. Shares and
/// losses stay linear.
pub(crate) fn is_wide(values: impl IntoIterator<Item = f64>) -> bool {
    scale::extent(values).is_some_and(|(low, high)| low > 0.0 && high > 10.0 && high > 30.0 * low)
}

/// An axis of what was measured: logarithmic where the values are wide.
pub(crate) fn measured_axis(title: &str, values: impl IntoIterator<Item = f64> + Clone) -> Value {
    match is_wide(values.clone()) {
        true => logarithmic_axis(title, values, text::count),
        false => linear_axis(title),
    }
}

/// A linear axis; plotly.js chooses its ticks.
pub(crate) fn linear_axis(title: &str) -> Value {
    json!({ "type": "linear", "title": { "text": title } })
}

/// Both ends of an estimate's interval as plotly error bars, `None` where there is no interval.
pub(crate) fn error_bars(estimates: &[Estimate], color: &str) -> Value {
    let side =
        |pick: fn(&Estimate) -> Option<f64>| -> Vec<Option<f64>> { estimates.iter().map(pick).collect() };
    json!({
        "type": "data",
        "symmetric": false,
        "array": side(|e| e.interval.map(|i| i.high - e.value)),
        "arrayminus": side(|e| e.interval.map(|i| e.value - i.low)),
        "color": color,
        "thickness": 1.6,
        "width": 5,
    })
}

/// An estimate and the ends of its interval: what an axis has to show.
pub(crate) fn reached(estimate: &Estimate) -> impl Iterator<Item = f64> + use<> {
    let ends = estimate.interval.map(|range| [range.low, range.high]);
    std::iter::once(estimate.value).chain(ends.into_iter().flatten())
}

/// A closed outline around the intervals of `points`, for a band; `None` without two intervals.
pub(crate) fn outline(points: &[(f64, Estimate)]) -> Option<(Vec<f64>, Vec<f64>)> {
    let ranges: Vec<(f64, f64, f64)> = points
        .iter()
        .filter_map(|(x, e)| e.interval.map(|i| (*x, i.low, i.high)))
        .collect();
    if ranges.len() < 2 {
        return None;
    }
    let there = ranges.iter().map(|(x, _, high)| (*x, *high));
    let back = ranges.iter().rev().map(|(x, low, _)| (*x, *low));
    Some(there.chain(back).unzip())
}

/// The level of the first interval: ` (90% interval)`, or nothing.
pub(crate) fn level<'a>(estimates: impl IntoIterator<Item = &'a Estimate>) -> String {
    let level = estimates
        .into_iter()
        .find_map(|estimate| estimate.interval)
        .map(|range| range.level);
    level.map_or(String::new(), |level| {
        format!(", {} interval", text::percent(level))
    })
}

/// A name in lines that leave a narrow chart its place; plotly.js breaks none itself.
pub(crate) fn in_lines(name: &str) -> String {
    const MOST: usize = 20;
    let mut lines = vec![String::new()];
    for word in name.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > MOST {
            lines.push(word.to_owned());
        } else {
            *line += if length > 0 { " " } else { "" };
            *line += word;
        }
    }
    lines
        .iter()
        .map(|line| text::literal(line))
        .collect::<Vec<_>>()
        .join("<br>")
}

/// What the hover says of a trial.
pub(crate) fn trial_hover(trial: &Trial) -> String {
    let mut lines = vec![
        format!(
            "<b>trial {}</b> · {}",
            text::literal(&trial.id),
            text::literal(&trial.architecture)
        ),
        format!(
            "N {} · D {} · {} epochs",
            trial.params,
            trial.tokens,
            text::number(trial.epochs)
        ),
        format!(
            "C {} FLOPs (6ND {})",
            text::scientific(trial.flops.0),
            text::scientific(trial.six_nd.0)
        ),
        format!(
            "learning rate {} · batch {} tokens · {} steps",
            text::number(trial.learning_rate),
            trial.batch_tokens,
            text::whole(trial.steps)
        ),
    ];
    if let Some(loss) = trial.loss {
        let bits = trial
            .bits_per_byte
            .map(|b| format!(" · {} bits/byte", text::loss(b.0)))
            .unwrap_or_default();
        lines.push(format!("validation {} nats/token{bits}", text::loss(loss.0)));
    }
    lines.join("<br>")
}
