use serde_json::{Value, json};
use triaxis_records::TrainingCost;

use super::{Chart, style};
use crate::text;
use crate::view::{LengthView, Lengths};

pub(super) const SEQUENCE: Chart<LengthView> = Chart {
    id: "length-sequence",
    title: "Training on one sequence",
    caption: "Time of a training step by its sequences, against their length; both axes logarithmic. A line that rises as \
              steeply as the length is linear in it, one that rises twice as steeply quadratic. Every marker was \
              measured; dashes are more than one thread.",
    height: 460,
    figure: |view| {
        let of = |model: &Lengths| {
            let points = model.trainings.iter();
            points
                .map(|cost| {
                    (
                        cost.threads,
                        cost.length as f64,
                        cost.time.0 / cost.sequences as f64,
                    )
                })
                .collect()
        };
        drawn(
            view,
            "tokens of a sequence",
            "seconds a sequence",
            text::short,
            of,
        )
    },
};

pub(super) const STEP: Chart<LengthView> = Chart {
    id: "length-step",
    title: "One more token",
    caption: "Time of one token, stepped, against the tokens before it; both axes logarithmic. Every marker was measured; \
              dashes are more than one thread.",
    height: 460,
    figure: |view| {
        let of = |model: &Lengths| {
            let points = model.steps.iter();
            points
                .map(|cost| (cost.threads, cost.context as f64, cost.time.0))
                .collect()
        };
        drawn(view, "tokens before it", "seconds a token", text::short, of)
    },
};

pub(super) const REMEMBERED: Chart<LengthView> = Chart {
    id: "length-remembered",
    title: "What is remembered",
    caption: "Bytes that one sequence needs to go on, caches and states, against the tokens it has; both axes \
              logarithmic.",
    height: 380,
    figure: |view| {
        let of = |model: &Lengths| {
            let points = model.steps.iter();
            points
                .map(|cost| (1, cost.context as f64, cost.remembered.0 as f64))
                .collect()
        };
        drawn(view, "tokens", "bytes", text::count, of)
    },
};

pub(super) const TRADE: Chart<LengthView> = Chart {
    id: "length-trade",
    title: "What training pays for a small memory",
    caption: "Tokens trained on in a second, by sequences of some length, against the bytes that a sequence of that length \
              needs to go on; both axes logarithmic. Above is fast to train, left is small to serve: a cache goes right \
              as it grows, a state stays, and what trains position by position gains nothing from more threads. Every \
              marker was measured; dashes are more than one thread.",
    height: 460,
    figure: |view| {
        let of = |model: &Lengths| {
            let remembered = |length: usize| {
                let step = model.steps.iter().find(|step| step.context == length);
                step.map(|step| step.remembered.0 as f64)
            };
            let trainings = model.trainings.iter();
            let point = |cost: &TrainingCost| {
                Some((cost.threads, remembered(cost.length)?, cost.tokens_per_second()))
            };
            trainings.filter_map(point).collect()
        };
        drawn(
            view,
            "bytes that are remembered",
            "tokens a second",
            text::count,
            of,
        )
    },
};

/// Threads, place across and value of each point.
type Points = Vec<(usize, f64, f64)>;

/// A line for each model and number of threads.
fn drawn(
    view: &LengthView,
    x: &str,
    y: &str,
    print: fn(f64) -> String,
    of: impl Fn(&Lengths) -> Points,
) -> Result<Value, String> {
    let all: Vec<Points> = view.models.iter().map(of).collect();
    let points = || all.iter().flatten();
    if points().next().is_none() {
        return Err("Nothing was measured.".to_owned());
    }
    let mut data = Vec::new();
    for (index, (model, points)) in view.models.iter().zip(&all).enumerate() {
        let mut threads: Vec<usize> = points.iter().map(|point| point.0).collect();
        threads.sort_unstable();
        threads.dedup();
        for threads in threads {
            let own = points.iter().filter(|point| point.0 == threads);
            let (x, y): (Vec<f64>, Vec<f64>) = own.map(|point| (point.1, point.2)).unzip();
            let name = text::literal(&model.name);
            let name = match threads {
                1 => name,
                _ => format!("{name}, {threads} threads"),
            };
            data.push(json!({
                "type": "scatter", "mode": "lines+markers", "x": x, "y": y, "name": name,
                "line": { "color": style::series(index), "width": 2, "dash": if threads == 1 { "solid" } else { "dash" } },
                "marker": { "color": style::series(index), "symbol": style::symbol(index), "size": 8 },
                "hovertemplate": format!("%{{y:.3s}} at %{{x}}<br>{name}<extra></extra>"),
            }));
        }
    }
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis(x, points().map(|point| point.1), text::count),
            "yaxis": style::logarithmic_axis(y, points().map(|point| point.2), print),
        },
    }))
}
