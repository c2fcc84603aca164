use serde_json::{Value, json};
use triaxis_plan::decide::{Decision, Swing};
use triaxis_units::Dollars;

use super::{Chart, style};
use crate::text;

pub(super) const CHART: Chart<Decision> = Chart {
    id: "decision-tornado",
    title: "What the uncertain quantities make of the first choice",
    caption: "The first choice with one quantity at the low and at the high end of its interval, all others at their \
              medians (the line), the widest first. A wide bar moves the outcome; it is worth knowing only where it also \
              moves the choice, which the hover says.",
    height: 460,
    figure,
};

/// Quantities shown.
const SHOWN: usize = 10;

fn figure(decision: &Decision) -> Result<Value, String> {
    let in_dollars = decision.aim.in_dollars();
    let ends = |swing: &Swing| if in_dollars { swing.dollars } else { swing.loss };
    let width = |swing: &Swing| (ends(swing)[1] - ends(swing)[0]).abs();
    let mut swings: Vec<&Swing> = decision
        .swings
        .iter()
        .filter(|swing| width(swing) > 0.0 && width(swing).is_finite())
        .collect();
    swings.sort_by(|one, other| width(other).total_cmp(&width(one)));
    swings.truncate(SHOWN);
    if swings.is_empty() {
        return Err("Nothing that is uncertain moves the first choice.".to_owned());
    }
    let first = &decision.choices[0];
    let (middle, unit) = match in_dollars {
        true => (first.dollars.value, "Dollars in all".to_owned()),
        false => (first.loss.value, format!("Loss ({})", decision.unit)),
    };
    let print = |value: f64| {
        if in_dollars {
            text::dollars(Dollars(value))
        } else {
            text::loss(value)
        }
    };
    let hovers: Vec<String> = swings
        .iter()
        .map(|swing| {
            let worth = match in_dollars {
                true => text::dollars(Dollars(swing.value_of_knowing)),
                false => format!("{} {}", text::loss(swing.value_of_knowing), decision.unit),
            };
            format!(
                "<b>{}</b><br>at {}: {}<br>at {}: {}<br>knowing it is worth {worth}",
                text::literal(&swing.what),
                text::measured(swing.from),
                print(ends(swing)[0]),
                text::measured(swing.to),
                print(ends(swing)[1]),
            )
        })
        .collect();
    let names: Vec<String> = swings.iter().map(|swing| style::in_lines(&swing.what)).collect();
    let bars = |name: &str, end: usize, color: &str, pattern: &str| {
        json!({
            "type": "bar", "orientation": "h", "name": name, "y": names, "customdata": hovers, "base": middle,
            "x": swings.iter().map(|swing| ends(swing)[end] - middle).collect::<Vec<_>>(),
            "marker": { "color": color, "pattern": { "shape": pattern, "size": 6, "solidity": 0.25 } },
            "hovertemplate": "%{customdata}<extra></extra>",
        })
    };
    let mut axis = json!({ "type": "linear", "title": { "text": unit }, "nticks": 5 });
    if in_dollars {
        axis["tickprefix"] = json!("$");
        axis["tickformat"] = json!("~s");
    }
    Ok(json!({
        "data": [
            bars("at the low end", 0, "var(--series-0)", ""),
            bars("at the high end", 1, "var(--series-1)", "/"),
        ],
        "layout": {
            "barmode": "overlay", "bargap": 0.3, "xaxis": axis,
            "yaxis": { "type": "category", "autorange": "reversed", "showgrid": false, "automargin": true },
            "shapes": [{ "type": "line", "xref": "x", "yref": "paper", "x0": middle, "x1": middle, "y0": 0, "y1": 1,
                         "line": { "color": "var(--muted)", "width": 1.5 } }],
        },
    }))
}
