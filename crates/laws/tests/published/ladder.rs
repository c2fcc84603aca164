//! Bhagia et al. 2024 (the OLMo ladder): loss on a task from (N, D), its accuracy from that loss.

use std::sync::LazyLock;

use triaxis_laws::form::Residual;
use triaxis_laws::forms::{ChinchillaForm, TaskSigmoid};
use triaxis_laws::{FitOptions, Objective, Observations, fit, predict};

use crate::files::csv;
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Bhagia et al. 2024 (the OLMo ladder): two steps to a task's score",
    files: "olmo-ladder/ladder_train.csv",
    differs: "16 runs of 190M to 1.3B parameters predict HellaSwag for models 7 and 13 times larger, which the file does \
        not hold: what must hold is that the prediction is possible at all, with an interval, a stated reach, and a \
        small error on the largest runs of the ladder itself.",
    rows: LazyLock::new(|| Some(two_steps(&losses()?, &scores()?))),
};

#[test]
fn reproduces() {
    STUDY.check();
}

pub(crate) fn losses() -> Option<Observations> {
    let table = csv("olmo-ladder/ladder_train.csv")?;
    Some(table.observations(&[("params", "N"), ("tokens", "D"), ("loss", "hellaswag_val_bpb")]))
}

pub(crate) fn scores() -> Option<Observations> {
    let table = csv("olmo-ladder/ladder_train.csv")?;
    Some(table.observations(&[("task_loss", "hellaswag_val_bpb"), ("score", "hellaswag_val_acc")]))
}

fn two_steps(losses: &Observations, scores: &Observations) -> Vec<Row> {
    let options = FitOptions {
        replicates: 200,
        profile: false,
        ..FitOptions::default()
    };
    let first = fit(&ChinchillaForm, losses, &options).unwrap();
    let second = FitOptions {
        objective: Some(Objective::squares(Residual::Linear)),
        ..options
    };
    let second = fit(&TaskSigmoid, scores, &second).unwrap();
    let lowest = losses
        .column("loss")
        .unwrap()
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    let mut rows = Vec::new();
    for (name, params, tokens) in [("7B", 6_887_575_552.0, 3.95e12), ("13B", 13_202_396_160.0, 5e12)] {
        let loss = predict(&ChinchillaForm, &first, &[params, tokens]).unwrap();
        let score = predict(&TaskSigmoid, &second, &[loss.value]).unwrap();
        let reach = loss.reach["compute"].factor;
        let (of_loss, of_score) = (loss.interval.unwrap(), score.interval.unwrap());
        let inside = of_loss.holds(loss.value) && loss.value < lowest && reach > 50.0;
        rows.push(Row::holds(
            format!("{name}: bits per byte below those of the ladder, with an interval"),
            inside,
            format!(
                "{:.3} ({:.3} to {:.3}), {:.0} times beyond the ladder",
                loss.value, of_loss.low, of_loss.high, reach
            ),
        ));
        rows.push(Row::holds(
            format!("{name}: accuracy between 0.6 and 1"),
            score.value > 0.6 && score.value < 1.0,
            format!("{:.3} ({:.3} to {:.3})", score.value, of_score.low, of_score.high),
        ));
    }
    let error = first.holdout.as_ref().unwrap().mean_absolute;
    let percent = format!("{:.2}%", 100.0 * error);
    rows.push(Row::holds(
        "error on the ladder's largest runs, from the others: below 2%",
        error < 0.02,
        percent,
    ));
    let explained = format!("{:.4}", second.r_squared);
    rows.push(Row::holds(
        "R squared of accuracy from loss: above 0.98",
        second.r_squared > 0.98,
        explained,
    ));
    rows
}
