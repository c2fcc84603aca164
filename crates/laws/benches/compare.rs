//! Every form that the columns allow, with 1,000 bootstraps, profiles and hold-out, on each published set, timed.
//!
//! Run: `cargo bench -p triaxis-laws --bench compare -- [FILE]`.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../tests/published/files.rs"]
mod files;
#[path = "../tests/published/finder.rs"]
mod finder;

use std::time::Instant;

use files::{csv, json_lines};
use triaxis_laws::{FitOptions, Observations, compare};

/// File, and its columns by canonical name.
const SETS: [(&str, &[(&str, &str)]); 10] = [
    (
        "chinchilla-epoch/svg_extracted_data.csv",
        &[
            ("params", "Model Size"),
            ("flops", "Training FLOP"),
            ("loss", "loss"),
        ],
    ),
    (
        "datablations/runs_182.csv",
        &[
            ("params", "params"),
            ("tokens", "tokens"),
            ("unique_tokens", "unique_tokens"),
            ("loss", "val_loss"),
        ],
    ),
    (
        "datablations/runs_all.csv",
        &[
            ("params", "params"),
            ("tokens", "tokens"),
            ("unique_tokens", "unique_tokens"),
            ("loss", "val_loss"),
        ],
    ),
    (
        "overtraining-gadre/runs_104.csv",
        &[
            ("params", "N"),
            ("tokens", "D"),
            ("loss", "loss_c4_val"),
            ("error", "err_avg_subset"),
        ],
    ),
    (
        "porian/isoflop_points.csv",
        &[
            ("params", "params"),
            ("tokens", "tokens"),
            ("flops", "flops"),
            ("loss", "loss"),
        ],
    ),
    (
        "routed-clark/final_step.csv",
        &[
            ("params", "dense_parameter_count"),
            ("experts", "num_experts"),
            ("loss", "loss_validation"),
        ],
    ),
    (
        "parscale/parscale_losses.csv",
        &[
            ("params", "params"),
            ("streams", "streams_P"),
            ("loss", "pile_loss"),
        ],
    ),
    (
        "gemstones/wandb_df_for_fitting_cool_end.jsonl",
        &[
            ("params", "params_active_precise"),
            ("tokens", "tokens"),
            ("loss", "final_loss"),
        ],
    ),
    (
        "nanochat/isoflop_optima_jan2026.csv",
        &[
            ("params", "eff_params"),
            ("tokens", "tokens"),
            ("flops", "flops"),
            ("loss", "val_bpb"),
        ],
    ),
    (
        "olmo-ladder/ladder_train.csv",
        &[("params", "N"), ("tokens", "D"), ("loss", "c4_loss")],
    ),
];

/// The columns of a set, and compute by the rule of thumb where the file has tokens instead or the reverse.
fn table(file: &str, columns: &[(&str, &str)]) -> Option<Observations> {
    let text = if file.ends_with(".jsonl") {
        json_lines(file)?
    } else {
        csv(file)?
    };
    let table = text.observations(columns);
    let of = |name: &str| table.column(name).unwrap().to_vec();
    let combined = |other: &str, by: fn(f64, f64) -> f64| {
        of("params")
            .into_iter()
            .zip(of(other))
            .map(|(params, other)| by(params, other))
            .collect()
    };
    let names: Vec<&str> = table.names().collect();
    let derived = match (names.contains(&"tokens"), names.contains(&"flops")) {
        (true, false) => Some((
            "flops",
            combined("tokens", |params, tokens| 6.0 * params * tokens),
        )),
        (false, true) => Some((
            "tokens",
            combined("flops", |params, flops| flops / (6.0 * params)),
        )),
        _ => None,
    };
    Some(match derived {
        Some((name, values)) => table.clone().with(name, values).unwrap(),
        None => table,
    })
}

fn main() {
    let only = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    for (file, columns) in SETS {
        if only.as_ref().is_some_and(|only| !file.contains(only.as_str())) {
            continue;
        }
        let Some(table) = table(file, columns) else { return };
        let begin = Instant::now();
        let compared = compare(&table, "loss", &FitOptions::default());
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{file}: {} rows, {} forms, {seconds:.2} s",
            table.rows(),
            compared.len()
        );
        for one in compared {
            match &one.fit {
                Ok(fit) => println!(
                    "    {:20} held-out error {:.4}, objective {:.10e}",
                    one.form,
                    one.held_out_error(),
                    fit.objective
                ),
                Err(error) => println!("    {:20} {error}", one.form),
            }
        }
    }
}
