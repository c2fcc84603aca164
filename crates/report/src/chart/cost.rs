use serde_json::{Value, json};

use super::{Chart, allocation};
use crate::view::{Allocation, View};

pub(super) const CHART: Chart = Chart {
    id: "plan-cost",
    title: "Choices: what they cost",
    caption: "Dollars for training and for serving the stated demand, stacked to the total. Numbers are \
              those of the table; hover for the details.",
    height: 400,
    figure,
};

fn figure(view: &View) -> Result<Value, String> {
    let choices = allocation::answered(view);
    if choices.is_empty() {
        return Err("The plan has no choice with a price.".to_owned());
    }
    let hovers: Vec<String> = choices
        .iter()
        .map(|(index, choice, a)| allocation::hover(*index, choice, a))
        .collect();
    let labels: Vec<String> = choices
        .iter()
        .map(|(index, ..)| format!("choice {}", index + 1))
        .collect();
    let bars = |name: &str, dollars: fn(&Allocation) -> f64, color: &str, pattern: &str| {
        json!({
            "type": "bar", "orientation": "h", "name": name,
            "x": choices.iter().map(|(_, _, a)| dollars(a)).collect::<Vec<_>>(),
            "y": labels, "customdata": hovers,
            "marker": { "color": color, "pattern": { "shape": pattern, "size": 6, "solidity": 0.25 } },
            "hovertemplate": "%{customdata}<extra></extra>",
        })
    };
    let data = [
        bars("training", |a| a.training.0, "var(--series-0)", ""),
        bars("serving", |a| a.inference.0, "var(--series-4)", "/"),
    ];
    Ok(json!({
        "data": data,
        "layout": {
            "legend": { "traceorder": "normal" },
            "barmode": "stack", "bargap": 0.35,
            "xaxis": { "type": "linear", "title": { "text": "US dollars" }, "tickprefix": "$", "tickformat": "~s" },
            "yaxis": { "type": "category", "autorange": "reversed", "showgrid": false },
        },
    }))
}
