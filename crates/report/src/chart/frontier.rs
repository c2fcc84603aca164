use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Approach, Estimate, FrontierPoint, IsoFlopMinimum, View};

pub(super) const PARAMS: Chart = Chart {
    id: "optimal-params",
    title: "Optimal parameters against compute",
    caption: "N*, the model size with the lowest loss at each compute budget, as the three approaches see \
              it (lines, bands are their intervals) and as the IsoFLOP minima measured it (stars). Both \
              axes logarithmic: the slope is the exponent a. Lines far apart mean the ladder does not settle the question there.",
    height: 420,
    figure: |view| {
        figure(
            view,
            &Quantity {
                title: "Optimal parameters, N*",
                of: |p| p.params,
                minimum: |m| m.params,
            },
        )
    },
};

pub(super) const TOKENS: Chart = Chart {
    id: "optimal-tokens",
    title: "Optimal tokens against compute",
    caption: "D*, the number of training tokens with the lowest loss at each compute budget; read as the \
              chart of N*. The slope is the exponent b.",
    height: 420,
    figure: |view| {
        figure(
            view,
            &Quantity {
                title: "Optimal tokens, D*",
                of: |p| p.tokens,
                minimum: |m| m.tokens,
            },
        )
    },
};

struct Quantity {
    title: &'static str,
    of: fn(&FrontierPoint) -> Estimate,
    minimum: fn(&IsoFlopMinimum) -> Estimate,
}

fn figure(view: &View, quantity: &Quantity) -> Result<Value, String> {
    let minima: Vec<(f64, Estimate)> = view
        .isoflops
        .iter()
        .filter_map(|isoflop| Some((isoflop.budget.0, (quantity.minimum)(isoflop.minimum.found()?))))
        .collect();
    let drawn: Vec<&Approach> = view
        .approaches
        .iter()
        .filter(|a| !a.frontier.is_empty())
        .collect();
    if minima.is_empty() && drawn.is_empty() {
        return Err("No approach found an optimum, and no budget has a minimum.".to_owned());
    }
    let mut data: Vec<Value> = drawn
        .iter()
        .flat_map(|approach| traces(approach, quantity))
        .collect();
    if !minima.is_empty() {
        data.push(measured(&minima));
    }
    let frontier = || drawn.iter().flat_map(|approach| &approach.frontier);
    let compute = frontier().map(|p| p.compute.0).chain(minima.iter().map(|m| m.0));
    let optimum = frontier()
        .map(|p| (quantity.of)(p))
        .chain(minima.iter().map(|m| m.1));
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis("Training compute, C (FLOPs)", compute, text::scientific),
            "yaxis": style::logarithmic_axis(quantity.title, optimum.flat_map(|e| style::reached(&e)), text::count),
            "legend": { "groupclick": "togglegroup" },
        },
    }))
}

fn traces(approach: &Approach, quantity: &Quantity) -> Vec<Value> {
    const DASHES: [&str; 3] = ["solid", "dash", "dot"];
    let index = usize::from(approach.number.saturating_sub(1));
    let group = format!("approach-{}", approach.number);
    let points: Vec<(f64, Estimate)> = approach
        .frontier
        .iter()
        .map(|p| (p.compute.0, (quantity.of)(p)))
        .collect();
    let mut traces = Vec::new();
    if let Some((x, y)) = style::outline(&points) {
        traces.push(json!({
            "type": "scatter", "mode": "lines", "x": x, "y": y, "fill": "toself", "fillcolor": style::band(index),
            "line": { "width": 0 }, "hoverinfo": "skip", "showlegend": false, "legendgroup": group,
        }));
    }
    let hovers: Vec<String> = points
        .iter()
        .map(|(_, e)| text::estimate(e, text::count))
        .collect();
    traces.push(json!({
        "type": "scatter", "mode": "lines", "legendgroup": group,
        "name": format!("Approach {}", approach.number),
        "x": points.iter().map(|p| p.0).collect::<Vec<_>>(),
        "y": points.iter().map(|p| p.1.value).collect::<Vec<_>>(),
        "customdata": hovers,
        "line": { "color": style::series(index), "width": 2.4, "dash": DASHES[index % DASHES.len()] },
        "hovertemplate": format!(
            "<b>Approach {}</b> · {}<br>C %{{x:.2e}} FLOPs<br>%{{customdata}}{}<extra></extra>",
            approach.number,
            text::literal(&approach.name),
            style::level(points.iter().map(|p| &p.1)),
        ),
    }));
    traces
}

fn measured(minima: &[(f64, Estimate)]) -> Value {
    let estimates: Vec<Estimate> = minima.iter().map(|m| m.1).collect();
    json!({
        "type": "scatter", "mode": "markers", "name": "IsoFLOP minima",
        "x": minima.iter().map(|m| m.0).collect::<Vec<_>>(),
        "y": estimates.iter().map(|e| e.value).collect::<Vec<_>>(),
        "customdata": estimates.iter().map(|e| text::estimate(e, text::count)).collect::<Vec<_>>(),
        "error_y": style::error_bars(&estimates, "var(--text)"),
        "marker": { "color": "var(--text)", "symbol": "star", "size": 12 },
        "hovertemplate": format!(
            "<b>IsoFLOP minimum</b><br>C %{{x:.2e}} FLOPs<br>%{{customdata}}{}<extra></extra>",
            style::level(&estimates),
        ),
    })
}
