//! `triaxis fit`: a law with intervals from runs made elsewhere.

mod list;
mod mixture;
mod options;
mod page;
mod rows;
mod sets;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use triaxis_runs::{Answer, Chosen, Data, Misuse, Outcome, Samples, requests, saved};

use crate::Format;
use crate::output;
use text::Text;

/// What a law of mixtures has no use for.
const NOT_OF_MIXTURES: [&str; 26] = [
    "user_form",
    "predict",
    "flattening",
    "draws",
    "save",
    "report",
    "n",
    "d",
    "compute",
    "others",
    "weights",
    "units",
    "drop_worst",
    "holdout",
    "most_rows",
    "by",
    "group",
    "objective",
    "delta",
    "reduction",
    "residual",
    "weight_above",
    "resampling",
    "problems",
    "fix",
    "budget_tolerance",
];

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
    /// Fit the loss of runs that differ in their mixture of data, and tell the best one: the columns of the shares, as in
    /// `web,code,books`, or `train_*`
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with_all = NOT_OF_MIXTURES, help_heading = "Mixtures")]
    mixture: Vec<String>,
    /// The largest share of a domain in the best mixture, as in `books=0.1` [default: its largest in a run]; may be given
    /// more than once
    #[arg(
        long,
        value_name = "DOMAIN=SHARE",
        requires = "mixture",
        help_heading = "Mixtures"
    )]
    cap: Vec<String>,
    #[command(flatten)]
    columns: rows::Columns,
    #[command(flatten)]
    rows: rows::Rows,
    #[command(flatten)]
    options: options::Arguments,
    /// Predict a run, as in `N=7B,D=4T`; may be given more than once
    #[arg(long, value_name = "INPUTS", help_heading = "Results")]
    predict: Vec<String>,
    /// Say whether loss still falls with compute as it did: a floor, a bend, neither, or that the runs cannot tell
    ///
    /// Always said where forms are compared. The curve is the lowest loss of each compute; of runs that differ in
    /// size, too, the minima of their budgets, or else the runs that no run of as little compute beats.
    #[arg(long, help_heading = "Results")]
    flattening: bool,
    /// Also write the parameters of every bootstrap sample, a sample a row: .csv or .jsonl
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    draws: Option<PathBuf>,
    /// Also write the law as JSON that `triaxis plan` reads: its forms, parameters, bootstrap samples and spans
    ///
    /// Where forms are compared, those that predict together are saved with their weights.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    save: Option<PathBuf>,
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
    if !arguments.mixture.is_empty() {
        return mixture::print(arguments, file);
    }
    let outputs = [
        arguments.draws.as_deref(),
        arguments.report.as_deref(),
        arguments.save.as_deref(),
    ];
    let inputs = [Some(output::read_from(file)), arguments.user_form.as_deref()];
    let outputs: Vec<&Path> = outputs.into_iter().flatten().collect();
    output::are_free(&outputs, &inputs.into_iter().flatten().collect::<Vec<_>>())?;
    let chosen = Chosen::of(arguments.form.as_deref(), arguments.user_form.as_deref())?;
    let mut requests = requests(&arguments.predict, chosen.definition())?;
    let settings = arguments
        .options
        .settings(arguments.flattening, arguments.save.is_some())?;
    let samples = arguments.draws.as_deref();
    let samples = samples.map(|path| Samples::of(path, &settings)).transpose()?;
    let data = Data::read(
        file,
        &arguments.columns.named(),
        &arguments.rows.selection(),
        &chosen,
        &settings,
    )?;
    let operations = data.operations();
    requests
        .iter_mut()
        .try_for_each(|request| request.complete(operations))?;
    let Answer {
        law,
        fit,
        comparison,
        predictions,
        by,
        members,
        notes,
    } = Answer::of(&chosen, &data, &settings, &requests)?;
    let mut outcome = Outcome::new(&law, fit, &data, predictions, comparison, by);
    outcome.notes.extend(notes);
    outcome.examine(&law, &data, &requests, &settings);
    if let Some(samples) = &samples {
        output::write(samples.path(), &samples.text(&outcome)?, "samples")?;
    }
    let is_refused = !outcome.refusals.is_empty();
    if is_refused && arguments.save.is_some() {
        outcome
            .notes
            .push("the law is not saved, as the data refuse it".into());
    }
    if let Some(path) = arguments.save.as_deref().filter(|_| !is_refused) {
        let law = saved(&chosen, &law, &outcome, members, &data)?;
        let text = serde_json::to_string(&law)? + "\n";
        output::write(path, &text, "law")?;
    }
    if let Some(path) = &arguments.report {
        triaxis_report::write_fit_page(&page::view(&law, &outcome, &data), path)?;
    }
    output::print(arguments.format, &Text(&outcome), &outcome)?;
    match outcome.refused() {
        Some(refusal) => Err(Misuse::Refused(refusal).into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_taken_by_a_law_of_mixtures_or_refused() {
        let taken = [
            "file",
            "form",
            "list",
            "mixture",
            "cap",
            "loss",
            "filter",
            "replicates",
            "level",
            "seed",
            "format",
        ];
        let mut known: Vec<&str> = taken.into_iter().chain(NOT_OF_MIXTURES).collect();
        let command = Arguments::augment_args(clap::Command::new("fit"));
        let mut options: Vec<&str> = command
            .get_arguments()
            .map(|option| option.get_id().as_str())
            .collect();
        known.sort_unstable();
        options.sort_unstable();
        assert_eq!(options, known);
    }
}
