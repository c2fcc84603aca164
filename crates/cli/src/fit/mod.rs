//! `triaxis fit`: a law with intervals from runs made elsewhere.

mod list;
mod options;
mod page;
mod rows;
mod sets;
mod text;

use std::path::PathBuf;

use clap::Args;
use triaxis_runs::{Answer, Chosen, Data, Misuse, Outcome, requests};

use crate::Format;
use crate::output;
use text::Text;

/// Arguments of `fit`.
#[derive(Args)]
pub struct Arguments {
    /// CSV, JSON, JSON Lines or Parquet file, one run a row, or `-` for standard input; text may be compressed
    /// with gzip or Zstandard
    #[arg(required_unless_present = "list")]
    file: Option<PathBuf>,
    /// The law to fit; without one, all that the columns allow are compared
    #[arg(long, value_name = "NAME")]
    form: Option<String>,
    /// A law of your own: a TOML file with `name`, `response`, `equation` and `[[parameters]]`
    #[arg(long, value_name = "TOML", conflicts_with = "form")]
    user_form: Option<PathBuf>,
    /// Explain every form: equation, parameters, units, source, and the columns it needs
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    columns: rows::Columns,
    #[command(flatten)]
    rows: rows::Rows,
    #[command(flatten)]
    options: options::Arguments,
    /// Predict a run, as in `N=7B,D=4T`; may be given more than once
    #[arg(long, value_name = "INPUTS", help_heading = "Results")]
    predict: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t, help_heading = "Results")]
    format: Format,
    /// Also write a page with the curve, residuals and intervals
    #[arg(long, value_name = "HTML", help_heading = "Results")]
    report: Option<PathBuf>,
}

/// Fits what the arguments ask for and prints it.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.list {
        return list::print(arguments.form.as_deref(), arguments.format);
    }
    let Some(file) = &arguments.file else {
        return Err(Misuse::NoFile.into());
    };
    if let Some(report) = &arguments.report {
        output::is_no_input(
            report,
            [Some(file), arguments.user_form.as_ref()].into_iter().flatten(),
        )?;
    }
    let chosen = Chosen::of(arguments.form.as_deref(), arguments.user_form.as_deref())?;
    let requests = requests(&arguments.predict, chosen.definition())?;
    let settings = arguments.options.settings();
    let data = Data::read(
        file,
        &arguments.columns.named(),
        &arguments.rows.selection(),
        &chosen,
        &settings,
    )?;
    let Answer {
        law,
        fit,
        comparison,
        predictions,
        by,
    } = Answer::of(&chosen, &data, &settings, &requests)?;
    let outcome = Outcome::new(&law, fit, &data, predictions, comparison, by);
    if let Some(path) = &arguments.report {
        triaxis_report::write_fit_page(&page::view(&law, &outcome, &data), path)?;
    }
    output::print(arguments.format, &Text(&outcome), &outcome)?;
    match outcome.refused() {
        Some(refusal) => Err(Misuse::Refused(refusal).into()),
        None => Ok(()),
    }
}
