//! Gadre et al. 2024: five small runs predict over-trained and larger ones.

use std::sync::LazyLock;

use triaxis_laws::form::Residual;
use triaxis_laws::forms::{ErrorFromLoss, OverTraining};
use triaxis_laws::{FitOptions, Objective, Observations, fit, predict};

use crate::files::{Table, csv};
use crate::study::{Row, Study};

pub(crate) static STUDY: Study = Study {
    title: "Gadre et al. 2024: over-training, and error from loss",
    files: "overtraining-gadre/runs_104.csv",
    differs: "On RedPajama, five runs predict the loss of two larger ones, and six the average error on 17 tasks. Errors \
        of prediction are compared, not constants, as in the paper.",
    rows: LazyLock::new(|| Some(predictions(&csv("overtraining-gadre/runs_104.csv")?))),
};

#[test]
fn reproduces() {
    STUDY.check();
}

struct Run {
    model: String,
    multiplier: f64,
    params: f64,
    tokens: f64,
    loss: f64,
    error: f64,
}

fn runs(table: &Table) -> Vec<Run> {
    let number = |name: &str| table.numbers(name);
    let (multipliers, params, tokens) = (number("mult"), number("N"), number("D"));
    let (losses, errors) = (number("loss_c4_val"), number("err_avg_subset"));
    let models = table.rows.iter().map(|row| row[table.at("model")].clone());
    models
        .enumerate()
        .map(|(at, model)| Run {
            model,
            multiplier: multipliers[at],
            params: params[at],
            tokens: tokens[at],
            loss: losses[at],
            error: errors[at],
        })
        .collect()
}

fn observations(runs: &[&Run]) -> Observations {
    let column = |pick: fn(&Run) -> f64| runs.iter().map(|run| pick(run)).collect::<Vec<f64>>();
    let table = Observations::new()
        .with("params", column(|run| run.params))
        .unwrap();
    let table = table.with("tokens", column(|run| run.tokens)).unwrap();
    table
        .with("loss", column(|run| run.loss))
        .unwrap()
        .with("error", column(|run| run.error))
        .unwrap()
}

fn predictions(table: &Table) -> Vec<Row> {
    let all = runs(&table.only("dataset", "rpj"));
    let small = [
        "d=96_l=8_h=4",
        "d=512_l=8_h=4",
        "d=576_l=24_h=8",
        "d=1024_l=24_h=8",
    ];
    let in_fit = |run: &&Run| {
        (run.multiplier == 1.0 && small.contains(&run.model.as_str()))
            || (run.multiplier == 16.0 && run.model == small[0])
    };
    let mut fitted: Vec<&Run> = all.iter().filter(in_fit).collect();
    assert_eq!(fitted.len(), 5);
    let options = FitOptions {
        objective: Some(Objective::squares(Residual::Linear)),
        ..FitOptions::point_only()
    };
    let of_loss = fit(&OverTraining, &observations(&fitted), &options).unwrap();
    fitted.extend(
        all.iter()
            .filter(|run| run.multiplier == 1.0 && run.model == "open_lm_1b"),
    );
    let of_error = fit(&ErrorFromLoss, &observations(&fitted), &options).unwrap();

    let published = [
        ("1.4B at M = 640", "open_lm_1b", 32.0, 0.7103, 3.64),
        ("6.9B at M = 20", "open_lm_7b", 1.0, 0.7320, 0.05),
    ];
    let mut rows = Vec::new();
    for (name, model, multiplier, loss_error, task_error) in published {
        let run = all
            .iter()
            .find(|run| run.model == model && run.multiplier == multiplier)
            .unwrap();
        let loss = predict(&OverTraining, &of_loss, &[run.params, run.tokens])
            .unwrap()
            .value;
        let error = predict(&ErrorFromLoss, &of_error, &[loss]).unwrap().value;
        let percent = |predicted: f64, seen: f64| 100.0 * (predicted / seen - 1.0).abs();
        rows.push(Row::near(
            format!("{name}: relative error of the loss, %"),
            percent(loss, run.loss),
            loss_error,
            0.01,
        ));
        rows.push(Row::near(
            format!("{name}: relative error of the task average, %"),
            percent(error, run.error),
            task_error,
            0.1,
        ));
    }
    rows
}
