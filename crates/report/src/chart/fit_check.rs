use serde_json::{Value, json};

use super::{Chart, fit_curve, style};
use crate::scale;
use crate::view::FitView;

pub(super) const CHART: Chart<FitView> = Chart {
    id: "fit-check",
    title: "Held out: predicted and observed",
    caption: "The runs held out (stars) as a second fit without them predicts them, and the others (dots) as the \
              law printed above has them. On the line the prediction is right; below it the run did worse than predicted.",
    height: 420,
    figure,
};

fn figure(view: &FitView) -> Result<Value, String> {
    if !view.points.iter().any(|point| point.held_out.is_some()) {
        return Err("No runs were held out.".to_owned());
    }
    let ends = scale::extent(
        view.points
            .iter()
            .flat_map(|point| [point.observed, point.predicted]),
    );
    let ends = ends.unwrap_or((0.0, 1.0));
    let (low, high) = match style::is_wide([ends.0, ends.1]) {
        true => (ends.0 / 1.2, 1.2 * ends.1),
        false => scale::padded(ends, 0.03),
    };
    let kinds = [
        (false, "fitted", "var(--muted)", "circle", 6),
        (true, "held out", "var(--measured)", "star", 11),
    ];
    let mut data = vec![json!({
        "type": "scatter", "mode": "lines", "x": [low, high], "y": [low, high], "hoverinfo": "skip",
        "showlegend": false, "line": { "color": "var(--muted)", "width": 1, "dash": "dot" },
    })];
    for (held_out, name, color, symbol, size) in kinds {
        let kind: Vec<_> = view
            .points
            .iter()
            .filter(|point| point.held_out.is_some() == held_out)
            .collect();
        data.push(json!({
            "type": "scatter", "mode": "markers", "name": name,
            "x": kind.iter().map(|point| point.observed).collect::<Vec<_>>(),
            "y": kind.iter().map(|point| point.held_out.unwrap_or(point.predicted)).collect::<Vec<_>>(),
            "customdata": kind.iter().map(|point| fit_curve::hover(point)).collect::<Vec<_>>(),
            "marker": { "color": color, "symbol": symbol, "size": size, "line": { "color": "var(--surface)", "width": 0.5 } },
            "hovertemplate": "%{customdata}<br>predicted %{y:.4~g}<extra></extra>",
        }));
    }
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::measured_axis(&format!("Observed {}", view.response), [ends.0, ends.1]),
            "yaxis": style::measured_axis(&format!("Predicted {}", view.response), [ends.0, ends.1]),
        },
    }))
}
