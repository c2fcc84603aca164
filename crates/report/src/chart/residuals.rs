use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Residual, View};

pub(super) const CHART: Chart = Chart {
    id: "residuals",
    title: "Residuals of approach 3",
    caption: "Measured loss relative to the parametric fit, one marker a trial, against its compute. Above \
              zero the trial did worse than the fit says. A good fit scatters around zero without a trend; \
              the star is a run the fit did not see.",
    height: 360,
    figure,
};

fn figure(view: &View) -> Result<Value, String> {
    let residuals: Vec<&Residual> = view
        .approaches
        .iter()
        .flat_map(|approach| &approach.residuals)
        .collect();
    if residuals.is_empty() {
        return Err("No parametric fit, so no residuals.".to_owned());
    }
    let kinds = [
        (false, "fitted trials", "var(--series-2)", "circle", 10),
        (true, "held out", "var(--measured)", "star", 15),
    ];
    let data: Vec<Value> = kinds
        .into_iter()
        .filter_map(|(held_out, name, color, symbol, size)| {
            let kind: Vec<&&Residual> = residuals.iter().filter(|r| r.held_out == held_out).collect();
            (!kind.is_empty()).then(|| {
                json!({
                    "type": "scatter", "mode": "markers", "name": name,
                    "x": kind.iter().map(|r| r.flops.0).collect::<Vec<_>>(),
                    "y": kind.iter().map(|r| r.relative_error * 100.0).collect::<Vec<_>>(),
                    "customdata": kind.iter().map(|r| hover(r)).collect::<Vec<_>>(),
                    "marker": { "color": color, "symbol": symbol, "size": size,
                                "line": { "color": "var(--surface)", "width": 1 } },
                    "hovertemplate": "%{customdata}<extra></extra>",
                })
            })
        })
        .collect();
    let mut residual = style::linear_axis("Measured − fitted (%)");
    residual["zeroline"] = json!(true);
    residual["ticksuffix"] = json!("%");
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis(
                "Training compute, C (FLOPs)", residuals.iter().map(|r| r.flops.0), text::scientific),
            "yaxis": residual,
        },
    }))
}

fn hover(residual: &Residual) -> String {
    format!(
        "<b>trial {}</b> · N {}<br>measured {}<br>fitted {}<br>{}",
        text::literal(&residual.trial),
        residual.params,
        text::loss(residual.measured.0),
        text::loss(residual.predicted.0),
        text::signed_percent(residual.relative_error),
    )
}
