//! Gadre et al. 2024: five small runs predict over-trained and larger ones.

use triaxis_laws::form::Residual;
use triaxis_laws::forms::{ErrorFromLoss, OverTraining};
use triaxis_laws::{FitOptions, Objective, Observations, fit, predict};

use crate::files::{Table, csv, reproduces};

struct Row {
    model: String,
    multiplier: f64,
    params: f64,
    tokens: f64,
    loss: f64,
    error: f64,
}

fn rows(table: &Table) -> Vec<Row> {
    let number = |name: &str| table.numbers(name);
    let (multipliers, params, tokens) = (number("mult"), number("N"), number("D"));
    let (losses, errors) = (number("loss_c4_val"), number("err_avg_subset"));
    let models = table.rows.iter().map(|row| row[table.at("model")].clone());
    models
        .enumerate()
        .map(|(at, model)| Row {
            model,
            multiplier: multipliers[at],
            params: params[at],
            tokens: tokens[at],
            loss: losses[at],
            error: errors[at],
        })
        .collect()
}

fn table(rows: &[&Row]) -> Observations {
    let column = |pick: fn(&Row) -> f64| rows.iter().map(|row| pick(row)).collect::<Vec<f64>>();
    let table = Observations::new()
        .with("params", column(|row| row.params))
        .unwrap();
    let table = table.with("tokens", column(|row| row.tokens)).unwrap();
    table
        .with("loss", column(|row| row.loss))
        .unwrap()
        .with("error", column(|row| row.error))
        .unwrap()
}

#[test]
fn redpajama_predictions() {
    let Some(all) = csv("overtraining-gadre/runs_104.csv") else {
        return;
    };
    let all = rows(&all.only("dataset", "rpj"));
    let small = [
        "d=96_l=8_h=4",
        "d=512_l=8_h=4",
        "d=576_l=24_h=8",
        "d=1024_l=24_h=8",
    ];
    let in_fit = |row: &&Row| {
        (row.multiplier == 1.0 && small.contains(&row.model.as_str()))
            || (row.multiplier == 16.0 && row.model == small[0])
    };
    let mut fitted: Vec<&Row> = all.iter().filter(in_fit).collect();
    assert_eq!(fitted.len(), 5);
    let options = FitOptions {
        objective: Some(Objective::squares(Residual::Linear)),
        ..FitOptions::point_only()
    };
    let of_loss = fit(&OverTraining, &table(&fitted), &options).unwrap();
    fitted.extend(
        all.iter()
            .filter(|row| row.multiplier == 1.0 && row.model == "open_lm_1b"),
    );
    let of_error = fit(&ErrorFromLoss, &table(&fitted), &options).unwrap();

    let published = [
        ("open_lm_1b", 32.0, 0.7103, 3.64),
        ("open_lm_7b", 1.0, 0.7320, 0.05),
    ];
    for (model, multiplier, loss_error, task_error) in published {
        let run = all
            .iter()
            .find(|row| row.model == model && row.multiplier == multiplier)
            .unwrap();
        let loss = predict(&OverTraining, &of_loss, &[run.params, run.tokens])
            .unwrap()
            .value;
        let error = predict(&ErrorFromLoss, &of_error, &[loss]).unwrap().value;
        reproduces(
            &format!("{model} loss, %"),
            100.0 * (loss / run.loss - 1.0).abs(),
            loss_error,
            0.01,
        );
        reproduces(
            &format!("{model} error, %"),
            100.0 * (error / run.error - 1.0).abs(),
            task_error,
            0.1,
        );
    }
}
