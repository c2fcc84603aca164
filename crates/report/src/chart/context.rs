use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Estimate, Role, Trial, View};

pub(super) const CHART: Chart = Chart {
    id: "prediction-context",
    title: "The prediction in its place",
    caption: "Loss against compute: the trials the law was fitted to (dots), the lowest loss it expects at \
              each budget (line and band), and far right the held-out run as predicted (diamond) and as \
              measured (star). The gap between the dots and the star is the extrapolation that was tested.",
    height: 420,
    figure,
};

fn figure(view: &View) -> Result<Value, String> {
    let ladder: Vec<(&Trial, f64)> = view
        .done()
        .filter(|trial| trial.role == Role::Ladder && view.is_of_laws(trial.arm.as_deref()))
        .filter_map(|trial| Some((trial, trial.loss?.0)))
        .collect();
    if ladder.is_empty() {
        return Err("No trial of the ladder is done.".to_owned());
    }
    let mut data = frontier(view);
    data.push(json!({
        "type": "scatter", "mode": "markers", "name": "ladder trials",
        "x": ladder.iter().map(|t| t.0.flops.0).collect::<Vec<_>>(),
        "y": ladder.iter().map(|t| t.1).collect::<Vec<_>>(),
        "customdata": ladder.iter().map(|t| style::trial_hover(t.0)).collect::<Vec<_>>(),
        "marker": { "color": "var(--muted)", "size": 8, "line": { "color": "var(--surface)", "width": 1 } },
        "hovertemplate": "%{customdata}<extra></extra>",
    }));
    data.extend(held_out(view));
    let compute = ladder
        .iter()
        .map(|t| t.0.flops.0)
        .chain(view.held_out.iter().map(|run| run.flops.0));
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis("Training compute, C (FLOPs)", compute, text::scientific),
            "yaxis": style::linear_axis("Validation loss (nats per token)"),
            "legend": { "groupclick": "togglegroup" },
        },
    }))
}

fn frontier(view: &View) -> Vec<Value> {
    let mut traces = Vec::new();
    for approach in &view.approaches {
        let points: Vec<(f64, Estimate)> = approach
            .frontier
            .iter()
            .filter_map(|p| Some((p.compute.0, p.loss?)))
            .collect();
        let index = usize::from(approach.number.saturating_sub(1));
        let group = format!("frontier-{}", approach.number);
        if let Some((x, y)) = style::outline(&points) {
            traces.push(json!({
                "type": "scatter", "mode": "lines", "x": x, "y": y, "fill": "toself",
                "fillcolor": style::band(index), "line": { "width": 0 }, "hoverinfo": "skip",
                "showlegend": false, "legendgroup": group,
            }));
        }
        if !points.is_empty() {
            traces.push(json!({
                "type": "scatter", "mode": "lines", "legendgroup": group,
                "name": format!("approach {}{}", approach.number, style::level(points.iter().map(|p| &p.1))),
                "x": points.iter().map(|p| p.0).collect::<Vec<_>>(),
                "y": points.iter().map(|p| p.1.value).collect::<Vec<_>>(),
                "customdata": points.iter().map(|p| text::estimate(&p.1, text::loss)).collect::<Vec<_>>(),
                "line": { "color": style::series(index), "width": 2 },
                "hovertemplate": "lowest loss at %{x:.2e} FLOPs<br>%{customdata}<extra></extra>",
            }));
        }
    }
    traces
}

fn held_out(view: &View) -> Vec<Value> {
    let runs = view
        .held_out
        .iter()
        .filter(|run| view.is_of_laws(run.arm.as_deref()));
    let predicted: Vec<(f64, Estimate)> = runs
        .clone()
        .filter_map(|run| Some((run.flops.0, *run.predicted.found()?)))
        .collect();
    let measured: Vec<(f64, f64)> = runs
        .filter_map(|run| Some((run.flops.0, run.measured.found()?.0)))
        .collect();
    let estimates: Vec<Estimate> = predicted.iter().map(|p| p.1).collect();
    let mut traces = Vec::new();
    if !predicted.is_empty() {
        traces.push(json!({
            "type": "scatter", "mode": "markers", "name": "predicted",
            "x": predicted.iter().map(|p| p.0).collect::<Vec<_>>(),
            "y": estimates.iter().map(|e| e.value).collect::<Vec<_>>(),
            "customdata": estimates.iter().map(|e| text::estimate(e, text::loss)).collect::<Vec<_>>(),
            "error_y": style::error_bars(&estimates, "var(--predicted)"),
            "marker": { "color": "var(--predicted)", "symbol": "diamond", "size": 12 },
            "hovertemplate": format!("<b>predicted</b> %{{customdata}}{}<extra></extra>", style::level(&estimates)),
        }));
    }
    if !measured.is_empty() {
        traces.push(json!({
            "type": "scatter", "mode": "markers", "name": "measured",
            "x": measured.iter().map(|m| m.0).collect::<Vec<_>>(),
            "y": measured.iter().map(|m| m.1).collect::<Vec<_>>(),
            "marker": { "color": "var(--measured)", "symbol": "star", "size": 14,
                        "line": { "color": "var(--surface)", "width": 1 } },
            "hovertemplate": "<b>measured</b> %{y:.4f}<extra></extra>",
        }));
    }
    traces
}
