use serde_json::{Value, json};
use triaxis_plan::decide::{Decision, Trial};
use triaxis_units::Dollars;

use super::{Chart, style};
use crate::text;
use crate::view::{Estimate, Interval};

pub(super) const CHART: Chart<Decision> = Chart {
    id: "decision-information",
    title: "What an experiment saves and costs",
    caption: "The expected value of what each experiment of the table would show (with two standard errors by the number of \
              draws) beside what it costs. Make the first whose value is clearly the longer bar; where none is, decide.",
    height: 420,
    figure,
};

fn figure(decision: &Decision) -> Result<Value, String> {
    if decision.trials.is_empty() {
        return Err("There is no experiment that could be made before.".to_owned());
    }
    let trials = &decision.trials;
    let names: Vec<String> = (1..=trials.len())
        .map(|place| format!("experiment {place}"))
        .collect();
    let hovers: Vec<String> = trials.iter().map(hover).collect();
    let saved: Vec<Estimate> = trials
        .iter()
        .map(|trial| Estimate {
            value: trial.value.max(0.0),
            interval: Some(Interval {
                low: (trial.value - 2.0 * trial.error).max(0.0),
                high: (trial.value + 2.0 * trial.error).max(0.0),
                level: 0.95,
            }),
        })
        .collect();
    let bars = |name: &str, dollars: Vec<f64>, color: &str, pattern: &str| {
        json!({
            "type": "bar", "orientation": "h", "name": name, "x": dollars, "y": names, "customdata": hovers,
            "marker": { "color": color, "pattern": { "shape": pattern, "size": 6, "solidity": 0.25 } },
            "hovertemplate": "%{customdata}<extra></extra>",
        })
    };
    let mut saves = bars(
        "saves",
        saved.iter().map(|saved| saved.value).collect(),
        "var(--series-2)",
        "",
    );
    saves["error_x"] = style::error_bars(&saved, "var(--text)");
    Ok(json!({
        "data": [saves, bars("costs", trials.iter().map(|trial| trial.cost).collect(), "var(--series-1)", "/")],
        "layout": {
            "barmode": "group", "bargap": 0.3,
            "xaxis": { "type": "linear", "title": { "text": "US dollars" }, "tickprefix": "$", "tickformat": "~s", "nticks": 5,
                       "rangemode": "tozero" },
            "yaxis": { "type": "category", "autorange": "reversed", "showgrid": false },
        },
    }))
}

fn hover(trial: &Trial) -> String {
    format!(
        "<b>{}</b><br>saves {} ± {}, costs {}<br>the choice flips in {}",
        text::literal(&trial.name),
        text::dollars(Dollars(trial.value.max(0.0))),
        text::dollars(Dollars(2.0 * trial.error)),
        text::dollars(Dollars(trial.cost)),
        text::percent(trial.flips),
    )
}
