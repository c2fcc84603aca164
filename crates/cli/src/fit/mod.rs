//! `triaxis fit`: a law with intervals from runs made elsewhere.

mod columns;
mod comparison;
mod counts;
mod data;
mod equation;
mod error;
mod form;
mod law;
mod list;
mod names;
mod options;
mod outcome;
mod page;
mod predict;
mod text;
mod wanted;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use triaxis_laws::form::LawForm;
use triaxis_laws::{compare, forms};

use crate::Format;
use crate::output;
use comparison::Comparison;
use data::Data;
pub use error::Misuse;
use form::Chosen;
use law::Law;
use outcome::Outcome;

/// Arguments of `fit`.
#[derive(Args)]
pub struct Arguments {
    /// CSV, JSON Lines or Parquet file, one run a row; text may be compressed with gzip or Zstandard
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
    columns: columns::Arguments,
    #[command(flatten)]
    rows: data::Arguments,
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
    let chosen = Chosen::of(arguments.form.as_deref(), arguments.user_form.as_deref())?;
    let requests = predict::requests(&arguments.predict, chosen.definition())?;
    let data = Data::read(
        file,
        &arguments.columns,
        &arguments.rows,
        &chosen,
        &arguments.options,
    )?;
    let options = &arguments.options;
    let fit_of = |form: &dyn LawForm| data.fit(form, &options.of(form.definition(), data.held_out())?);
    let (law, fit, comparison) = match &chosen {
        Chosen::All => {
            // Bootstraps are for the form that is shown; profiles tell of each what is identified.
            let table = data.all();
            let held_out = data.held_out().common(&table);
            let points = options.of_all(held_out.clone())?;
            let comparison = Comparison::new(&compare(&table, &data.response, &points), &data);
            let Some(shown) = &comparison.shown else {
                return Err(Misuse::NothingFitted(comparison.reasons()).into());
            };
            let form = forms::find(shown)?;
            let options = options.of(form.definition(), held_out)?;
            (Law::Form(form), data.fit(form, &options)?, Some(comparison))
        }
        Chosen::Frontier(frontier) => {
            options.check_frontier()?;
            let options = options.of(frontier.definition(), data.held_out())?;
            let found = frontier.fit(&data.runs()?, &options)?;
            (Law::Frontier(*frontier, found.optima), found.fit, None)
        }
        Chosen::Form(form) => (Law::Form(*form), fit_of(*form)?, None),
        Chosen::Own(form) => (Law::Form(form.as_ref()), fit_of(form.as_ref())?, None),
    };
    let outcome = Outcome::new(&law, fit, &data, &requests, comparison)?;
    if let Some(path) = &arguments.report {
        triaxis_report::write_fit_page(&page::view(&law, &outcome, &data), path)?;
    }
    output::print(arguments.format, &outcome, &outcome)?;
    match outcome.refused() {
        Some(refusal) => Err(Misuse::Refused(refusal).into()),
        None => Ok(()),
    }
}

/// The residual that is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResidualKind {
    /// Observed minus predicted
    Linear,
    /// Logarithm of observed minus logarithm of predicted
    Log,
}
