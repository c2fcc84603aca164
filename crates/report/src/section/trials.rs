use maud::{Markup, Render, html};

use super::component::{chart, nothing};
use crate::text::{self, NOTHING};
use crate::view::{NGrams, Role, Trial, View};

pub(super) fn body(view: &View) -> Markup {
    html! {
        (chart(view, "loss-curves"))
        @if let Some(ngrams) = NGrams::of(view.trials.iter()) { p { (ngrams.told()) } }
        h3 { "Without a result" }
        (unfinished(view))
        h3 { "All trials" }
        @if view.trials.is_empty() {
            (nothing("The spec asks for no trial."))
        } @else {
            p.hint { "Click a column heading to sort by it, again to reverse. N counts embeddings, unless the column says otherwise." }
            (all(view))
        }
    }
}

fn unfinished(view: &View) -> Markup {
    let unfinished: Vec<(&Trial, &str)> = view
        .trials
        .iter()
        .filter_map(|trial| Some((trial, trial.status.reason()?)))
        .collect();
    html! {
        @if unfinished.is_empty() {
            (nothing("Every trial is done."))
        } @else {
            ul.reasons {
                @for (trial, reason) in unfinished {
                    li { (status(trial)) " " code { (trial.id) } ", " (text::scientific(trial.budget.0)) " FLOPs, N "
                        (trial.params) ": " (reason) }
                }
            }
        }
    }
}

fn status(trial: &Trial) -> Markup {
    let label = trial.status.label();
    let mark = match label {
        "done" => "✓",
        "missing" => "○",
        _ => "✗",
    };
    html! { span class={ "status " (label) } title=[trial.status.reason()] {
    span aria-hidden="true" { (mark) } " " (label) } }
}

/// A sortable column: its heading, what explains it, and its cells.
struct Column {
    title: &'static str,
    hint: &'static str,
    cell: Cell,
}

/// What a cell shows and what it is sorted by.
enum Cell {
    Text(fn(&Trial) -> (Markup, String)),
    Number(fn(&Trial) -> Option<(String, f64)>),
}

const fn worded(title: &'static str, cell: fn(&Trial) -> (Markup, String)) -> Column {
    Column {
        title,
        hint: "",
        cell: Cell::Text(cell),
    }
}

const fn numeric(
    title: &'static str,
    hint: &'static str,
    cell: fn(&Trial) -> Option<(String, f64)>,
) -> Column {
    Column {
        title,
        hint,
        cell: Cell::Number(cell),
    }
}

/// Heading of the column that a study of one arm has not.
const ARM: &str = "Arm";

const COLUMNS: &[Column] = &[
    worded("Trial", |t| (html! { code { (t.id) } }, t.id.clone())),
    worded(ARM, |t| {
        let arm = t.arm.clone().unwrap_or_default();
        (arm.render(), arm)
    }),
    worded("Status", |t| (status(t), t.status.label().to_owned())),
    worded("Role", |t| (role(t).render(), role(t).to_owned())),
    numeric("Budget", "FLOPs", |t| {
        Some((text::scientific(t.budget.0), t.budget.0))
    }),
    numeric("N", "parameters", |t| {
        Some((t.params.to_string(), t.params.as_f64()))
    }),
    numeric("D", "tokens", |t| Some((t.tokens.to_string(), t.tokens.as_f64()))),
    numeric("Loss", "nats / token", |t| {
        t.loss.map(|loss| (t.as_bound(&text::loss(loss.0)), loss.0))
    }),
    numeric("Loss", "bits / byte", |t| {
        t.bits_per_byte
            .map(|bits| (t.as_bound(&text::loss(bits.0)), bits.0))
    }),
    numeric("n-gram", "bits / byte", |t| {
        let longest = t.ngrams.last()?;
        Some((text::loss(longest.bits_per_byte.0), longest.bits_per_byte.0))
    }),
    numeric("Seed", "", |t| Some((t.seed.to_string(), t.seed as f64))),
    numeric("Epochs", "passes", |t| Some((text::fixed(t.epochs, 2), t.epochs))),
    numeric("C", "FLOPs", |t| Some((text::scientific(t.flops.0), t.flops.0))),
    numeric("6ND", "FLOPs", |t| {
        Some((text::scientific(t.six_nd.0), t.six_nd.0))
    }),
    worded("Architecture", |t| {
        (t.architecture.render(), t.architecture.clone())
    }),
    numeric("N", "no embedding", |t| {
        Some((
            t.params_non_embedding.to_string(),
            t.params_non_embedding.as_f64(),
        ))
    }),
    numeric("Learning rate", "peak", |t| {
        Some((text::number(t.learning_rate), t.learning_rate))
    }),
    numeric("Batch", "tokens", |t| {
        Some((t.batch_tokens.to_string(), t.batch_tokens.as_f64()))
    }),
    numeric("Steps", "", |t| Some((text::whole(t.steps), t.steps as f64))),
    numeric("Time", "", |t| {
        t.seconds.map(|seconds| (seconds.to_string(), seconds.0))
    }),
    numeric("Speed", "tokens / s", |t| {
        t.tokens_per_second
            .map(|speed| (text::count(speed.round()), speed))
    }),
    numeric("Memory", "peak", |t| {
        t.peak_memory.map(|peak| (text::bytes(peak), peak.as_f64()))
    }),
];

fn role(trial: &Trial) -> &'static str {
    match trial.role {
        Role::Ladder => "ladder",
        Role::HeldOut => "★ held out",
        Role::Mixture => "mixture",
    }
}

fn all(view: &View) -> Markup {
    let has_arms = view.trials.iter().any(|trial| trial.arm.is_some());
    let columns: Vec<_> = COLUMNS
        .iter()
        .filter(|column| has_arms || column.title != ARM)
        .collect();
    html! {
        div.table-box.tall tabindex="0" role="region" aria-label="All trials" {
            table.sortable {
                thead { tr { @for column in &columns { (head(column)) } } }
                tbody {
                    @for trial in &view.trials {
                        tr data-trial=(trial.id) { @for column in &columns { (cell(&column.cell, trial)) } }
                    }
                }
            }
        }
    }
}

fn head(column: &Column) -> Markup {
    let numeric = matches!(column.cell, Cell::Number(_));
    html! {
        th.number[numeric] scope="col" aria-sort="none" data-kind=(if numeric { "number" } else { "text" }) {
            button type="button" { (column.title) @if !column.hint.is_empty() { small { (column.hint) } } }
        }
    }
}

fn cell(cell: &Cell, trial: &Trial) -> Markup {
    match cell {
        Cell::Text(of) => {
            let (shown, key) = of(trial);
            html! { td data-sort=(key) { (shown) } }
        }
        Cell::Number(of) => match of(trial).filter(|(_, key)| key.is_finite()) {
            Some((shown, key)) => html! { td.number data-sort=(key) { (shown) } },
            None => html! { td.number data-sort="" { (NOTHING) } },
        },
    }
}
