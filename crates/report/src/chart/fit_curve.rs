use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Estimate, FitPoint, FitPrediction, FitView};

pub(super) const CHART: Chart<FitView> = Chart {
    id: "fit-curve",
    title: "The law along one input",
    caption: "Every run, or every optimum (dots), the fitted law along one input with the others held (lines), and its \
              interval without a run's own noise (bands). A dot has the colour of the line whose held inputs are nearest \
              to its own. Diamonds are the runs predicted, with the interval for one new run.",
    height: 480,
    figure,
};

fn figure(view: &FitView) -> Result<Value, String> {
    if view.points.is_empty() {
        return Err("No runs to show.".to_owned());
    }
    let mut data = Vec::new();
    for (index, curve) in view.curves.iter().enumerate() {
        let group = format!("curve-{index}");
        if let Some((x, y)) = style::outline(&curve.points) {
            data.push(json!({
                "type": "scatter", "mode": "lines", "x": x, "y": y, "fill": "toself", "fillcolor": style::band(index),
                "line": { "width": 0 }, "hoverinfo": "skip", "showlegend": false, "legendgroup": group,
            }));
        }
        let estimates = || curve.points.iter().map(|(_, estimate)| estimate);
        let name = if curve.held.is_empty() {
            "law".to_owned()
        } else {
            text::literal(&curve.held)
        };
        data.push(json!({
            "type": "scatter", "mode": "lines", "legendgroup": group,
            "name": format!("{name}{}", if index == 0 { style::level(estimates()) } else { String::new() }),
            "x": curve.points.iter().map(|(at, _)| at).collect::<Vec<_>>(),
            "y": estimates().map(|estimate| estimate.value).collect::<Vec<_>>(),
            "customdata": estimates().map(|estimate| text::estimate(estimate, text::measured)).collect::<Vec<_>>(),
            "line": { "color": style::series(index), "width": 2 },
            "hovertemplate": format!("{name}<br>%{{customdata}}<extra></extra>"),
        }));
        let near: Vec<&FitPoint> = view.points.iter().filter(|point| point.curve == index).collect();
        data.push(runs(&near, index, &group));
    }
    data.extend(predictions(view));
    let at = view
        .points
        .iter()
        .map(|point| point.at)
        .chain(drawn(view).map(|run| run.at));
    let heights = view.points.iter().map(|point| point.observed);
    let heights = heights.chain(drawn(view).map(|run| run.estimate.value));
    let positive = view.points.iter().all(|point| point.at > 0.0);
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": match positive {
                true => style::logarithmic_axis(&view.along, at, text::scientific),
                false => style::linear_axis(&view.along),
            },
            "yaxis": style::measured_axis(&view.response, heights),
            "legend": { "groupclick": "togglegroup" },
        },
    }))
}

fn runs(points: &[&FitPoint], index: usize, group: &str) -> Value {
    json!({
        "type": "scatter", "mode": "markers", "showlegend": false, "legendgroup": group,
        "x": points.iter().map(|point| point.at).collect::<Vec<_>>(),
        "y": points.iter().map(|point| point.observed).collect::<Vec<_>>(),
        "customdata": points.iter().map(|point| hover(point)).collect::<Vec<_>>(),
        "marker": { "color": style::series(index), "symbol": style::symbol(index), "size": 7, "opacity": 0.75,
                    "line": { "color": "var(--surface)", "width": 0.5 } },
        "hovertemplate": "%{customdata}<extra></extra>",
    })
}

/// What the hover says of a run.
pub(super) fn hover(point: &FitPoint) -> String {
    format!(
        "<b>{}</b> · {}<br>observed {}<br>fitted {} ({})",
        text::literal(&point.place),
        text::literal(&point.inputs),
        text::measured(point.observed),
        text::measured(point.predicted),
        text::signed_percent(point.observed / point.predicted - 1.0),
    )
}

/// The predictions that have a place along the curve: a best split of a compute has none.
fn drawn(view: &FitView) -> impl Iterator<Item = &FitPrediction> + Clone {
    view.predictions.iter().filter(|run| run.at.is_finite())
}

fn predictions(view: &FitView) -> Option<Value> {
    let estimates: Vec<Estimate> = drawn(view).map(|run| run.estimate).collect();
    let inputs = drawn(view)
        .map(|run| text::literal(&run.inputs))
        .collect::<Vec<_>>();
    (!estimates.is_empty()).then(|| {
        json!({
            "type": "scatter", "mode": "markers", "name": "predicted",
            "x": drawn(view).map(|run| run.at).collect::<Vec<_>>(),
            "y": estimates.iter().map(|estimate| estimate.value).collect::<Vec<_>>(),
            "text": inputs,
            "customdata": estimates.iter().map(|estimate| text::estimate(estimate, text::measured)).collect::<Vec<_>>(),
            "error_y": style::error_bars(&estimates, "var(--predicted)"),
            "marker": { "color": "var(--predicted)", "symbol": "diamond", "size": 12 },
            "hovertemplate": "<b>predicted</b> %{text}<br>%{customdata}<extra></extra>",
        })
    })
}
