use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{LossPoint, Role, Trial, View};

pub(super) const CHART: Chart = Chart {
    id: "loss-curves",
    title: "Loss curves",
    caption: "Training loss (thin line) and validation loss (markers) of every trial against the tokens it \
              has seen, both axes logarithmic. Colour and marker tell the budget, the star the held-out run. \
              Click a name in the legend to hide or show a trial, double-click to see it alone; ✗ marks one without a result.",
    height: 480,
    figure,
};

fn figure(view: &View) -> Result<Value, String> {
    let budgets = view.budgets();
    let drawn: Vec<&Trial> = view
        .trials
        .iter()
        .filter(|t| !t.training_curve.is_empty() || !t.evaluations.is_empty())
        .collect();
    if drawn.is_empty() {
        return Err("No trial has recorded a loss yet.".to_owned());
    }
    let mut data = Vec::new();
    for trial in &drawn {
        let budget = budgets.iter().position(|b| *b == trial.budget.0).unwrap_or(0);
        traces(trial, budget, budgets.len(), &mut data);
    }
    let points = || {
        drawn
            .iter()
            .flat_map(|t| t.training_curve.iter().chain(&t.evaluations))
    };
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis("Tokens seen, D", points().map(|p| p.tokens.as_f64()), text::count),
            "yaxis": style::logarithmic_axis("Loss (nats per token)", points().map(|p| p.loss.0), text::short),
            "legend": { "title": { "text": "Budget (FLOPs) · parameters" }, "groupclick": "togglegroup" },
        },
    }))
}

fn traces(trial: &Trial, budget: usize, budgets: usize, data: &mut Vec<Value>) {
    let held_out = trial.role == Role::HeldOut;
    let color = if held_out {
        "var(--measured)".to_owned()
    } else {
        style::ramp(budget, budgets)
    };
    let symbol = if held_out { "star" } else { style::symbol(budget) };
    let mark = match trial.status.reason() {
        None if held_out => " ★",
        None => "",
        Some(_) => " ✗",
    };
    let name = format!("{} · {}{mark}", text::scientific(trial.budget.0), trial.params);
    let hover = style::trial_hover(trial);
    let columns = |points: &[LossPoint]| -> (Vec<f64>, Vec<f64>) {
        points
            .iter()
            .filter(|p| p.tokens.0 > 0)
            .map(|p| (p.tokens.as_f64(), p.loss.0))
            .unzip()
    };
    let (x, y) = columns(&trial.training_curve);
    data.push(json!({
        "type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "legendgroup": trial.id,
        "line": { "color": color, "width": 1.4 }, "opacity": 0.85,
        "hovertemplate": format!("training %{{y:.4f}} at %{{x:.3s}} tokens<br>{hover}<extra></extra>"),
    }));
    let (x, y) = columns(&trial.evaluations);
    data.push(json!({
        "type": "scatter", "mode": "markers", "x": x, "y": y, "name": name, "legendgroup": trial.id,
        "showlegend": trial.training_curve.is_empty(),
        "marker": { "color": color, "symbol": symbol, "size": if held_out { 11 } else { 8 },
                    "line": { "color": "var(--surface)", "width": 1 } },
        "hovertemplate": format!("validation %{{y:.4f}} at %{{x:.3s}} tokens<br>{hover}<extra></extra>"),
    }));
}
