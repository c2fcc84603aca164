use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Estimate, Finding, View};

pub(super) const CHART: Chart = Chart {
    id: "worth",
    title: "Compute multipliers",
    caption: "How many times its compute the baseline (the line at 1) takes to reach the loss of each arm, with the \
              interval. An arm whose bar crosses the line may be no better and no worse.",
    height: 320,
    figure,
};

fn figure(view: &View) -> Result<Value, String> {
    let comparison = match &view.comparison {
        None => return Err("The study compares no arms.".to_owned()),
        Some(Finding::Refused(reason)) => return Err(reason.clone()),
        Some(Finding::Found(comparison)) if comparison.arms.is_empty() => {
            return Err("No arm could be compared.".to_owned());
        }
        Some(Finding::Found(comparison)) => comparison,
    };
    let estimates: Vec<Estimate> = comparison
        .arms
        .iter()
        .map(|worth| worth.compute_multiplier.told(comparison.level))
        .collect();
    let names: Vec<String> = comparison
        .arms
        .iter()
        .map(|worth| text::literal(&worth.arm))
        .collect();
    let reached = estimates.iter().flat_map(style::reached).chain([1.0]);
    Ok(json!({
        "data": [{
            "type": "scatter", "mode": "markers", "name": "compute multiplier",
            "x": estimates.iter().map(|of| of.value).collect::<Vec<_>>(),
            "y": names,
            "customdata": estimates.iter().map(|of| text::estimate(of, text::number)).collect::<Vec<_>>(),
            "error_x": style::error_bars(&estimates, "var(--predicted)"),
            "marker": { "color": "var(--predicted)", "symbol": "diamond", "size": 12 },
            "hovertemplate": format!("<b>%{{y}}</b> × %{{customdata}}{}<extra></extra>", style::level(&estimates)),
        }],
        "layout": {
            "xaxis": style::logarithmic_axis("Compute multiplier at equal loss", reached, text::short),
            "yaxis": { "type": "category", "autorange": "reversed", "automargin": true },
            "shapes": [{ "type": "line", "xref": "x", "yref": "paper", "x0": 1, "x1": 1, "y0": 0, "y1": 1,
                         "line": { "dash": "dash", "color": "var(--measured)", "width": 1.5 } }],
            "showlegend": false,
        },
    }))
}
