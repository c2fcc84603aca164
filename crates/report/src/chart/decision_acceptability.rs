use serde_json::{Value, json};
use triaxis_plan::decide::{Decision, WorthOf};
use triaxis_units::Dollars;

use super::{Chart, style};
use crate::text;

pub(super) const CHART: Chart<Decision> = Chart {
    id: "decision-acceptability",
    title: "Which choice is best by what quality is worth",
    caption: "The share of the draws in which each choice of the table is the best of them, as the worth of quality goes \
              through two decades; all dollars count, serving among them. The dashed line is where the question stands: \
              what a lower loss costs at the margin, or the value that it gives a right answer. A curve that stays on top \
              needs no better knowledge of that worth.",
    height: 420,
    figure,
};

fn figure(decision: &Decision) -> Result<Value, String> {
    let Some(curves) = &decision.acceptability else {
        return Err("No dollars more would lower the loss: quality has no price here.".to_owned());
    };
    const DASHES: [&str; 3] = ["solid", "dash", "dot"];
    let data: Vec<Value> = curves
        .shares
        .iter()
        .enumerate()
        .zip(&decision.choices)
        .map(|((index, shares), choice)| {
            json!({
                "type": "scatter", "mode": "lines+markers", "name": format!("choice {}", index + 1),
                "x": curves.worths, "y": shares,
                "line": { "color": style::series(index), "width": 2.2, "dash": DASHES[index % DASHES.len()] },
                "marker": { "color": style::series(index), "symbol": style::symbol(index), "size": 6 },
                "hovertemplate": format!("<b>{}</b><br>best in %{{y:.0%}} of the draws<extra></extra>", text::literal(&choice.name)),
            })
        })
        .collect();
    let worths = curves.worths.iter().copied();
    let axis = match curves.worth_is {
        WorthOf::Loss => {
            let title = format!("Dollars for a loss lower by .01 {}", decision.unit);
            let mut axis =
                style::logarithmic_axis(&title, worths, |worth| text::dollars(Dollars(0.01 * worth)));
            axis["nticks"] = json!(5);
            axis
        }
        WorthOf::Answers => style::logarithmic_axis(
            "Times the value of a right answer in the question",
            worths,
            text::short,
        ),
    };
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": axis,
            "yaxis": { "type": "linear", "title": { "text": "Share of the draws" }, "range": [0, 1.02], "tickformat": ".0%" },
            "shapes": [{ "type": "line", "xref": "x", "yref": "paper", "x0": curves.now, "x1": curves.now, "y0": 0, "y1": 1,
                         "line": { "dash": "dash", "color": "var(--muted)", "width": 1.5 } }],
        },
    }))
}
