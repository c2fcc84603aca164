use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Allocation, Choice, View};

pub(super) const CHART: Chart = Chart {
    id: "plan-allocation",
    title: "Choices: parameters and tokens",
    caption: "Where each choice of the plan puts its compute: model size across, training tokens up, both \
              logarithmic, bars are intervals. Numbers are those of the table. Choices up and to the left \
              train a smaller model longer, which is cheaper to serve.",
    height: 400,
    figure,
};

/// The choices that have an answer, with their numbers in the table.
pub(super) fn answered(view: &View) -> Vec<(usize, &Choice, &Allocation)> {
    let choices = view.plan.iter().flat_map(|plan| plan.choices.iter().enumerate());
    choices
        .filter_map(|(index, choice)| Some((index, choice, choice.allocation.found()?)))
        .collect()
}

fn figure(view: &View) -> Result<Value, String> {
    let choices = answered(view);
    if choices.is_empty() {
        return Err("The plan has no choice with numbers.".to_owned());
    }
    let data: Vec<Value> = choices
        .iter()
        .map(|(index, choice, allocation)| {
            let color = style::series(*index);
            json!({
                "type": "scatter", "mode": "markers+text",
                "name": format!("{} · {}", index + 1, text::literal(&choice.label)),
                "x": [allocation.params.value], "y": [allocation.tokens.value],
                "text": [format!("{}", index + 1)], "textposition": "top right",
                "error_x": style::error_bars(&[allocation.params], &color),
                "error_y": style::error_bars(&[allocation.tokens], &color),
                "marker": { "color": color, "symbol": style::symbol(*index),
                            "size": if choice.recommended { 16 } else { 11 } },
                "hovertemplate": format!("{}<extra></extra>", hover(*index, choice, allocation)),
            })
        })
        .collect();
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis(
                "Parameters, N", choices.iter().flat_map(|c| style::reached(&c.2.params)), text::count),
            "yaxis": style::logarithmic_axis(
                "Training tokens, D", choices.iter().flat_map(|c| style::reached(&c.2.tokens)), text::count),
        },
    }))
}

/// What the hover says of a choice.
pub(super) fn hover(index: usize, choice: &Choice, allocation: &Allocation) -> String {
    format!(
        "<b>{} · {}</b><br>{}<br>N {}<br>D {}<br>training {} · serving {} · total {}",
        index + 1,
        text::literal(&choice.label),
        text::literal(&choice.law),
        text::estimate(&allocation.params, text::count),
        text::estimate(&allocation.tokens, text::count),
        text::dollars(allocation.training),
        text::dollars(allocation.inference),
        text::dollars(allocation.total),
    )
}
