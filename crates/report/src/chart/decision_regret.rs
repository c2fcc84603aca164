use serde_json::{Value, json};
use triaxis_plan::decide::Decision;
use triaxis_units::Dollars;

use super::{Chart, style};
use crate::text;

pub(super) const CHART: Chart<Decision> = Chart {
    id: "decision-regret",
    title: "Expected regret",
    caption: "What each choice loses, on average over all draws, where another choice would have been better. Choices whose \
              bars are short against what they cost may be told apart by anything else. Numbers are those of the table.",
    height: 300,
    figure,
};

fn figure(decision: &Decision) -> Result<Value, String> {
    if decision.choices.len() < 2 {
        return Err("There is no second choice to regret the first for.".to_owned());
    }
    // Of losses the dollars that would make them good, where any do.
    let is_dollars =
        decision.aim.in_dollars() || decision.choices.iter().any(|choice| choice.regret_dollars > 0.0);
    let regrets = decision.choices.iter().map(|choice| {
        if is_dollars {
            choice.regret_dollars
        } else {
            choice.regret
        }
    });
    let hovers = decision.choices.iter().map(|choice| {
        let dollars = text::dollars(Dollars(choice.regret_dollars));
        let said = match decision.aim.in_dollars() {
            true => dollars,
            false => format!("{} {} ({dollars})", text::loss(choice.regret), decision.unit),
        };
        format!(
            "<b>{}</b><br>regret {said}<br>best in {} of the draws",
            text::literal(&choice.name),
            text::percent(choice.chance_of_best)
        )
    });
    let axis = match is_dollars {
        true => {
            json!({ "type": "linear", "title": { "text": "US dollars" }, "tickprefix": "$", "tickformat": "~s",
                        "nticks": 5, "rangemode": "tozero" })
        }
        false => json!({ "type": "linear", "title": { "text": decision.unit.to_string() }, "nticks": 5,
                         "rangemode": "tozero" }),
    };
    Ok(json!({
        "data": [{
            "type": "bar", "orientation": "h", "name": "expected regret",
            "x": regrets.collect::<Vec<_>>(),
            "y": (1..=decision.choices.len()).map(|place| format!("choice {place}")).collect::<Vec<_>>(),
            "customdata": hovers.collect::<Vec<_>>(),
            "marker": { "color": (0..decision.choices.len()).map(style::series).collect::<Vec<_>>() },
            "hovertemplate": "%{customdata}<extra></extra>",
        }],
        "layout": {
            "showlegend": false, "bargap": 0.35, "xaxis": axis,
            "yaxis": { "type": "category", "autorange": "reversed", "showgrid": false },
        },
    }))
}
