use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{LossPoint, Role, Trial, View};

pub(super) const CHART: Chart = Chart {
    id: "loss-curves",
    title: "Loss curves",
    caption: "Training loss (thin line) and validation loss (markers) of every trial against the tokens it \
              has seen, both axes logarithmic. Colour and marker tell the budget, or the arm of a study of several; a star is \
              a held-out run, ✗ a trial without a result. Point at a line for its trial; click a name in the legend to hide or \
              show what it stands for, double-click to see it alone.",
    height: 480,
    figure,
};

fn figure(view: &View) -> Result<Value, String> {
    let drawn: Vec<&Trial> = view
        .trials
        .iter()
        .filter(|t| !t.training_curve.is_empty() || !t.evaluations.is_empty())
        .collect();
    if drawn.is_empty() {
        return Err("No trial has recorded a loss yet.".to_owned());
    }
    let mut kinds: Vec<Kind> = drawn.iter().map(|trial| Kind::of(trial)).collect();
    kinds.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    kinds.dedup();
    let mut data = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let own = drawn.iter().filter(|trial| Kind::of(trial) == *kind);
        for (at, trial) in own.enumerate() {
            traces(trial, kind, index, kinds.len(), at == 0, &mut data);
        }
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
            "legend": { "groupclick": "togglegroup" },
        },
    }))
}

/// What trials of one colour have in common.
#[derive(PartialEq, PartialOrd)]
struct Kind<'a> {
    arm: Option<&'a str>,
    /// Of a study of one arm.
    budget: Option<f64>,
    is_held_out: bool,
}

impl<'a> Kind<'a> {
    fn of(trial: &'a Trial) -> Self {
        Self {
            arm: trial.arm.as_deref(),
            budget: trial.arm.is_none().then_some(trial.budget.0),
            is_held_out: trial.role == Role::HeldOut,
        }
    }

    fn name(&self) -> String {
        let of = match (self.arm, self.budget) {
            (Some(arm), _) => text::literal(arm),
            (None, budget) => format!("{} FLOPs", text::scientific(budget.unwrap_or(f64::NAN))),
        };
        if self.is_held_out {
            format!("{of} ★ held out")
        } else {
            of
        }
    }
}

/// The lines and markers of a trial, the `index`-th of `count` kinds.
fn traces(trial: &Trial, kind: &Kind, index: usize, count: usize, is_first: bool, data: &mut Vec<Value>) {
    let color = match (kind.is_held_out, kind.arm) {
        (true, None) => "var(--measured)".to_owned(),
        (false, None) => style::ramp(index, count),
        (_, Some(_)) => style::series(index),
    };
    let symbol = match (trial.status.reason(), kind.is_held_out) {
        (Some(_), _) => "x",
        (None, true) => "star",
        (None, false) => style::symbol(index),
    };
    let name = kind.name();
    let hover = style::trial_hover(trial);
    let columns = |points: &[LossPoint]| -> (Vec<f64>, Vec<f64>) {
        points
            .iter()
            .filter(|p| p.tokens.0 > 0)
            .map(|p| (p.tokens.as_f64(), p.loss.0))
            .unzip()
    };
    let (x, y) = columns(&trial.training_curve);
    // A trial that ended early has its mark where its line ends.
    let end = trial
        .training_curve
        .last()
        .filter(|_| trial.status.reason().is_some());
    data.push(json!({
        "type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "legendgroup": name, "showlegend": false,
        "line": { "color": color, "width": 1.2 }, "opacity": 0.7,
        "hovertemplate": format!("training %{{y:.4f}} at %{{x:.3s}} tokens<br>{hover}<extra></extra>"),
    }));
    let (x, y) = columns(match end {
        Some(end) => std::slice::from_ref(end),
        None => &trial.evaluations,
    });
    data.push(json!({
        "type": "scatter", "mode": "markers", "x": x, "y": y, "name": name, "legendgroup": name, "showlegend": is_first,
        "marker": { "color": color, "symbol": symbol, "size": if kind.is_held_out { 11 } else { 8 },
                    "line": { "color": "var(--surface)", "width": 1 } },
        "hovertemplate": format!("%{{y:.4f}} at %{{x:.3s}} tokens<br>{hover}<extra></extra>"),
    }));
}
