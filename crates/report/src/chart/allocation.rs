use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Allocation, Choice, Estimate, View};

pub(super) const CHART: Chart = Chart {
    id: "plan-allocation",
    title: "Choices: parameters and tokens",
    caption: "Where each choice of the plan puts its compute: model size across, training tokens up, both \
              logarithmic, bars are intervals; colour and marker tell the law, pointing at a marker its choice. Up and to \
              the left a smaller model is trained longer, which is cheaper to serve.",
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
    let mut laws: Vec<&str> = choices.iter().map(|(_, choice, _)| choice.law.as_str()).collect();
    laws.dedup();
    let data: Vec<Value> = laws
        .iter()
        .enumerate()
        .map(|(index, law)| {
            let own: Vec<_> = choices.iter().filter(|(_, choice, _)| choice.law == *law).collect();
            let params: Vec<Estimate> = own.iter().map(|choice| choice.2.params).collect();
            let tokens: Vec<Estimate> = own.iter().map(|choice| choice.2.tokens).collect();
            let color = style::series(index);
            json!({
                "type": "scatter", "mode": "markers", "name": text::literal(law),
                "x": params.iter().map(|of| of.value).collect::<Vec<_>>(),
                "y": tokens.iter().map(|of| of.value).collect::<Vec<_>>(),
                "error_x": style::error_bars(&params, &color),
                "error_y": style::error_bars(&tokens, &color),
                "marker": { "color": color, "symbol": style::symbol(index),
                            "size": own.iter().map(|choice| if choice.1.recommended { 16 } else { 10 }).collect::<Vec<_>>() },
                "customdata": own.iter().map(|(at, choice, of)| hover(*at, choice, of)).collect::<Vec<_>>(),
                "hovertemplate": "%{customdata}<extra></extra>",
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
