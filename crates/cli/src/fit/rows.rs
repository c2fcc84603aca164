//! Which columns and rows of the file are fitted.

use clap::Args;
use triaxis_runs::{Named, Selection};
use triaxis_tables::{Condition, ConditionError};

/// Columns named by the user.
#[derive(Args)]
#[command(next_help_heading = "Columns (found by their usual names when not given)")]
pub struct Columns {
    /// Column of the parameters N
    #[arg(long, value_name = "COLUMN")]
    n: Option<String>,
    /// Column of the training tokens D
    #[arg(long, value_name = "COLUMN")]
    d: Option<String>,
    /// Column of the training compute C; stands in for N or D by C = 6ND
    #[arg(long, value_name = "COLUMN")]
    compute: Option<String>,
    /// Column of the loss
    #[arg(long, value_name = "COLUMN")]
    loss: Option<String>,
    /// Column of another input of a form, as in `unique_tokens=unique`; see --list
    #[arg(long = "column", value_name = "INPUT=COLUMN")]
    others: Vec<String>,
    /// Column of weights, zero or more: how much each run counts
    #[arg(long, value_name = "COLUMN")]
    weights: Option<String>,
    /// Unit of an input's numbers, as in `tokens=B`, `compute=PF-days` or `error=%`
    ///
    /// K, M, B and T; for a compute FLOP with a letter before it (GFLOP to ZFLOP) and PF-days; % for shares;
    /// 1e9 and the like for all. 1 says that numbers which look impossible are right. A unit in the name of
    /// the column, as in `params (M)`, or in a cell, as in `7B`, needs no option. Conditions and predictions
    /// count in ones. `loss=nats/token` or `loss=bits/byte` is what `--save` tells a plan.
    #[arg(long = "unit", value_name = "INPUT=UNIT")]
    units: Vec<String>,
}

impl Columns {
    /// The columns named.
    pub fn named(&self) -> Named {
        Named {
            params: self.n.clone(),
            tokens: self.d.clone(),
            flops: self.compute.clone(),
            loss: self.loss.clone(),
            others: self.others.clone(),
            weights: self.weights.clone(),
            units: self.units.clone(),
        }
    }
}

/// Which rows are fitted.
#[derive(Args)]
#[command(next_help_heading = "Rows")]
pub struct Rows {
    /// Fit only rows that meet a condition, as in `loss < 4 && corpus == "c4"`
    ///
    /// Comparisons are < <= > >= == != of columns with numbers, texts in quotes or columns, joined by
    /// && and ||. N, D, C, compute and loss stand for the chosen columns where the file has none of that
    /// name; other names go between backticks, as in `Model Size`. Numbers may be written 7B.
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition)]
    filter: Option<Condition>,
    /// Leave out the K rows of the highest loss
    ///
    /// Besiroglu et al. 2024 do so with the five highest of the 245 Chinchilla runs.
    #[arg(
        long,
        value_name = "K",
        default_value_t = 0,
        hide_default_value = true,
        allow_negative_numbers = true
    )]
    drop_worst: usize,
    /// Check the law on rows that meet a condition, as in `compute > 1e21` [default: the largest fifth]
    ///
    /// A second fit without these rows predicts them. The law that is printed is of all rows.
    #[arg(long, value_name = "CONDITION", value_parser = condition)]
    holdout: Option<Condition>,
    /// Rows fitted at most: more are drawn from, at random by --seed
    ///
    /// Time and memory grow with the rows fitted, intervals shrink with their root only.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    most_rows: u64,
    /// Fit each value of a column, too, and tell whether one law does for all
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Column that names the run of each row: rows of one run, as its checkpoints, are one piece of evidence
    ///
    /// Whole runs are resampled and held out. A column with a usual name, as `run` or `name`, is taken by itself
    /// where its rows have one size each; `none` makes every row a run of its own.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
}

fn condition(text: &str) -> Result<Condition, String> {
    text.parse().map_err(|error: ConditionError| error.to_string())
}

impl Rows {
    /// The rows chosen.
    pub fn selection(&self) -> Selection {
        Selection {
            filter: self.filter.clone(),
            drop_worst: self.drop_worst,
            holdout: self.holdout.clone(),
            most_rows: self.most_rows as usize,
            by: self.by.clone(),
            group: self.group.clone(),
        }
    }
}
