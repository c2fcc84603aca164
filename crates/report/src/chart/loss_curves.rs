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
    // Losses a token of another arm's tokenizer would make no line.
    let own: Vec<&Trial> = drawn
        .iter()
        .copied()
        .filter(|trial| trial.arm == view.arm)
        .collect();
    ngrams(&own, &mut data);
    let points = || {
        drawn
            .iter()
            .flat_map(|t| t.training_curve.iter().chain(&t.evaluations))
    };
    let counted = || own.iter().flat_map(|t| t.ngrams.iter().map(|ngram| ngram.loss.0));
    let losses = points().map(|p| p.loss.0).chain(counted());
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis("Tokens seen, D", points().map(|p| p.tokens.as_f64()), text::count),
            "yaxis": style::logarithmic_axis("Loss (nats per token)", losses, text::short),
            "legend": { "groupclick": "togglegroup" },
        },
    }))
}

/// A line for the n-grams of each length.
fn ngrams(trials: &[&Trial], data: &mut Vec<Value>) {
    let all = || {
        trials
            .iter()
            .flat_map(|trial| trial.ngrams.iter().map(|ngram| (trial.tokens, ngram)))
    };
    let mut orders: Vec<usize> = all().map(|(_, ngram)| ngram.order).collect();
    orders.sort_unstable();
    orders.dedup();
    for order in orders {
        let own = all().filter(|(_, ngram)| ngram.order == order);
        let mut points: Vec<(f64, f64)> = own
            .map(|(tokens, ngram)| (tokens.as_f64(), ngram.loss.0))
            .collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points.dedup();
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let name = format!("{order}-gram of as many tokens");
        data.push(json!({
            "type": "scatter", "mode": "lines", "x": x, "y": y, "name": name,
            "line": { "color": "var(--muted)", "width": 1.5, "dash": if order == 2 { "dot" } else { "dash" } },
            "hovertemplate": format!("{name}: %{{y:.4f}} at %{{x:.3s}} tokens<extra></extra>"),
        }));
    }
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
