use serde_json::{Value, json};
use triaxis_plan::decide::Decision;
use triaxis_units::Dollars;

use super::{Chart, style};
use crate::text;
use crate::view::Estimate;

pub(super) const CHART: Chart<Decision> = Chart {
    id: "decision-frontier",
    title: "Cost against quality",
    caption: "The lowest loss that each amount of training money buys in the family of the first choice, sizes chosen anew \
              (line), and the loss that the size and tokens of that point reach with everything uncertain (band). Marks \
              are the choices of the table, the star the first; bars are their intervals. A mark below the line is of a \
              better family, one far above it pays for something else, as cheap serving.",
    height: 460,
    figure,
};

fn figure(decision: &Decision) -> Result<Value, String> {
    let points = || {
        decision
            .frontier
            .iter()
            .filter(|point| point.loss.value.is_finite())
    };
    if points().count() < 2 {
        return Err("There is no curve of cost against loss.".to_owned());
    }
    let curve: Vec<(f64, Estimate)> = points().map(|point| (point.dollars, point.loss)).collect();
    let mut data = Vec::new();
    if let Some((x, y)) = style::outline(&curve) {
        data.push(json!({
            "type": "scatter", "mode": "lines", "x": x, "y": y, "fill": "toself", "fillcolor": style::band(0),
            "line": { "width": 0 }, "hoverinfo": "skip", "showlegend": false,
        }));
    }
    data.push(json!({
        "type": "scatter", "mode": "lines",
        "name": format!("lowest loss{}", style::level(curve.iter().map(|point| &point.1))),
        "x": curve.iter().map(|point| point.0).collect::<Vec<_>>(),
        "y": curve.iter().map(|point| point.1.value).collect::<Vec<_>>(),
        "customdata": points().map(hover).collect::<Vec<_>>(),
        "line": { "color": style::series(0), "width": 2.4 },
        "hovertemplate": "%{customdata}<extra></extra>",
    }));
    data.extend(choices(decision));
    let dollars = curve
        .iter()
        .map(|point| point.0)
        .chain(decision.choices.iter().map(|one| one.before_serving.value));
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis("Dollars before serving", dollars, |value| text::dollars(Dollars(value))),
            "yaxis": style::linear_axis(&format!("Loss ({})", decision.unit)),
        },
    }))
}

fn hover(point: &triaxis_plan::decide::Point) -> String {
    format!(
        "{} · N {}<br>loss {}",
        text::dollars(Dollars(point.dollars)),
        text::count(point.params),
        text::estimate(&point.loss, text::loss)
    )
}

/// The choices, each with a colour and a mark of its own.
fn choices(decision: &Decision) -> impl Iterator<Item = Value> + '_ {
    decision.choices.iter().enumerate().map(|(index, choice)| {
        let (cost, loss) = ([choice.before_serving], [choice.loss]);
        json!({
            "type": "scatter", "mode": "markers", "name": format!("choice {}", index + 1),
            "x": [choice.before_serving.value], "y": [choice.loss.value],
            "error_x": style::error_bars(&cost, &style::series(index)),
            "error_y": style::error_bars(&loss, &style::series(index)),
            "customdata": [format!(
                "<b>{}</b><br>{} before serving<br>loss {}",
                text::literal(&choice.name),
                text::estimate(&choice.before_serving, |value| text::dollars(Dollars(value))),
                text::estimate(&choice.loss, text::loss),
            )],
            "marker": { "color": style::series(index), "size": if index == 0 { 14 } else { 10 },
                        "symbol": if index == 0 { "star" } else { style::symbol(index) } },
            "hovertemplate": "%{customdata}<extra></extra>",
        })
    })
}
