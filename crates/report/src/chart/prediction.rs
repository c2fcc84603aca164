use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Estimate, HeldOut, View};

pub(super) const CHART: Chart = Chart {
    id: "prediction",
    title: "Predicted and measured",
    caption: "The loss of each held-out run as predicted before it started (diamond, the bar and shaded \
              stripe are the interval) and as it was then measured (star). A star inside the stripe agrees \
              with the prediction.",
    height: 360,
    figure,
};

fn figure(view: &View) -> Result<Value, String> {
    let runs: Vec<&HeldOut> = view
        .held_out
        .iter()
        .filter(|run| run.predicted.found().is_some())
        .collect();
    if runs.is_empty() {
        return Err("No held-out run has been predicted.".to_owned());
    }
    let row = |run: &HeldOut, kind: &str| {
        if runs.len() == 1 {
            kind.to_owned()
        } else {
            format!("{} {kind}", text::literal(&run.trial))
        }
    };
    let predicted: Vec<Estimate> = runs
        .iter()
        .filter_map(|run| run.predicted.found().copied())
        .collect();
    let measured: Vec<(&HeldOut, f64)> = runs
        .iter()
        .filter_map(|run| Some((*run, run.measured.found()?.0)))
        .collect();
    let data = json!([
        {
            "type": "scatter", "mode": "markers", "name": format!("predicted{}", style::level(&predicted)),
            "x": predicted.iter().map(|e| e.value).collect::<Vec<_>>(),
            "y": runs.iter().map(|run| row(run, "predicted")).collect::<Vec<_>>(),
            "customdata": predicted.iter().map(|e| text::estimate(e, text::loss)).collect::<Vec<_>>(),
            "error_x": style::error_bars(&predicted, "var(--predicted)"),
            "marker": { "color": "var(--predicted)", "symbol": "diamond", "size": 14 },
            "hovertemplate": format!("<b>predicted</b> %{{customdata}}{}<extra></extra>", style::level(&predicted)),
        },
        {
            "type": "scatter", "mode": "markers", "name": "measured",
            "x": measured.iter().map(|m| m.1).collect::<Vec<_>>(),
            "y": measured.iter().map(|m| row(m.0, "measured")).collect::<Vec<_>>(),
            "customdata": measured.iter().map(|m| text::loss(m.1)).collect::<Vec<_>>(),
            "marker": { "color": "var(--measured)", "symbol": "star", "size": 18 },
            "hovertemplate": "<b>measured</b> %{customdata}<extra></extra>",
        },
    ]);
    let shapes: Vec<Value> = predicted.iter().filter_map(stripe).collect();
    let rows: Vec<String> = runs
        .iter()
        .rev()
        .flat_map(|run| [row(run, "measured"), row(run, "predicted")])
        .collect();
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::linear_axis("Validation loss (nats per token)"),
            "yaxis": { "type": "category", "categoryorder": "array", "categoryarray": rows,
                       "range": [-0.6, rows.len() as f64 - 0.4], "showgrid": false },
            "shapes": shapes,
        },
    }))
}

fn stripe(predicted: &Estimate) -> Option<Value> {
    let range = predicted.interval?;
    Some(json!({
        "type": "rect", "xref": "x", "yref": "paper", "x0": range.low, "x1": range.high, "y0": 0, "y1": 1,
        "fillcolor": "var(--predicted-band)", "line": { "width": 0 }, "layer": "below",
    }))
}
