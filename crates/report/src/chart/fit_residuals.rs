use serde_json::{Value, json};

use super::{Chart, fit_curve, style};
use crate::text;
use crate::view::FitView;

pub(super) const CHART: Chart<FitView> = Chart {
    id: "fit-residuals",
    title: "Observed relative to the law",
    caption: "Each run relative to the law fitted to all of them, against its size. Above zero the run did \
              worse than the law says. A law that fits scatters around zero without a trend; a bend at the \
              right end is what spoils an extrapolation.",
    height: 360,
    figure,
};

fn figure(view: &FitView) -> Result<Value, String> {
    if view.points.is_empty() {
        return Err("No runs to show.".to_owned());
    }
    let relative = |observed: f64, predicted: f64| 100.0 * (observed / predicted - 1.0);
    let mut residual = style::linear_axis("Observed − fitted (%)");
    residual["zeroline"] = json!(true);
    residual["ticksuffix"] = json!("%");
    Ok(json!({
        "data": [{
            "type": "scatter", "mode": "markers", "name": "runs", "showlegend": false,
            "x": view.points.iter().map(|point| point.size).collect::<Vec<_>>(),
            "y": view.points.iter().map(|point| relative(point.observed, point.predicted)).collect::<Vec<_>>(),
            "customdata": view.points.iter().map(fit_curve::hover).collect::<Vec<_>>(),
            "marker": { "color": "var(--series-2)", "size": 7, "opacity": 0.75,
                        "line": { "color": "var(--surface)", "width": 0.5 } },
            "hovertemplate": "%{customdata}<extra></extra>",
        }],
        "layout": {
            "xaxis": style::logarithmic_axis(&view.size, view.points.iter().map(|point| point.size), text::scientific),
            "yaxis": residual,
        },
    }))
}
