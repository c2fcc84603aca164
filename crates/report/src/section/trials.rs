use maud::{Markup, Render, html};

use super::component::{chart, nothing};
use crate::text::{self, NOTHING};
use crate::view::{Role, Trial, View};

pub(super) fn body(view: &View) -> Markup {
    html! {
        (chart(view, "loss-curves"))
        h3 { "Without a result" }
        (unfinished(view))
        h3 { "All trials" }
        @if view.trials.is_empty() {
            (nothing("The spec asks for no trial."))
        } @else {
            p.hint { "Click a column heading to sort by it, again to reverse. N counts embeddings; the column beside it does not." }
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

/// A sortable column: its heading, what it explains, and its cell with the value to sort by.
struct Column {
    title: &'static str,
    hint: &'static str,
    cell: fn(&Trial) -> Cell,
}

enum Cell {
    Text(Markup, String),
    Number(String, f64),
    Absent,
}

fn optional<T>(value: Option<T>, cell: impl Fn(T) -> (String, f64)) -> Cell {
    value.map_or(Cell::Absent, |value| {
        let (text, key) = cell(value);
        Cell::Number(text, key)
    })
}

const COLUMNS: &[Column] = &[
    Column {
        title: "Trial",
        hint: "short hash",
        cell: |t| Cell::Text(html! { code { (t.id) } }, t.id.clone()),
    },
    Column {
        title: "Status",
        hint: "",
        cell: |t| Cell::Text(status(t), t.status.label().to_owned()),
    },
    Column {
        title: "Role",
        hint: "",
        cell: role,
    },
    Column {
        title: "Architecture",
        hint: "",
        cell: |t| Cell::Text(t.architecture.render(), t.architecture.clone()),
    },
    Column {
        title: "Budget",
        hint: "FLOPs",
        cell: |t| Cell::Number(text::scientific(t.budget.0), t.budget.0),
    },
    Column {
        title: "N",
        hint: "parameters",
        cell: |t| Cell::Number(t.params.to_string(), t.params.as_f64()),
    },
    Column {
        title: "N, no embedding",
        hint: "parameters",
        cell: |t| {
            Cell::Number(
                t.params_non_embedding.to_string(),
                t.params_non_embedding.as_f64(),
            )
        },
    },
    Column {
        title: "D",
        hint: "tokens",
        cell: |t| Cell::Number(t.tokens.to_string(), t.tokens.as_f64()),
    },
    Column {
        title: "Epochs",
        hint: "passes",
        cell: |t| Cell::Number(text::fixed(t.epochs, 2), t.epochs),
    },
    Column {
        title: "C",
        hint: "FLOPs, counted",
        cell: |t| Cell::Number(text::scientific(t.flops.0), t.flops.0),
    },
    Column {
        title: "6ND",
        hint: "FLOPs",
        cell: |t| Cell::Number(text::scientific(t.six_nd.0), t.six_nd.0),
    },
    Column {
        title: "Loss",
        hint: "nats / token",
        cell: |t| optional(t.loss, |l| (text::loss(l.0), l.0)),
    },
    Column {
        title: "Bits",
        hint: "per byte",
        cell: |t| optional(t.bits_per_byte, |b| (text::loss(b.0), b.0)),
    },
    Column {
        title: "Learning rate",
        hint: "peak",
        cell: |t| Cell::Number(text::number(t.learning_rate), t.learning_rate),
    },
    Column {
        title: "Batch",
        hint: "tokens",
        cell: |t| Cell::Number(t.batch_tokens.to_string(), t.batch_tokens.as_f64()),
    },
    Column {
        title: "Steps",
        hint: "",
        cell: |t| Cell::Number(text::whole(t.steps), t.steps as f64),
    },
    Column {
        title: "Time",
        hint: "",
        cell: |t| optional(t.seconds, |s| (s.to_string(), s.0)),
    },
    Column {
        title: "Speed",
        hint: "tokens / s",
        cell: |t| optional(t.tokens_per_second, |s| (text::count(s.round()), s)),
    },
    Column {
        title: "Peak memory",
        hint: "",
        cell: |t| optional(t.peak_memory, |m| (text::bytes(m), m.as_f64())),
    },
];

fn role(trial: &Trial) -> Cell {
    let label = match trial.role {
        Role::Ladder => "ladder",
        Role::HeldOut => "★ held out",
    };
    Cell::Text(label.render(), label.to_owned())
}

fn all(view: &View) -> Markup {
    html! {
        div.table-box.tall tabindex="0" role="region" aria-label="All trials" {
            table.sortable {
                thead { tr {
                    @for column in COLUMNS {
                        th scope="col" aria-sort="none" {
                            button type="button" { (column.title) @if !column.hint.is_empty() { small { (column.hint) } } }
                        }
                    }
                } }
                tbody { @for trial in &view.trials { tr data-trial=(trial.id) {
                    @for column in COLUMNS { (cell((column.cell)(trial))) }
                } } }
            }
        }
    }
}

fn cell(cell: Cell) -> Markup {
    match cell {
        Cell::Text(shown, key) => html! { td data-sort=(key) { (shown) } },
        Cell::Number(shown, key) if key.is_finite() => html! { td.number data-sort=(key) { (shown) } },
        Cell::Number(..) | Cell::Absent => html! { td.number data-sort="" { (NOTHING) } },
    }
}
